/*
 * worker_memory.c: what a session learns of its client's earlier sessions, and tells for later ones.
 *
 * Runs in the workers.  In: the memory of addresses and the counts of networks, which the logger
 * writes and workers can only read.  Out: a summary and a claim through the pipe of results, which
 * the logger takes within limits.  One that cannot be handed over is a line of debugging.
 */
#include <string.h>

#include "log.h"
#include "worker_session.h"

/* Look up how often the client's network came, and have it counted that it came again. */
static void count_rates(struct session *s)
{
	struct session_client *c = &s->client;
	struct rate_claim claim;
	struct iovec part = {.iov_base = &claim};

	if (rates_look(s->conf->rules, s->args->rates, c->ip, (uint32_t)(c->accepted_us / 1000000),
		       c->rates) == 0)
		return;
	part.iov_len = rates_claim(s->conf->rules, c->id, c->ip, &claim);
	if (results_send(&s->results, FRAME_RATES, &part, 1, false) != ACK_STORED)
		debug("a session could not be counted");
}

void memory_recall(struct session *s)
{
	struct session_client *c = &s->client;

	yakker_begin(&c->yakker, s->args->memory, c->ip,
		     (uint32_t)(s->conf->yakkers.within_us / 1000000),
		     (uint32_t)(c->accepted_us / 1000000));
	count_rates(s);
}

/* What the memory of addresses should learn of how far the client got.  What our own end broke off
 * or had no room for says nothing of it. */
static enum summary_yakker yakker_teaches(const struct session *s, enum tls_outcome outcome)
{
	struct yakker_end end = {
	    .conf = s->conf,
	    .memory = s->args->memory,
	    .ip = s->client.ip,
	    .phase = s->smtp.phase,
	    .tls_failed = outcome == TLS_FAILED,
	    .tls_negotiated = outcome == TLS_NEGOTIATED,
	    .ours = atomic_load_explicit(&s->args->ack->full, memory_order_relaxed)};

	return yakker_lesson(&s->client.yakker, &end);
}

bool memory_teach(struct session *s)
{
	struct summary summary = {0};
	struct iovec part = {.iov_base = &summary, .iov_len = sizeof summary};
	static const struct tls_info none = {.outcome = TLS_NOT_OFFERED};
	const struct tls_info *info = s->tls == NULL ? &none : tls_session_info(s->tls);

	if (!s->client.yakker.begun || *s->shutting_down)
		return false;
	if (s->tls != NULL)
		summary.tls = (uint8_t)offer_lesson(s->conf, &s->client.offer, info);
	summary.yakker = (uint8_t)yakker_teaches(s, info->outcome);
	if (summary.tls == SUMMARY_TLS_NOTHING && summary.yakker == SUMMARY_YAKKER_NOTHING)
		return false;
	bool thinned = summary.yakker == SUMMARY_YAKKER_THINNED;
	summary.offered = thinned && s->client.starttls_offered;
	memcpy(summary.session, s->client.id, sizeof summary.session);
	memcpy(summary.ip, s->client.ip, sizeof summary.ip);
	if (results_send(&s->results, FRAME_SUMMARY, &part, 1, false) == ACK_STORED)
		return thinned;
	debug("a summary could not be handed to the logger");
	return false;
}
