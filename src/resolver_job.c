/*
 * resolver_job.c: one look-up of a worker, from its question to its reply.
 *
 * Runs in the resolver.  A table by kind has the functions that make its queries and its fact.  A
 * job ends when all its queries are answered, which c-ares sees to; whether a worker still
 * waits is the worker's business.
 */
#include <stdlib.h>

#include "clock.h"
#include "resolver_internal.h"

static const struct {
	void (*start)(struct job *job);
	void (*finish)(struct job *job); /* NULL: the last answer set the fact */
} kinds[DNS_KIND_COUNT] = {
    [DNS_ASK_REVERSE] = {reverse_start, reverse_finish},
    [DNS_ASK_DNSBL] = {list_start, NULL},
    [DNS_ASK_DBL] = {list_start, NULL},
    [DNS_ASK_DOMAIN] = {domain_start, domain_finish},
};

#define JOBS_MAX 50000 /* at a time: their memory, at about 1 KiB, must have an end */

void job_add(struct job *job, enum dns_item tag, const void *bytes, size_t len)
{
	if (job->items == NULL) {
		job->items = malloc(sizeof *job->items);
		if (job->items == NULL)
			return;
		dns_reply_begin(job->items, &job->ask);
	}
	dns_reply_add(job->items, tag, bytes, len);
}

static void send_reply(struct job *job)
{
	struct dns_reply *reply = job->items, bare;

	if (reply == NULL) {
		reply = &bare;
		dns_reply_begin(reply, &job->ask);
	}
	uint64_t us = clock_us() - job->began_us;
	reply->fact = job->fact;
	reply->us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	resolver_reply(job->r, job, reply);
}

void job_done(struct job *job)
{
	if (--job->pending > 0)
		return;
	if (kinds[job->ask.kind].finish != NULL)
		kinds[job->ask.kind].finish(job);
	send_reply(job);
	job->r->job_count--;
	free(job->state);
	free(job->items);
	free(job);
}

void job_ask(struct job *job, enum dns_type type, const char *name, query_fn *fn, void *ctx)
{
	job->pending++;
	query_ask(job->r, type, name, fn, ctx);
}

static struct job *job_new(struct resolver *r, uint32_t slot)
{
	if (r->channels[slot].open > DNS_OPEN_MAX || r->job_count >= JOBS_MAX)
		return NULL;
	return calloc(1, sizeof(struct job));
}

void job_start(struct resolver *r, uint32_t slot, const struct dns_ask *ask)
{
	const struct job plan = {.r = r,
				 .slot = slot,
				 .generation = r->channels[slot].generation,
				 .pending = 1,
				 .began_us = clock_us(),
				 .ask = *ask};

	r->counters.asked++;
	r->channels[slot].open++;
	struct job *job = job_new(r, slot);
	if (job == NULL) {
		struct job none = plan;
		send_reply(&none);
		return;
	}
	*job = plan;
	r->job_count++;
	kinds[ask->kind].start(job);
	job_done(job);
}
