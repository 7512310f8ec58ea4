/*
 * term_text.c: bytes of unknown origin, safe to show on a terminal.
 *
 * Runs in the reader, on what peers sent.
 */
#include "term_text.h"

#include "json_text.h"

/* Unicode's format controls that a terminal does not show: directions, joiners, separators,
 * byte order mark, tags. */
static const struct {
	uint32_t first, last;
} hidden[] = {
    {0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	}
	return false;
}

static size_t put_one(struct buf *out, const uint8_t *p, const uint8_t *end)
{
	size_t n = utf8_length(p, end);

	if (n == 0 || *p < 0x20 || *p == 0x7f) {
		buf_printf(out, "\\x%02x", *p);
		return 1;
	}
	if (*p == '\\')
		buf_put_byte(out, '\\');
	uint32_t c = utf8_value(p, n);
	if (n > 1 && is_hidden(c))
		buf_printf(out, "\\u{%x}", c);
	else
		buf_put(out, p, n);
	return n;
}

void term_put(struct buf *out, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = bytes + len;

	while (p < end)
		p += put_one(out, p, end);
}
