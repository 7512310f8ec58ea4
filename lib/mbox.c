/*
 * mbox.c: how raw messages lie in the mail stream (mboxrd).
 *
 * Runs in the logger, which quotes what peers sent, and in the reader, which brings it back.
 * Nothing in a message is trusted or refused; the trace header before it, which a worker makes,
 * is checked line by line, because a line of it that began with `From ` would end the message.
 */
#include "mbox.h"

#include <inttypes.h>
#include <string.h>

#include "err.h"
#include "time_text.h"

#define FROM "From "
#define FROM_LEN (sizeof FROM - 1)
#define SIZE "X-Trap-Size: "
#define COPY_OF "X-Trap-Copy-Of: "

void mbox_put_separator(struct buf *out, uint64_t time)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct time_parts t = time_split(time < TIME_SECONDS_END ? time : TIME_SECONDS_END - 1);

	buf_put_str(out, "From MAILER-DAEMON ");
	buf_put(out, days + 3 * t.weekday, 3);
	buf_put_byte(out, ' ');
	buf_put(out, months + 3 * (t.month - 1), 3);
	buf_put_str(out, t.day < 10 ? "  " : " ");
	buf_put_u64(out, t.day);
	buf_put_byte(out, ' ');
	time_put_clock(out, &t);
	buf_put_byte(out, ' ');
	buf_put_digits(out, t.year, 4);
	buf_put_byte(out, '\n');
}

/* What is being copied: bytes from run to p are unchanged and not yet in out. */
struct copy {
	struct mbox_filter *f;
	const char *run, *p, *end;
	struct buf *out;
};

static void copy_run(struct copy *c)
{
	buf_put(c->out, c->run, (size_t)(c->p - c->run));
	c->run = c->p;
}

/* The line is not what was looked for: give out what was held back. */
static void give_up(struct copy *c)
{
	if (c->f->held)
		buf_put_byte(c->out, '>');
	buf_put(c->out, FROM, c->f->matched);
	c->f->held = false;
	c->f->matched = 0;
	c->f->inside = true;
}

/* Pass over the rest of the line. */
static void skip_line(struct copy *c)
{
	const char *lf = memchr(c->p, '\n', (size_t)(c->end - c->p));

	c->f->inside = lf == NULL;
	c->p = lf == NULL ? c->end : lf + 1;
}

/* The byte at p is the next of "From ": hold it back.  Returns whether it was the last. */
static bool match_byte(struct copy *c)
{
	copy_run(c);
	c->p++;
	c->run = c->p;
	if (++c->f->matched < FROM_LEN)
		return false;
	c->f->matched = 0;
	c->f->inside = true;
	return true;
}

static struct copy copy_begin(struct mbox_filter *f, const void *bytes, size_t len, struct buf *out)
{
	const char *p = bytes;

	if (len > 0)
		f->unended = p[len - 1] != '\n';
	return (struct copy){f, p, p + len, p + len, out};
}

int mbox_quote(struct mbox_filter *f, const void *bytes, size_t len, struct buf *out)
{
	struct copy c = copy_begin(f, bytes, len, out);

	for (c.p = c.run; c.p < c.end;) {
		if (f->inside)
			skip_line(&c);
		else if (*c.p == '>' && f->matched == 0)
			c.p++;
		else if (*c.p != FROM[f->matched])
			give_up(&c);
		else if (match_byte(&c))
			buf_put_str(out, ">" FROM);
	}
	copy_run(&c);
	return out->failed ? ERR_FULL : 0;
}

int mbox_unquote(struct mbox_filter *f, const void *bytes, size_t len, struct buf *out)
{
	struct copy c = copy_begin(f, bytes, len, out);

	for (c.p = c.run; c.p < c.end;) {
		if (f->inside) {
			skip_line(&c);
		} else if (*c.p == '>' && f->matched == 0 && f->held) {
			c.p++;
		} else if (*c.p == '>' && f->matched == 0) {
			copy_run(&c);
			c.run = ++c.p;
			f->held = true;
		} else if (!f->held || *c.p != FROM[f->matched]) {
			copy_run(&c);
			give_up(&c);
		} else if (match_byte(&c)) {
			f->held = false;
			buf_put_str(out, FROM);
		}
	}
	copy_run(&c);
	return out->failed ? ERR_FULL : 0;
}

int mbox_unquote_end(struct mbox_filter *f, struct buf *out)
{
	struct copy c = {.f = f, .out = out};

	give_up(&c);
	return out->failed ? ERR_FULL : 0;
}

int mbox_quote_end(struct mbox_filter *f, struct buf *out)
{
	mbox_unquote_end(f, out);
	buf_put_str(out, f->unended ? "\n\n" : "\n");
	return out->failed ? ERR_FULL : 0;
}

/* The line at p without its CRLF.  Returns 1, 0 if there is no LF yet, or ERR_FORMAT. */
static int take_line(const char *p, const char *end, size_t *len_r)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	if (lf == NULL)
		return 0;
	if (lf == p || lf[-1] != '\r')
		return ERR_FORMAT;
	size_t len = (size_t)(lf - 1 - p);
	if (memchr(p, '\r', len) != NULL || memchr(p, '\0', len) != NULL)
		return ERR_FORMAT;
	*len_r = len;
	return 1;
}

/* `Name: text`, or more of the line before. */
static bool line_is_valid(const char *p, size_t len, bool first)
{
	size_t name = 0;

	if (len > 0 && (p[0] == ' ' || p[0] == '\t'))
		return !first;
	while (name < len && p[name] > ' ' && p[name] < 0x7f && p[name] != ':')
		name++;
	return name > 0 && name < len && p[name] == ':';
}

/* The value of the field, if the line is that field. */
static const char *line_value(const char *p, size_t len, const char *name, size_t *len_r)
{
	size_t skip = strlen(name);

	if (len < skip || memcmp(p, name, skip) != 0)
		return NULL;
	*len_r = len - skip;
	return p + skip;
}

static int parse_size(const char *p, size_t len, uint64_t *n_r)
{
	uint64_t n = 0;

	if (len == 0 || len > 18)
		return ERR_FORMAT;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return ERR_FORMAT;
		n = n * 10 + (uint64_t)(p[i] - '0');
	}
	*n_r = n;
	return 0;
}

int mbox_trace_parse(const uint8_t *bytes, size_t len, struct mbox_trace *trace_r)
{
	const char *start = (const char *)bytes, *p = start, *end = start + len, *value;
	size_t line, value_len;
	bool has_id = false;
	int got;

	while ((got = take_line(p, end, &line)) == 1) {
		if (!line_is_valid(p, line, p == start))
			return ERR_FORMAT;
		if ((value = line_value(p, line, "X-Trap-Id: ", &value_len)) != NULL) {
			if (has_id || uuid_parse(value, value_len, trace_r->id) != 0)
				return ERR_FORMAT;
			has_id = true;
		}
		if ((value = line_value(p, line, SIZE, &value_len)) != NULL) {
			trace_r->len = (size_t)(p - start) + line + 2;
			if (!has_id || trace_r->len > MBOX_TRACE_MAX)
				return ERR_FORMAT;
			return parse_size(value, value_len, &trace_r->size) == 0 ? 1 : ERR_FORMAT;
		}
		p += line + 2;
	}
	return got == 0 && len >= MBOX_TRACE_MAX ? ERR_FORMAT : got;
}

/* The length of a trace header without its last line. */
static size_t last_line(const uint8_t *trace, size_t len)
{
	const uint8_t *lf = len > 0 ? memrchr(trace, '\n', len - 1) : NULL;

	return lf == NULL ? 0 : (size_t)(lf + 1 - trace);
}

void mbox_put_copy_trace(struct buf *out, const uint8_t *trace, size_t len,
			 const uint8_t of[UUID_BYTES], uint64_t size)
{
	char text[UUID_TEXT];

	uuid_format(of, text);
	buf_put(out, trace, last_line(trace, len));
	buf_printf(out, COPY_OF "%s\r\n" SIZE "%" PRIu64 "\r\n", text, size);
}

void mbox_put_whole_trace(struct buf *out, const uint8_t *trace, size_t len, uint64_t size)
{
	size_t own = last_line(trace, len), before = last_line(trace, own);

	if (own - before > strlen(COPY_OF) && memcmp(trace + before, COPY_OF, strlen(COPY_OF)) == 0)
		own = before;
	buf_put(out, trace, own);
	buf_printf(out, SIZE "%" PRIu64 "\r\n", size);
}
