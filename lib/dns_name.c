/*
 * dns_name.c: the names that the resolver asks about.
 *
 * Runs in workers (what a client said becomes a question), in the resolver (questions are
 * checked again, and become queries) and where the configuration is read.  Input is hostile;
 * what is not a host name is refused.
 */
#include "dns_name.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "hex.h"

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int dns_name_copy(char text[DNS_NAME_TEXT], struct span from)
{
	size_t label = 0;

	if (from.len > 0 && from.bytes[from.len - 1] == '.')
		from.len--;
	if (from.len == 0 || from.len > DNS_NAME_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < from.len; i++) {
		char c = lower(from.bytes[i]);

		if (c == '.' ? label == 0 : !is_name_byte(c) || label == DNS_LABEL_MAX)
			return ERR_FORMAT;
		label = c == '.' ? 0 : label + 1;
		text[i] = c;
	}
	text[from.len] = '\0';
	return label == 0 ? ERR_FORMAT : 0;
}

bool dns_name_valid(const char *name, size_t len)
{
	char text[DNS_NAME_TEXT];

	return dns_name_copy(text, (struct span){(const uint8_t *)name, len}) == 0 &&
	       strlen(text) == len && memcmp(text, name, len) == 0;
}

/* The octets or nibbles of ip, the last first, each with a dot behind; returns the length. */
static size_t put_reversed(char text[DNS_NAME_TEXT], const uint8_t ip[IP_BYTES])
{
	size_t n = 0;

	if (ip_is_v4(ip))
		return (size_t)snprintf(text, DNS_NAME_TEXT, "%u.%u.%u.%u.", ip[15], ip[14], ip[13],
					ip[12]);
	for (size_t i = IP_BYTES; i-- > 0;) {
		text[n++] = hex_digit(ip[i]);
		text[n++] = '.';
		text[n++] = hex_digit(ip[i] >> 4);
		text[n++] = '.';
	}
	return n;
}

/* Put `end` behind the n bytes that are there. */
static int put_end(char text[DNS_NAME_TEXT], size_t n, const char *end)
{
	return strlcpy(text + n, end, DNS_NAME_TEXT - n) < DNS_NAME_TEXT - n ? 0 : ERR_FULL;
}

char *dns_name_reverse(char text[DNS_NAME_TEXT], const uint8_t ip[IP_BYTES])
{
	put_end(text, put_reversed(text, ip), ip_is_v4(ip) ? "in-addr.arpa" : "ip6.arpa");
	return text;
}

int dns_name_of_listed_ip(char text[DNS_NAME_TEXT], const uint8_t ip[IP_BYTES], const char *zone)
{
	return put_end(text, put_reversed(text, ip), zone);
}

int dns_name_of_listed_name(char text[DNS_NAME_TEXT], const char *name, const char *zone)
{
	int n = snprintf(text, DNS_NAME_TEXT, "%s.%s", name, zone);

	return n > 0 && n < DNS_NAME_TEXT ? 0 : ERR_FULL;
}
