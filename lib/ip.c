/*
 * ip.c: addresses of both families in one form, 16 bytes, IPv4 mapped.
 *
 * Runs in every process.  Texts come from the configuration and from PROXY headers and are not
 * trusted; socket addresses come from the kernel.
 */
#include "ip.h"

#include "buf.h"
#include "err.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define IP_V4_OFFSET 12 /* where the four bytes of a mapped IPv4 address stand */
#define IP_V4_BITS 96   /* what an IPv4 prefix length counts less than ours */

static const uint8_t v4_prefix[IP_V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

bool ip_is_v4(const uint8_t ip[IP_BYTES])
{
	return memcmp(ip, v4_prefix, sizeof v4_prefix) == 0;
}

int ip_parse(uint8_t ip[IP_BYTES], const char *text, size_t len)
{
	char copy[IP_TEXT_MAX];
	uint8_t parsed[IP_BYTES];

	if (len == 0 || len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return ERR_FORMAT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, parsed + IP_V4_OFFSET) == 1)
		memcpy(parsed, v4_prefix, sizeof v4_prefix);
	else if (inet_pton(AF_INET6, copy, parsed) != 1)
		return ERR_FORMAT;
	memcpy(ip, parsed, IP_BYTES);
	return 0;
}

char *ip_text(const uint8_t ip[IP_BYTES], char text[IP_TEXT_MAX])
{
	struct buf to;

	if (!ip_is_v4(ip)) {
		inet_ntop(AF_INET6, ip, text, IP_TEXT_MAX);
		return text;
	}
	/* Written five times a session, and inet_ntop() has printf do it. */
	buf_init(&to, text, IP_TEXT_MAX);
	for (int i = IP_V4_OFFSET; i < IP_BYTES; i++) {
		buf_put_u64(&to, ip[i]);
		buf_put_byte(&to, i == IP_BYTES - 1 ? '\0' : '.');
	}
	return text;
}

int ip_from_sockaddr(uint8_t ip[IP_BYTES], uint16_t *port_r, const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&v4, sa, sizeof v4);
		memcpy(ip, v4_prefix, sizeof v4_prefix);
		memcpy(ip + IP_V4_OFFSET, &v4.sin_addr, sizeof v4.sin_addr);
		*port_r = ntohs(v4.sin_port);
		return 0;
	case AF_INET6:
		memcpy(&v6, sa, sizeof v6);
		memcpy(ip, &v6.sin6_addr, IP_BYTES);
		*port_r = ntohs(v6.sin6_port);
		return 0;
	default:
		memset(ip, 0, IP_BYTES);
		*port_r = 0;
		return ERR_FORMAT;
	}
}

socklen_t ip_to_sockaddr(struct sockaddr_storage *sa_r, const uint8_t ip[IP_BYTES], uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(sa_r, 0, sizeof *sa_r);
	if (ip_is_v4(ip)) {
		memcpy(&v4.sin_addr, ip + IP_V4_OFFSET, sizeof v4.sin_addr);
		memcpy(sa_r, &v4, sizeof v4);
		return sizeof v4;
	}
	memcpy(&v6.sin6_addr, ip, IP_BYTES);
	memcpy(sa_r, &v6, sizeof v6);
	return sizeof v6;
}

/* The prefix length in the len bytes at text, at most max; -1 if it is none. */
static int prefix_length(const char *text, size_t len, int max)
{
	int bits = 0;

	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		bits = bits * 10 + (text[i] - '0');
	}
	return bits > max ? -1 : bits;
}

/* Whether the first `bits` bits of a and b are equal. */
static bool same_prefix(const uint8_t a[IP_BYTES], const uint8_t b[IP_BYTES], unsigned bits)
{
	unsigned rest = bits % 8;
	size_t whole = bits / 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool host_bits_clear(const struct ip_net *net)
{
	uint8_t cleared[IP_BYTES];
	size_t whole = net->bits / 8u;

	if (whole == IP_BYTES)
		return true;
	memcpy(cleared, net->ip, IP_BYTES);
	cleared[whole] = (uint8_t)(cleared[whole] & (0xff00u >> (net->bits % 8u)));
	memset(cleared + whole + 1, 0, IP_BYTES - whole - 1);
	return memcmp(cleared, net->ip, IP_BYTES) == 0;
}

int ip_net_parse(struct ip_net *net_r, const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t ip_len = slash == NULL ? len : (size_t)(slash - text);
	struct ip_net net = {.bits = IP_BYTES * 8};

	if (ip_parse(net.ip, text, ip_len) < 0)
		return ERR_FORMAT;
	if (slash != NULL) {
		int offset = ip_is_v4(net.ip) && memchr(text, ':', ip_len) == NULL ? IP_V4_BITS : 0;
		int bits = prefix_length(slash + 1, len - ip_len - 1, IP_BYTES * 8 - offset);
		if (bits < 0)
			return ERR_FORMAT;
		net.bits = (uint8_t)(bits + offset);
	}
	if (!host_bits_clear(&net))
		return ERR_REFUSED;
	*net_r = net;
	return 0;
}

bool ip_net_match(const struct ip_net *net, const uint8_t ip[IP_BYTES])
{
	return same_prefix(net->ip, ip, net->bits);
}

bool ip_nets_match(const struct ip_net *nets, size_t count, const uint8_t ip[IP_BYTES])
{
	for (size_t i = 0; i < count; i++)
		if (ip_net_match(&nets[i], ip))
			return true;
	return false;
}

char *ip_net_text(const struct ip_net *net, char text[IP_NET_TEXT_MAX])
{
	char address[IP_TEXT_MAX];
	bool v4 = ip_is_v4(net->ip) && net->bits >= IP_V4_BITS;

	snprintf(text, IP_NET_TEXT_MAX, "%s/%d", ip_text(net->ip, address),
		 net->bits - (v4 ? IP_V4_BITS : 0));
	return text;
}
