/*
 * conf_tls.c: tests of profiles and experiments in the tls block: what they inherit, the built-in
 * ones, and what is refused.
 */
#include "config.h"

#include "conf.h"

#include "../tap.h"
#include "conf_files.h"

static struct conf_errors errors;

static struct conf *load(const char *text)
{
	return test_load(text, (struct test_file){"/etc/key", "key from-a-file-of-its-own\n", 0},
			 &errors);
}

#define LISTEN "listen { address 192.0.2.1 port 25 }\n"
#define PAIR "certificate c key k "
#define KEY "key 0123456789abcdef "

/* ---- errors ---- */

static const struct test_fault faults[] = {
    {"an arm with an unknown profile",
     LISTEN "tls { " PAIR "experiment { " KEY "arm lgacy { weight 1 } } }\n",
     "2:65: the arm lgacy names a profile that is not there, near \"lgacy\" (did you mean "
     "\"legacy\"?)\n"},
    {"an arm that names an unknown profile",
     LISTEN "tls { " PAIR "profile slow { }\nexperiment { " KEY
	    "arm a { weight 1 profile slwo } } }\n",
     "3:60: the arm a names a profile that is not there, near \"slwo\" (did you mean "
     "\"slow\"?)\n"},
    {"a name that is none is shown escaped, also as what is meant",
     LISTEN "tls { " PAIR "profile ol\xff { }\nexperiment { " KEY
	    "arm a { weight 1 profile old } } }\n",
     "2:35: a name is made of letters, digits, \".\", \"_\" and \"-\", near \"ol\\xff\"\n"
     "3:60: the arm a names a profile that is not there, near \"old\" (did you mean "
     "\"ol\\xff\"?)\n"},
    {"weight 0", LISTEN "tls { " PAIR "experiment { " KEY "arm legacy { weight 0 } } }\n",
     "2:81: weight must be 1 to 1000000, near \"0\"\n"},
    {"an absurd weight",
     LISTEN "tls { " PAIR "experiment { " KEY "arm legacy { weight 1000001 } } }\n",
     "2:81: weight must be 1 to 1000000, near \"1000001\"\n"},
    {"an arm without a weight", LISTEN "tls { " PAIR "experiment { " KEY "arm legacy { } } }\n",
     "2:65: arm needs weight, near \"legacy\"\n"},
    {"an arm twice",
     LISTEN "tls { " PAIR "experiment { " KEY
	    "arm legacy { weight 1 }\narm legacy { weight 2 } } }\n",
     "3:5: this arm is here twice, first at /etc/m.conf:2, near \"legacy\"\n"},
    {"a profile twice", LISTEN "tls { " PAIR "profile p { }\nprofile p { } }\n",
     "3:9: this profile is here twice, first at /etc/m.conf:2, near \"p\"\n"},
    {"an experiment without a key", LISTEN "tls { " PAIR "experiment { arm rsa { weight 1 } } }\n",
     "2:27: experiment needs key, near \"experiment\"\n"},
    {"a key that is too short",
     LISTEN "tls { " PAIR "experiment { key 0123456789abcde arm rsa { weight 1 } } }\n",
     "2:44: key must have 16 to 255 bytes, near \"0123456789abcde\"\n"},
    {"an experiment without arms", LISTEN "tls { " PAIR "experiment { " KEY " } }\n",
     "2:27: the experiment has no arm, near \"experiment\"\n"},
    {"an experiment without certificates",
     LISTEN "tls { experiment { " KEY "arm legacy { weight 1 } } }\n",
     "2:7: an experiment needs a certificate in the tls block, near \"experiment\"\n"},
    {"an expired arm without a certificate",
     LISTEN "tls { " PAIR "experiment { " KEY "arm expired { weight 1 } } }\n",
     "2:65: the profile expired needs a certificate that has expired, and its key, near "
     "\"expired\"\n"},
    {"an expired profile without a certificate", LISTEN "tls { " PAIR "profile expired { } }\n",
     "2:35: the profile expired needs a certificate that has expired, and its key, near "
     "\"expired\"\n"},
    {"a profile's certificate without a key",
     LISTEN "tls { " PAIR "profile p { certificate x } }\n",
     "2:39: this certificate has no key, near \"certificate\"\n"},
    {"priority beside minimum",
     LISTEN "tls { " PAIR "profile p { minimum tls1.2 priority NORMAL } }\n",
     "2:54: priority stands instead of minimum, maximum and ciphers, not beside them, near "
     "\"priority\"\n"},
    {"a minimum over the maximum",
     LISTEN "tls { " PAIR "profile p { minimum tls1.3 maximum tls1.2 } }\n",
     "2:35: the minimum of the profile p is over its maximum, near \"p\"\n"},
    {"a built-in profile under the minimum of tls",
     LISTEN "tls { " PAIR "minimum tls1.3 experiment { " KEY "arm tls12 { weight 1 } } }\n",
     "2:80: the minimum of the profile tls12 is over its maximum, near \"tls12\"\n"},
    {"an arm without TLS where TLS comes first",
     LISTEN "listen { address ::1 port 465 tls implicit }\ntls { " PAIR "experiment { " KEY
	    "arm none { weight 1 } } }\n",
     "2:1: the arm none has no TLS, which cannot be on this listener: \"experiment no\" takes it "
     "out, near \"listen\"\n"},
    {"a profile without a name", LISTEN "tls { " PAIR "profile { } }\n",
     "2:27: this block has a name of its own between its word and the brace, near \"profile\"\n"},
    {"a name with other characters", LISTEN "tls { " PAIR "profile \"a b\" { } }\n",
     "2:35: a name is made of letters, digits, \".\", \"_\" and \"-\", near \"a b\"\n"},
    {"an empty name", LISTEN "tls { " PAIR "profile \"\" { } }\n",
     "2:35: a name has 1 to 63 bytes, near \"\"\n"},
    {"a profile outside tls", LISTEN "profile p { }\n",
     "2:1: this block does not stand here, near \"profile\"\n"},
    {"an arm outside an experiment", LISTEN "tls { " PAIR "arm a { } }\n",
     "2:27: this block does not stand here, near \"arm\"\n"},
    {"a misspelt block in tls", LISTEN "tls { " PAIR "experimnt { } }\n",
     "2:27: unknown block, near \"experimnt\" (did you mean \"experiment\"?)\n"},
    {"a block in an arm",
     LISTEN "tls { " PAIR "experiment { " KEY "arm rsa { weight 1 log { } } } }\n",
     "2:80: no block may stand in this block, near \"log\"\n"},
    {"many errors in one run",
     LISTEN "tls { " PAIR "\nexperiment {\narm a { weight 0 }\narm a { weight 1 profil b }\n}\n"
	    "profile p { maximum 3 }\nprofile p { key k }\n}\n",
     "4:16: weight must be 1 to 1000000, near \"0\"\n"
     "5:5: this arm is here twice, first at /etc/m.conf:4, near \"a\"\n"
     "5:18: unknown key, near \"profil\" (did you mean \"profile\"?)\n"
     "3:1: experiment needs key, near \"experiment\"\n"
     "7:21: maximum must be ssl3 | tls1.0 | tls1.1 | tls1.2 | tls1.3, near \"3\"\n"
     "8:9: this profile is here twice, first at /etc/m.conf:7, near \"p\"\n"
     "8:17: a key follows its certificate, near \"k\"\n"
     "4:5: the arm a names a profile that is not there, near \"a\"\n"
     "5:5: the arm a names a profile that is not there, near \"a\"\n"},
};

/* ---- what is accepted ---- */

static const struct conf_profile *find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->tls.nprofile; i++)
		if (strcmp(c->tls.profile[i].name, name) == 0)
			return &c->tls.profile[i];
	return NULL;
}

static void test_none(void)
{
	struct conf *c = load(LISTEN "tls { " PAIR "}\n");

	ok(c->tls.nprofile == 0 && c->tls.experiment.narm == 0 && c->tls.experiment.key == NULL,
	   "without an experiment there is no profile and no key");
	ok(c->listen[0].experiment, "a listener takes part unless it says no");
	conf_free(&c);
	c = load("listen { address ::1 port 25 experiment no }\n");
	ok(!c->listen[0].experiment, "and does not if it does");
	conf_free(&c);
}

static void test_inherits(void)
{
	struct conf *c =
	    load(LISTEN "tls { profile p { } }\n"
			"tls { " PAIR "minimum tls1.1 client-certificate off tickets no }\n");
	const struct conf_profile *p = find(c, "p");

	ok(p->offer && p->key_type == CONF_KEY_ANY && p->maximum == CONF_TLS_1_3 &&
	       p->ciphers == CONF_CIPHERS_ALL && !p->expired,
	   "an empty profile has the defaults");
	ok(p->minimum == CONF_TLS_1_1 && !p->client_certificate && !p->tickets && p->npair == 1 &&
	       p->pair == c->tls.pair,
	   "and inherits the rest from tls, also from what stands behind it");
	conf_free(&c);
}

static void test_priority(void)
{
	struct conf *c = load(LISTEN "tls { " PAIR "priority NORMAL  profile a { tickets no }\n"
				     "profile b { maximum tls1.2 }\nprofile c { ciphers modern }\n"
				     "profile d { priority PFS } profile modern { }\n"
				     "profile tls12 { priority SECURE128 } }\n");

	is_str(find(c, "a")->priority, "NORMAL", "a profile inherits the priority");
	is_str(find(c, "b")->priority, "", "but not if it names a version");
	is_str(find(c, "c")->priority, "", "or ciphers");
	is_str(find(c, "d")->priority, "PFS", "or a priority of its own");
	is_str(find(c, "modern")->priority, "", "or if a built-in one does");
	is_str(find(c, "tls12")->priority, "SECURE128",
	       "a priority replaces the built-in versions");
	conf_free(&c);
}

static void test_own(void)
{
	struct conf *c =
	    load(LISTEN "tls { " PAIR "profile p { offer no certificate \"a.pem\" key /x/a.key "
			"certificate b key b key-type ecdsa minimum tls1.0 maximum tls1.2 ciphers "
			"modern client-certificate off tickets no } }\n");
	const struct conf_profile *p = find(c, "p");

	ok(!p->offer && p->key_type == CONF_KEY_ECDSA && p->minimum == CONF_TLS_1_0 &&
	       p->maximum == CONF_TLS_1_2 && p->ciphers == CONF_CIPHERS_MODERN &&
	       !p->client_certificate && !p->tickets,
	   "a profile has what it names");
	is_int((int64_t)p->npair, 2, "and its own certificates instead of those of tls");
	is_str(p->pair[0].certificate, "/etc/a.pem", "with names relative to the file");
	is_str(p->pair[1].key, "/etc/b", "and each with its key");
	conf_free(&c);
}

static void test_built_in(void)
{
	struct conf *c = load(
	    LISTEN "tls { " PAIR "minimum tls1.1 priority PFS\n"
		   "experiment { " KEY "arm none { weight 1 } arm tls12 { weight 2 }\n"
		   "arm rsa { weight 3 } arm expired { weight 4 } arm no-request { weight 5 }\n"
		   "arm modern { weight 6 } arm legacy { weight 1000000 } }\n"
		   "profile expired { certificate old key old } }\n");
	const struct conf_experiment *e = &c->tls.experiment;
	const struct conf_profile *p = find(c, "legacy");

	is_int((int64_t)e->narm, 7, "seven arms name seven built-in profiles");
	is_int((int64_t)c->tls.nprofile, 7, "which are there then");
	for (size_t i = 0; i < e->narm; i++)
		is_str(c->tls.profile[e->arm[i].profile_at].name, e->arm[i].name,
		       "each arm finds its own");
	ok(p->minimum == CONF_TLS_SSL3 && p->maximum == CONF_TLS_1_3 &&
	       p->ciphers == CONF_CIPHERS_ALL && *p->priority == '\0' && p->client_certificate,
	   "legacy is all, whatever tls says");
	p = find(c, "modern");
	ok(p->minimum == CONF_TLS_1_2 && p->ciphers == CONF_CIPHERS_MODERN && *p->priority == '\0',
	   "modern is TLS 1.2 with modern ciphers");
	p = find(c, "tls12");
	ok(p->minimum == CONF_TLS_1_1 && p->maximum == CONF_TLS_1_2 &&
	       p->ciphers == CONF_CIPHERS_ALL,
	   "tls12 has a maximum and the minimum of tls");
	p = find(c, "no-request");
	ok(!p->client_certificate && p->minimum == CONF_TLS_1_1 && strcmp(p->priority, "PFS") == 0,
	   "no-request asks for no certificate and is as tls else");
	ok(find(c, "rsa")->key_type == CONF_KEY_RSA, "rsa has RSA keys");
	ok(!find(c, "none")->offer, "none offers nothing");
	p = find(c, "expired");
	ok(p->expired && p->npair == 1 && strcmp(p->pair[0].certificate, "/etc/old") == 0,
	   "expired has the certificate that its block names");
	conf_free(&c);
}

static void test_override(void)
{
	struct conf *c = load(LISTEN "tls { " PAIR "profile modern { minimum tls1.3 } }\n");
	const struct conf_profile *p = find(c, "modern");

	ok(p->minimum == CONF_TLS_1_3 && p->ciphers == CONF_CIPHERS_MODERN,
	   "a block changes what a built-in profile says and keeps the rest");
	conf_free(&c);
}

static void test_experiment(void)
{
	struct conf *c =
	    load(LISTEN "tls { " PAIR "experiment {\ninclude key\nipv4-prefix 24 ipv6-prefix 48\n"
			"arm a { weight 10 profile legacy } arm b { weight 10 profile legacy }\n"
			"arm rsa { weight 5 } } }\n"
			"listen { address ::1 port 465 tls implicit }\n");
	const struct conf_experiment *e = &c->tls.experiment;

	is_str(e->key, "from-a-file-of-its-own", "the key may be included");
	ok(e->ipv4_prefix == 24 && e->ipv6_prefix == 48, "prefixes are set");
	ok(e->narm == 3 && e->arm[0].profile_at == e->arm[1].profile_at && c->tls.nprofile == 2,
	   "arms may share a profile");
	ok(e->arm[0].weight == 10 && e->arm[2].weight == 5, "weights are set");
	conf_free(&c);
	c = load(LISTEN "tls { " PAIR "experiment { " KEY "arm none { weight 1 } } }\n"
			"listen { address ::1 port 465 tls implicit experiment no }\n"
			"listen { address ::1 port 26 tls off }\n");
	ok(c != NULL, "an arm without TLS is accepted where TLS from the first byte takes no part");
	ok(c->tls.experiment.ipv4_prefix == 32 && c->tls.experiment.ipv6_prefix == 64,
	   "prefixes have their defaults");
	conf_free(&c);
}

/* As many as are allowed, and one more. */
static void test_counts(void)
{
	char text[8192];
	struct conf *c;

	for (int more = 0; more < 2; more++) {
		strcpy(text, LISTEN "tls { " PAIR "\nexperiment { " KEY "\n");
		for (int i = 0; i < CONF_ARM_MAX + more; i++)
			sprintf(text + strlen(text), "arm a%d { weight 1 profile rsa }\n", i);
		strcat(text, "} }\n");
		c = load(text);
		ok((c != NULL) == !more, "%d arms are %s", CONF_ARM_MAX + more,
		   more ? "refused" : "accepted");
		conf_free(&c);
	}
	ok(strstr(errors.text[0], "36:5: more than 32 arm blocks") != NULL,
	   "and the error says so");
	for (int more = 0; more < 2; more++) {
		strcpy(text, LISTEN "tls { " PAIR "\n");
		for (int i = 0; i < CONF_PROFILE_MAX - 1; i++)
			sprintf(text + strlen(text), "profile p%d { }\n", i);
		sprintf(text + strlen(text), "experiment { " KEY "arm rsa { weight 1 } %s } }\n",
			more ? "arm legacy { weight 1 }" : "");
		c = load(text);
		ok((c != NULL) == !more, "31 profiles and %d built-in ones are %s", 1 + more,
		   more ? "refused" : "accepted");
		conf_free(&c);
	}
	ok(strstr(errors.text[0], "more than 32 profiles") != NULL, "and the error says so");
}

static void test_name_length(void)
{
	char text[500], name[CONF_NAME_MAX + 2] = "";

	memset(name, 'n', CONF_NAME_MAX);
	sprintf(text, LISTEN "tls { " PAIR "profile %s { } }\n", name);
	struct conf *c = load(text);
	ok(c != NULL && strlen(c->tls.profile[0].name) == CONF_NAME_MAX,
	   "a name of 63 bytes is accepted");
	conf_free(&c);
	name[CONF_NAME_MAX] = 'n';
	sprintf(text, LISTEN "tls { " PAIR "profile %s { } }\n", name);
	c = load(text);
	ok(c == NULL && strstr(errors.text[0], "a name has 1 to 63 bytes") != NULL,
	   "one of 64 is refused");
}

int main(void)
{
	test_each_fault(faults, sizeof faults / sizeof *faults, load, &errors);
	test_none();
	test_inherits();
	test_priority();
	test_own();
	test_built_in();
	test_override();
	test_experiment();
	test_counts();
	test_name_length();
	return tap_done();
}
