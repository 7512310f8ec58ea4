/*
 * summary.c: what a session teaches the memory of addresses, and what the memory makes of it.
 *
 * Runs in the logger.  Trusts no byte of a summary; what it may claim, and how often, is the
 * matter of logger_intake.c.
 */
#include "summary.h"

#include <string.h>

#include "err.h"

int summary_decode(const void *bytes, size_t len, struct summary *summary_r)
{
	static const uint8_t zero[sizeof summary_r->zero];

	if (len != sizeof *summary_r)
		return ERR_FORMAT;
	memcpy(summary_r, bytes, len);
	if (summary_r->tls >= SUMMARY_TLS_COUNT || summary_r->yakker >= SUMMARY_YAKKER_COUNT ||
	    memcmp(summary_r->zero, zero, sizeof zero) != 0)
		return ERR_FORMAT;
	bool thinned = summary_r->yakker == SUMMARY_YAKKER_THINNED;
	bool tls = summary_r->tls != SUMMARY_TLS_NOTHING;
	if (thinned ? tls : !tls && summary_r->yakker == SUMMARY_YAKKER_NOTHING)
		return ERR_FORMAT;
	return summary_r->offered > thinned ? ERR_FORMAT : 0;
}

/* Sessions of this entry are to be recorded, if there are some. */
static void let_out(struct summary_out *out, const struct address_entry *e)
{
	if (e->thinned > 0)
		out->entry[out->count++] = *e;
}

/* What is remembered of the key, as far as it holds. */
static struct address_entry recall(struct address_table *t, uint64_t key, uint32_t now_s,
				   const struct address_within *within, struct summary_out *out)
{
	struct address_entry e = {.key = key};

	if (!address_get(t, key, &e))
		return e;
	if (!address_idle_fresh(&e, now_s, within->yakker_s))
		let_out(out, &e);
	address_entry_age(&e, now_s, within);
	return e;
}

/* That a handshake without a certificate went well says nothing about the certificate. */
static void learn_tls(struct address_entry *e, enum summary_tls tls, uint32_t now_s)
{
	if (tls == SUMMARY_TLS_NOTHING)
		return;
	if (tls == SUMMARY_TLS_NEGOTIATED) {
		e->tls_failures = 0;
		if (!(e->flags & ADDRESS_BAD_CERTIFICATE))
			e->last_s = 0;
		return;
	}
	if (tls == SUMMARY_TLS_BAD_CERTIFICATE)
		e->flags |= ADDRESS_BAD_CERTIFICATE;
	if (e->tls_failures < ADDRESS_FAILURES_MAX)
		e->tls_failures++;
	e->last_s = now_s;
}

static void make_yakker(struct address_entry *e, uint32_t now_s)
{
	if (e->flags & ADDRESS_YAKKER)
		return;
	e->flags |= ADDRESS_YAKKER;
	e->idle_s = now_s;
}

static void learn_idle(struct address_entry *e, uint32_t count, uint32_t now_s)
{
	if (e->idle == 0)
		e->idle_s = now_s;
	if (e->idle < ADDRESS_IDLE_MAX)
		e->idle++;
	if (count > 0 && e->idle >= count)
		make_yakker(e, now_s);
}

static void forget_thinned(struct address_entry *e)
{
	e->thinned = e->thinned_offered = 0;
	e->thinned_s = e->thinned_last_s = 0;
}

/* Of an address that is no yakker any more, the one session is recorded at once. */
static void learn_thinned(struct address_entry *e, bool offered, uint32_t now_s,
			  struct summary_out *out)
{
	struct address_entry one = {.key = e->key};
	struct address_entry *to = e->flags & ADDRESS_YAKKER ? e : &one;

	if (to->thinned == 0)
		to->thinned_s = now_s;
	to->thinned_last_s = now_s;
	to->thinned++;
	to->thinned_offered = (uint16_t)(to->thinned_offered + offered);
	if (to == e && e->thinned < ADDRESS_THINNED_MAX)
		return;
	let_out(out, to);
	forget_thinned(to);
}

static void learn_yakker(struct address_entry *e, const struct summary *s, uint32_t count,
			 uint32_t now_s, struct summary_out *out)
{
	switch ((enum summary_yakker)s->yakker) {
	case SUMMARY_YAKKER_IDLE:
		learn_idle(e, count, now_s);
		break;
	case SUMMARY_YAKKER_PROGRESS:
		let_out(out, e);
		address_idle_clear(e);
		break;
	case SUMMARY_YAKKER_MARK:
		learn_idle(e, 0, now_s);
		make_yakker(e, now_s);
		break;
	case SUMMARY_YAKKER_THINNED:
		learn_thinned(e, s->offered, now_s, out);
		break;
	default:
		break;
	}
}

static int store(struct address_table *t, const struct address_entry *e, uint32_t now_s,
		 struct summary_out *out)
{
	struct address_entry displaced;

	if (e->last_s == 0 && e->idle == 0)
		return -(int)address_remove(t, e->key);
	if (address_displaced(t, e->key, now_s, &displaced))
		let_out(out, &displaced);
	return address_put(t, e, now_s) == ADDRESS_PUT_NEW;
}

int summary_apply(const struct summary *s, struct address_table *t, uint32_t now_s,
		  const struct summary_limits *limits, struct summary_out *out_r)
{
	out_r->count = 0;
	if (now_s == 0)
		now_s = 1; /* 0 stands for no time */
	struct address_entry e = recall(t, address_key(s->ip), now_s, &limits->within, out_r);
	learn_tls(&e, (enum summary_tls)s->tls, now_s);
	learn_yakker(&e, s, limits->count, now_s, out_r);
	return store(t, &e, now_s, out_r);
}
