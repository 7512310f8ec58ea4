/*
 * resolver_reverse.c: the names of an address, each confirmed by its own addresses or not.
 *
 * Runs in the resolver.  PTR records are under the client's control: at most DNS_NAMES_MAX
 * names are looked up, and none that is no host name.
 */
#include <stdlib.h>
#include <string.h>

#include "resolver_internal.h"

/* One name and what is known of its addresses. */
struct step {
	struct job *job;
	bool done;
	enum dns_forward forward;
	char name[DNS_LABELS_MAX]; /* as it is recorded */
	char query[DNS_NAME_TEXT]; /* as it is asked for */
};

struct reverse {
	unsigned count;
	struct step step[];
};

static enum dns_type family(const struct job *job, bool other)
{
	return ip_is_v4(job->ask.ip) != other ? DNS_A : DNS_AAAA;
}

/* The name has no address of the client's family: has it one of the other? */
static void on_other(void *ctx, const struct dns_answer *other)
{
	struct step *s = ctx;
	const struct dns_answer none = {.status = DNS_NODATA};

	s->forward = dns_forward_of(&none, other, s->job->ask.ip);
	job_done(s->job);
}

static void on_same(void *ctx, const struct dns_answer *same)
{
	struct step *s = ctx;

	if (same->status == DNS_NODATA)
		job_ask(s->job, family(s->job, true), s->query, on_other, s);
	else
		s->forward = dns_forward_of(same, NULL, s->job->ask.ip);
	job_done(s->job);
}

static bool is_known(const struct reverse *v, struct span name)
{
	for (unsigned i = 0; i < v->count; i++)
		if (span_is(name, v->step[i].name))
			return true;
	return false;
}

static void on_names(void *ctx, const struct dns_answer *names)
{
	struct job *job = ctx;
	unsigned room = names->count < DNS_NAMES_MAX ? names->count : DNS_NAMES_MAX;
	struct reverse *v = NULL;
	struct span name;
	size_t at = 0;

	if (names->status != DNS_UNKNOWN)
		v = job->state = calloc(1, sizeof *v + room * sizeof v->step[0]);
	while (v != NULL && v->count < room && dns_answer_next(names, &at, &name)) {
		struct step *s = &v->step[v->count];

		if (name.len >= sizeof s->name || is_known(v, name))
			continue;
		*s = (struct step){.job = job, .forward = DNS_NOFORWARD};
		memcpy(s->name, name.bytes, name.len);
		s->done = dns_name_copy(s->query, name) < 0;
		v->count++;
	}
	/* `names` is not looked at any more: a query may be answered at once. */
	for (unsigned i = 0; v != NULL && i < v->count; i++)
		if (!v->step[i].done)
			job_ask(job, family(job, false), v->step[i].query, on_same, &v->step[i]);
	job_done(job);
}

void reverse_start(struct job *job)
{
	char name[DNS_NAME_TEXT];

	job_ask(job, DNS_PTR, dns_name_reverse(name, job->ask.ip), on_names, job);
}

void reverse_finish(struct job *job)
{
	static const enum dns_item items[] = {[DNS_VERIFIED] = DNS_ITEM_VERIFIED,
					      [DNS_INCONSISTENT] = DNS_ITEM_INCONSISTENT,
					      [DNS_NOFORWARD] = DNS_ITEM_NOFORWARD,
					      [DNS_FORWARD_UNKNOWN] = DNS_ITEM_FORWARD_UNKNOWN};
	unsigned count[DNS_FORWARD_UNKNOWN + 1] = {0};
	const struct reverse *v = job->state;

	if (v == NULL)
		return; /* nothing is known */
	for (unsigned i = 0; i < v->count; i++) {
		const struct step *s = &v->step[i];

		count[s->forward]++;
		job_add(job, items[s->forward], s->name, strlen(s->name));
	}
	job->fact = dns_reverse_fact(count);
}
