/*
 * dns_name.c: names that may be asked about, and those made of addresses.
 */
#include "dns_name.h"

#include "../tap.h"
#include "err.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789-_abcdefghijklmnopqrstuvwxy"

static void check_copy(void)
{
	static const struct {
		const char *title, *in, *out; /* out NULL: refused */
	} cases[] = {
	    {"a name", "mail.example.net", "mail.example.net"},
	    {"upper case is made lower", "MAIL.Example.NET", "mail.example.net"},
	    {"a dot at the end goes", "example.net.", "example.net"},
	    {"one label", "localhost", "localhost"},
	    {"digits, hyphens, underscores", "_dmarc.a-1.test", "_dmarc.a-1.test"},
	    {"a label of 63", L63 ".test", L63 ".test"},
	    {"a label of 64", "x" L63 ".test", NULL},
	    {"nothing", "", NULL},
	    {"the root", ".", NULL},
	    {"an empty label", "a..b", NULL},
	    {"a dot in front", ".a", NULL},
	    {"two dots at the end", "a..", NULL},
	    {"a space", "a b.test", NULL},
	    {"a backslash", "a\\046b.test", NULL},
	    {"a control character", "a\x1b.test", NULL},
	    {"bytes beyond ASCII",
	     "b\xc3\xbc"
	     "cher.test",
	     NULL},
	    {"an at sign", "a@b.test", NULL},
	};
	char text[DNS_NAME_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct span in = {(const uint8_t *)cases[i].in, strlen(cases[i].in)};
		int rc = dns_name_copy(text, in);

		if (cases[i].out == NULL)
			ok(rc == ERR_FORMAT, "%s: refused", cases[i].title);
		else
			is_str(rc == 0 ? text : "refused", cases[i].out, cases[i].title);
	}
	ok(dns_name_copy(text, (struct span){(const uint8_t *)"a\0b", 3}) < 0, "a NUL: refused");
	ok(dns_name_valid("a.test", 6) && !dns_name_valid("A.test", 6) &&
	       !dns_name_valid("a.test.", 7),
	   "valid is what would be copied as it is");
}

static void check_length(void)
{
	char name[DNS_NAME_TEXT + 1], text[DNS_NAME_TEXT];

	for (size_t i = 0; i < DNS_NAME_MAX + 1; i++)
		name[i] = i % 2 ? '.' : 'a';
	ok(dns_name_copy(text, (struct span){(const uint8_t *)name, DNS_NAME_MAX}) == 0 &&
	       strlen(text) == DNS_NAME_MAX,
	   "253 octets are taken");
	name[DNS_NAME_MAX] = 'a';
	ok(dns_name_copy(text, (struct span){(const uint8_t *)name, DNS_NAME_MAX + 1}) < 0,
	   "254 are not");
	name[DNS_NAME_MAX] = '.';
	ok(dns_name_copy(text, (struct span){(const uint8_t *)name, DNS_NAME_MAX + 1}) == 0,
	   "but for a dot at the end");
}

static void check_addresses(void)
{
	static const struct {
		const char *ip, *reverse, *listed;
	} cases[] = {
	    {"192.0.2.1", "1.2.0.192.in-addr.arpa", "1.2.0.192.bl.test"},
	    {"0.0.0.0", "0.0.0.0.in-addr.arpa", "0.0.0.0.bl.test"},
	    {"2001:db8:1:2:3:4:567:89ab",
	     "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	     "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test"},
	    {"::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.test"},
	};
	char text[DNS_NAME_TEXT], zone[DNS_NAME_TEXT];
	uint8_t ip[IP_BYTES];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ip_parse(ip, cases[i].ip, strlen(cases[i].ip));
		is_str(dns_name_reverse(text, ip), cases[i].reverse, cases[i].ip);
		is_str(dns_name_of_listed_ip(text, ip, "bl.test") == 0 ? text : "", cases[i].listed,
		       "and on a list");
	}
	is_str(dns_name_of_listed_name(text, "a.example", "dbl.test") == 0 ? text : "",
	       "a.example.dbl.test", "a name on a list");
	memset(zone, 'z', sizeof zone);
	zone[DNS_NAME_MAX - 64] = '\0';
	is_int(dns_name_of_listed_ip(text, ip, zone), 0, "nibbles and a zone of 189 octets fit");
	zone[DNS_NAME_MAX - 64] = 'z';
	zone[DNS_NAME_MAX - 63] = '\0';
	is_int(dns_name_of_listed_ip(text, ip, zone), ERR_FULL, "and of 190 do not");
	zone[DNS_NAME_MAX - 63] = 'z';
	zone[DNS_NAME_MAX - 2] = '\0';
	is_int(dns_name_of_listed_name(text, "a", zone), 0, "253 octets of name and zone fit");
	is_int(dns_name_of_listed_name(text, "ab", zone), ERR_FULL, "and 254 do not");
}

int main(void)
{
	check_copy();
	check_length();
	check_addresses();
	return tap_done();
}
