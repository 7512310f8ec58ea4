/*
 * ip_text.c: addresses as text.
 *
 * Runs in the logger, for every record; so it is written out rather than left to inet_ntop(),
 * which takes five times as long and writes ::1.2.3.4 for addresses that are not mapped IPv4.
 */
#include "ip_text.h"

#include <stdbool.h>
#include <string.h>

#define GROUPS 8

static char *put_decimal(char *to, unsigned n)
{
	if (n >= 100)
		*to++ = (char)('0' + n / 100);
	if (n >= 10)
		*to++ = (char)('0' + n / 10 % 10);
	*to++ = (char)('0' + n % 10);
	return to;
}

static size_t ip4_format(const uint8_t ip[4], char *text_r)
{
	char *to = text_r;

	for (int i = 0; i < 4; i++) {
		to = put_decimal(to, ip[i]);
		*to++ = '.';
	}
	*--to = '\0';
	return (size_t)(to - text_r);
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2). */
static void find_zeros(const unsigned group[GROUPS], int *start_r, int *end_r)
{
	*start_r = *end_r = -1;
	for (int i = 0; i < GROUPS; i++) {
		int start = i;

		while (i < GROUPS && group[i] == 0)
			i++;
		if (i - start >= 2 && i - start > *end_r - *start_r) {
			*start_r = start;
			*end_r = i;
		}
	}
}

static char *put_group(char *to, unsigned n)
{
	static const char digits[] = "0123456789abcdef";
	bool begun = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = n >> shift & 15;

		if (digit != 0 || begun || shift == 0) {
			*to++ = digits[digit];
			begun = true;
		}
	}
	return to;
}

size_t ip_format(const uint8_t ip[16], char text_r[IP_FORMAT_MAX])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned group[GROUPS];
	int zeros, zeros_end;
	char *to = text_r;

	if (memcmp(ip, mapped, sizeof mapped) == 0)
		return ip4_format(ip + sizeof mapped, text_r);
	for (int i = 0; i < GROUPS; i++)
		group[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	find_zeros(group, &zeros, &zeros_end);
	for (int i = 0; i < GROUPS; i++) {
		if (i == zeros) {
			*to++ = ':';
			*to++ = ':';
			i = zeros_end - 1;
			continue;
		}
		if (i > 0 && i != zeros_end)
			*to++ = ':';
		to = put_group(to, group[i]);
	}
	*to = '\0';
	return (size_t)(to - text_r);
}
