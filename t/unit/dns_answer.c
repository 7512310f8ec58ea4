/*
 * dns_answer.c: what is read from a server's message, honest or not.
 */
#include "dns_answer.h"

#include <stdlib.h>

#include "../lib-c/dns_packet.h"
#include "../tap.h"
#include "ip.h"

#define CNAME 5

static struct packet p;
static struct dns_answer a;

static void parse(const char *name, enum dns_type type)
{
	/* An exact copy, so that a byte read past its end is noticed. */
	uint8_t *copy = malloc(p.len ? p.len : 1);

	memcpy(copy, p.bytes, p.len);
	dns_answer_parse(&a, copy, p.len, name, type);
	free(copy);
}

/* The value of that number as text; "" if it is not there. */
static const char *value(unsigned n)
{
	static char text[DNS_ANSWER_MAX + 1];
	struct span v;
	size_t at = 0;

	for (unsigned i = 0; dns_answer_next(&a, &at, &v); i++)
		if (i == n) {
			memcpy(text, v.bytes, v.len);
			text[v.len] = '\0';
			return text;
		}
	return "";
}

static void check_addresses(void)
{
	static const uint8_t four[] = {192, 0, 2, 1}, six[16] = {0x20, 1, 0xd, 0xb8};
	struct span v;
	size_t at = 0;

	packet_begin(&p, 0, "a.test", DNS_A);
	put_record(&p, 1, "A.Test", DNS_A, 300, four, 4);
	put_record(&p, 1, "a.test", DNS_A, 60, four, 4);
	put_record(&p, 1, "b.test", DNS_A, 5, four, 4);
	put_record(&p, 1, "a.test", DNS_AAAA, 5, six, 16);
	parse("a.test", DNS_A);
	ok(a.status == DNS_FOUND && a.count == 2, "records of the name and type count, no others");
	is_int(a.ttl, 60, "the least TTL of them counts");
	ok(dns_answer_next(&a, &at, &v) && v.len == IP_BYTES && ip_is_v4(v.bytes) &&
	       v.bytes[12] == 192,
	   "an A record is a mapped address");
	parse("a.test", DNS_AAAA);
	at = 0;
	ok(a.count == 1 && dns_answer_next(&a, &at, &v) && memcmp(v.bytes, six, 16) == 0,
	   "an AAAA record is its address");
	packet_begin(&p, 0, "a.test", DNS_A);
	put_record(&p, 1, "a.test", DNS_A, 300, four, 3);
	parse("a.test", DNS_A);
	is_int(a.status, DNS_UNKNOWN, "an address of three bytes makes it unknown");
}

static void check_names(void)
{
	static const char odd[] = "\x05"
				  "a\x1b[1m"
				  "\x03"
				  "b.c"
				  "\x04"
				  "test"
				  "\x00";

	packet_begin(&p, 0, "1.test", DNS_PTR);
	put_name_record(&p, "1.test", DNS_PTR, 300, "Host.Example");
	put_record(&p, 1, "1.test", DNS_PTR, 300, odd, sizeof odd - 1);
	put_name_record(&p, "1.test", DNS_PTR, 300, ".");
	parse("1.test", DNS_PTR);
	is_str(value(0), "Host.Example", "a reverse name is as it is written");
	is_str(value(1), "a\\027[1m.b\\.c.test", "bytes that are no name's are escaped");
	is_str(value(2), ".", "the root is a dot");
	packet_begin(&p, 0, "d.test", DNS_MX);
	put_name_record(&p, "d.test", DNS_MX, 300, "mx.d.test");
	put_name_record(&p, "d.test", DNS_MX, 300, ".");
	parse("d.test", DNS_MX);
	is_int(a.count, 2, "an MX is read");
	is_str(value(0) + 2, "mx.d.test", "its exchange stands behind the preference");
	is_str(value(1) + 2, ".", "and may be the root");
	packet_begin(&p, 0, "d.test", DNS_MX);
	put_record(&p, 1, "d.test", DNS_MX, 300, "\0", 1);
	parse("d.test", DNS_MX);
	is_int(a.status, DNS_UNKNOWN, "an MX of one byte makes it unknown");
	packet_begin(&p, 0, "1.test", DNS_PTR);
	put_record(&p, 1, "1.test", DNS_PTR, 300, "\xc0\xff", 2);
	parse("1.test", DNS_PTR);
	is_int(a.status, DNS_UNKNOWN, "a name that points past the end makes it unknown");
	packet_begin(&p, 0, "1.test", DNS_PTR);
	size_t at = record_begin(&p, 1, "1.test", DNS_PTR, 300);
	put16(&p, 0xc000 | (unsigned)at);
	record_end(&p, at);
	parse("1.test", DNS_PTR);
	is_int(a.status, DNS_UNKNOWN, "a name that points to itself makes it unknown");
}

static void check_texts(void)
{
	uint8_t text[3 * 256];
	size_t n = 0;

	packet_begin(&p, 0, "t.test", DNS_TXT);
	put_record(&p, 1, "t.test", DNS_TXT, 300, "\x03one\x00\x03two", 9);
	parse("t.test", DNS_TXT);
	is_str(value(0), "onetwo", "the strings of a text are joined");
	for (int i = 0; i < 3; i++) {
		text[n++] = 255;
		memset(text + n, 'a' + i, 255);
		n += 255;
	}
	packet_begin(&p, 0, "t.test", DNS_TXT);
	put_record(&p, 1, "t.test", DNS_TXT, 300, text, n);
	parse("t.test", DNS_TXT);
	is_int((int64_t)strlen(value(0)), DNS_TEXT_MAX, "a long text is cut");
	packet_begin(&p, 0, "t.test", DNS_TXT);
	put_record(&p, 1, "t.test", DNS_TXT, 300, "\x05one", 4);
	parse("t.test", DNS_TXT);
	is_int(a.status, DNS_UNKNOWN, "a string past its record makes it unknown");
	packet_begin(&p, 0, "t.test", DNS_TXT);
	for (int i = 0; i < 12; i++)
		put_record(&p, 1, "t.test", DNS_TXT, 300, text, 2 * 256 + 1);
	put_record(&p, 1, "t.test", DNS_TXT, 300, "", 0);
	parse("t.test", DNS_TXT);
	is_int(a.status, DNS_UNKNOWN, "one that is cut within makes it unknown");
}

static void check_many(void)
{
	static const uint8_t four[] = {192, 0, 2, 1};

	packet_begin(&p, 0, "a.test", DNS_A);
	for (int i = 0; i < DNS_VALUES_MAX; i++)
		put_record(&p, 1, "a.test", DNS_A, 300, four, 4);
	parse("a.test", DNS_A);
	ok(a.count == DNS_VALUES_MAX && !a.cut, "as many values as may be are kept");
	put_record(&p, 1, "a.test", DNS_A, 300, four, 4);
	parse("a.test", DNS_A);
	ok(a.count == DNS_VALUES_MAX && a.cut, "of more the answer says that it is cut");
}

static void check_aliases(void)
{
	static const uint8_t four[] = {192, 0, 2, 1};
	char name[32], next[32];

	packet_begin(&p, 0, "a.test", DNS_A);
	put_name_record(&p, "b.test", CNAME, 40, "c.test");
	put_name_record(&p, "a.test", CNAME, 300, "b.test");
	put_record(&p, 1, "c.test", DNS_A, 100, four, 4);
	parse("a.test", DNS_A);
	ok(a.status == DNS_FOUND && a.count == 1, "aliases are followed, in any order");
	is_int(a.ttl, 40, "their TTLs count too");
	packet_begin(&p, 0, "a.test", DNS_A);
	put_name_record(&p, "a.test", CNAME, 300, "b.test");
	put_name_record(&p, "b.test", CNAME, 300, "a.test");
	parse("a.test", DNS_A);
	is_int(a.status, DNS_UNKNOWN, "a loop makes it unknown");
	packet_begin(&p, 0, "a.test", DNS_A);
	put_name_record(&p, "a.test", CNAME, 300, "a.test");
	parse("a.test", DNS_A);
	is_int(a.status, DNS_UNKNOWN, "an alias of itself, too");
	for (int last = DNS_ALIASES_MAX; last <= DNS_ALIASES_MAX + 1; last++) {
		packet_begin(&p, 0, "n0.test", DNS_A);
		for (int i = 0; i < last; i++) {
			snprintf(name, sizeof name, "n%d.test", i);
			snprintf(next, sizeof next, "n%d.test", i + 1);
			put_name_record(&p, name, CNAME, 300, next);
		}
		put_record(&p, 1, next, DNS_A, 300, four, 4);
		parse("n0.test", DNS_A);
		is_int(a.status, last == DNS_ALIASES_MAX ? DNS_FOUND : DNS_UNKNOWN,
		       last == DNS_ALIASES_MAX ? "16 aliases are followed" : "17 are not");
	}
	packet_begin(&p, 0, "a.test", DNS_A);
	put_name_record(&p, "a.test", CNAME, 300, "b.test");
	put_soa(&p, "test", 900, 30);
	parse("a.test", DNS_A);
	ok(a.status == DNS_NODATA && a.has_ttl && a.ttl == 30,
	   "an alias that leads nowhere is no data");
}

static void check_negative(void)
{
	static const uint8_t four[] = {192, 0, 2, 1};

	packet_begin(&p, 3, "a.test", DNS_A);
	put_soa(&p, "test", 900, 60);
	parse("a.test", DNS_A);
	ok(a.status == DNS_NXDOMAIN && a.has_ttl && a.ttl == 60,
	   "NXDOMAIN has the minimum of the SOA as TTL");
	packet_begin(&p, 0, "a.test", DNS_A);
	put_soa(&p, "test", 20, 60);
	parse("a.test", DNS_A);
	ok(a.status == DNS_NODATA && a.ttl == 20,
	   "no data has the TTL of the SOA, if that is less");
	packet_begin(&p, 3, "a.test", DNS_A);
	parse("a.test", DNS_A);
	ok(a.status == DNS_NXDOMAIN && !a.has_ttl, "without an SOA there is no TTL");
	packet_begin(&p, 3, "a.test", DNS_A);
	put_record(&p, 2, "test", 6, 900, "\0\0", 2);
	parse("a.test", DNS_A);
	ok(a.status == DNS_NXDOMAIN && !a.has_ttl, "nor with one that is too short");
	packet_begin(&p, 3, "a.test", DNS_A);
	put_record(&p, 1, "a.test", DNS_A, 300, four, 4);
	parse("a.test", DNS_A);
	is_int(a.status, DNS_UNKNOWN, "NXDOMAIN with data is unknown");
	for (unsigned rcode = 1; rcode < 16; rcode++) {
		if (rcode == 3)
			continue;
		packet_begin(&p, rcode, "a.test", DNS_A);
		put_record(&p, 1, "a.test", DNS_A, 300, four, 4);
		parse("a.test", DNS_A);
		ok(a.status == DNS_UNKNOWN && a.count == 0, "rcode %u is unknown", rcode);
	}
	packet_begin(&p, 0, "a.test", DNS_A);
	put_record(&p, 1, "a.test", DNS_A, UINT32_MAX, four, 4);
	parse("a.test", DNS_A);
	is_int(a.ttl, 0, "a TTL with its highest bit set is 0, RFC 2181");
}

static void check_cuts(void)
{
	static const uint8_t four[] = {192, 0, 2, 1};
	unsigned found = 0;

	packet_begin(&p, 0, "a.test", DNS_A);
	put_name_record(&p, "a.test", CNAME, 300, "b.test");
	put_record(&p, 1, "b.test", DNS_A, 300, four, 4);
	for (size_t whole = p.len; p.len > 0; p.len--) {
		parse("a.test", DNS_A);
		found += p.len < whole && a.status != DNS_UNKNOWN;
	}
	is_int(found, 0, "cut after any byte it is unknown");
	dns_answer_parse(&a, p.bytes, 70000, "a.test", DNS_A);
	is_int(a.status, DNS_UNKNOWN, "a message longer than there can be is unknown");
}

int main(void)
{
	check_addresses();
	check_names();
	check_texts();
	check_many();
	check_aliases();
	check_negative();
	check_cuts();
	return tap_done();
}
