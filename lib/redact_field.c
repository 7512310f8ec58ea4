/*
 * redact_field.c: one field of a header.
 *
 * Runs in the reader.  A secret may be spread over encoded words (RFC 2047), over the segments of a
 * parameter (RFC 2231) and over folded lines, so the field is searched as each of those is put together
 * again, then as it stands.
 */
#include <ctype.h>
#include <string.h>

#include "err.h"
#include "mime_code.h"
#include "redact_int.h"

#define WORD_BYTES 30 /* in one encoded word: with a charset's name it stays below 75 characters */
#define NOTE " (removed: cannot be redacted)"

static void put(struct buf *out, struct span bytes)
{
	if (bytes.len > 0)
		buf_put(out, bytes.bytes, bytes.len);
}

static bool is_white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- encoded words ---- */

struct word {
	size_t len; /* all of it; 0: there is none */
	struct span charset, text;
	bool base64;
};

static size_t until(struct span s, size_t i, uint8_t c)
{
	while (i < s.len && s.bytes[i] != c && !(is_white(s.bytes[i]) && c != '\0'))
		i++;
	return i;
}

/* The encoded word at i: =?charset?B?text?=; spaces in its text are let pass. */
static struct word word_at(struct span s, size_t i)
{
	struct word none = {0}, w;

	if (s.len - i < 8 || s.bytes[i] != '=' || s.bytes[i + 1] != '?')
		return none;
	size_t charset = until(s, i + 2, '?');
	if (s.len - charset < 5 || s.bytes[charset] != '?' || s.bytes[charset + 2] != '?')
		return none;
	int encoding = toupper(s.bytes[charset + 1]);
	if (encoding != 'B' && encoding != 'Q')
		return none;
	const uint8_t *text = s.bytes + charset + 3;
	const uint8_t *end = memmem(text, s.len - charset - 3, "?=", 2);
	if (end == NULL)
		return none;
	w = (struct word){.charset = {s.bytes + i + 2, charset - i - 2},
			  .text = {text, (size_t)(end - text)},
			  .base64 = encoding == 'B'};
	w.len = (size_t)(end + 2 - (s.bytes + i));
	return w;
}

static void decode_word(const struct word *w, struct buf *out)
{
	if (w->base64)
		mime_base64_decode(w->text, out);
	else
		mime_quoted_decode(w->text, true, out);
}

/* The words from i on with only white space between; their bytes go to `text`.  Returns the end. */
static size_t take_words(struct span s, size_t i, struct span *charset_r, struct buf *text)
{
	size_t end = i;

	for (;;) {
		struct word w = word_at(s, i);

		if (w.len == 0)
			return end;
		if (charset_r->len == 0)
			*charset_r = w.charset;
		decode_word(&w, text);
		end = i = i + w.len;
		while (i < s.len && is_white(s.bytes[i]))
			i++;
		if (i == s.len)
			return end;
	}
}

static void put_words(struct span charset, struct span text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i += WORD_BYTES) {
		struct span piece = {text.bytes + i,
				     text.len - i < WORD_BYTES ? text.len - i : WORD_BYTES};

		buf_put_str(out, i > 0 ? "\r\n =?" : "=?");
		put(out, charset);
		buf_put_str(out, "?B?");
		mime_base64_encode(piece, false, true, out);
		buf_put_str(out, "?=");
	}
}

/* Replace secrets within runs of encoded words. */
static void words_pass(struct redact_run *run, struct span in, struct buf *out)
{
	struct buf text, made;
	size_t i = 0, copied = 0;

	buf_init_heap(&text, REDACT_OUT_MAX);
	buf_init_heap(&made, REDACT_OUT_MAX);
	while (i < in.len && run->error == 0) {
		struct span charset = {0};

		buf_reset(&text);
		size_t end = take_words(in, i, &charset, &text);
		if (end == i) {
			i++;
			continue;
		}
		if (redact_hits(run, redact_span(&text), 0) > 0) {
			buf_reset(&made);
			redact_any(run, redact_span(&text), 0, &made);
			put(out, (struct span){in.bytes + copied, i - copied});
			put_words(charset, redact_span(&made), out);
			copied = end;
		}
		i = end;
	}
	put(out, span_tail(in, copied));
	out->failed |= text.failed || made.failed;
	buf_fini(&text);
	buf_fini(&made);
}

/* ---- parameters in segments ---- */

#define SEGMENTS_MAX 64

struct segment {
	size_t start, end; /* from the semicolon to behind the value */
	struct span name;  /* before the first asterisk */
	struct span value; /* without quotes */
	bool extended;     /* percent-encoded, so it says */
};

/* The value that begins at i; returns behind it. */
static size_t take_value(struct span s, size_t i, struct span *value_r)
{
	size_t start = i;

	if (i < s.len && s.bytes[i] == '"') {
		for (i++; i < s.len && s.bytes[i] != '"'; i++)
			i += s.bytes[i] == '\\';
		i = i < s.len ? i : s.len;
		*value_r = (struct span){s.bytes + start + 1, i - start - 1};
		return i < s.len ? i + 1 : i;
	}
	while (i < s.len && s.bytes[i] != ';' && !is_white(s.bytes[i]))
		i++;
	*value_r = (struct span){s.bytes + start, i - start};
	return i;
}

/* A segment at the semicolon i: ;name*0*=value.  False: it is none. */
static bool segment_at(struct span s, size_t i, struct segment *g_r)
{
	struct segment g = {.start = i};

	for (i++; i < s.len && is_white(s.bytes[i]);)
		i++;
	size_t name = i;
	while (i < s.len && s.bytes[i] != '*' && s.bytes[i] != '=' && s.bytes[i] != ';')
		i++;
	if (i == s.len || s.bytes[i] != '*')
		return false;
	g.name = (struct span){s.bytes + name, i - name};
	size_t digits = ++i;
	while (i < s.len && isdigit(s.bytes[i]))
		i++;
	if (i == digits)
		return false;
	g.extended = i < s.len && s.bytes[i] == '*';
	i += g.extended;
	while (i < s.len && is_white(s.bytes[i]))
		i++;
	if (i == s.len || s.bytes[i] != '=')
		return false;
	for (i++; i < s.len && is_white(s.bytes[i]);)
		i++;
	g.end = take_value(s, i, &g.value);
	*g_r = g;
	return true;
}

static bool same_name(struct span a, struct span b)
{
	return a.len == b.len &&
	       strncasecmp((const char *)a.bytes, (const char *)b.bytes, a.len) == 0;
}

/* The parameter of segment `first` put together, redacted, as one. */
static void put_parameter(const struct segment *g, struct span text, struct buf *out)
{
	buf_put_str(out, "; ");
	put(out, g->name);
	buf_put_str(out, g->extended ? "*=" : "=\"");
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.bytes[i];

		if (g->extended && (c == '@' || c == '"' || c == ';' || c <= ' ' || c >= 0x7f))
			buf_printf(out, "%%%02X", c);
		else if (c >= ' ' || c == '\t')
			buf_put_byte(out, c);
	}
	buf_put_str(out, g->extended ? "" : "\"");
}

struct segments {
	size_t count;
	struct segment at[SEGMENTS_MAX];
};

static void read_segments(struct span in, struct segments *all)
{
	all->count = 0;
	for (size_t i = 0; i < in.len && all->count < SEGMENTS_MAX; i++) {
		struct segment *g = &all->at[all->count];

		if (in.bytes[i] == ';' && segment_at(in, i, g)) {
			all->count++;
			i = g->end - 1;
		}
	}
}

static void join(const struct segments *all, struct span name, struct buf *text)
{
	buf_reset(text);
	for (size_t i = 0; i < all->count; i++) {
		if (same_name(all->at[i].name, name))
			put(text, all->at[i].value);
	}
}

/* Is this segment the first of its parameter? */
static bool is_first(const struct segments *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (same_name(all->at[i].name, all->at[n].name))
			return false;
	}
	return true;
}

/* Replace secrets in parameters that come in segments. */
static void segments_pass(struct redact_run *run, struct span in, struct buf *out)
{
	struct segments all;
	struct buf text, made;
	size_t copied = 0;

	read_segments(in, &all);
	buf_init_heap(&text, REDACT_OUT_MAX);
	buf_init_heap(&made, REDACT_OUT_MAX);
	for (size_t i = 0; i < all.count && run->error == 0; i++) {
		const struct segment *g = &all.at[i];

		join(&all, g->name, &text);
		if (redact_hits(run, redact_span(&text), 0) == 0)
			continue;
		put(out, (struct span){in.bytes + copied, g->start - copied});
		copied = g->end;
		if (!is_first(&all, i))
			continue;
		buf_reset(&made);
		redact_any(run, redact_span(&text), 0, &made);
		put_parameter(g, redact_span(&made), out);
	}
	put(out, span_tail(in, copied));
	out->failed |= text.failed || made.failed;
	buf_fini(&text);
	buf_fini(&made);
}

/* ---- folded lines ---- */

/* Unfolded: without line ends, and if `tight` without the white space behind them; encoded words
 * decoded. */
static void unfold(struct span in, bool tight, struct buf *out)
{
	for (size_t i = 0; i < in.len;) {
		struct span charset = {0};
		size_t end = take_words(in, i, &charset, out);

		if (end > i) {
			i = end;
			continue;
		}
		if (in.bytes[i] == '\r' || in.bytes[i] == '\n') {
			for (i++; tight && i < in.len && is_white(in.bytes[i]);)
				i++;
			continue;
		}
		buf_put_byte(out, in.bytes[i++]);
	}
}

/* Is there more of a secret in the field once it is put together than as it stands? */
static bool is_spread(struct redact_run *run, struct span in)
{
	size_t weight = redact_weight(run, in, 0);
	struct buf view;
	bool more = false;

	buf_init_heap(&view, REDACT_OUT_MAX);
	for (int tight = 0; tight < 2 && !more; tight++) {
		buf_reset(&view);
		unfold(in, tight != 0, &view);
		more = view.failed || redact_weight(run, redact_span(&view), 0) > weight;
	}
	buf_fini(&view);
	return more;
}

static void put_redacted(struct redact_run *run, struct span field, struct buf *out)
{
	const uint8_t *colon = field.len > 0 ? memchr(field.bytes, ':', field.len) : NULL;
	struct span name = {field.bytes, colon != NULL ? (size_t)(colon - field.bytes) : 0};

	if (!is_spread(run, field)) {
		redact_any(run, field, 0, out);
		return;
	}
	run->count.found++;
	redact_any(run, name, 0, out);
	buf_put_str(out, name.len > 0 ? ":" NOTE : "X-Removed:" NOTE);
	if (field.bytes[field.len - 1] == '\n')
		buf_put_str(out, "\r\n");
}

void redact_field(struct redact_run *run, struct span field, struct buf *out)
{
	struct buf words, segments;

	buf_init_heap(&words, REDACT_OUT_MAX);
	buf_init_heap(&segments, REDACT_OUT_MAX);
	words_pass(run, field, &words);
	segments_pass(run, redact_span(&words), &segments);
	put_redacted(run, redact_span(&segments), out);
	if (words.failed || segments.failed)
		run->error = ERR_FULL;
	buf_fini(&words);
	buf_fini(&segments);
}
