/*
 * redact_match.c: find secrets in bytes, however their characters are written.
 *
 * At each place where a secret may begin its characters are looked for one after the other, each as
 * itself or as an escape, past what is invisible.  Of all secrets found at a place the longest counts.
 * The work is bounded: run->steps.
 */
#include <ctype.h>
#include <string.h>

#include "err.h"
#include "redact_int.h"

#define SKIPS_MAX 24 /* things passed over within one secret */

struct match {
	const struct redact_units *u;
	const struct redact_secret *s;
	struct redact_run *run;
	unsigned skips;
};

/* The units at i that are the character k of the secret; 0: they are not. */
static size_t character(const struct match *m, size_t i, size_t k)
{
	uint8_t c = m->s->text[k], byte;
	int unit = redact_unit(m->u, i);
	size_t len = redact_escape(m->u, i, &byte);

	if (len > 0 && tolower(byte) == c)
		return len;
	if (unit >= 0 && tolower(unit) == c)
		return 1;
	return c == '@' ? redact_at_sign(m->u, i) : 0;
}

static bool is_joint(uint8_t c)
{
	return c == '@' || c == '.';
}

/* The units at i that may be passed over before the character k. */
static size_t passable(struct match *m, size_t i, size_t k)
{
	const uint8_t *text = m->s->text;

	if (k == 0 || m->skips == SKIPS_MAX)
		return 0;
	m->skips++;
	size_t len = redact_invisible(m->u, i);
	if (len == 0 && (is_joint(text[k]) || is_joint(text[k - 1])))
		len = redact_loose(m->u, i);
	m->run->steps += len;
	return len;
}

/* Where the secret that begins at i ends; 0: it does not begin there. */
static size_t match_text(struct match *m, size_t i)
{
	size_t len;

	for (size_t k = 0; k < m->s->len; k++) {
		while ((len = character(m, i, k)) == 0) {
			if ((len = passable(m, i, k)) == 0)
				return 0;
			i += len;
		}
		i += len;
		m->run->steps++;
	}
	return i;
}

static size_t match_digest(const struct match *m)
{
	const struct redact_units *u = m->u;

	return u->width == 1 && u->count >= m->s->len && memcmp(u->p, m->s->text, m->s->len) == 0
		   ? m->s->len
		   : 0;
}

/* May this secret end before this unit, or begin behind it? */
static bool is_edge(const struct redact_secret *s, int unit)
{
	if (unit < 0)
		return true;
	if (s->kind == REDACT_WORD)
		return !isalnum(unit);
	if (s->kind != REDACT_IP)
		return true;
	return memchr(s->text, ':', s->len) != NULL ? !isxdigit(unit) : !isdigit(unit);
}

/* Of \a \b \f \n \r \t \v */
static bool is_control_letter(int unit)
{
	return unit > 0 && strchr("abfnrtv", unit) != NULL;
}

/* The byte before p, -1 if there is none or it ends an escape, as \n does. */
static int unit_before(struct span in, size_t at, unsigned width)
{
	if (at < width)
		return -1;
	const uint8_t *p = in.bytes + at - width;
	uint8_t byte;
	for (size_t back = 2; back <= 5 && back * width <= at; back++) {
		struct redact_units u = {in.bytes + at - back * width, back, width, 0};

		if (redact_escape(&u, 0, &byte) == back)
			return isalnum(byte) ? byte : -1;
		if (back == 2 && redact_unit(&u, 0) == '\\' &&
		    is_control_letter(redact_unit(&u, 1)))
			return -1;
	}
	return p[0];
}

/* The longest secret of those that begin with this byte; its end in units, 0: none. */
static size_t longest(struct redact_run *run, const struct redact_units *u, int before,
		      uint8_t byte, const struct redact_secret **secret_r)
{
	size_t best = 0;

	for (uint32_t n = run->r->first[byte]; n != 0; n = run->r->secret[n - 1].next) {
		const struct redact_secret *s = &run->r->secret[n - 1];
		struct match m = {u, s, run, 0};
		size_t end;

		run->steps++;
		if (s->kind == REDACT_DIGEST)
			end = match_digest(&m);
		else if (!is_edge(s, before))
			continue;
		else
			end = match_text(&m, 0);
		if (end <= best || (s->kind != REDACT_DIGEST && !is_edge(s, redact_unit(u, end))))
			continue;
		best = end;
		*secret_r = s;
	}
	return best;
}

/* The secret at p: by the byte that stands there, and by the one that is escaped there. */
static size_t find_at(struct redact_run *run, struct span in, size_t at,
		      const struct redact_units *u, const struct redact_secret **secret_r)
{
	const struct redact_secret *other = NULL;
	int unit = redact_unit(u, 0);
	uint8_t byte;

	if (unit < 0)
		return 0;
	bool escaped = redact_escape(u, 0, &byte) > 0;
	uint8_t low = (uint8_t)tolower(unit);
	if (run->r->first[low] == 0 && run->r->first[unit] == 0 && !escaped)
		return 0;
	int before = unit_before(in, at, u->width);
	size_t end = longest(run, u, before, low, secret_r);
	if (low != unit) { /* a digest */
		size_t end2 = longest(run, u, before, (uint8_t)unit, &other);

		if (end2 > end) {
			end = end2;
			*secret_r = other;
		}
	}
	if (!escaped)
		return end;
	size_t end3 = longest(run, u, before, (uint8_t)tolower(byte), &other);
	if (end3 > end) {
		end = end3;
		*secret_r = other;
	}
	return end;
}

static void put_units(struct buf *out, const struct redact_secret *s, unsigned width, unsigned at)
{
	for (size_t i = 0; i < s->token_len; i++) {
		for (unsigned k = 0; k < width; k++)
			buf_put_byte(out, k == at ? (uint8_t)s->token[i] : 0);
	}
}

static void put(struct buf *out, struct span bytes)
{
	if (out != NULL && bytes.len > 0)
		buf_put(out, bytes.bytes, bytes.len);
}

void redact_plain(struct redact_run *run, struct span in, unsigned width, unsigned at,
		  struct buf *out)
{
	const struct redact_secret *secret = NULL;
	size_t copied = 0;

	for (size_t i = 0; i + width <= in.len && run->error == 0;) {
		struct redact_units u = {in.bytes + i, (in.len - i) / width, width, at};
		size_t end = find_at(run, in, i, &u, &secret);

		if (run->steps++ > run->steps_max)
			run->error = ERR_REFUSED;
		if (end == 0) {
			i++;
			continue;
		}
		run->count.found++;
		run->weight += secret->len;
		put(out, (struct span){in.bytes + copied, i - copied});
		if (out != NULL)
			put_units(out, secret, width, at);
		i += end * width;
		copied = i;
	}
	put(out, span_tail(in, copied));
}
