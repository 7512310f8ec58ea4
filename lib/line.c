/*
 * line.c: the incremental reader of command lines.
 *
 * Runs in the workers.  Input: what the peer sent, of which no byte is trusted; output: one line
 * a call.  It cannot fail; a line that never ends is the caller's deadline to end.
 */
#include "line.h"

/* CRs in s, which holds no line end of its own. */
static uint32_t count_cr(struct span s)
{
	uint32_t n = 0;

	while (s.len > 0) {
		const uint8_t *cr = memchr(s.bytes, '\r', s.len);
		if (cr == NULL)
			break;
		n++;
		s = span_tail(s, (size_t)(cr - s.bytes) + 1);
	}
	return n;
}

/* Consume the rest of a line that was too long; returns the bytes consumed. */
static size_t skip(struct line_reader *r, const uint8_t *in, size_t len)
{
	const uint8_t *lf = len ? memchr(in, '\n', len) : NULL;
	struct span rest = {in, lf ? (size_t)(lf - in) : len};
	bool cr_before = r->cr_last;

	r->bare_cr += count_cr(rest);
	if (rest.len > 0)
		cr_before = rest.bytes[rest.len - 1] == '\r';
	r->cr_last = cr_before;
	if (lf == NULL)
		return len;
	if (cr_before)
		r->bare_cr--;
	else
		r->bare_lf++;
	r->skipping = false;
	return rest.len + 1;
}

/* The line has more than limit bytes: hand out its start, skip the rest. */
static void take_start(struct line_reader *r, const uint8_t *in, size_t limit, struct line *line_r)
{
	*line_r = (struct line){.text = {in, limit}, .eol = EOL_NONE, .too_long = true};
	line_r->bare_cr = count_cr(line_r->text);
	r->bare_cr += line_r->bare_cr;
	r->cr_last = limit > 0 && in[limit - 1] == '\r';
	r->skipping = true;
	r->scanned = 0;
}

static void take_line(struct line_reader *r, struct span text, struct line *line_r)
{
	bool crlf = text.len > 0 && text.bytes[text.len - 1] == '\r';

	if (crlf)
		text.len--;
	else
		r->bare_lf++;
	*line_r = (struct line){.text = text, .eol = crlf ? EOL_CRLF : EOL_LF};
	line_r->bare_cr = count_cr(text);
	r->bare_cr += line_r->bare_cr;
	r->scanned = 0;
}

int line_read(struct line_reader *r, const uint8_t *in, size_t len, size_t limit,
	      struct line *line_r, size_t *consumed_r)
{
	size_t skipped = 0;

	if (r->skipping) {
		skipped = skip(r, in, len);
		r->skipped += skipped;
		in += skipped;
		len -= skipped;
	}
	*consumed_r = skipped;
	if (r->skipping || len == 0)
		return 0;

	/* Only limit + 2 bytes can hold a whole line, so do not look further. */
	size_t window = len > limit + 2 ? limit + 2 : len;
	size_t from = r->scanned < window ? r->scanned : window;
	const uint8_t *lf = memchr(in + from, '\n', window - from);
	size_t text_len = lf ? (size_t)(lf - in) : window;
	bool cr_at_limit = text_len == limit + 1 && in[limit] == '\r';
	if (text_len > limit && !cr_at_limit) {
		take_start(r, in, limit, line_r);
		*consumed_r += limit;
		return 1;
	}
	if (lf == NULL) {
		r->scanned = window;
		return 0;
	}
	take_line(r, (struct span){in, text_len}, line_r);
	*consumed_r += text_len + 1;
	return 1;
}

int line_finish(struct line_reader *r, const uint8_t *in, size_t len, struct line *line_r)
{
	bool skipped = r->skipping;

	line_reset(r);
	if (skipped || len == 0)
		return 0;
	*line_r = (struct line){.text = {in, len}, .eol = EOL_NONE};
	line_r->bare_cr = count_cr(line_r->text);
	r->bare_cr += line_r->bare_cr;
	return 1;
}

void line_reset(struct line_reader *r)
{
	r->scanned = 0;
	r->skipping = false;
	r->cr_last = false;
}
