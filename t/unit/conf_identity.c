/*
 * conf_identity.c: identity blocks: which one holds, what it inherits, and what is refused.
 */
#include "config.h"

#include "conf_identity.h"

#include "../tap.h"
#include "conf_files.h"

static struct conf_errors errors;

static struct conf *load(const char *text)
{
	return test_load(text, (struct test_file){0}, &errors);
}

#define LISTEN \
	"listen { address 0.0.0.0 port 25 name mx }\nlisten { address :: port 465 name six }\n"
#define TOP "hostname top.example\nbanner \"ESMTP top\"\n"

/* ---- errors ---- */

static const struct test_fault faults[] = {
    {"a misspelt key", LISTEN "identity { hostnam x }\n",
     "3:12: unknown key, near \"hostnam\" (did you mean \"hostname\"?)\n"},
    {"a misspelt look", LISTEN "identity { looks-like postfx }\n",
     "3:23: looks-like must be none | postfix | exim | sendmail | exchange, near \"postfx\" (did "
     "you mean \"postfix\"?)\n"},
    {"an address with host bits", LISTEN "identity { local 192.0.2.1/28 }\n",
     "3:18: local: bits of the address are set behind the network's part, near "
     "\"192.0.2.1/28\"\n"},
    {"a word of EHLO that is none", LISTEN "identity { extensions size startls }\n",
     "3:28: extensions must be size pipelining 8bitmime smtputf8 chunking enhancedstatuscodes dsn "
     "starttls auth binarymime vrfy expn etrn help deliverby, near \"startls\" (did you mean "
     "\"starttls\"?)\n"},
    {"a word of EHLO twice", LISTEN "identity { extensions size help size }\n",
     "3:33: extensions has this word twice, near \"size\"\n"},
    {"a listener that is not there", LISTEN "identity { listener sixx }\n",
     "3:21: there is no listener of this name, near \"sixx\" (did you mean \"six\"?)\n"},
    {"port 0", LISTEN "identity { port 0 }\n", "3:17: port must be 1 to 65535, near \"0\"\n"},
    {"the same name twice",
     LISTEN TOP "identity { local 192.0.2.1 }\nidentity { local 192.0.2.2 }\n",
     "6:1: the identity block of line 5 has the same name, top.example: \"name\" tells them apart, "
     "near \"identity\"\n"},
    {"one behind one that holds everywhere",
     LISTEN "identity { name a }\nidentity { name b port 25 }\n",
     "4:1: this identity is never found: that of line 3 holds for all of it, near \"identity\"\n"},
    {"one within an earlier one",
     LISTEN "identity { name a local 192.0.2.0/24 2001:db8::/32 }\n"
	    "identity { name b local 192.0.2.128/25 2001:db8:1::/48 listener mx }\n",
     "4:1: this identity is never found: that of line 3 holds for all of it, near \"identity\"\n"},
    {"a certificate without a key",
     LISTEN "tls { certificate c key k }\nidentity { certificate d }\n",
     "4:12: this certificate has no key, near \"certificate\"\n"},
    {"a key without a certificate", LISTEN "identity { key k }\n",
     "3:16: a key follows its certificate, near \"k\"\n"},
    {"a certificate where tls has none", LISTEN "identity { certificate c key k }\n",
     "3:1: an identity with a certificate needs one in the tls block too, near \"identity\"\n"},
    {"a block in it", LISTEN "identity { listen { } }\n",
     "3:12: no block may stand in this block, near \"listen\"\n"},
    {"within another block", LISTEN "tls { identity { } }\n",
     "3:7: this block does not stand here, near \"identity\"\n"},
};

static void test_limit(void)
{
	static char text[16384];

	for (int n = CONF_IDENTITY_MAX; n <= CONF_IDENTITY_MAX + 1; n++) {
		strcpy(text, LISTEN);
		for (int i = 0; i < n; i++)
			sprintf(text + strlen(text), "identity { name n%d local 10.0.0.%d }\n", i,
				i);
		struct conf *conf = load(text);
		ok((conf != NULL) == (n == CONF_IDENTITY_MAX), "%d identities", n);
		conf_free(&conf);
	}
}

/* ---- which one holds ---- */

static const struct {
	const char *ip;
	uint16_t port;
	unsigned listener;
	const char *name; /* NULL: none */
} finds[] = {
    {"192.0.2.1", 25, 0, "one"},        {"192.0.2.2", 25, 0, "net"},
    {"192.0.2.15", 25, 0, "net"},       {"192.0.2.16", 25, 0, NULL},
    {"192.0.2.16", 2525, 0, "port"},    {"192.0.2.1", 2525, 0, "one"},
    {"2001:db8::1", 465, 1, "six"},     {"2001:db8::1", 465, 0, NULL},
    {"10.0.0.1", 25, 0, "ten"},         {"10.0.0.1", 587, 0, NULL},
    {"::ffff:192.0.2.2", 25, 0, "net"},
};

static void test_find(void)
{
	struct conf *c =
	    load(LISTEN "identity { name one local 192.0.2.1 }\n"
			"identity { name net local 192.0.2.0/28 198.51.100.0/24 }\n"
			"identity { name port port 2525 }\n"
			"identity { name six listener six }\n"
			"identity { name ten local 10.0.0.0/8 port 25 listener mx }\n");

	ok(c != NULL, "five identities are accepted");
	for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
		uint8_t ip[IP_BYTES];
		ip_parse(ip, finds[i].ip, strlen(finds[i].ip));
		const struct conf_identity *id =
		    conf_identity_find(c, ip, finds[i].port, &c->listen[finds[i].listener]);
		char title[100];
		snprintf(title, sizeof title, "%s port %u listener %u", finds[i].ip, finds[i].port,
			 finds[i].listener);
		is_str(id == NULL ? "none" : id->name, finds[i].name ? finds[i].name : "none",
		       title);
	}
	conf_free(&c);
}

static void test_order(void)
{
	struct conf *c =
	    load(LISTEN "identity { name narrow local 10.0.0.0/8 port 25 }\n"
			"identity { name wide local 10.0.0.0/8 }\nidentity { name all }\n");
	uint8_t ip[IP_BYTES];

	ok(c != NULL, "wider ones may follow narrower ones");
	ip_parse(ip, "10.1.1.1", 8);
	is_str(conf_identity_find(c, ip, 25, &c->listen[0])->name, "narrow", "the first wins");
	is_str(conf_identity_find(c, ip, 26, &c->listen[0])->name, "wide", "then the second");
	ip_parse(ip, "11.1.1.1", 8);
	is_str(conf_identity_find(c, ip, 26, &c->listen[0])->name, "all",
	       "the last one, without conditions, holds everywhere else");
	conf_free(&c);
}

/* ---- what it has ---- */

static void test_inherits(void)
{
	struct conf *c = load("identity { local 192.0.2.1 }\n" LISTEN TOP
			      "smtp { extensions size }\ntls { certificate c key k }\n");
	const struct conf_identity *id = &c->identity[0];

	is_str(id->hostname, "top.example",
	       "an identity inherits the host name, from behind it too");
	is_str(id->name, "top.example", "and is called by it");
	is_str(id->banner, "ESMTP top", "it inherits the banner");
	ok(!id->ehlo_named && !id->starttls && id->npair == 0 && id->looks_like == CONF_LOOKS_NONE,
	   "and the rest");
	conf_free(&c);
}

static void test_own(void)
{
	struct conf *c = load(
	    LISTEN TOP "smtp { extensions size }\ntls { certificate c key k }\n"
		       "identity { hostname a.example looks-like exim extensions help starttls "
		       "certificate d key e certificate f key g local 192.0.2.1 }\n"
		       "identity { name b banner \"\" looks-like postfix extensions none }\n");
	const struct conf_identity *id = &c->identity[0];

	is_str(id->name, "a.example", "an identity is called by its own host name");
	ok(id->banner == NULL && id->looks_like == CONF_LOOKS_EXIM, "a look brings its banner");
	ok(id->ehlo_named && id->nehlo == 2 && id->ehlo[0] == 13 && id->ehlo[1] == 7 &&
	       id->starttls,
	   "extensions are kept in their order");
	is_int((int64_t)id->npair, 2, "it has its certificates");
	is_str(id->pair[1].key, "/etc/g", "with names relative to the file");
	is_str(c->identity[1].banner, "", "a banner is taken beside a look, an empty one too");
	ok(c->identity[1].ehlo_named && c->identity[1].nehlo == 0 && !c->identity[1].starttls,
	   "extensions may be none");
	conf_free(&c);
}

static void test_profile_names(void)
{
	struct conf *c = load(LISTEN "tls { certificate c key k profile p { }\n"
				     "profile q { certificate x key y } }\n"
				     "identity { name a local 10.0.0.1 certificate d key e }\n"
				     "identity { name b }\n");
	const struct conf_profile *p = &c->tls.profile[0], *q = &c->tls.profile[1];
	const struct conf_identity *a = &c->identity[0], *b = &c->identity[1];
	char name[CONF_IDENTITY_PROFILE_MAX];

	is_str(conf_identity_profile(NULL, NULL, name), "", "the tls block's settings");
	is_str(conf_identity_profile(NULL, a, name), "@a", "with an identity's certificates");
	is_str(conf_identity_profile(p, a, name), "p@a",
	       "a profile with an identity's certificates");
	is_str(conf_identity_profile(q, a, name), "q", "a profile keeps its own");
	is_str(conf_identity_profile(p, b, name), "p",
	       "an identity without certificates changes none");
	conf_free(&c);
}

int main(void)
{
	test_each_fault(faults, sizeof faults / sizeof *faults, load, &errors);
	test_limit();
	test_find();
	test_order();
	test_inherits();
	test_own();
	test_profile_names();
	return tap_done();
}
