/*
 * html.c: text in HTML.
 *
 * Runs in the reader, on what peers sent.
 */
#include "html.h"

#include <string.h>

#include "json_text.h"
#include "term_text.h"

#define A_TIME 256     /* bytes that are escaped at a time */
#define ESCAPED_MAX 10 /* of one: \u{NNNNNN} */

static void put_byte(FILE *to, uint8_t c)
{
	static const char *const entities[256] = {
	    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

	if (entities[c] != NULL)
		fputs(entities[c], to);
	else
		putc(c, to);
}

static void put_piece(FILE *to, const uint8_t *bytes, size_t len)
{
	char shown[A_TIME * ESCAPED_MAX];
	struct buf safe;

	buf_init(&safe, shown, sizeof shown);
	term_put(&safe, bytes, len);
	for (size_t i = 0; i < safe.len; i++)
		put_byte(to, safe.data[i]);
}

/* How many bytes the character at p has: 1 also where it is none. */
static size_t step(const uint8_t *p, const uint8_t *end)
{
	size_t n = utf8_length(p, end);

	return n > 0 ? n : 1;
}

void html_put(FILE *to, const void *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = p + len;

	while (p < end) {
		const uint8_t *from = p;

		while (p < end && (size_t)(p - from) + step(p, end) <= A_TIME)
			p += step(p, end);
		put_piece(to, from, (size_t)(p - from));
	}
}

void html_put_exact(FILE *to, const void *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = p + len, *from = p;

	for (; p < end; p++) {
		if (*p != '\\')
			continue;
		html_put(to, from, (size_t)(p - from));
		putc('\\', to);
		from = p + 1;
	}
	html_put(to, from, (size_t)(end - from));
}

void html_put_str(FILE *to, const char *text)
{
	html_put(to, text, strlen(text));
}

void html_put_cut(FILE *to, const void *bytes, size_t len, size_t characters)
{
	const uint8_t *p = bytes, *end = p + len;

	for (; p < end && characters > 0; characters--)
		p += step(p, end);
	html_put(to, bytes, (size_t)(p - (const uint8_t *)bytes));
	if (p < end)
		fputs("…", to);
}

void html_put_number(FILE *to, uint64_t n)
{
	if (n >= 1000) {
		html_put_number(to, n / 1000);
		fprintf(to, "&#8239;%03u", (unsigned)(n % 1000));
	} else {
		fprintf(to, "%u", (unsigned)n);
	}
}
