/*
 * Addresses as text, after RFC 5952 and against inet_ntop().
 */
#include "ip_text.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "../tap.h"

static const struct {
	const char *in, *text;
} cases[] = {
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::ffff:0.0.0.0", "0.0.0.0"},
    {"::ffff:255.255.255.255", "255.255.255.255"},
    {"::ffff:10.100.9.0", "10.100.9.0"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"::192.0.2.1", "::c000:201"},
    {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
};

/* Addresses of random groups, half of them 0. */
static void test_random(void)
{
	unsigned wrong = 0;

	srandom(1);
	for (int n = 0; n < 20000; n++) {
		uint8_t ip[16] = {0x20}, back[16];
		char text[IP_FORMAT_MAX], libc[INET6_ADDRSTRLEN];

		for (int i = 2; i < 16; i += 2) {
			long r = random();
			ip[i] = r & 1 ? 0 : (uint8_t)(r >> 8);
			ip[i + 1] = r & 1 ? 0 : (uint8_t)(r >> 16);
		}
		size_t len = ip_format(ip, text);
		inet_ntop(AF_INET6, ip, libc, sizeof libc);
		wrong += len != strlen(text) || strcmp(text, libc) != 0 ||
			 inet_pton(AF_INET6, text, back) != 1 || memcmp(ip, back, 16) != 0;
	}
	is_int(wrong, 0, "20,000 addresses are written as inet_ntop() writes them");
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t ip[16];
		char text[IP_FORMAT_MAX];

		inet_pton(AF_INET6, cases[i].in, ip);
		size_t len = ip_format(ip, text);
		is_mem(text, len, cases[i].text, strlen(cases[i].text), cases[i].text);
	}
	test_random();
	return tap_done();
}
