/*
 * data.c: find the end of message data and undo dot-stuffing, without copying.
 *
 * Runs in the workers.  Input: what the peer sent behind the 354; output: runs of message bytes,
 * most of them as long as the chunk they lie in: memchr() looks for CR and LF, and only a dot
 * behind CRLF ends a run.  It cannot fail.
 */
#include "data.h"

static const uint8_t held[] = ".\r";

/* Pass over text up to `end`, which holds no CR, and count its LFs. */
static void count_bare_lf(struct data_reader *d, const uint8_t *p, const uint8_t *end)
{
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		d->bare_lf++;
		p++;
	}
}

/* From DATA_TEXT at p: pass over all that is to be handed out as it is.  Returns where the run
 * ends: at `end`, or behind a CRLF that a dot follows, or may follow. */
static const uint8_t *pass_text(struct data_reader *d, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		const uint8_t *cr = memchr(p, '\r', (size_t)(end - p));
		count_bare_lf(d, p, cr ? cr : end);
		if (cr == NULL) {
			d->state = DATA_TEXT;
			return end;
		}
		p = cr + 1;
		if (p == end) {
			d->state = DATA_CR;
			return end;
		}
		if (*p != '\n') {
			d->bare_cr++;
			continue;
		}
		p++;
		if (p == end || *p == '.') {
			d->state = DATA_LINE_START;
			return p;
		}
	}
	return p;
}

/* Behind a CR that was handed out: only now is it known whether LF follows. */
static const uint8_t *pass_cr(struct data_reader *d, const uint8_t *p)
{
	if (*p == '\n') {
		d->state = DATA_LINE_START;
		return p + 1;
	}
	d->bare_cr++;
	d->state = DATA_TEXT;
	return p;
}

/* At a dot behind CRLF, or behind it: take what may be the end marker, byte by byte.  Stops in
 * DATA_ENDED, in a state that needs more, or in one of text. */
static const uint8_t *pass_dot(struct data_reader *d, const uint8_t *p, const uint8_t *end)
{
	if (d->state == DATA_LINE_START && p < end && *p == '.') {
		d->state = DATA_DOT;
		p++;
	}
	if (d->state == DATA_DOT && p < end) {
		d->state = *p == '\r' ? DATA_DOT_CR : DATA_TEXT;
		p += *p == '\r';
	}
	if (d->state == DATA_DOT_CR && p < end && *p == '\n') {
		d->state = DATA_ENDED;
		p++;
	}
	return p;
}

static enum data_event hand_out(struct data_reader *d, struct span run, struct span *run_r)
{
	d->size += run.len;
	*run_r = run;
	return DATA_RUN;
}

enum data_event data_next(struct data_reader *d, const uint8_t *in, size_t len, struct span *run_r,
			  size_t *consumed_r)
{
	if (len == 0 || d->state == DATA_ENDED) {
		*consumed_r = 0;
		return d->state == DATA_ENDED ? DATA_END : DATA_NEED;
	}
	const uint8_t *end = in + len;
	const uint8_t *start = pass_dot(d, in, end);
	const uint8_t *p = start;

	if (d->state == DATA_DOT_CR && start < end) {
		/* ".CR" and then not LF: the dot was stuffed, the CR is data. */
		d->state = DATA_CR;
		*consumed_r = (size_t)(start - in);
		d->raw += *consumed_r;
		return hand_out(d, (struct span){held + 1, 1}, run_r);
	}
	if (d->state == DATA_CR && p < end)
		p = pass_cr(d, p);
	if (p < end && (d->state == DATA_TEXT || (d->state == DATA_LINE_START && *p != '.')))
		p = pass_text(d, p, end);
	*consumed_r = (size_t)(p - in);
	d->raw += *consumed_r;
	if (p > start)
		return hand_out(d, (struct span){start, (size_t)(p - start)}, run_r);
	return d->state == DATA_ENDED ? DATA_END : DATA_NEED;
}

struct span data_held(const struct data_reader *d)
{
	size_t len = d->state == DATA_DOT ? 1 : d->state == DATA_DOT_CR ? 2 : 0;

	return (struct span){held, len};
}

void data_count_bare(const uint8_t *bytes, size_t len, uint64_t *bare_cr_r, uint64_t *bare_lf_r)
{
	struct data_reader d = {.state = DATA_TEXT};
	const uint8_t *p = bytes, *end = bytes + len;

	while (p < end)
		p = pass_text(&d, p, end);
	*bare_cr_r = d.bare_cr + (d.state == DATA_CR);
	*bare_lf_r = d.bare_lf;
}
