/*
 * rule_eval.c: tests of what rules decide.
 *
 * Conditions are held against the session of rule_lab.h, one fact changed at a time.
 */
#include "config.h"

#include "../lib-c/rule_lab.h"
#include "rule_has.h"

static void ignore_begin(void *ctx, const char *rule, enum rule_action action)
{
	(void)ctx, (void)rule, (void)action;
}

static void ignore_condition(void *ctx, const char *text, enum rule_truth truth)
{
	(void)ctx, (void)text, (void)truth;
}

static void ignore_end(void *ctx, enum rule_truth truth, const struct rule_options *options)
{
	(void)ctx, (void)truth, (void)options;
}

static const struct rule_trace silent = {ignore_begin, ignore_condition, ignore_end, NULL};

/* The verdict of the rules in a phase; a session that is NULL is the usual one. */
static struct rule_verdict decide(const char *text, enum rule_phase phase, const struct lab *lab)
{
	struct lab usual;
	struct rule_verdict v = {.action = RULE_ACTION_COUNT};
	const struct rules *rules = lab_load(text);

	lab_session(&usual);
	if (rules == NULL)
		return v;
	const struct rule_facts *facts = lab == NULL ? &usual.facts : &lab->facts;
	struct rule_verdict all;
	rule_eval(rules, phase, facts, NULL, &v);
	rule_eval(rules, phase, facts, &silent, &all); /* looks at every rule */
	if (memcmp(&v, &all, sizeof v) != 0)
		ok(false, "looking at the rules that can match is as good as looking at all");
	return v;
}

/* "accept" and the conditions, at RCPT: 'y', 'n', or '?' for unknown; 'e' for an error. */
static char holds(const char *conditions, const struct lab *lab, enum rule_phase phase)
{
	char text[400];

	snprintf(text, sizeof text, "accept (%s)\nreject not (%s)\n", conditions, conditions);
	switch (decide(text, phase, lab).action) {
	case RULE_ACCEPT:
		return 'y';
	case RULE_REJECT:
		return 'n';
	case RULE_UNDECIDED:
		return '?';
	default:
		return 'e';
	}
}

/* ---- conditions of the older language ---- */

static const struct {
	const char *conditions;
	char expected;
} usual[] = {
    {"from jim@jones.com to joe@example.com not dns nodns", 'y'},
    {"from JIM@JONES.com", 'y'},
    {"to joe@ from @.com", 'y'},
    {"dns inconsistent dns noforward", 'y'},
    {"helo-has ehlo tls on", 'y'},
    {"not helo-has nodots from @.net or dns exists or to @.com", 'y'},
    {"helo-has nodots or (from @jones.com to @example.com)", 'y'},
    {"from jim@jones.com to info@fbi.gov or to joe@example.com", 'y'},
    {"to info@fbi.gov or to joe@example.com from jim@jones.net", 'n'},
    {"not (from jim@ to @logan)", 'y'},
    {"not from-has noat", 'y'},
    {"not to-has quoted", 'y'},
    {"dns good", 'n'},
    {"helo .ben", 'y'},
    {"ehlo .ben", 'y'},
    {"not helo-has bareip", 'y'},
    {"host .b.c", 'y'},
    {"host .f", 'y'},
    {"host a.b.c", 'y'},
    {"host b.c", 'n'},
    {"ip 192.168.10.3 ip 192.168.10.0/24 ip ./nets", 'y'},
    {"not ip 127.0.0.10", 'y'},
    {"ip 2001:db8::/32", 'n'},
    {"source .f", 'y'},
    {"source .ben", 'y'},
    {"source jones.com", 'y'},
    {"source ./hosts", 'y'},
    {"source example.com", 'n'},
    {"from ./addresses", 'n'},
    {"to ./addresses", 'y'},
    {"tls on", 'y'},
    {"tls off", 'n'},
    /* an empty file makes a condition unknown, and others may still decide */
    {"from ./empty", '?'},
    {"not from ./empty", '?'},
    {"from jim@jones.com or from ./empty", 'y'},
    {"from ./empty or from jim@jones.com", 'y'},
    {"from ./empty to joe@", '?'},
    {"from ./empty to jack@", 'n'},
    {"ip ./empty", '?'},
    /* what is new */
    {"tls 1.2", 'y'},
    {"tls < 1.2", 'n'},
    {"tls <= 1.2", 'y'},
    {"tls > 1.0", 'y'},
    {"tls != 1.2", 'n'},
    {"cipher *GCM*", 'y'},
    {"cipher tls_aes_128_gcm_sha256", 'y'},
    {"cipher *RC4*", 'n'},
    {"ja3 ./words", 'y'},
    {"cipher ./words", 'n'},
    {"ja4 t13*", 'y'},
    {"sni mx.example.net", 'y'},
    {"arm legacy", 'y'},
    {"local 127.0.0.0/8 local port 25 local listener mx", 'y'},
    {"local port 465", 'n'},
    {"local listener submission", 'n'},
    {"local ./nets", 'y'},
    {"size > 4k", 'y'},
    {"size > 5000", 'n'},
    {"size >= 5000 size <= 5000 size = 5000", 'y'},
    {"size < 5000", 'n'},
    {"time 12:00-13:00", 'y'},
    {"time 12:30-12:31", 'y'},
    {"time 12:31-12:30", 'n'},
    {"time 22:00-06:00", 'n'},
    {"random 50%", 'y'},
    {"random 49.9", 'n'},
    {"dnsbl zen.example.org", 'n'},
    {"dbl any dbl.example.org", 'n'},
    {"rate 0 per 1h", 'n'},
    {"from-has resolves", '?'},
    {"from-has resolves,noat", '?'},
    {"from-has resolves or from jim@", 'y'},
};

static void test_usual(void)
{
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		char got = holds(usual[i].conditions, NULL, RULE_RCPT);
		if (!ok(got == usual[i].expected, "%s: %s", usual[i].conditions,
			usual[i].expected == 'y'   ? "holds"
			: usual[i].expected == 'n' ? "does not hold"
						   : "is unknown"))
			printf("# got %c\n", got);
	}
}

/* ---- files of addresses ---- */

static void test_address_file(void)
{
	static const char *const inside[] = {"INFO@FBI.GOV",       "root@fred.com",
					     "random@example.com", "postmaster@example.org",
					     "root@example.com",   "joe@fred.barney.net",
					     "james@barney.net",   "root"};
	static const char *const outside[] = {"fred@fbi.gov",      "postmaster@example.net",
					      "fred@random.org",   "nosuch@james.net",
					      "nosuch@barney.org", "",
					      "@example.com"};
	struct lab lab;

	lab_session(&lab);
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		lab.facts.from.address = lab_span(inside[i]);
		ok(holds("from ./addresses", &lab, RULE_MAIL) == 'y', "the file has %s", inside[i]);
	}
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
		lab.facts.from.address = lab_span(outside[i]);
		ok(holds("from ./addresses", &lab, RULE_MAIL) == 'n', "the file has not <%s>",
		   outside[i]);
	}
}

/* ---- attributes ---- */

static const struct {
	const char *address;
	uint32_t flags;
} address_cases[] = {
    {"", 0},
    {"jim@jim.bob", 0},
    {"noat", RULE_ADDRESS_NOAT},
    {"\"fred\"@jones", RULE_ADDRESS_QUOTED | RULE_ADDRESS_UNQUALIFIED},
    {"jim@jones", RULE_ADDRESS_UNQUALIFIED},
    {"@jones:user@jim.bob", RULE_ADDRESS_ROUTE},
    {"@j:user@jim", RULE_ADDRESS_ROUTE | RULE_ADDRESS_UNQUALIFIED},
    {"@garbage", RULE_ADDRESS_GARBAGE | RULE_ADDRESS_UNQUALIFIED},
    {"garbage@", RULE_ADDRESS_GARBAGE | RULE_ADDRESS_UNQUALIFIED},
    {"<job@jim.bob", RULE_ADDRESS_GARBAGE},
    {"joe..@jim.bob", RULE_ADDRESS_GARBAGE},
    {"joe@@jim.bob", RULE_ADDRESS_GARBAGE},
    {"joe@jim.bob\"", RULE_ADDRESS_GARBAGE},
    {"joe@jim.bob>", RULE_ADDRESS_GARBAGE},
    {"joe@jim.bob.", RULE_ADDRESS_GARBAGE},
    {"joe@[1.2.3.4]", RULE_ADDRESS_GARBAGE},
    {"\"joe..bob\"@jim.bob", RULE_ADDRESS_QUOTED | RULE_ADDRESS_GARBAGE},
    {"\"fred@bob\"@example.org", RULE_ADDRESS_QUOTED},
};

static void test_address_attributes(void)
{
	struct rule_address address = {.domain = RULE_DOMAIN_BADDOM};

	for (size_t i = 0; i < sizeof address_cases / sizeof *address_cases; i++) {
		const char *text = address_cases[i].address;
		address.address = lab_span(text);
		struct rule_has has = rule_has_address(&address);
		bool plain =
		    (address_cases[i].flags & ~(uint32_t)RULE_ADDRESS_QUOTED) == 0 && *text;
		ok((has.is & ~(uint32_t)RULE_ADDRESS_DNS) == address_cases[i].flags,
		   "<%s> has the attributes that it should", text);
		ok(((has.is & RULE_ADDRESS_BADDOM) != 0) == plain, "DNS is %sasked about <%s>",
		   plain ? "" : "not ", text);
	}
	address = (struct rule_address){.address = lab_span("a@b.c"), .routed = true};
	ok(rule_has_address(&address).is == RULE_ADDRESS_ROUTE,
	   "a source route that was taken off is one");
}

static const struct {
	enum rule_domain domain;
	char resolves, unknown, baddom;
} domain_cases[] = {{RULE_DOMAIN_UNASKED, '?', '?', '?'},
		    {RULE_DOMAIN_RESOLVES, 'y', 'n', 'n'},
		    {RULE_DOMAIN_UNKNOWN, '?', 'y', '?'},
		    {RULE_DOMAIN_BADDOM, 'n', 'n', 'y'}};

static void test_domains(void)
{
	struct lab lab;

	lab_session(&lab);
	for (size_t i = 0; i < sizeof domain_cases / sizeof *domain_cases; i++) {
		lab.facts.from.domain = lab.facts.to.domain = domain_cases[i].domain;
		ok(holds("from-has resolves", &lab, RULE_RCPT) == domain_cases[i].resolves &&
		       holds("to-has resolves", &lab, RULE_RCPT) == domain_cases[i].resolves,
		   "resolves in state %zu of DNS", i);
		ok(holds("from-has unknown", &lab, RULE_RCPT) == domain_cases[i].unknown,
		   "unknown in state %zu of DNS", i);
		ok(holds("from-has baddom", &lab, RULE_RCPT) == domain_cases[i].baddom,
		   "baddom in state %zu of DNS", i);
	}
}

static const struct {
	const char *helo;
	uint32_t flags; /* beside EHLO */
} helo_cases[] = {
    {"", RULE_HELO_NONE | RULE_HELO_NODOTS},
    {"abc.def", 0},
    {"abcdef", RULE_HELO_NODOTS},
    {".", RULE_HELO_BOGUS | RULE_HELO_NODOTS},
    {"127.0.0.1", RULE_HELO_BAREIP | RULE_HELO_MYIP},
    {"[127.0.0.1]", RULE_HELO_PROPERIP | RULE_HELO_MYIP},
    {"[192.168.10.3]", RULE_HELO_PROPERIP | RULE_HELO_REMOTEIP},
    {"[127.100.100.100]", RULE_HELO_PROPERIP | RULE_HELO_OTHERIP},
    {"127.10.100.10", RULE_HELO_BAREIP | RULE_HELO_OTHERIP},
    {"1::", RULE_HELO_BAREIP | RULE_HELO_OTHERIP},
    {"[IPv6:2001:db8::1]", RULE_HELO_PROPERIP | RULE_HELO_OTHERIP},
    {"[192.168.10.]", 0},
    {"[]", RULE_HELO_NODOTS},
    {"192.168.10.", 0},
};

static void test_helo_attributes(void)
{
	struct lab lab;

	lab_session(&lab);
	for (size_t i = 0; i < sizeof helo_cases / sizeof *helo_cases; i++) {
		lab.facts.helo = lab_span(helo_cases[i].helo);
		ok(rule_has_helo(&lab.facts).is == (helo_cases[i].flags | RULE_HELO_EHLO),
		   "EHLO %s has the attributes that it should", helo_cases[i].helo);
	}
	lab.facts.esmtp = false;
	ok(holds("helo-has helo", &lab, RULE_HELO) == 'y' &&
	       holds("helo-has ehlo", &lab, RULE_HELO) == 'n',
	   "HELO and EHLO are told apart");
	lab.facts.helo = lab_span("[127.0.0.1]");
	ok(holds("helo-has ip helo-has myip,otherip", &lab, RULE_HELO) == 'y',
	   "ip is a bare or a proper one");
}

static const struct {
	bool verified, noforward, inconsistent, uncertain;
	const char *is; /* nodns noforward inconsistent exists good */
} dns_cases[] = {
    {true, false, false, false, "nnnyy"}, {false, true, false, false, "yynnn"},
    {false, false, true, false, "ynynn"}, {false, false, false, false, "ynnnn"},
    {true, true, true, false, "nyyyn"},   {false, true, true, false, "yyynn"},
    {true, false, false, true, "n??y?"},  {false, false, false, true, "?????"},
    {true, true, false, true, "ny?yn"},
};

static void test_dns_attributes(void)
{
	static const char *const words[] = {"dns nodns", "dns noforward", "dns inconsistent",
					    "dns exists", "dns good"};
	struct lab lab;

	lab_session(&lab);
	for (size_t i = 0; i < sizeof dns_cases / sizeof *dns_cases; i++) {
		lab.facts.rdns.count = dns_cases[i].verified;
		lab.facts.rdns.noforward = dns_cases[i].noforward;
		lab.facts.rdns.inconsistent = dns_cases[i].inconsistent;
		lab.facts.rdns.uncertain = dns_cases[i].uncertain;
		char got[6] = "";
		for (size_t w = 0; w < 5; w++)
			got[w] = holds(words[w], &lab, RULE_CONNECT);
		is_str(got, dns_cases[i].is, "dns: nodns noforward inconsistent exists good");
	}
}

/* ---- what is unknown ---- */

static void test_unknown(void)
{
	struct lab lab;

	lab_session(&lab);
	lab.facts.rdns.count = 0;
	lab.facts.rdns.uncertain = true;
	ok(holds("host .f", &lab, RULE_RCPT) == '?', "a host is unknown where DNS is uncertain");
	ok(holds("source .f", &lab, RULE_RCPT) == '?', "so is a source");
	ok(holds("source .ben", &lab, RULE_RCPT) == 'y', "a source may be known nevertheless");
	lab.facts.known &= ~(uint32_t)RULE_FACT_RDNS;
	ok(holds("host .f", &lab, RULE_RCPT) == '?', "a host is unknown where nobody asked");
	lab_session(&lab);
	lab.facts.known = 0;
	static const char *const conditions[] = {
	    "host .f",   "helo .f",       "from @b",    "to @b",         "source .f",  "tls on",
	    "tls off",   "cipher *",      "ja3 *",      "ja4 *",         "sni *",      "arm *",
	    "dialect *", "from-has bad",  "to-has bad", "helo-has none", "dns good",   "size > 1",
	    "random 1",  "rate 1 per 1h", "dnsbl a.b",  "dbl any a.b",   "header a b", "body a"};
	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
		ok(holds(conditions[i], &lab, RULE_MESSAGE) == '?', "%s is unknown without facts",
		   conditions[i]);
	lab_session(&lab);
	memset(lab.facts.text, 0, sizeof lab.facts.text);
	lab.facts.tls = RULE_TLS_OFF;
	ok(holds("cipher *", &lab, RULE_RCPT) == 'n' &&
	       holds("tls < 1.3", &lab, RULE_RCPT) == 'n' &&
	       holds("tls off", &lab, RULE_RCPT) == 'y',
	   "without TLS there is no cipher and no version");
}

static void test_lists(void)
{
	struct lab lab;

	lab_session(&lab);
	lab.lookups[0] = RULE_YES;
	ok(holds("dnsbl a.b", &lab, RULE_CONNECT) == 'y', "an address on the list");
	lab.lookups[0] = RULE_UNKNOWN;
	ok(holds("dnsbl a.b", &lab, RULE_CONNECT) == '?', "a list that does not answer");
	lab.lookups[2] = RULE_YES;
	ok(holds("dbl any a.b", &lab, RULE_MAIL) == 'y', "one of several names is listed");
	lab.lookups[2] = RULE_NO;
	ok(holds("dbl any a.b", &lab, RULE_MAIL) == '?',
	   "none of several names is, as far as known");
}

static void test_lookups(void)
{
	const struct rules *rules =
	    lab_load("reject to a@b dnsbl A.b.\nreject dnsbl a.b\n@data reject dbl from,helo c.d\n"
		     "stall from-has unknown\nreject host x\nstall rate 5 per 1h by /24,/64\n");
	const struct rule_lookup *l = rules_lookup(rules, 0);

	ok(l->kind == RULE_LOOKUP_DNSBL && strcmp(l->zone, "a.b") == 0 && l->phase == RULE_CONNECT,
	   "equal zones are one look-up, for the first phase that any rule can run in");
	l = rules_lookup(rules, 1);
	ok(l->kind == RULE_LOOKUP_DBL && l->subject == RULE_SUBJECT_HELO && l->phase == RULE_DATA,
	   "a rule with a phase wants its look-ups there");
	l = rules_lookup(rules, 3);
	ok(l->kind == RULE_LOOKUP_DOMAIN && l->subject == RULE_SUBJECT_FROM &&
	       l->phase == RULE_MAIL,
	   "from-has unknown asks for the sender's domain");
	l = rules_lookup(rules, 4);
	ok(l->kind == RULE_LOOKUP_REVERSE && l->zone == NULL && l->phase == RULE_CONNECT,
	   "host asks for reverse names");
	ok(rules_lookup(rules, 5) == NULL, "there are no more look-ups than conditions ask for");
	const struct rule_rate *rate = rules_rate(rules, 0);
	ok(rate->window_us == 3600 * UINT64_C(1000000) && rate->bits4 == 24 && rate->bits6 == 64 &&
	       rules_rate(rules, 1) == NULL,
	   "rates are told with their time and networks");
	ok((rules_facts(rules, RULE_CONNECT) & (RULE_FACT_RATES | RULE_FACT_RDNS)) ==
		   (RULE_FACT_RATES | RULE_FACT_RDNS) &&
	       !(rules_facts(rules, RULE_CONNECT) & RULE_FACT_FROM) &&
	       rules_facts(rules, RULE_RCPT) & RULE_FACT_TO,
	   "the facts of each phase are told");
}

static void test_rates(void)
{
	struct lab lab;

	lab_session(&lab);
	lab.rates[0] = 5;
	ok(holds("rate 5 per 1h", &lab, RULE_CONNECT) == 'n',
	   "as many as the rate are not over it");
	lab.rates[0] = 6;
	ok(holds("rate 5 per 1h", &lab, RULE_CONNECT) == 'y', "one more is");
	lab.rates[0] = RULE_RATE_UNKNOWN;
	ok(holds("rate 5 per 1h", &lab, RULE_CONNECT) == '?', "a rate may be unknown");
}

/* ---- rules ---- */

static const struct {
	const char *name, *rules;
	const char *actions; /* a letter a phase: accept, reject, stall, discard, or - */
} phases[] = {
    {"a rule without a phase runs from where all is known", "accept helo .ben\n", "-aaaaa"},
    {"one about the sender runs from MAIL on", "reject from jim@\n", "--rrrr"},
    {"one about a recipient from RCPT on", "reject to joe@\n", "---rrr"},
    {"a rule with a phase runs there only", "@helo accept helo .ben\n", "-a----"},
    {"also in one that is later than need be", "@data reject helo .ben\n", "----r-"},
    {"TLS is known from MAIL on", "stall tls on\n", "--ssss"},
    {"the first rule that matches decides", "@mail accept from jim@\nreject from @jones.com\n",
     "--arrr"},
    {"what was accepted may be rejected later", "@helo accept helo joebob.ben\nreject host .c\n",
     "rarrrr"},
    {"one rule with or waits for all of it", "reject from-has noat or to joe@\n", "---rrr"},
    {"two rules do not", "reject from jim@\nreject to joe@\n", "--rrrr"},
    {"discard acts on messages", "discard all\n", "-----d"},
    {"so does reject after keeping", "reject after keeping all\n", "-----r"},
    {"an address of the session is known at once", "reject ip 192.168.10.3\n", "rrrrrr"},
    {"dbl waits for its names", "reject not dbl helo a.b\n", "-rrrrr"},
    {"size is known from MAIL on", "reject size > 1k\n", "--rrrr"},
    {"set rules decide nothing", "set all with note x\n", "------"},
    {"a clause waits for all clauses", "reject helo .ben; to nobody@\n", "---rrr"},
};

static void test_phases(void)
{
	static const char letters[] = {
	    [RULE_UNDECIDED] = '-', [RULE_ACCEPT] = 'a', [RULE_DISCARD] = 'd',
	    [RULE_STALL] = 's',     [RULE_REJECT] = 'r', [RULE_ACTION_COUNT] = 'e'};

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		char got[RULE_PHASE_COUNT + 1] = "";
		for (unsigned p = 0; p < RULE_PHASE_COUNT; p++)
			got[p] = letters[decide(phases[i].rules, (enum rule_phase)p, NULL).action];
		is_str(got, phases[i].actions, phases[i].name);
	}
}

static void test_place(void)
{
	struct rule_verdict v = decide(
	    "# one\n@mail accept from x@y\nreject helo .org;\n\tfrom jim@\n", RULE_MAIL, NULL);

	is_str(v.rule, "r:4", "the verdict tells the file and line of the clause that decided");
	v = decide("include more\nreject from jim@\n", RULE_MAIL, NULL);
	is_str(v.rule, "r:2", "lines of other files do not count");
	struct lab lab;
	lab_session(&lab);
	lab.facts.from.address = lab_span("included@x");
	v = decide("include more\nreject from jim@\n", RULE_MAIL, &lab);
	is_str(v.rule, "more:1", "a rule of another file is told with that file");
	v = decide("accept from x@y\n", RULE_MAIL, NULL);
	ok(v.rule == NULL && v.action == RULE_UNDECIDED, "no rule may decide");
	rule_eval(NULL, RULE_MAIL, &lab.facts, NULL, &v);
	ok(v.action == RULE_UNDECIDED, "nothing is decided without rules");
}

/* ---- options ---- */

static void test_options(void)
{
	struct rule_verdict v = decide("set all with message fred note joe tag one slow 10\n"
				       "set from jim@ with note later tag two\n"
				       "set from nobody@ with note never tag three\n"
				       "stall all with keep x\n",
				       RULE_MAIL, NULL);
	ok(v.action == RULE_ACTION_COUNT, "a stall keeps nothing");
	v = decide("set all with message fred note joe tag one slow 10\n"
		   "set from jim@ with note later tag two\n"
		   "set from nobody@ with note never tag three\n"
		   "accept from jim@ with keep x tag four delay 5s\n"
		   "set from jim@ with note behind\n",
		   RULE_MAIL, NULL);
	is_str(v.options.message, "fred", "options of set rules hold for the rule that decides");
	is_str(v.options.note, "later", "of several set rules the last counts");
	is_str(v.options.keep, "x", "the deciding rule's options count too");
	ok(v.options.tags == (1 | 2 | 8), "tags are gathered");
	ok(v.options.slow == 10 && v.options.delay_us == 5000000 &&
	       v.options.set == (RULE_SET_MESSAGE | RULE_SET_NOTE | RULE_SET_KEEP | RULE_SET_SLOW |
				 RULE_SET_DELAY),
	   "what is set is told");
	v = decide("set all with note joe\naccept from jim@ with note jim\n", RULE_MAIL, NULL);
	is_str(v.options.note, "jim", "the deciding rule overrides set rules");
	v = decide("set from @jones.com with message \"Hi there\"\nset all with message \"You are "
		   "here\"\n",
		   RULE_MAIL, NULL);
	is_str(v.options.message, "You are here", "a later set rule overrides an earlier one");
	v = decide(
	    "set from @jones.com with message \"Hi there\"; all with message \"You are here\"\n",
	    RULE_MAIL, NULL);
	is_str(v.options.message, "Hi there", "of clauses only the first that matches counts");
	v = decide("set from ./empty with note a; from jim@ with note b\n", RULE_MAIL, NULL);
	is_str(v.options.note, "b", "an unknown clause is passed over");
}

static void test_option_fit(void)
{
	struct rule_verdict v = decide(
	    "set all with code 450 4.7.1\nset all with drop\nreject from jim@\n", RULE_MAIL, NULL);
	ok(v.options.set == RULE_SET_DROP, "a code that does not fit the action is not in force");
	v = decide("set all with code 450 4.7.1\nset all with drop\nstall from jim@\n", RULE_MAIL,
		   NULL);
	ok(v.options.set == (RULE_SET_DROP | RULE_SET_CODE) && v.options.code == 450 &&
	       strcmp(v.options.enhanced, "4.7.1") == 0,
	   "one that does is");
	v = decide("set all with code 450 drop\n", RULE_MAIL, NULL);
	ok(v.action == RULE_ACTION_COUNT, "drop and code do not go together");
	v = decide("set all with drop\naccept from jim@\n", RULE_MAIL, NULL);
	ok(v.options.set == 0, "what is accepted is not dropped");
	v = decide("@connect set ip 192.168.10.3 with tls profile old\n", RULE_CONNECT, NULL);
	ok(v.options.set == RULE_SET_TLS && v.options.tls == RULE_TLS_OPTION_PROFILE &&
	       strcmp(v.options.profile, "old") == 0,
	   "TLS is set at the connection");
	v = decide("reject after keeping all with message x keep y\n", RULE_MESSAGE, NULL);
	ok(v.action == RULE_REJECT && v.keeping && strcmp(v.options.keep, "y") == 0,
	   "a message can be refused and kept");
	v = decide("reject all with message x yakker\n", RULE_MESSAGE, NULL);
	ok(v.action == RULE_REJECT && !v.keeping && v.options.set & RULE_SET_YAKKER,
	   "or refused and not kept");
}

/* ---- recipients ---- */

static void test_recipients(void)
{
	struct lab lab;

	lab_session(&lab);
	lab.to[0].address = lab_span("joe@example.com");
	lab.to[1].address = lab_span("jim@example.com");
	lab.nto = 2;
	lab.facts.to.address = lab_span("joe@example.com");
	ok(decide("@data reject to jim@example.com\n", RULE_DATA, &lab).action == RULE_REJECT,
	   "after RCPT every accepted recipient counts");
	ok(decide("reject to jim@example.com\n", RULE_RCPT, &lab).action == RULE_UNDECIDED,
	   "at RCPT only the present one does");
	ok(decide("@data reject not to jim@example.com\n", RULE_DATA, &lab).action == RULE_REJECT,
	   "a rule matches if it does for one of them");
	lab.nto = 0;
	ok(decide("@data reject not to jim@example.com\n", RULE_DATA, &lab).action ==
	       RULE_UNDECIDED,
	   "without recipients it does not");
	lab.nto = 2;
	struct rule_verdict v =
	    decide("@data set to jim@ with note jim; to joe@ with note joe\n", RULE_DATA, &lab);
	is_str(v.options.note, "joe", "clauses are tried with one recipient after the other");
	lab.to[1].address = lab_span("a@b");
	ok(decide("@message reject to-has unqualified\n", RULE_MESSAGE, &lab).action == RULE_REJECT,
	   "attributes are each recipient's own");
	lab.facts.next_to = NULL;
	ok(decide("@data reject to joe@\n", RULE_DATA, &lab).action == RULE_UNDECIDED,
	   "recipients may be unknown");
}

/* What holds for every session is as good as "all". */
static void test_always(void)
{
	static const char *const rules[] = {"reject ip ::/0\n", "reject local ::/0\n",
					    "reject time 00:00-24:00\n", "reject random 100%\n",
					    "reject random 100%; from a@b with note x\n"};
	struct lab lab;

	lab_session(&lab);
	lab.facts.known = 0;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		ok(decide(rules[i], RULE_CONNECT, &lab).action ==
		       (i < 4 ? RULE_REJECT : RULE_UNDECIDED),
		   "%.*s decides on %s", (int)strcspn(rules[i], "\n"), rules[i],
		   i < 4 ? "all" : "all from MAIL on");
	lab_session(&lab);
	lab.facts.known &= ~(uint32_t)RULE_FACT_RANDOM;
	ok(decide("reject random 99.999%\n", RULE_CONNECT, &lab).action == RULE_UNDECIDED,
	   "what nearly always holds may be unknown");
}

/* ---- MAIL FROM:<> ---- */

static void test_null_sender(void)
{
	struct rule_session session = {0};
	struct rule_verdict v;
	struct lab lab;

	lab_session(&lab);
	lab.facts.from.address = lab_span("");
	const struct rules *rules =
	    lab_load("@mail reject from <> with message no note n\naccept to joe@\n");
	rule_decide(&session, rules, RULE_MAIL, &lab.facts, NULL, &v);
	ok(v.action == RULE_UNDECIDED && v.deferred && v.options.set == 0,
	   "MAIL FROM:<> is never refused");
	is_str(v.rule, "r:1", "the record can tell what waits");
	rule_decide(&session, rules, RULE_RCPT, &lab.facts, NULL, &v);
	ok(v.action == RULE_REJECT && strcmp(v.options.message, "no") == 0,
	   "its RCPT gets the verdict, whatever other rules say");
	rule_decide(&session, rules, RULE_RCPT, &lab.facts, NULL, &v);
	ok(v.action == RULE_REJECT, "so does the next one");
	lab.facts.from.address = lab_span("a@b");
	rule_decide(&session, rules, RULE_MAIL, &lab.facts, NULL, &v);
	rule_decide(&session, rules, RULE_RCPT, &lab.facts, NULL, &v);
	ok(v.action == RULE_ACCEPT, "the next MAIL ends that");
	lab.facts.from.address = lab_span("");
	rule_decide(&session, rules, RULE_MAIL, &lab.facts, NULL, &v);
	rule_decide(&session, rules, RULE_HELO, &lab.facts, NULL, &v);
	rule_decide(&session, rules, RULE_RCPT, &lab.facts, NULL, &v);
	ok(v.action == RULE_ACCEPT, "so does EHLO");
	rules = lab_load("stall from <>\n");
	session = (struct rule_session){0};
	rule_decide(&session, rules, RULE_MAIL, &lab.facts, NULL, &v);
	ok(v.deferred, "a stall waits too");
	rules = lab_load("@mail accept from <>\n");
	rule_decide(&session, rules, RULE_MAIL, &lab.facts, NULL, &v);
	ok(v.action == RULE_ACCEPT && !v.deferred, "an acceptance does not");
}

/* ---- replies ---- */

static void test_reply(void)
{
	const struct rule_reply_names names = {"019aab1d-1040-7000-957c-4a7fb979379e", "192.0.2.1"};
	uint8_t memory[2048];
	struct buf reply;
	struct rule_verdict v = decide("reject from jim@ with message \"You are {ip}.\n   See "
				       "{id}\n\n{{braces}}\" code 554 5.7.1\n",
				       RULE_MAIL, NULL);

	buf_init(&reply, memory, sizeof memory);
	rule_reply_put(&reply, v.options.code, v.options.enhanced, v.options.message, &names);
	is_mem(reply.data, reply.len,
	       "554-5.7.1 You are 192.0.2.1.\r\n"
	       "554-5.7.1 See 019aab1d-1040-7000-957c-4a7fb979379e\r\n554-5.7.1 \r\n"
	       "554 5.7.1 {braces}\r\n",
	       strlen("554-5.7.1 You are 192.0.2.1.\r\n"
		      "554-5.7.1 See 019aab1d-1040-7000-957c-4a7fb979379e\r\n554-5.7.1 \r\n"
		      "554 5.7.1 {braces}\r\n"),
	       "a message becomes a reply of several lines");
	buf_reset(&reply);
	rule_reply_put(&reply, 421, NULL, "Later", &names);
	is_mem(reply.data, reply.len, "421 Later\r\n", 11, "an enhanced code may be left out");
}

/* ---- what evaluation tells ---- */

struct told {
	char text[500];
};

static void on_begin(void *ctx, const char *rule, enum rule_action action)
{
	struct told *told = ctx;

	sprintf(told->text + strlen(told->text), "%s %s:", rule, rule_action_name(action));
}

static void on_condition(void *ctx, const char *text, enum rule_truth truth)
{
	struct told *told = ctx;

	sprintf(told->text + strlen(told->text), " [%s]%d", text, truth);
}

static void on_end(void *ctx, enum rule_truth truth, const struct rule_options *options)
{
	struct told *told = ctx;

	sprintf(told->text + strlen(told->text), " => %d %x\n", truth, options->set);
}

static void test_trace(void)
{
	struct told told = {""};
	const struct rule_trace trace = {on_begin, on_condition, on_end, &told};
	struct rule_verdict v;
	struct lab lab;

	lab_session(&lab);
	const struct rules *rules =
	    lab_load("set from ./empty to joe@ with note x\n"
		     "reject from-has bad,route or to \"joe@\" not helo x\n");
	rule_eval(rules, RULE_RCPT, &lab.facts, &trace, &v);
	is_str(told.text,
	       "r:1 set: [from ./empty]1 [to joe@]2 => 1 4\n"
	       "r:2 reject: [from-has bad,route]0 [to \"joe@\"]2 [helo x]0 => 2 0\n",
	       "evaluation tells what it looked at and what came of it");
}

/* ---- patterns of messages ---- */

#define MANY_RECIPIENTS 1000
#define COSTLY "\"(a|aa){0,11}[bc]\"" /* takes all that one pattern may */

static bool next_of_many(void *ctx, size_t *at, struct rule_address *to_r)
{
	const struct lab *lab = ctx;

	*to_r = lab->to[0];
	return (*at)++ < MANY_RECIPIENTS;
}

/* The rules' verdict on a message of many recipients, whose body is what COSTLY takes longest for. */
static struct rule_verdict decide_costly(const char *rules)
{
	static char message[60000];
	struct lab lab;

	lab_session(&lab);
	memset(message, 'a', sizeof message);
	memcpy(message, "\r\n", 2);
	lab.facts.message = (struct span){(uint8_t *)message, sizeof message};
	lab.facts.next_to = next_of_many;
	lab.facts.scratch = rule_scratch_new();
	ok(lab.facts.scratch != NULL, "there is memory for patterns");
	struct rule_verdict v = decide(rules, RULE_MESSAGE, &lab);
	rule_scratch_free(&lab.facts.scratch);
	return v;
}

static void test_patterns(void)
{
	char rules[2000] = "";

	ok(decide_costly("reject body " COSTLY " to-has quoted\naccept body \"^aaa\"\n").action ==
	       RULE_ACCEPT,
	   "a pattern is matched once for all recipients");
	for (int i = 0; i < 9; i++)
		sprintf(rules + strlen(rules), "reject body " COSTLY " dialect d%d\n", i);
	strcat(rules, "accept body \"^aaa\"\n");
	ok(decide_costly(rules).action == RULE_ACCEPT,
	   "patterns of rules that cannot match take nothing from others, with a trace neither");
	for (char *at = rules; (at = strstr(at, " dialect")) != NULL;)
		memset(at, ' ', strlen(" dialect d0"));
	ok(decide_costly(rules).action == RULE_UNDECIDED,
	   "nine patterns that take all they may leave nothing for others");
}

int main(void)
{
	test_usual();
	test_address_file();
	test_address_attributes();
	test_domains();
	test_helo_attributes();
	test_dns_attributes();
	test_unknown();
	test_lists();
	test_lookups();
	test_rates();
	test_phases();
	test_place();
	test_options();
	test_option_fit();
	test_recipients();
	test_always();
	test_null_sender();
	test_reply();
	test_trace();
	test_patterns();
	arena_free(&lab_arena);
	return tap_done();
}
