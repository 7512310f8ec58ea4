/*
 * resolver_internal.h: what the parts of the resolver share.
 *
 * A look-up (struct job) is what a worker asked; it makes queries, each of which is answered from
 * the cache, by a query of the same kind that is under way, or by a server.  All functions here
 * may call back before they return.
 */
#ifndef SMTPTRAP_RESOLVER_INTERNAL_H
#define SMTPTRAP_RESOLVER_INTERNAL_H

#include "dns_cache.h"
#include "dns_msg.h"
#include "resolver.h"

struct channel {
	int fd; /* -1: none */
	uint32_t
	    generation; /* counts the channels of the slot: replies to an earlier one are lost */
	uint32_t open;  /* look-ups */
};

struct resolver {
	const struct resolver_args *args;
	int epoll;
	struct channel *channels; /* a slot each */
	uint32_t open_channels;
	bool leaving; /* the master has let us go */
	struct dns_cache *cache;
	struct dns_ttl ttl;
	void *flights; /* queries under way, by key */
	uint32_t flight_count;
	uint32_t job_count;
	struct dns_counters counters, told;
	/* whether servers answer */
	uint64_t heard;      /* when last looked at */
	uint32_t unanswered; /* in a row */
	uint64_t probed_us;  /* while silent: the last query that looked whether they are back */
	uint64_t warned_us;
};

/* ---- resolver_query.c ---- */

typedef void query_fn(void *ctx, const struct dns_answer *answer);

/* Ask (type, name); fn gets the answer, which is valid within the call only. */
void query_ask(struct resolver *r, enum dns_type type, const char *name, query_fn *fn, void *ctx);

/* ---- resolver_job.c ---- */

struct job {
	struct resolver *r;
	uint32_t slot, generation;
	unsigned pending; /* queries whose answers are awaited, and one while it is being started */
	uint64_t began_us;
	struct dns_ask ask;
	enum dns_fact fact;
	struct dns_reply *items; /* NULL: none so far */
	void *state;             /* of the kind; freed with the job */
};

/* Start what the worker of this slot asks. */
void job_start(struct resolver *r, uint32_t slot, const struct dns_ask *ask);

/* Ask for the job: as query_ask(), and fn calls job_done() last. */
void job_ask(struct job *job, enum dns_type type, const char *name, query_fn *fn, void *ctx);
/* One answer less is awaited; sends the reply and frees the job where it was the last. */
void job_done(struct job *job);

/* Add an item to the reply; without room or memory it is left out. */
void job_add(struct job *job, enum dns_item tag, const void *bytes, size_t len);

/* A kind's start makes its queries; its finish, called before the reply goes out, sets fact. */
void reverse_start(struct job *job);
void reverse_finish(struct job *job);
void list_start(struct job *job);
void domain_start(struct job *job);
void domain_finish(struct job *job);

/* ---- resolver.c ---- */

/* Send the worker its reply. */
void resolver_reply(struct resolver *r, const struct job *job, const struct dns_reply *reply);

#endif
