/*
 * path.c: test of lib/path.
 */
#include "path.h"
#include "../tap.h"

#define B(sym) ODDITY_BIT(sym)
#define X10 "0123456789"
#define X60 X10 X10 X10 X10 X10 X10
#define X64 X60 "abcd"

/* address NULL: nothing can be understood. */
static const struct {
	const char *name;
	enum path_kind kind;
	const char *in;
	const char *address, *local, *domain, *rest;
	uint64_t oddities;
} cases[] = {
    {"a mailbox", PATH_REVERSE, "<a@b.example>", "a@b.example", "a", "b.example", "", 0},
    {"parameters follow", PATH_REVERSE, "<a@b> SIZE=1", "a@b", "a", "b", " SIZE=1", 0},
    {"the null sender", PATH_REVERSE, "<>", "", "", "", "", 0},
    {"the null sender and parameters", PATH_REVERSE, "<> RET=FULL", "", "", "", " RET=FULL", 0},
    {"no null recipient", PATH_FORWARD, "<>", NULL, "", "", "", 0},
    {"Postmaster at RCPT", PATH_FORWARD, "<Postmaster>", "Postmaster", "Postmaster", "", "", 0},
    {"postMASTER at RCPT", PATH_FORWARD, "<postMASTER>", "postMASTER", "postMASTER", "", "", 0},
    {"Postmaster at MAIL", PATH_REVERSE, "<Postmaster>", "Postmaster", "Postmaster", "", "",
     B(DOMAIN_MISSING)},
    {"no domain", PATH_FORWARD, "<root>", "root", "root", "", "", B(DOMAIN_MISSING)},
    {"an @ and no domain", PATH_FORWARD, "<root@>", "root@", "root", "", "", B(DOMAIN_MISSING)},
    {"no local part", PATH_FORWARD, "<@b>", "@b", "", "b", "", B(LOCAL_PART_MISSING)},
    {"all of atext", PATH_FORWARD, "<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b",
     "!#$%&'*+-/=?^_`{|}~", "b", "", 0},
    {"dots in the local part", PATH_FORWARD, "<a.b.c@d>", "a.b.c@d", "a.b.c", "d", "", 0},
    {"a dot at its start", PATH_FORWARD, "<.a@d>", ".a@d", ".a", "d", "", B(LOCAL_PART_BAD)},
    {"a dot at its end", PATH_FORWARD, "<a.@d>", "a.@d", "a.", "d", "", B(LOCAL_PART_BAD)},
    {"two dots", PATH_FORWARD, "<a..b@d>", "a..b@d", "a..b", "d", "", B(LOCAL_PART_BAD)},
    {"a character that needs quotes", PATH_FORWARD, "<a,b@d>", "a,b@d", "a,b", "d", "",
     B(LOCAL_PART_BAD)},
    {"a space that needs quotes", PATH_FORWARD, "<a b@d>", "a b@d", "a b", "d", "",
     B(LOCAL_PART_BAD)},
    {"a quoted local part", PATH_FORWARD, "<\"a b\"@d>", "\"a b\"@d", "\"a b\"", "d", "", 0},
    {"an empty quoted local part", PATH_FORWARD, "<\"\"@d>", "\"\"@d", "\"\"", "d", "", 0},
    {"@ and > within quotes", PATH_FORWARD, "<\"a@b>c\"@d> X", "\"a@b>c\"@d", "\"a@b>c\"", "d",
     " X", 0},
    {"quoted pairs", PATH_FORWARD, "<\"a\\\"b\\\\\"@d>", "\"a\\\"b\\\\\"@d", "\"a\\\"b\\\\\"", "d",
     "", 0},
    {"a control character in quotes", PATH_FORWARD, "<\"a\x01\"@d>", "\"a\x01\"@d", "\"a\x01\"",
     "d", "", B(LOCAL_PART_BAD)},
    {"quotes within a local part", PATH_FORWARD, "<a\"b\"c@d>", "a\"b\"c@d", "a\"b\"c", "d", "",
     B(LOCAL_PART_BAD)},
    {"a quote that does not close", PATH_FORWARD, "<\"a@d>", "\"a@d", "\"a", "d", "",
     B(LOCAL_PART_BAD)},
    {"a quote that does not close, in brackets that do not", PATH_FORWARD, "<\"a@d", "\"a@d", "\"a",
     "d", "", B(LOCAL_PART_BAD) | B(ANGLE_BRACKET_UNCLOSED)},
    {"several @", PATH_FORWARD, "<a@b@c>", "a@b@c", "a@b", "c", "",
     B(SEVERAL_AT) | B(LOCAL_PART_BAD)},
    {"a label with hyphens and digits", PATH_FORWARD, "<a@1-2--3.4x>", "a@1-2--3.4x", "a",
     "1-2--3.4x", "", 0},
    {"a hyphen at the start of a label", PATH_FORWARD, "<a@-b>", "a@-b", "a", "-b", "",
     B(DOMAIN_BAD)},
    {"a hyphen at the end of a label", PATH_FORWARD, "<a@b-.c>", "a@b-.c", "a", "b-.c", "",
     B(DOMAIN_BAD)},
    {"an underscore", PATH_FORWARD, "<a@b_c>", "a@b_c", "a", "b_c", "", B(DOMAIN_BAD)},
    {"an empty label", PATH_FORWARD, "<a@b..c>", "a@b..c", "a", "b..c", "", B(DOMAIN_BAD)},
    {"a dot at its end of the domain", PATH_FORWARD, "<a@b.c.>", "a@b.c.", "a", "b.c.", "",
     B(DOMAIN_TRAILING_DOT)},
    {"a dot as domain", PATH_FORWARD, "<a@.>", "a@.", "a", ".", "", B(DOMAIN_BAD)},
    {"a label of 63 octets", PATH_FORWARD, "<a@" X60 "abc>", "a@" X60 "abc", "a", X60 "abc", "", 0},
    {"a label of 64 octets", PATH_FORWARD, "<a@" X64 ">", "a@" X64, "a", X64, "", B(DOMAIN_BAD)},
    {"a local part of 64 octets", PATH_FORWARD, "<" X64 "@d>", X64 "@d", X64, "d", "", 0},
    {"a local part of 65 octets", PATH_FORWARD, "<" X64 "x@d>", X64 "x@d", X64 "x", "d", "",
     B(PATH_TOO_LONG)},
    {"a path of 256 octets", PATH_FORWARD, "<a@" X60 "." X60 "." X60 "." X60 ".12345678>",
     "a@" X60 "." X60 "." X60 "." X60 ".12345678", "a", X60 "." X60 "." X60 "." X60 ".12345678", "",
     0},
    {"a path of 257 octets", PATH_FORWARD, "<a@" X60 "." X60 "." X60 "." X60 ".123456789>",
     "a@" X60 "." X60 "." X60 "." X60 ".123456789", "a", X60 "." X60 "." X60 "." X60 ".123456789",
     "", B(PATH_TOO_LONG)},
    {"an IPv4 literal", PATH_FORWARD, "<a@[192.0.2.1]>", "a@[192.0.2.1]", "a", "[192.0.2.1]", "",
     0},
    {"an IPv6 literal", PATH_FORWARD, "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", "a",
     "[IPv6:2001:db8::1]", "", 0},
    {"an IPv6 literal with IPv4 in it", PATH_FORWARD, "<a@[ipv6:::ffff:192.0.2.1]>",
     "a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]", "", 0},
    {"a general literal", PATH_FORWARD, "<a@[x-y:z!]>", "a@[x-y:z!]", "a", "[x-y:z!]", "", 0},
    {"an IPv6 address without its tag", PATH_FORWARD, "<a@[::1]>", "a@[::1]", "a", "[::1]", "",
     B(DOMAIN_LITERAL_BAD)},
    {"an IPv4 literal out of range", PATH_FORWARD, "<a@[192.0.2.256]>", "a@[192.0.2.256]", "a",
     "[192.0.2.256]", "", B(DOMAIN_LITERAL_BAD)},
    {"an IPv4 literal with three parts", PATH_FORWARD, "<a@[192.0.2]>", "a@[192.0.2]", "a",
     "[192.0.2]", "", B(DOMAIN_LITERAL_BAD)},
    {"an IPv4 literal with five parts", PATH_FORWARD, "<a@[1.2.3.4.5]>", "a@[1.2.3.4.5]", "a",
     "[1.2.3.4.5]", "", B(DOMAIN_LITERAL_BAD)},
    {"an empty literal", PATH_FORWARD, "<a@[]>", "a@[]", "a", "[]", "", B(DOMAIN_LITERAL_BAD)},
    {"half a literal", PATH_FORWARD, "<a@[>", "a@[", "a", "[", "", B(DOMAIN_LITERAL_BAD)},
    {"an IPv4 address without brackets is a domain", PATH_FORWARD, "<a@192.0.2.1>", "a@192.0.2.1",
     "a", "192.0.2.1", "", 0},
    {"UTF-8", PATH_FORWARD, "<d\xc3\xb6rte@s\xc3\xb6.example>", "d\xc3\xb6rte@s\xc3\xb6.example",
     "d\xc3\xb6rte", "s\xc3\xb6.example", "", 0},
    {"8-bit that is not UTF-8", PATH_FORWARD, "<d\xf6rte@b>", "d\xf6rte@b", "d\xf6rte", "b", "",
     B(NOT_UTF8)},
    {"a source route", PATH_FORWARD, "<@a,@b.c:d@e>", "d@e", "d", "e", "", B(SOURCE_ROUTE)},
    {"a source route with a literal", PATH_FORWARD, "<@[IPv6:::1]:d@e>", "d@e", "d", "e", "",
     B(SOURCE_ROUTE)},
    {"a source route that is malformed", PATH_FORWARD, "<@a,b:d@e>", "d@e", "d", "e", "",
     B(SOURCE_ROUTE) | B(SOURCE_ROUTE_BAD)},
    {"a source route that ends in a comma", PATH_FORWARD, "<@a,:d@e>", "d@e", "d", "e", "",
     B(SOURCE_ROUTE) | B(SOURCE_ROUTE_BAD)},
    {"a source route alone, at RCPT", PATH_FORWARD, "<@a:>", NULL, "", "", "", 0},
    {"a source route alone, at MAIL", PATH_REVERSE, "<@a:>", "", "", "", "",
     B(SOURCE_ROUTE) | B(SOURCE_ROUTE_BAD)},
    {"space after the colon", PATH_REVERSE, " \t<a@b>", "a@b", "a", "b", "", B(SPACE_AFTER_COLON)},
    {"space in the brackets", PATH_REVERSE, "< a@b >", "a@b", "a", "b", "", B(SPACE_IN_PATH)},
    {"space alone in the brackets", PATH_REVERSE, "< >", "", "", "", "", B(SPACE_IN_PATH)},
    {"no brackets", PATH_REVERSE, "a@b SIZE=1", "a@b", "a", "b", " SIZE=1", B(NO_ANGLE_BRACKETS)},
    {"no brackets, but some in a parameter", PATH_REVERSE, "a@b AUTH=<>", "a@b", "a", "b",
     " AUTH=<>", B(NO_ANGLE_BRACKETS)},
    {"no brackets, a quoted space", PATH_REVERSE, "\"a b\"@c X", "\"a b\"@c", "\"a b\"", "c", " X",
     B(NO_ANGLE_BRACKETS)},
    {"no bracket at the end", PATH_REVERSE, "<a@b SIZE=1", "a@b", "a", "b", " SIZE=1",
     B(ANGLE_BRACKET_UNCLOSED)},
    {"no bracket at the start", PATH_REVERSE, "a@b>", "a@b>", "a", "b>", "",
     B(NO_ANGLE_BRACKETS) | B(DOMAIN_BAD)},
    {"a display name", PATH_REVERSE, "Joe Doe <a@b>", "a@b", "a", "b", "", B(DISPLAY_NAME)},
    {"text right behind the bracket", PATH_REVERSE, "<a@b>SIZE=1", "a@b", "a", "b", "SIZE=1",
     B(JUNK_AFTER_PATH)},
    {"nothing, at MAIL", PATH_REVERSE, "", "", "", "", "", B(EMPTY_PATH)},
    {"nothing but space, at MAIL", PATH_REVERSE, " ", "", "", "", "",
     B(EMPTY_PATH) | B(SPACE_AFTER_COLON)},
    {"nothing, at RCPT", PATH_FORWARD, "", NULL, "", "", "", 0},
};

static bool is(struct span s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.bytes, text, s.len) == 0);
}

static void show(const struct path *p)
{
	tap_show("address", p->address.bytes, p->address.len);
	tap_show("local", p->local.bytes, p->local.len);
	tap_show("domain", p->domain.bytes, p->domain.len);
	tap_show("rest", p->rest.bytes, p->rest.len);
	for (int i = 0; i < ODDITY_COUNT; i++)
		if (p->oddities & UINT64_C(1) << i)
			printf("# %s\n", oddity_table[i].name);
}

static void test_table(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct path p;
		struct span in = {(const uint8_t *)cases[i].in, strlen(cases[i].in)};
		int rc = path_parse(in, cases[i].kind, &p);
		if (cases[i].address == NULL) {
			is_int(rc, -1, cases[i].name);
			continue;
		}
		if (!ok(rc == 1 && is(p.address, cases[i].address) && is(p.local, cases[i].local) &&
			    is(p.domain, cases[i].domain) && is(p.rest, cases[i].rest) &&
			    p.oddities == cases[i].oddities,
			"%s", cases[i].name))
			show(&p);
	}
}

static void test_nul(void)
{
	static const uint8_t in[] = "<a\0b@c\0d>";
	struct path p;

	is_int(path_parse((struct span){in, sizeof in - 1}, PATH_FORWARD, &p), 1,
	       "NUL ends nothing");
	is_mem(p.address.bytes, p.address.len, "a\0b@c\0d", 7, "the address holds it");
	is_int((int64_t)p.oddities, (int64_t)(B(LOCAL_PART_BAD) | B(DOMAIN_BAD)),
	       "and it is not legal there");
}

static void test_utf8(void)
{
	static const struct {
		const char *name, *in;
		bool good;
	} rows[] = {
	    {"ASCII", "abc", true},
	    {"two bytes, smallest", "\xc2\x80", true},
	    {"two bytes, over-long", "\xc1\xbf", false},
	    {"three bytes, smallest", "\xe0\xa0\x80", true},
	    {"three bytes, over-long", "\xe0\x9f\xbf", false},
	    {"before the surrogates", "\xed\x9f\xbf", true},
	    {"a surrogate", "\xed\xa0\x80", false},
	    {"four bytes, largest", "\xf4\x8f\xbf\xbf", true},
	    {"four bytes, over-long", "\xf0\x8f\xbf\xbf", false},
	    {"beyond U+10FFFF", "\xf4\x90\x80\x80", false},
	    {"a continuation alone", "\x80", false},
	    {"cut short", "a\xe2\x82", false},
	    {"a third byte that is none", "\xe2\x82x", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is_int(path_is_utf8((struct span){(const uint8_t *)rows[i].in, strlen(rows[i].in)}),
		       rows[i].good, rows[i].name);
}

int main(void)
{
	test_table();
	test_nul();
	test_utf8();
	return tap_done();
}
