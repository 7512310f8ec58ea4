/*
 * resolver_query.c: one question to the DNS: from the cache, shared with others, or sent.
 *
 * Runs in the resolver.  Questions that are equal wait for one query.  While the servers are
 * silent hardly any query is sent: what is asked is unknown at once, so that a dead server does
 * not hold up sessions one by one.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "log.h"
#include "resolver_internal.h"

#define FLIGHTS_MAX 20000 /* under way at a time: a worker each asks for one and more */
#define SILENT_AFTER 16   /* queries without an answer, and nothing heard: servers are silent */
#define PROBE_US 250000   /* while they are, one query in so long is sent */
#define WARN_EVERY_US 60000000

struct waiter {
	STAILQ_ENTRY(waiter) next;
	query_fn *fn;
	void *ctx;
};

struct flight {
	struct dns_key key; /* first: the tree compares flights as keys */
	struct resolver *r;
	STAILQ_HEAD(waiter_list, waiter) waiters;
};

/* ---- are the servers there ---- */

static void servers_answer(struct resolver *r)
{
	r->unanswered = 0;
	if (r->counters.silent_us == 0)
		return;
	info("the DNS servers answer again, after %llu s",
	     (unsigned long long)(clock_us() - r->counters.silent_us) / 1000000);
	r->counters.silent_us = 0;
}

static void servers_silent(struct resolver *r)
{
	uint64_t now = clock_us();

	if (r->counters.silent_us == 0)
		r->counters.silent_us = r->probed_us = now;
	if (r->warned_us != 0 && now - r->warned_us < WARN_EVERY_US)
		return;
	r->warned_us = now;
	warn("no DNS server answers (%s): look-ups are unknown until one does",
	     resolver_net_names(r->args->net));
}

static void note_outcome(struct resolver *r, const struct dns_answer *a)
{
	uint64_t heard = resolver_net_heard(r->args->net);

	if (a->status == DNS_UNKNOWN)
		r->counters.failures++;
	if (heard != r->heard)
		servers_answer(r);
	else if (a->status == DNS_UNKNOWN && ++r->unanswered >= SILENT_AFTER)
		servers_silent(r);
	r->heard = heard;
}

/* No server answers, as far as we know. */
static bool is_silent(const struct resolver *r)
{
	return r->counters.silent_us != 0 && resolver_net_heard(r->args->net) == r->heard;
}

/* ---- flights ---- */

static struct flight *flight_find(const struct resolver *r, const struct dns_key *key)
{
	struct flight *const *node = tfind(key, &r->flights, dns_key_compare);

	return node == NULL ? NULL : *node;
}

static void on_answer(void *ctx, const struct dns_answer *answer)
{
	struct flight *f = ctx;
	struct resolver *r = f->r;
	struct waiter *w;

	note_outcome(r, answer);
	uint64_t keep_us = dns_ttl_of(answer, r->ttl) * UINT64_C(1000000);
	if (keep_us > 0)
		dns_cache_put(r->cache, &f->key, answer, clock_us() + keep_us);
	/* Out of the tree first: a waiter may ask the same again. */
	tdelete(&f->key, &r->flights, dns_key_compare);
	r->flight_count--;
	while ((w = STAILQ_FIRST(&f->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->waiters, next);
		w->fn(w->ctx, answer);
		free(w);
	}
	free(f);
}

/* A flight in the tree, not yet sent; NULL if there are too many, or no memory. */
static struct flight *flight_new(struct resolver *r, const struct dns_key *key)
{
	struct flight *f = r->flight_count < FLIGHTS_MAX ? calloc(1, sizeof *f) : NULL;

	if (f == NULL)
		return NULL;
	f->key = *key;
	f->r = r;
	STAILQ_INIT(&f->waiters);
	if (tsearch(&f->key, &r->flights, dns_key_compare) == NULL) {
		free(f);
		return NULL;
	}
	r->flight_count++;
	return f;
}

static void refuse(struct resolver *r, query_fn *fn, void *ctx)
{
	struct dns_answer none;

	r->counters.refused++;
	dns_answer_unknown(&none);
	fn(ctx, &none);
}

static void send_flight(struct resolver *r, struct flight *f)
{
	r->counters.queries++;
	resolver_net_query(r->args->net, &f->key, on_answer, f);
}

/* Look whether a server is back, by a query that nobody waits for. */
static void probe(struct resolver *r, const struct dns_key *key)
{
	uint64_t now = clock_us();

	if (now - r->probed_us < PROBE_US || flight_find(r, key) != NULL)
		return;
	struct flight *f = flight_new(r, key);
	if (f == NULL)
		return;
	r->probed_us = now;
	send_flight(r, f);
}

/* Wait for the query of this key, which is sent if none is under way. */
static void flight_join(struct resolver *r, const struct dns_key *key, query_fn *fn, void *ctx)
{
	struct flight *f = flight_find(r, key);
	struct waiter *w = malloc(sizeof *w);
	bool fresh = f == NULL;

	if (fresh && w != NULL)
		f = flight_new(r, key);
	if (f == NULL || w == NULL) {
		free(w);
		refuse(r, fn, ctx);
		return;
	}
	*w = (struct waiter){.fn = fn, .ctx = ctx};
	STAILQ_INSERT_TAIL(&f->waiters, w, next);
	if (fresh)
		send_flight(r, f);
	else
		r->counters.joined++;
}

void query_ask(struct resolver *r, enum dns_type type, const char *name, query_fn *fn, void *ctx)
{
	struct dns_key key = {.type = type};
	struct dns_answer answer;

	strlcpy(key.name, name, sizeof key.name);
	if (dns_cache_get(r->cache, &key, clock_us(), &answer)) {
		r->counters.cached++;
		fn(ctx, &answer);
		return;
	}
	if (is_silent(r)) {
		probe(r, &key);
		refuse(r, fn, ctx);
		return;
	}
	flight_join(r, &key, fn, ctx);
}
