/*
 * redact_mime.c: a message, part by part.
 *
 * Runs in the reader.  Input: raw messages.  What holds no secret is copied as it is; where one is
 * replaced the part is encoded as it was before.  A part that cannot be searched with certainty gives
 * way to a note.  All of this depends on what the header claims, which may be wrong: redact.c searches
 * the result once more as one text, base64 in it included.
 */
#include <ctype.h>
#include <string.h>

#include "err.h"
#include "mime_code.h"
#include "mime_type.h"
#include "redact_int.h"

#define PARTS_DEPTH 20 /* entities within entities: more than mailers nest */

static void put(struct buf *out, struct span bytes)
{
	if (bytes.len > 0)
		buf_put(out, bytes.bytes, bytes.len);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Types whose bytes are text that is shown as it is, or nearly. */
static bool is_text(const char *type)
{
	static const char *const others[] = {
	    "application/json",         "application/xml",
	    "application/xhtml+xml",    "application/javascript",
	    "application/x-javascript", "application/pgp-signature",
	    "application/pgp",          "application/x-www-form-urlencoded",
	    "application/ics",          "application/rtf"};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (strcmp(type, others[i]) == 0)
			return true;
	}
	return starts(type, "text/") || starts(type, "message/") || starts(type, "multipart/");
}

/* Does a line begin so? */
static bool has_line(struct span text, const char *start)
{
	size_t len = strlen(start);

	for (size_t i = 0; i + len <= text.len; i++) {
		const uint8_t *lf;

		if (memcmp(text.bytes + i, start, len) == 0)
			return true;
		lf = memchr(text.bytes + i, '\n', text.len - i);
		if (lf == NULL)
			return false;
		i = (size_t)(lf - text.bytes);
	}
	return false;
}

/* "begin 644 name": data in uuencode follow. */
static bool has_uuencode(struct span text)
{
	const uint8_t *p = text.bytes, *end = text.len > 0 ? p + text.len : p;

	while (p != NULL && end - p > 10) {
		if (memcmp(p, "begin ", 6) == 0 && p[6] >= '0' && p[6] <= '7' && isdigit(p[7]) &&
		    isdigit(p[8]))
			return true;
		p = memchr(p, '\n', (size_t)(end - p));
		if (p != NULL)
			p++;
	}
	return false;
}

/* Text that holds something encoded that is not searched. */
static bool hides_more(struct span text)
{
	static const char *const lines[] = {"-----BEGIN PGP MESSAGE", "=ybegin ", "=yEnc",
					    "(This file must be converted with BinHex",
					    "(Convert with"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (has_line(text, lines[i]))
			return true;
	}
	return redact_is_opaque(text) || has_uuencode(text);
}

/* The bytes of a body; false: not with certainty.  *in_place_r: they are the body itself. */
static bool decode(const struct mime_info *info, struct span body, struct buf *bytes,
		   struct span *bytes_r)
{
	bool clean = true;

	*bytes_r = body;
	if (info->encoding == MIME_PLAIN)
		return true;
	if (info->encoding == MIME_QUOTED)
		mime_quoted_decode(body, false, bytes);
	else if (info->encoding == MIME_BASE64)
		clean = mime_base64_decode(body, bytes);
	else
		return false;
	*bytes_r = redact_span(bytes);
	return clean;
}

static void encode(enum mime_encoding encoding, struct span bytes, struct buf *out)
{
	if (encoding == MIME_QUOTED)
		mime_quoted_encode(bytes, out);
	else if (encoding == MIME_BASE64)
		mime_base64_lines(bytes, out);
	else
		put(out, bytes);
}

/* Is there a secret in wide text that is hidden once more, in base64 or hexadecimal digits? */
static bool hides_in_wide(struct redact_run *run, struct span text)
{
	struct buf narrow;
	bool hidden;

	buf_init_heap(&narrow, REDACT_OUT_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if (text.bytes[i] != 0)
			buf_put_byte(&narrow, text.bytes[i]);
	}
	hidden = narrow.failed || redact_hits(run, redact_span(&narrow), 0) > 0;
	buf_fini(&narrow);
	return hidden;
}

/* A body that is text.  False: it cannot be searched, and nothing was appended. */
static bool put_text(struct redact_run *run, const struct mime_info *info, struct span body,
		     struct buf *out)
{
	bool wide = mime_charset_is_wide(info->charset);
	struct buf decoded, made;
	struct span bytes;
	bool good;

	buf_init_heap(&decoded, REDACT_OUT_MAX);
	buf_init_heap(&made, REDACT_OUT_MAX);
	good = decode(info, body, &decoded, &bytes) && !hides_more(bytes);
	if (good && redact_hits(run, bytes, 0) > 0) {
		redact_any(run, bytes, 0, &made);
		bytes = redact_span(&made);
		good = !wide || !hides_in_wide(run, bytes);
		if (good)
			encode(info->encoding, bytes, out);
	} else if (good) {
		good = !wide || !hides_in_wide(run, bytes);
		if (good) /* maybe in another reading than the header's */
			redact_any(run, body, 0, out);
	}
	if (decoded.failed || made.failed)
		run->error = ERR_FULL;
	buf_fini(&decoded);
	buf_fini(&made);
	return good;
}

/* A message within. */
static void put_message(struct redact_run *run, const struct mime_info *info, struct span body,
			unsigned depth, struct buf *out)
{
	struct redact_count before = run->count;
	struct buf decoded, made;
	struct span bytes;

	buf_init_heap(&decoded, REDACT_OUT_MAX);
	buf_init_heap(&made, REDACT_OUT_MAX);
	decode(info, body, &decoded, &bytes);
	redact_entity(run, bytes, depth + 1, &made);
	bool same = before.found == run->count.found && before.removed == run->count.removed;
	if (decoded.failed || made.failed)
		run->error = ERR_FULL;
	if (same)
		put(out, body);
	else
		encode(info->encoding, redact_span(&made), out);
	buf_fini(&decoded);
	buf_fini(&made);
}

/* ---- multipart ---- */

struct delimiter {
	struct span line; /* with its line ends; len 0: there is none */
	bool last;
};

/* Is this line a delimiter (RFC 2046, 5.1.1)? */
static bool is_delimiter(const struct mime_info *info, struct span line, bool *last_r)
{
	size_t n = info->boundary_len;

	if (line.len < n + 2 || line.bytes[0] != '-' || line.bytes[1] != '-' ||
	    memcmp(line.bytes + 2, info->boundary, n) != 0)
		return false;
	struct span rest = span_tail(line, n + 2);
	*last_r = span_starts(rest, "--");
	rest = span_tail(rest, *last_r ? 2 : 0);
	while (rest.len > 0 && isspace(rest.bytes[0]))
		rest = span_tail(rest, 1);
	return rest.len == 0;
}

/* What is before the next delimiter, and the delimiter; *rest moves behind it.  The line end before
 * a delimiter belongs to it. */
static struct span take_part(const struct mime_info *info, struct span *rest, struct delimiter *d_r)
{
	struct span s = *rest;
	size_t i = 0;

	*d_r = (struct delimiter){.line = {s.bytes, 0}};
	while (i < s.len) {
		const uint8_t *lf = memchr(s.bytes + i, '\n', s.len - i);
		size_t end = lf != NULL ? (size_t)(lf - s.bytes) + 1 : s.len;
		struct span line = {s.bytes + i, end - i};

		if (is_delimiter(info, line, &d_r->last)) {
			size_t before = i > 0 ? 1 : 0;

			before += i > 1 && s.bytes[i - 2] == '\r';
			d_r->line = (struct span){s.bytes + i - before, end - i + before};
			*rest = span_tail(s, end);
			return span_head(s, i - before);
		}
		i = end;
	}
	*rest = span_tail(s, s.len);
	return s;
}

/* A body with parts.  False: its parts are not clear, and nothing was appended. */
static bool put_parts(struct redact_run *run, const struct mime_info *info, struct span body,
		      unsigned depth, struct buf *out)
{
	struct span boundary = {(const uint8_t *)info->boundary, info->boundary_len};
	struct delimiter d;

	if (info->encoding != MIME_PLAIN || redact_hits(run, boundary, 0) > 0)
		return false;
	struct span part = take_part(info, &body, &d);
	redact_any(run, part, 0, out);
	while (d.line.len > 0 && run->error == 0) {
		bool last = d.last;

		put(out, d.line);
		part = last ? body : take_part(info, &body, &d);
		if (last)
			d.line.len = 0;
		if (last)
			redact_any(run, part, 0, out);
		else
			redact_entity(run, part, depth + 1, out);
	}
	return true;
}

/* ---- an entity ---- */

static void put_header(struct redact_run *run, struct span header, bool removed, struct buf *out)
{
	while (header.len > 0) {
		struct span field = mime_next_field(&header);

		if (removed && span_starts(field, "Content-"))
			buf_put_str(out, "X-Removed-");
		redact_field(run, field, out);
	}
}

static void put_note(const struct mime_split *s, struct buf *out)
{
	bool open = s->header.len > 0 && s->header.bytes[s->header.len - 1] != '\n';

	if (open)
		buf_put_str(out, "\r\n");
	buf_put_str(out, "Content-Type: text/plain; charset=us-ascii\r\n"
			 "\r\n"
			 "removed: cannot be searched\r\n");
}

static bool put_body(struct redact_run *run, const struct mime_info *info, struct span body,
		     unsigned depth, struct buf *out)
{
	bool leaf = !starts(info->type, "multipart/") && !starts(info->type, "message/");

	if (info->unclear || !is_text(info->type) || (!leaf && depth + 1 >= PARTS_DEPTH) ||
	    (leaf && !mime_charset_is_ascii(info->charset) && !mime_charset_is_wide(info->charset)))
		return false;
	if (starts(info->type, "multipart/") && info->boundary_len > 0)
		return put_parts(run, info, body, depth, out);
	if (strcmp(info->type, "message/rfc822") != 0 &&
	    strcmp(info->type, "message/global") != 0 && strcmp(info->type, "message/news") != 0)
		return put_text(run, info, body, out);
	if (info->encoding == MIME_UNKNOWN)
		return false;
	put_message(run, info, body, depth, out);
	return true;
}

void redact_entity(struct redact_run *run, struct span entity, unsigned depth, struct buf *out)
{
	struct mime_split s = mime_split(entity);
	struct redact_count before = run->count;
	struct mime_info info;
	struct buf body;

	mime_info_read(&info, s.header);
	buf_init_heap(&body, REDACT_OUT_MAX);
	bool searched = put_body(run, &info, s.body, depth, &body);
	if (body.failed)
		run->error = ERR_FULL;
	if (!searched)
		run->count = before;
	put_header(run, s.header, !searched, out);
	if (searched) {
		put(out, s.gap);
		put(out, redact_span(&body));
	} else {
		run->count.removed++;
		put_note(&s, out);
	}
	buf_fini(&body);
}
