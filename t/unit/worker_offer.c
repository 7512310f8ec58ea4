/*
 * What a client is offered of TLS, by configuration and by what is remembered of its address; and
 * what is to be remembered of it.
 */
#include <stdlib.h>

#include "../../src/worker_offer.h"
#include "../lib-c/address_lab.h"
#include "../tap.h"

#define NOW 1700000000u
#define HOUR 3600u
#define SECOND_US UINT64_C(1000000)

static const char *const names[] = {
#define TLS_FAILURE(sym, name, doc) name,
#include "tls_failure.def"
#undef TLS_FAILURE
};
static const uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
static struct address_table *table;
static struct address_reader reader;

/* The usual case, from which each row differs by what it names. */
struct row {
	const char *title;
	enum conf_tls_mode mode;
	bool no_tls, no_starttls, no_request; /* of the configuration */
	uint32_t threshold;                   /* tls-failures; 0: two */
	bool off;                             /* tls-failures 0 */
	uint8_t failures, flags;              /* remembered */
	uint32_t age;                         /* of the last, hours */
	const char
	    *offered; /* "starttls" or "implicit", and "ask" where a certificate is asked for */
	enum offer_memory memory;
};

static const struct row rows[] = {
    {.title = "an address that is not known", .offered = "starttls ask"},
    {.title = "implicit TLS", .mode = CONF_TLS_IMPLICIT, .offered = "implicit ask"},
    {.title = "a listener without TLS", .mode = CONF_TLS_OFF, .failures = 2, .offered = "ask"},
    {.title = "no certificates", .no_tls = true, .failures = 2, .offered = "ask"},
    {.title = "no STARTTLS among the extensions",
     .no_starttls = true,
     .failures = 2,
     .offered = "ask"},
    {.title = "implicit TLS needs no such extension",
     .no_starttls = true,
     .mode = CONF_TLS_IMPLICIT,
     .offered = "implicit ask"},
    {.title = "no request configured", .no_request = true, .offered = "starttls"},
    {.title = "one failure",
     .failures = 1,
     .offered = "starttls",
     .memory = OFFER_MEMORY_NO_CERTIFICATE_REQUEST},
    {.title = "one failure where nobody is asked: nothing changes",
     .failures = 1,
     .no_request = true,
     .offered = "starttls"},
    {.title = "two failures", .failures = 2, .offered = "ask", .memory = OFFER_MEMORY_NOT_OFFERED},
    {.title = "many failures",
     .failures = 255,
     .offered = "ask",
     .memory = OFFER_MEMORY_NOT_OFFERED},
    {.title = "two failures and implicit TLS",
     .failures = 2,
     .mode = CONF_TLS_IMPLICIT,
     .offered = "implicit",
     .memory = OFFER_MEMORY_NO_CERTIFICATE_REQUEST},
    {.title = "two of three failures",
     .failures = 2,
     .threshold = 3,
     .offered = "starttls",
     .memory = OFFER_MEMORY_NO_CERTIFICATE_REQUEST},
    {.title = "one of one failure",
     .failures = 1,
     .threshold = 1,
     .offered = "ask",
     .memory = OFFER_MEMORY_NOT_OFFERED},
    {.title = "a bad certificate, otherwise forgiven",
     .flags = ADDRESS_BAD_CERTIFICATE,
     .offered = "starttls",
     .memory = OFFER_MEMORY_NO_CERTIFICATE_REQUEST},
    {.title = "two failures 71 hours ago",
     .failures = 2,
     .age = 71,
     .offered = "ask",
     .memory = OFFER_MEMORY_NOT_OFFERED},
    {.title = "two failures 72 hours ago", .failures = 2, .age = 72, .offered = "starttls ask"},
    {.title = "the memory is off", .failures = 2, .off = true, .offered = "starttls ask"},
};

static void remember(const struct row *r)
{
	struct address_entry e = {.key = address_key(ip),
				  .last_s = NOW - r->age * HOUR,
				  .tls_failures = r->failures,
				  .flags = r->flags};

	address_remove(table, e.key);
	if (r->failures > 0 || r->flags > 0)
		address_put(table, &e, NOW);
}

static void test_row(const struct row *r)
{
	struct conf conf = {.smtp.extensions = r->no_starttls ? 0 : CONF_EXT_STARTTLS,
			    .tls.client_certificate = !r->no_request,
			    .memory = {.tls_failures = r->off         ? 0
						       : r->threshold ? r->threshold
								      : 2,
				       .tls_within_us = 72 * HOUR * SECOND_US}};
	struct conf_listen listener = {.tls = r->mode};
	char got[64] = "";

	remember(r);
	struct offer o = offer_decide(&(struct offer_facts){.conf = &conf,
							    .listener = &listener,
							    .tls_ready = !r->no_tls,
							    .memory = &reader,
							    .ip = ip,
							    .now_us = NOW * SECOND_US});
	strcat(got, o.starttls ? "starttls" : o.implicit ? "implicit" : "");
	if (o.ask_certificate)
		strcat(got, *got ? " ask" : "ask");
	is_str(got, r->offered, r->title);
	is_int(o.memory, r->memory, "  and what the memory changed is known");
}

static void test_busy(void)
{
	struct conf conf = {.smtp.extensions = CONF_EXT_STARTTLS,
			    .memory = {.tls_failures = 2, .tls_within_us = 72 * HOUR * SECOND_US}};
	struct conf_listen listener = {.tls = CONF_TLS_STARTTLS};

	remember(&(struct row){.failures = 2});
	for (uint32_t i = 0; i < reader.buckets; i++)
		atomic_store(&table->bucket[i].sequence, 1);
	struct offer o = offer_decide(&(struct offer_facts){.conf = &conf,
							    .listener = &listener,
							    .tls_ready = true,
							    .memory = &reader,
							    .ip = ip,
							    .now_us = NOW * SECOND_US});
	ok(o.starttls && o.memory == OFFER_MEMORY_NOTHING,
	   "where the memory cannot be read, the client is offered what a new one is");
}

static void test_lessons(void)
{
	static const struct {
		const char *title;
		enum tls_outcome outcome;
		enum tls_failure failure;
		bool failures, unforgiving, off;
		enum summary_tls lesson;
	} cases[] = {
	    {.title = "no TLS", .outcome = TLS_NOT_OFFERED},
	    {.title = "TLS not used", .outcome = TLS_OFFERED_UNUSED, .failures = true},
	    {.title = "a success of a new address", .outcome = TLS_NEGOTIATED},
	    {.title = "a success of one with failures",
	     .outcome = TLS_NEGOTIATED,
	     .failures = true,
	     .lesson = SUMMARY_TLS_NEGOTIATED},
	    {.title = "a success that is not to forgive",
	     .outcome = TLS_NEGOTIATED,
	     .failures = true,
	     .unforgiving = true},
	    {.title = "the memory is off",
	     .outcome = TLS_FAILED,
	     .failure = TLS_FAILURE_CLIENT_ALERT,
	     .off = true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf conf = {.memory = {.tls_failures = cases[i].off ? 0 : 2,
					       .tls_forgive = !cases[i].unforgiving}};
		struct offer offer = {.failures = cases[i].failures};
		struct tls_info info = {.outcome = cases[i].outcome, .failure = cases[i].failure};

		is_int(offer_lesson(&conf, &offer, &info), cases[i].lesson, cases[i].title);
	}
}

/* A failure of a name that is not here has to be decided on. */
static void test_failures(void)
{
	static const struct {
		enum tls_failure failure;
		enum summary_tls lesson;
	} cases[] = {
	    {TLS_FAILURE_NO_SHARED_VERSION, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_NO_SHARED_CIPHER, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_UNREADABLE_HELLO, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_NOT_TLS, SUMMARY_TLS_NOTHING},
	    {TLS_FAILURE_CLIENT_ALERT, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_CLIENT_CLOSED, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_TIMEOUT, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_CLIENT_CERTIFICATE, SUMMARY_TLS_BAD_CERTIFICATE},
	    {TLS_FAILURE_UNSUPPORTED_SNI, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_BAD_RECORD, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_KEY_EXCHANGE, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_UNEXPECTED_MESSAGE, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_BAD_FINISHED, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_DOWNGRADE, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_INTERNAL, SUMMARY_TLS_NOTHING},
	    {TLS_FAILURE_NO_SHARED_GROUP, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_NO_SHARED_SIGNATURE, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_MESSAGE_TOO_LARGE, SUMMARY_TLS_FAILED},
	    {TLS_FAILURE_KEYHOLDER, SUMMARY_TLS_NOTHING},
	    {TLS_FAILURE_SHUTDOWN, SUMMARY_TLS_NOTHING},
	};
	struct conf conf = {.memory.tls_failures = 2};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls_info info = {.outcome = TLS_FAILED, .failure = cases[i].failure};

		ok(offer_lesson(&conf, &(struct offer){0}, &info) == cases[i].lesson,
		   "a failed handshake: %s", names[cases[i].failure]);
	}
	is_int(sizeof cases / sizeof *cases + 1, TLS_FAILURE_COUNT, /* and TLS_FAILURE_NONE */
	       "of every reason it is decided whether it is remembered");
}

/* An experiment whose one arm has this profile; then the memory acts beside it. */
static void test_arms(void)
{
	static const struct {
		const char *title;
		enum conf_tls_mode mode;
		bool offer, request, outside, no_starttls;
		uint8_t failures;
		bool arm, starttls, ask;
		enum offer_memory memory;
	} cases[] = {
	    {"an arm", .offer = true, .request = true, .arm = true, .starttls = true, .ask = true},
	    {"an arm without TLS", .arm = true},
	    {"an arm without TLS after failures", .failures = 2, .arm = true},
	    {"an arm without request", .offer = true, .arm = true, .starttls = true},
	    {"an arm after failures", .offer = true, .failures = 2, .arm = true,
	     .memory = OFFER_MEMORY_NOT_OFFERED},
	    {"a listener that takes no part", .outside = true, .starttls = true, .ask = true},
	    {"a listener without TLS", .mode = CONF_TLS_OFF, .offer = true, .ask = true},
	    {"no STARTTLS among the extensions", .no_starttls = true, .offer = true, .ask = true},
	    {"implicit TLS", .mode = CONF_TLS_IMPLICIT, .offer = true, .arm = true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf_profile profile = {
		    .name = "p", .offer = cases[i].offer, .client_certificate = cases[i].request};
		struct conf_arm arm = {.name = "a", .weight = 1};
		struct conf conf = {
		    .smtp.extensions = cases[i].no_starttls ? 0 : CONF_EXT_STARTTLS,
		    .tls = {.client_certificate = true,
			    .profile = &profile,
			    .nprofile = 1,
			    .experiment = {.key = "k", .ipv4_prefix = 32, .arm = &arm, .narm = 1}},
		    .memory = {.tls_failures = 2, .tls_within_us = 72 * HOUR * SECOND_US}};
		struct conf_listen listener = {.tls = cases[i].mode,
					       .experiment = !cases[i].outside};

		remember(&(struct row){.failures = cases[i].failures});
		struct offer o = offer_decide(&(struct offer_facts){.conf = &conf,
								    .listener = &listener,
								    .tls_ready = true,
								    .memory = &reader,
								    .ip = ip,
								    .now_us = NOW * SECOND_US});
		ok((o.arm == &arm) == cases[i].arm && (o.profile == &profile) == cases[i].arm,
		   "%s: is %s", cases[i].title, cases[i].arm ? "named" : "not named");
		ok(o.starttls == cases[i].starttls && o.ask_certificate == cases[i].ask,
		   "%s: decides what is offered", cases[i].title);
		ok(o.memory == cases[i].memory, "%s: and what memory changed is told",
		   cases[i].title);
	}
}

/* What a rule says of TLS, on top of all that. */
static void test_rules(void)
{
	enum { NO_OPTION = 3 };
	static const struct {
		const char *title;
		enum conf_tls_mode mode;
		unsigned tls; /* enum rule_tls_option */
		const char *profile;
		bool not_ready, no_starttls, identity, starttls_there;
		uint8_t failures;
		const char
		    *offered; /* as in rows, and "rule" where the record says refused_by_rule */
		const char *named; /* the profile; NULL: none */
	} cases[] = {
	    {.title = "no option", .tls = NO_OPTION, .offered = "starttls ask"},
	    {.title = "off", .tls = RULE_TLS_OPTION_OFF, .offered = "ask rule"},
	    {.title = "off where none would be offered",
	     .mode = CONF_TLS_OFF,
	     .tls = RULE_TLS_OPTION_OFF,
	     .offered = "ask"},
	    {.title = "off after failures: the memory refused it",
	     .tls = RULE_TLS_OPTION_OFF,
	     .failures = 2,
	     .offered = "ask"},
	    {.title = "off and implicit TLS, which stays",
	     .mode = CONF_TLS_IMPLICIT,
	     .tls = RULE_TLS_OPTION_OFF,
	     .offered = "implicit ask"},
	    {.title = "no-client-cert",
	     .tls = RULE_TLS_OPTION_NO_CLIENT_CERT,
	     .offered = "starttls"},
	    {.title = "no-client-cert and implicit TLS",
	     .mode = CONF_TLS_IMPLICIT,
	     .tls = RULE_TLS_OPTION_NO_CLIENT_CERT,
	     .offered = "implicit"},
	    {.title = "a profile",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "plain",
	     .offered = "starttls",
	     .named = "plain"},
	    {.title = "a profile with a request",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "ask",
	     .offered = "starttls ask",
	     .named = "ask"},
	    {.title = "a profile without TLS",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "none",
	     .offered = "rule",
	     .named = "none"},
	    {.title = "a profile that is not there",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "other",
	     .offered = "starttls ask"},
	    {.title = "a profile after one failure: still no request",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "ask",
	     .failures = 1,
	     .offered = "starttls",
	     .named = "ask"},
	    {.title = "a profile after two failures: still no TLS",
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "ask",
	     .failures = 2,
	     .offered = "ask",
	     .named = "ask"},
	    {.title = "a profile and implicit TLS",
	     .mode = CONF_TLS_IMPLICIT,
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "plain",
	     .offered = "implicit",
	     .named = "plain"},
	    {.title = "a profile without certificates",
	     .not_ready = true,
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "plain",
	     .offered = "",
	     .named = "plain"},
	    {.title = "a profile without the extension",
	     .no_starttls = true,
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "none",
	     .offered = "",
	     .named = "none"},
	    {.title = "a profile at an address whose identity does not announce TLS",
	     .identity = true,
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "plain",
	     .offered = "",
	     .named = "plain"},
	    {.title = "a profile at one whose identity alone announces it",
	     .identity = true,
	     .starttls_there = true,
	     .no_starttls = true,
	     .tls = RULE_TLS_OPTION_PROFILE,
	     .profile = "plain",
	     .offered = "starttls",
	     .named = "plain"},
	};
	struct conf_profile profiles[] = {
	    {.name = "plain", .offer = true},
	    {.name = "ask", .offer = true, .client_certificate = true},
	    {.name = "none"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf conf = {
		    .smtp.extensions = cases[i].no_starttls ? 0 : CONF_EXT_STARTTLS,
		    .tls = {.client_certificate = true,
			    .profile = profiles,
			    .nprofile = sizeof profiles / sizeof *profiles},
		    .memory = {.tls_failures = 2, .tls_within_us = 72 * HOUR * SECOND_US}};
		struct conf_listen listener = {.tls = cases[i].mode};
		struct conf_identity identity = {.starttls = cases[i].starttls_there};
		struct offer_facts facts = {.conf = &conf,
					    .listener = &listener,
					    .identity = cases[i].identity ? &identity : NULL,
					    .tls_ready = !cases[i].not_ready,
					    .memory = &reader,
					    .ip = ip,
					    .now_us = NOW * SECOND_US};
		struct rule_options options = {.set = cases[i].tls == NO_OPTION ? 0 : RULE_SET_TLS,
					       .tls = (uint8_t)cases[i].tls,
					       .profile = cases[i].profile};
		char got[64] = "";

		remember(&(struct row){.failures = cases[i].failures});
		struct offer o = offer_decide(&facts);
		offer_obey_rule(&o, &facts, &options);
		strcat(got, o.starttls ? "starttls " : o.implicit ? "implicit " : "");
		strcat(got, o.ask_certificate ? "ask " : "");
		strcat(got, o.refused_by_rule ? "rule " : "");
		got[strlen(got) - (*got != '\0')] = '\0';
		is_str(got, cases[i].offered, cases[i].title);
		is_str(o.profile ? o.profile->name : "-", cases[i].named ? cases[i].named : "-",
		       "  and the record names the profile");
	}
}

int main(void)
{
	table = address_lab(&reader);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		test_row(&rows[i]);
	test_arms();
	test_rules();
	test_busy();
	test_lessons();
	test_failures();
	is_str(offer_memory_name(OFFER_MEMORY_NOT_OFFERED), "not_offered", "what records say");
	ok(offer_memory_name(OFFER_MEMORY_NOTHING) == NULL, "nothing has no name");
	free(table);
	return tap_done();
}
