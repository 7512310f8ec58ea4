/*
 * ip.c: tests of lib/ip.c.
 */
#include "ip.h"

#include "../tap.h"
#include "err.h"

#include <netinet/in.h>

static const struct {
	const char *name, *input, *expected; /* expected NULL: refused */
} texts[] = {
    {"IPv4 is read", "192.0.2.1", "192.0.2.1"},
    {"the lowest IPv4 address is read", "0.0.0.0", "0.0.0.0"},
    {"the highest IPv4 address is read", "255.255.255.255", "255.255.255.255"},
    {"IPv6 is written in its short form", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"the unspecified IPv6 address is read", "::", "::"},
    {"a mapped address is an IPv4 address", "::ffff:192.0.2.1", "192.0.2.1"},
    {"the longest text is read", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"a longer text is refused", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", NULL},
    {"empty text is refused", "", NULL},
    {"an octet over 255 is refused", "256.0.0.1", NULL},
    {"three octets are refused", "192.0.2", NULL},
    {"leading zeros are refused", "192.0.02.1", NULL},
    {"brackets are refused", "[::1]", NULL},
    {"a zone is refused", "fe80::1%lo", NULL},
    {"white space is refused", " 192.0.2.1", NULL},
    {"a name is refused", "localhost", NULL},
};

static const struct {
	const char *name, *net, *ip;
	bool inside;
} matches[] = {
    {"a /8 holds its last address", "10.0.0.0/8", "10.255.255.255", true},
    {"a /8 does not hold the next address", "10.0.0.0/8", "11.0.0.0", false},
    {"a /31 holds two", "192.0.2.2/31", "192.0.2.3", true},
    {"a /31 does not hold a third", "192.0.2.2/31", "192.0.2.4", false},
    {"an address alone is a network of one", "192.0.2.1", "192.0.2.1", true},
    {"an address alone does not hold its neighbour", "192.0.2.1", "192.0.2.0", false},
    {"0.0.0.0/0 holds every IPv4 address", "0.0.0.0/0", "203.0.113.7", true},
    {"0.0.0.0/0 holds no IPv6 address", "0.0.0.0/0", "2001:db8::1", false},
    {"::/0 holds every IPv6 address", "::/0", "2001:db8::1", true},
    {"::/0 holds every IPv4 address", "::/0", "203.0.113.7", true},
    {"a /33 cuts inside a byte", "2001:db8:8000::/33", "2001:db8:ffff::1", true},
    {"a /33 does not hold the other half", "2001:db8:8000::/33", "2001:db8:7fff::1", false},
    {"a /128 holds itself", "2001:db8::1/128", "2001:db8::1", true},
};

static const struct {
	const char *name, *input;
	int expected;
	const char *text;
} nets[] = {
    {"an IPv4 network is written as read", "10.0.0.0/8", 0, "10.0.0.0/8"},
    {"an IPv4 address gets its length", "10.0.0.1", 0, "10.0.0.1/32"},
    {"an IPv6 network is written as read", "2001:db8::/32", 0, "2001:db8::/32"},
    {"a mapped network counts bits as IPv6", "::ffff:10.0.0.0/104", 0, "10.0.0.0/8"},
    {"host bits are refused", "10.0.0.1/8", ERR_REFUSED, NULL},
    {"host bits of IPv6 are refused", "2001:db8::1/64", ERR_REFUSED, NULL},
    {"host bits of all bits are refused", "0.0.0.1/0", ERR_REFUSED, NULL},
    {"a length over 32 is refused", "10.0.0.0/33", ERR_FORMAT, NULL},
    {"a length over 128 is refused", "::/129", ERR_FORMAT, NULL},
    {"a length of four digits is refused", "::/0128", ERR_FORMAT, NULL},
    {"an empty length is refused", "10.0.0.0/", ERR_FORMAT, NULL},
    {"a negative length is refused", "10.0.0.0/-1", ERR_FORMAT, NULL},
    {"an empty address is refused", "/8", ERR_FORMAT, NULL},
    {"two slashes are refused", "10.0.0.0/8/8", ERR_FORMAT, NULL},
};

static void test_texts(void)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint8_t ip[IP_BYTES];
		char text[IP_TEXT_MAX];
		int result = ip_parse(ip, texts[i].input, strlen(texts[i].input));
		if (texts[i].expected == NULL)
			is_int(result, ERR_FORMAT, texts[i].name);
		else
			is_str(result < 0 ? NULL : ip_text(ip, text), texts[i].expected,
			       texts[i].name);
	}
}

static void test_nets(void)
{
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
		struct ip_net net;
		char text[IP_NET_TEXT_MAX];
		int result = ip_net_parse(&net, nets[i].input, strlen(nets[i].input));
		if (nets[i].text == NULL || result != 0)
			is_int(result, nets[i].expected, nets[i].name);
		else
			is_str(ip_net_text(&net, text), nets[i].text, nets[i].name);
	}
}

static void test_matches(void)
{
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
		struct ip_net net;
		uint8_t ip[IP_BYTES];
		int result = ip_net_parse(&net, matches[i].net, strlen(matches[i].net)) |
			     ip_parse(ip, matches[i].ip, strlen(matches[i].ip));
		ok(result == 0 && ip_net_match(&net, ip) == matches[i].inside, "%s",
		   matches[i].name);
	}
}

static void test_lists(void)
{
	struct ip_net list[2];
	uint8_t ip[IP_BYTES];

	ip_net_parse(&list[0], "10.0.0.0/8", 10);
	ip_net_parse(&list[1], "2001:db8::/32", 13);
	ip_parse(ip, "2001:db8::5", 11);
	ok(ip_nets_match(list, 2, ip), "an address is found in the last network of a list");
	ok(!ip_nets_match(list, 1, ip), "an address is not found where its network is not listed");
	ok(!ip_nets_match(NULL, 0, ip), "an empty list holds nothing");
}

static void test_sockaddr(const char *text, sa_family_t family, socklen_t expected_len)
{
	struct sockaddr_storage sa;
	uint8_t ip[IP_BYTES], back[IP_BYTES];
	uint16_t port = 0;

	ip_parse(ip, text, strlen(text));
	socklen_t len = ip_to_sockaddr(&sa, ip, 2525);
	ok(sa.ss_family == family && len == expected_len, "%s has its family's socket address",
	   text);
	ok(ip_from_sockaddr(back, &port, (struct sockaddr *)&sa) == 0 && port == 2525 &&
	       memcmp(ip, back, IP_BYTES) == 0,
	   "%s and its port come back from the socket address", text);
}

static void test_other_family(void)
{
	struct sockaddr sa = {.sa_family = AF_UNIX};
	uint8_t ip[IP_BYTES], zero[IP_BYTES] = {0};
	uint16_t port = 9;

	memset(ip, 0xaa, sizeof ip);
	is_int(ip_from_sockaddr(ip, &port, &sa), ERR_FORMAT, "a Unix socket has no address");
	ok(memcmp(ip, zero, sizeof ip) == 0 && port == 0, "what is left behind is zero");
}

int main(void)
{
	test_texts();
	test_nets();
	test_matches();
	test_lists();
	test_sockaddr("192.0.2.1", AF_INET, sizeof(struct sockaddr_in));
	test_sockaddr("2001:db8::1", AF_INET6, sizeof(struct sockaddr_in6));
	test_other_family();
	uint8_t ip[IP_BYTES];
	is_int(ip_parse(ip, "1.2.3.4\0", 8), ERR_FORMAT, "a NUL behind an address is refused");
	return tap_done();
}
