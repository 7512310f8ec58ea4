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
	if (summary_r->tls == SUMMARY_TLS_NOTHING || summary_r->tls >= SUMMARY_TLS_COUNT ||
	    memcmp(summary_r->zero, zero, sizeof zero) != 0)
		return ERR_FORMAT;
	return 0;
}

/* What is remembered of the key; a new entry if that is nothing, or too old. */
static struct address_entry recall(struct address_table *t, uint64_t key, uint32_t now_s,
				   uint32_t within_s)
{
	struct address_entry e;

	if (address_get(t, key, &e) && address_entry_fresh(&e, now_s, within_s))
		return e;
	return (struct address_entry){.key = key};
}

static int fail(struct address_table *t, struct address_entry *e, uint32_t now_s)
{
	if (e->tls_failures < ADDRESS_FAILURES_MAX)
		e->tls_failures++;
	e->last_s = now_s > 0 ? now_s : 1;
	return address_put(t, e, now_s) == ADDRESS_PUT_NEW;
}

/* That a handshake without a certificate went well says nothing about the certificate. */
static int forgive(struct address_table *t, struct address_entry *e, uint32_t now_s)
{
	if (e->last_s == 0 || e->flags == 0)
		return -(int)address_remove(t, e->key);
	e->tls_failures = 0;
	address_put(t, e, now_s);
	return 0;
}

int summary_apply(const struct summary *s, struct address_table *t, uint32_t now_s,
		  uint32_t within_s)
{
	struct address_entry e = recall(t, address_key(s->ip), now_s, within_s);

	if (s->tls == SUMMARY_TLS_NEGOTIATED)
		return forgive(t, &e, now_s);
	if (s->tls == SUMMARY_TLS_BAD_CERTIFICATE)
		e.flags |= ADDRESS_BAD_CERTIFICATE;
	return fail(t, &e, now_s);
}
