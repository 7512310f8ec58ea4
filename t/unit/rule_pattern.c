/*
 * rule_pattern.c: tests of patterns of addresses, host names and words, and of sets of them.
 */
#include "config.h"

#include "rule_pattern.h"

#include "../tap.h"
#include "rule_set.h"

static struct span span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* ---- addresses ---- */

static const struct {
	const char *pattern, *address;
	bool match;
} addresses[] = {
    {"abc@def", "abc@def", true},
    {"<>", "", true},
    {"abc@", "abc@def", true},
    {"@def", "abc@def", true},
    {"abc@", "abc", true},
    {"abc", "abc", true},
    {"@.ghi", "abc@def.ghi", true},
    {"@.def.ghi", "abc@def.ghi", true},
    {"@.b.com", "x@c.b.com", true},
    {"@.b.com", "x@d.c.b.com", true},
    {"@", "anything@anything", true},
    {"INFO@FBI.gov", "info@fbi.GOV", true},
    {"@EXAMPLE.com", "X@Example.Com", true},
    {"\"fred@bob\"@example.org", "\"fred@bob\"@example.org", true},
    {"@example.org", "\"fred@bob\"@example.org", true},
    {"not", "abc@def", false},
    {"abc", "abc@def", false},
    {"@ghi", "abc@def", false},
    {"def@", "abc@def", false},
    {"<>", "anything", false},
    {"<>", "a@b", false},
    {"@", "noat", false},
    {"@.def.ghi", "abc@zamdef.ghi", false},
    {"@b", "a@c.b", false},
    {"@.b.com", "a@com", false},
    {"@", "", false},
    {"@", "@route", false},
    {"@route", "@route", false},
    {"@", "broken@", false},
    {"broken@", "broken@", false},
    {"a@b", "a@bc", false},
    {"a@b", "aa@b", false},
};

/* Whether the pattern matches by itself; *set_r: whether a set of it does. */
static bool matches_address(const char *text, const char *address, bool *set_r)
{
	struct arena *arena = arena_new();
	struct rule_mailbox mailbox;
	struct rule_pattern pattern;
	struct rule_set set;
	size_t len = strlen(text);
	char *copy = arena_copy(arena, text, len);

	rule_mailbox_init(&mailbox, span_of(address));
	const char *wrong = rule_pattern_address(&pattern, copy, &len);
	rule_set_init(&set, arena, copy, 1);
	rule_set_add(&set, 0, len);
	*set_r = rule_set_match_mailbox(&set, &mailbox);
	bool result = wrong == NULL && rule_pattern_match_mailbox(&pattern, &mailbox);
	arena_free(&arena);
	return result;
}

static void test_addresses(void)
{
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		bool set, match = matches_address(addresses[i].pattern, addresses[i].address, &set);
		ok(match == addresses[i].match && set == match, "%s %s <%s>, alone and in a file",
		   addresses[i].pattern, addresses[i].match ? "matches" : "does not match",
		   addresses[i].address);
	}
}

/* ---- host names ---- */

static const struct {
	const char *pattern, *host;
	bool match;
} hosts[] = {
    {"abc", "abc", true},       {".abc", "abc", true},
    {".def", "abc.def", true},  {".ghi", "abc.def.ghi", true},
    {".", ".", true},           {"a.b", "a.b.", true},
    {"a.b.", "a.b", true},      {".b.", "a.b.", true},
    {"A.b", "a.B", true},       {"[127.0.0.1]", "[127.0.0.1]", true},
    {"not", "abc", false},      {".not", "abc", false},
    {".abc", "prefabc", false}, {"not", ".", false},
    {".not", ".", false},       {"abc", "", false},
    {".abc", "", false},        {"b.com", "a.b.com", false},
};

static bool matches_host(const char *text, const char *host, bool *set_r)
{
	struct arena *arena = arena_new();
	struct rule_pattern pattern;
	struct rule_name name;
	struct rule_set set;
	size_t len = strlen(text);
	char *copy = arena_copy(arena, text, len);

	rule_name_init_host(&name, span_of(host));
	const char *wrong = rule_pattern_host(&pattern, copy, &len);
	copy[len] = '\0';
	rule_set_init(&set, arena, copy, 1);
	rule_set_add(&set, 0, len);
	*set_r = rule_set_match_name(&set, &name);
	bool result = wrong == NULL && rule_pattern_match_name(&pattern, &name);
	arena_free(&arena);
	return result;
}

static void test_hosts(void)
{
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		bool set, match = matches_host(hosts[i].pattern, hosts[i].host, &set);
		ok(match == hosts[i].match && set == match, "%s %s \"%s\", alone and in a file",
		   hosts[i].pattern, hosts[i].match ? "matches" : "does not match", hosts[i].host);
	}
}

/* ---- words ---- */

static const struct {
	const char *pattern, *word;
	bool match;
} words[] = {
    {"abc", "ABC", true},
    {"abc", "abcd", false},
    {"a*c", "abbbc", true},
    {"a*c", "ac", true},
    {"a*c", "acb", false},
    {"*", "", true},
    {"?", "", false},
    {"a?c", "abc", true},
    {"a?c", "ac", false},
    {"*a*b*", "xxaxxbxx", true},
    {"*a*b*", "xxbxxaxx", false},
    {"t13*", "t13d1516h2", true},
    {"**a**", "a", true},
};

static void test_words(void)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct rule_pattern pattern;
		char text[64];
		size_t len = strlen(words[i].pattern);
		memcpy(text, words[i].pattern, len + 1);
		const char *wrong = rule_pattern_word(&pattern, text, &len);
		ok(wrong == NULL &&
		       rule_pattern_match_word(&pattern, span_of(words[i].word)) == words[i].match,
		   "%s %s \"%s\"", words[i].pattern, words[i].match ? "matches" : "does not match",
		   words[i].word);
	}
}

/* ---- what is no pattern ---- */

static void test_wrong(void)
{
	static const char *const bad_addresses[] = {"",    "a b",  "@.",    "@..b", "@a..b",
						    "@b.", "@a@b", "<a@b>", "*@b",  "@*.b"};
	static const char *const bad_hosts[] = {"", "..", ".a..b", "a@b", "*.b", "a b"};
	struct rule_pattern pattern;
	char text[64];

	for (size_t i = 0; i < sizeof bad_addresses / sizeof *bad_addresses; i++) {
		size_t len = strlen(bad_addresses[i]);
		memcpy(text, bad_addresses[i], len + 1);
		ok(rule_pattern_address(&pattern, text, &len) != NULL,
		   "\"%s\" is no pattern of addresses", bad_addresses[i]);
	}
	for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++) {
		size_t len = strlen(bad_hosts[i]);
		memcpy(text, bad_hosts[i], len + 1);
		ok(rule_pattern_host(&pattern, text, &len) != NULL, "\"%s\" is no pattern of hosts",
		   bad_hosts[i]);
	}
}

/* n labels "a", in front of them `front`. */
static size_t labels(char *text, const char *front, unsigned n)
{
	size_t len = (size_t)sprintf(text, "%s", front);

	for (unsigned i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "%sa", i > 0 ? "." : "");
	return len;
}

static void test_labels(void)
{
	struct rule_pattern pattern;
	struct rule_name name;
	char text[20000], host[20000];
	size_t len = labels(text, ".", RULE_LABELS_MAX);

	ok(rule_pattern_host(&pattern, text, &len) == NULL, "a pattern may have 32 labels");
	rule_name_init(&name, (struct span){(uint8_t *)host, labels(host, "", 5000)});
	ok(rule_pattern_match_name(&pattern, &name), "it matches a name of 5000 labels");
	len = labels(text, ".", RULE_LABELS_MAX + 1);
	ok(rule_pattern_host(&pattern, text, &len) != NULL, "a pattern may not have 33 labels");
	rule_name_init(&name, span_of("a\0b"));
	memset(host, '.', sizeof host);
	rule_name_init(&name, (struct span){(uint8_t *)host, sizeof host});
	ok(!rule_pattern_match_name(&pattern, &name), "a name of dots alone is looked at");
}

/* ---- patterns among themselves ---- */

static const struct {
	const char *a, *b;
	bool meet, a_in_b, b_in_a;
} pairs[] = {
    {"a@b", "a@b", true, true, true},        {"a@b", "c@b", false, false, false},
    {"a@b", "@b", true, true, false},        {"a@b", "a@", true, true, false},
    {"a@b", "@c", false, false, false},      {"a@x.b", "@.b", true, true, false},
    {"a@xb", "@.b", false, false, false},    {"a@", "@b", true, false, false},
    {"@", "a@b", true, false, true},         {"@", "a@", true, false, false},
    {"@", "a", false, false, false},         {"a", "a@", true, true, false},
    {"a", "a@b", false, false, false},       {"<>", "@", false, false, false},
    {"<>", "<>", true, true, true},          {"@.b.c", "@.c", true, true, false},
    {"@.b.c", "@.d.c", false, false, false}, {"@b.c", "@.b.c", true, true, false},
    {"@c", "@.b.c", false, false, false},
};

static void test_pairs(void)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char a[32], b[32];
		size_t a_len = strlen(pairs[i].a), b_len = strlen(pairs[i].b);
		struct rule_pattern x, y;
		memcpy(a, pairs[i].a, a_len + 1);
		memcpy(b, pairs[i].b, b_len + 1);
		ok(rule_pattern_address(&x, a, &a_len) == NULL &&
		       rule_pattern_address(&y, b, &b_len) == NULL,
		   "%s and %s are patterns", a, b);
		ok(rule_patterns_meet(&x, &y) == pairs[i].meet &&
		       rule_patterns_meet(&y, &x) == pairs[i].meet,
		   "%s and %s %s", a, b, pairs[i].meet ? "meet" : "exclude each other");
		ok(rule_pattern_within(&x, &y) == pairs[i].a_in_b &&
		       rule_pattern_within(&y, &x) == pairs[i].b_in_a,
		   "which of %s and %s is within the other", a, b);
	}
}

/* ---- networks ---- */

static void add_net(struct rule_nets *nets, const char *text)
{
	struct ip_net net;

	if (ip_net_parse(&net, text, strlen(text)) == 0)
		rule_nets_add(nets, &net);
}

static bool in_nets(const struct rule_nets *nets, const char *text)
{
	uint8_t ip[IP_BYTES];

	return ip_parse(ip, text, strlen(text)) == 0 && rule_nets_match(nets, ip);
}

static void test_nets(void)
{
	static const char *const inside[] = {
	    "10.0.0.0",        "10.255.255.255", "192.0.2.1",        "192.0.2.7",
	    "255.255.255.255", "2001:db8::",     "2001:db8:ffff::1", "::1"};
	static const char *const outside[] = {
	    "9.255.255.255",   "11.0.0.0",   "192.0.2.0", "192.0.2.8",
	    "255.255.255.254", "2001:db9::", "::2",       "::"};
	struct arena *arena = arena_new();
	struct rule_nets nets, all;

	rule_nets_init(&nets, arena, 10);
	add_net(&nets, "192.0.2.4/30");
	add_net(&nets, "10.0.0.0/8");
	add_net(&nets, "10.1.0.0/16");
	add_net(&nets, "192.0.2.2/31");
	add_net(&nets, "192.0.2.1");
	add_net(&nets, "255.255.255.255");
	add_net(&nets, "2001:db8::/32");
	add_net(&nets, "::1");
	rule_nets_finish(&nets);
	is_int((int64_t)nets.n4, 3, "networks that touch or overlap are one range");
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		ok(in_nets(&nets, inside[i]), "%s is in the networks", inside[i]);
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		ok(!in_nets(&nets, outside[i]), "%s is not", outside[i]);
	rule_nets_init(&all, arena, 1);
	add_net(&all, "::/0");
	rule_nets_finish(&all);
	ok(in_nets(&all, "1.2.3.4") && in_nets(&all, "::1"), "::/0 holds all of both families");
	ok(rule_nets_within(&nets, &all) && !rule_nets_within(&all, &nets) &&
	       rule_nets_meet(&nets, &all),
	   "and all other networks");
	rule_nets_init(&all, arena, 0);
	rule_nets_finish(&all);
	ok(!in_nets(&all, "1.2.3.4") && !in_nets(&all, "::1"), "no networks hold nothing");
	arena_free(&arena);
}

/* A look-up of bytes that are no text must not run past the set's texts. */
static void test_hostile_names(void)
{
	struct arena *arena = arena_new();
	static const uint8_t with_nul[] = "@\0b\0c";
	struct rule_mailbox mailbox;
	struct rule_set set;

	rule_set_init(&set, arena, "a@b", 1);
	rule_set_add(&set, 0, 3);
	rule_mailbox_init(&mailbox, (struct span){with_nul, 5});
	ok(!rule_set_match_mailbox(&set, &mailbox), "an address with NULs is in no set");
	ok(!rule_set_match_word(&set, (struct span){with_nul, 5}), "nor is a word with NULs");
	arena_free(&arena);
}

int main(void)
{
	test_addresses();
	test_hosts();
	test_words();
	test_wrong();
	test_labels();
	test_pairs();
	test_nets();
	test_hostile_names();
	return tap_done();
}
