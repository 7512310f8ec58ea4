/*
 * top_text.c: text of unknown origin in so many columns of a terminal.
 *
 * Runs in smtptrap top, on what peers sent.
 */
#include "top_text.h"

#include <langinfo.h>
#include <stdbool.h>
#include <string.h>

#include "buf.h"
#include "json_text.h"
#include "term_text.h"

#define SHOWN_MAX 1024 /* bytes that are looked at: no terminal is as wide */

/* What stands for a character, and its width. */
static wchar_t shown_as(wchar_t c, bool utf8, int *width_r)
{
	*width_r = utf8 || c < 0x80 ? wcwidth(c) : -1;
	if (*width_r >= 1)
		return c;
	*width_r = 1;
	return L'?';
}

size_t top_text(wchar_t *out, size_t cap, const uint8_t *bytes, size_t len, size_t columns)
{
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	uint8_t memory[6 * SHOWN_MAX]; /* a byte becomes \u{NNN} at most by twos and more */
	size_t n, used = 0, at = 0;
	struct buf safe;
	int width;

	buf_init(&safe, memory, sizeof memory);
	term_put(&safe, bytes, len < SHOWN_MAX ? len : SHOWN_MAX);
	for (size_t i = 0; i < safe.len && at < cap; i += n) {
		n = utf8_length(safe.data + i, safe.data + safe.len);
		if (n == 0)
			break; /* it does not happen: term_put() writes UTF-8 */
		wchar_t c = shown_as((wchar_t)utf8_value(safe.data + i, n), utf8, &width);
		if ((size_t)width > columns - used)
			break;
		out[at++] = c;
		used += (size_t)width;
	}
	out[at] = L'\0';
	return used;
}
