/*
 * redact_embed.c: secrets within base64 and hexadecimal digits, and all forms one after the other.
 *
 * A run of base64 need not begin where a group of four does: other characters of the alphabet may
 * stand before it.  So each of the four alignments is decoded and searched.
 */
#include <ctype.h>
#include <string.h>

#include "err.h"
#include "hex.h"
#include "mime_code.h"
#include "redact_int.h"

#define RUN_MIN 6     /* characters that can hold a secret */
#define LINE_MIN 40   /* characters of a line that a run goes on behind */
#define OPAQUE_MIN 64 /* characters of a run that may be a picture */
#define LINE_OUT 76   /* RFC 2045, 6.8 */
#define NOTE "removed: cannot be searched"

bool redact_is_opaque(struct span bytes)
{
	static const char *const starts[] = {"\x1f\x8b",
					     "PK\x03\x04",
					     "PK\x05\x06",
					     "%PDF",
					     "BZh",
					     "\xfd\x37zXZ",
					     "7z\xbc\xaf",
					     "Rar!",
					     "\x89PNG",
					     "GIF8",
					     "\xff\xd8\xff",
					     "RIFF",
					     "\xd0\xcf\x11\xe0",
					     "MZ\x90",
					     "\x28\xb5\x2f\xfd",
					     "\x7f\x45LF",
					     "wOFF",
					     "wOF2",
					     "MSCF"};

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		size_t len = strlen(starts[i]);

		if (bytes.len >= len && memcmp(bytes.bytes, starts[i], len) == 0)
			return true;
	}
	return false;
}

size_t redact_hits(struct redact_run *run, struct span in, unsigned depth)
{
	struct redact_count before = run->count;
	size_t weight = run->weight;

	redact_any(run, in, depth, NULL);
	size_t hits = run->count.found - before.found;
	run->count = before;
	run->weight = weight;
	return hits;
}

size_t redact_weight(struct redact_run *run, struct span in, unsigned depth)
{
	struct redact_count before = run->count;
	size_t weight = run->weight;

	redact_any(run, in, depth, NULL);
	size_t more = run->weight - weight;
	run->count = before;
	run->weight = weight;
	return more;
}

static void put(struct buf *out, struct span bytes)
{
	if (out != NULL && bytes.len > 0)
		buf_put(out, bytes.bytes, bytes.len);
}

/* The bytes in `decoded` with secrets replaced; NULL if there are none. */
static const struct buf *changed_of(struct redact_run *run, unsigned depth)
{
	struct span bytes = {run->decoded[depth].data, run->decoded[depth].len};

	if (run->decoded[depth].failed)
		run->error = ERR_FULL;
	if (run->error != 0 || redact_hits(run, bytes, depth + 1) == 0)
		return NULL;
	buf_reset(&run->changed[depth]);
	redact_any(run, bytes, depth + 1, &run->changed[depth]);
	if (run->changed[depth].failed)
		run->error = ERR_FULL;
	return &run->changed[depth];
}

/* ---- hexadecimal digits ---- */

/* A run of digits from an offset of 0 or 1; returns whether it was replaced. */
static bool hex_at(struct redact_run *run, struct span digits, size_t from, unsigned depth,
		   struct buf *out)
{
	struct buf *bytes = &run->decoded[depth];
	bool upper = false;

	buf_reset(bytes);
	for (size_t i = from; i + 1 < digits.len; i += 2)
		buf_put_byte(bytes, (uint8_t)(hex_value(digits.bytes[i]) * 16 +
					      hex_value(digits.bytes[i + 1])));
	for (size_t i = 0; i < digits.len; i++)
		upper |= isupper(digits.bytes[i]) != 0;
	const struct buf *now = changed_of(run, depth);
	if (now == NULL)
		return false;
	if (out == NULL)
		return true;
	put(out, span_head(digits, from));
	for (size_t i = 0; i < now->len; i++)
		buf_printf(out, upper ? "%02X" : "%02x", now->data[i]);
	if ((digits.len - from) % 2 != 0)
		buf_put_byte(out, digits.bytes[digits.len - 1]);
	return true;
}

static void redact_hex(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	size_t i = 0, copied = 0;

	while (i < in.len && run->error == 0) {
		size_t end = i;

		while (end < in.len && isxdigit(in.bytes[end]))
			end++;
		if (end - i >= 2 * REDACT_SECRET_MIN) {
			struct span digits = {in.bytes + i, end - i};

			put(out, (struct span){in.bytes + copied, i - copied});
			if (!hex_at(run, digits, 0, depth, out) &&
			    !hex_at(run, digits, 1, depth, out))
				put(out, digits);
			copied = end;
		}
		i = end + 1;
	}
	put(out, span_tail(in, copied));
}

/* ---- base64 ---- */

struct run64 {
	size_t end;   /* behind the run in the text, padding included */
	size_t count; /* characters of the alphabet */
	bool url, escaped, lines, padded;
};

/* A character of either alphabet at i, maybe in percent-encoding: its length, 0 if it is none. */
static size_t sextet(struct span in, size_t i, uint8_t *c_r)
{
	uint8_t byte;
	struct redact_units u = {in.bytes + i, in.len - i < 3 ? in.len - i : 3, 1, 0};
	size_t len = in.bytes[i] == '%' ? redact_escape(&u, 0, &byte) : 0;

	*c_r = len > 0 ? byte : in.bytes[i];
	if (mime_base64_value(*c_r) < 0 || (len > 0 && isalnum(*c_r)))
		return 0;
	return len > 0 ? len : 1;
}

/* The line end and white space at i behind which a run goes on; 0: none. */
static size_t line_break(struct span in, size_t i, size_t in_line)
{
	size_t j = i;
	uint8_t c;

	if (in_line < LINE_MIN)
		return 0;
	j += j < in.len && in.bytes[j] == '\r';
	if (j == in.len || in.bytes[j] != '\n')
		return 0;
	j++;
	while (j < in.len && (in.bytes[j] == ' ' || in.bytes[j] == '\t'))
		j++;
	return j < in.len && sextet(in, j, &c) > 0 ? j - i : 0;
}

/* The padding at i, plain or escaped. */
static size_t padding(struct span in, size_t i)
{
	size_t j = i;

	for (int n = 0; n < 2; n++) {
		if (j < in.len && in.bytes[j] == '=')
			j++;
		else if (in.len - j >= 3 && memcmp(in.bytes + j, "%3", 2) == 0 &&
			 (in.bytes[j + 2] | 0x20) == 'd')
			j += 3;
	}
	return j - i;
}

/* Read a run from i on; its characters in the plain alphabet go to `chars`. */
static struct run64 read_run(struct span in, size_t i, struct buf *chars)
{
	struct run64 r = {0};
	size_t len, in_line = 0;
	uint8_t c;

	buf_reset(chars);
	while (i < in.len) {
		if ((len = sextet(in, i, &c)) > 0) {
			r.url |= c == '-' || c == '_';
			r.escaped |= len > 1;
			buf_put_byte(chars, c);
			in_line++;
		} else if ((len = line_break(in, i, in_line)) > 0) {
			r.lines = true;
			in_line = 0;
		} else {
			break;
		}
		i += len;
	}
	len = padding(in, i);
	r.padded = len > 0;
	r.count = chars->len;
	r.end = i + len;
	return r;
}

/* Write characters of base64 in the form that the run had. */
static void put_run(const struct run64 *r, struct span chars, struct buf *out)
{
	for (size_t i = 0; i < chars.len; i++) {
		uint8_t c = chars.bytes[i];

		if (r->lines && i > 0 && i % LINE_OUT == 0)
			buf_put_str(out, "\r\n");
		if (r->escaped && !isalnum(c) && c != '-' && c != '_')
			buf_printf(out, "%%%02X", c);
		else
			buf_put_byte(out, c);
	}
}

static void write_run(const struct run64 *r, struct span before, const struct buf *bytes,
		      struct buf *out)
{
	struct buf text;

	buf_init_heap(&text, REDACT_OUT_MAX);
	put(&text, before);
	mime_base64_encode((struct span){bytes->data, bytes->len}, r->url, r->padded, &text);
	out->failed |= text.failed;
	put_run(r, redact_span(&text), out);
	buf_fini(&text);
}

/* One alignment of the run's characters; returns whether something was replaced. */
static bool base64_at(struct redact_run *run, const struct run64 *r, struct span chars, size_t from,
		      unsigned depth, struct buf *out)
{
	struct buf *bytes = &run->decoded[depth];
	static const struct buf note = {.data = (uint8_t *)NOTE, .len = sizeof NOTE - 1};

	buf_reset(bytes);
	mime_base64_decode(span_tail(chars, from), bytes);
	if (chars.len >= OPAQUE_MIN && from == 0 &&
	    redact_is_opaque((struct span){bytes->data, bytes->len})) {
		run->count.removed++;
		if (out != NULL)
			write_run(r, (struct span){0}, &note, out);
		return true;
	}
	const struct buf *now = changed_of(run, depth);
	if (now != NULL && out != NULL)
		write_run(r, span_head(chars, from), now, out);
	return now != NULL;
}

/* The run that begins at i; returns its end. */
static size_t one_run(struct redact_run *run, struct span in, size_t i, unsigned depth,
		      struct buf *out)
{
	struct buf chars;
	bool replaced = false;

	buf_init_heap(&chars, REDACT_OUT_MAX);
	struct run64 r = read_run(in, i, &chars);
	if (chars.failed)
		run->error = ERR_MEMORY;
	struct span text = redact_span(&chars);
	for (size_t from = 0; from < 4 && !replaced && run->error == 0 && text.len >= RUN_MIN;
	     from++)
		replaced = base64_at(run, &r, text, from, depth, out);
	if (!replaced)
		put(out, (struct span){in.bytes + i, r.end - i});
	buf_fini(&chars);
	return r.end;
}

/* Are there as many characters of the alphabet from i on as a run has at least? */
static bool may_be_run(struct span in, size_t i)
{
	uint8_t c;
	size_t len;

	for (size_t n = 0; n < RUN_MIN; n++) {
		if (i >= in.len || (len = sextet(in, i, &c)) == 0)
			return false;
		i += len;
	}
	return true;
}

static void redact_base64(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	size_t i = 0, copied = 0;
	uint8_t c;

	while (i < in.len && run->error == 0) {
		size_t len = sextet(in, i, &c);

		if (len > 0 && may_be_run(in, i)) {
			put(out, (struct span){in.bytes + copied, i - copied});
			i = copied = one_run(run, in, i, depth, out);
			continue;
		}
		for (i += len > 0 ? len : 1; len > 0 && i < in.len; i += len)
			len = sextet(in, i, &c);
	}
	put(out, span_tail(in, copied));
}

/* ---- all ---- */

typedef void (*pass_fn)(struct redact_run *run, struct span in, unsigned depth, struct buf *out);

static void bytes_pass(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	(void)depth;
	redact_plain(run, in, 1, 0, out);
}

static void utf16le_pass(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	(void)depth;
	redact_plain(run, in, 2, 0, out);
}

static void utf32le_pass(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	(void)depth;
	redact_plain(run, in, 4, 0, out);
}

static void utf16be_pass(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	(void)depth;
	redact_plain(run, in, 2, 1, out);
}

static void utf32be_pass(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	(void)depth;
	redact_plain(run, in, 4, 3, out);
}

void redact_any(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	static const pass_fn passes[] = {bytes_pass,   utf16le_pass, utf16be_pass, utf32le_pass,
					 utf32be_pass, redact_hex,   redact_base64};
	enum { PASSES = sizeof passes / sizeof passes[0], WIDE_FIRST = 1, WIDE_LAST = 4, EMBEDDED };
	bool wide = in.len > 0 && memchr(in.bytes, '\0', in.len) != NULL;
	struct buf made[2];
	int last = 0;

	buf_init_heap(&made[0], REDACT_OUT_MAX);
	buf_init_heap(&made[1], REDACT_OUT_MAX);
	for (int i = 0; i < PASSES && run->error == 0; i++) {
		if ((i >= WIDE_FIRST && i <= WIDE_LAST && !wide) ||
		    (i >= EMBEDDED && depth >= REDACT_DEPTH))
			continue;
		struct buf *to = out != NULL ? &made[last ^= 1] : NULL;
		if (to != NULL)
			buf_reset(to);
		passes[i](run, in, depth, to);
		if (to == NULL)
			continue;
		if (to->failed)
			run->error = ERR_FULL;
		in = (struct span){to->data, to->len};
	}
	put(out, in);
	buf_fini(&made[0]);
	buf_fini(&made[1]);
}
