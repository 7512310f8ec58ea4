/*
 * token.c: names as tokens of subjects and of streams.
 *
 * Run by smtptrap-ship.  Input: names of sensors, of the configuration or out of records.
 */
#include "token.h"

#include <string.h>

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '_';
}

bool ship_is_token(const char *text)
{
	size_t len = 0;

	while (len <= SHIP_TOKEN_MAX && is_plain(text[len]))
		len++;
	return len > 0 && len <= SHIP_TOKEN_MAX && text[len] == '\0';
}

char ship_token_byte(char c)
{
	if (is_plain(c))
		return c;
	return '-';
}

void ship_token_make(char token_r[SHIP_TOKEN_MAX + 1], const char *name, size_t len)
{
	size_t n = len < SHIP_TOKEN_MAX ? len : SHIP_TOKEN_MAX;

	for (size_t i = 0; i < n; i++)
		token_r[i] = ship_token_byte(name[i]);
	token_r[n] = '\0';
}
