/*
 * fuzz_mail_header.c: fuzz target for lib/mail_header.
 *
 * Properties: all counts and lengths are within their limits; values hold no line feeds and no
 * white space at their ends; the body begins where a plain search finds the first empty line, and
 * where lib/body_start finds it, however the message is cut.
 */
#include "mail_header.h"

#include "body_start.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Behind the first line that is "" or CR, or len. */
static size_t find_body(const uint8_t *data, size_t len)
{
	size_t line = 0; /* where the line begins */

	for (size_t i = 0; i < len && i < MAIL_HEADER_SCAN_MAX; i++) {
		if (data[i] != '\n')
			continue;
		if (i == line || (i == line + 1 && data[line] == '\r'))
			return i + 1;
		line = i + 1;
	}
	return len;
}

/* In pieces whose lengths follow from the data. */
static void check_pieces(const uint8_t *data, size_t len, size_t body)
{
	struct body_start b = {0};
	size_t before = 0;

	for (size_t at = 0; at < len;) {
		size_t piece = 1 + data[at] % 67;

		if (piece > len - at)
			piece = len - at;
		before += body_start_feed(&b, data + at, piece);
		at += piece;
	}
	must(before == body && b.at == body && (b.found || body == len));
}

static void check_value(const struct mail_header_value *v)
{
	must(v->len <= MAIL_HEADER_VALUE_MAX && memchr(v->bytes, '\n', v->len) == NULL);
	must(v->present || v->len == 0);
	must(!v->cut || v->len == MAIL_HEADER_VALUE_MAX);
	if (v->len > 0)
		must(v->bytes[0] != ' ' && v->bytes[0] != '\t');
	if (v->len > 0 && !v->cut)
		must(v->bytes[v->len - 1] != ' ' && v->bytes[v->len - 1] != '\t');
}

static bool is_odd(const struct mail_header *h, enum mail_header_oddity o)
{
	return (h->oddities & 1u << o) != 0;
}

static void check_oddities(const struct mail_header *h, size_t len)
{
	must(h->oddities < 1u << MAIL_ODDITY_COUNT);
	must(is_odd(h, MAIL_ODDITY_NO_FROM) != h->value[MAIL_HEADER_FROM].present);
	must(is_odd(h, MAIL_ODDITY_NO_DATE) != h->value[MAIL_HEADER_DATE].present);
	if (is_odd(h, MAIL_ODDITY_NO_BODY) || is_odd(h, MAIL_ODDITY_TOO_LONG))
		must(h->body_offset == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mail_header header;

	mail_header_read(&header, data, len);
	must(header.body_offset == find_body(data, len));
	check_pieces(data, len, header.body_offset);
	for (unsigned f = 0; f < MAIL_HEADER_FIELD_COUNT; f++)
		check_value(&header.value[f]);
	must(header.dkim_count <= MAIL_HEADER_DKIM_MAX);
	must(header.dkim_count == 0 || header.has_dkim);
	for (uint32_t d = 0; d < header.dkim_count; d++)
		must(header.dkim_domain[d].len > 0);
	check_oddities(&header, len);
	return 0;
}
