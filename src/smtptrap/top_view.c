/*
 * top_view.c: a look at the boards, and what happened between looks.
 *
 * The status board is what workers say: it is copied before it is looked at, and only shown.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "top.h"

/* ---- rates ---- */

void rates_add(struct rates *r, const struct rates_sample *s)
{
	const struct rates_sample *last = &r->sample[r->last];
	struct rates_sample now = *s;

	if (r->count > 0 && now.at_us <= last->at_us)
		r->count = 0;
	for (int i = 0; r->count > 0 && i < RATE_COUNT; i++)
		if (now.count[i] < last->count[i])
			now.count[i] = last->count[i];
	r->last = (r->last + 1) % RATES_SAMPLES;
	r->sample[r->last] = now;
	if (r->count < RATES_SAMPLES)
		r->count++;
}

double rates_get(const struct rates *r, enum rate which, unsigned seconds)
{
	const struct rates_sample *last = &r->sample[r->last], *from = last;

	for (size_t back = 1; back < r->count; back++) {
		from = &r->sample[(r->last + RATES_SAMPLES - back) % RATES_SAMPLES];
		/* a tenth less: looks are a second apart, give or take a little */
		if (last->at_us - from->at_us >= seconds * UINT64_C(1000000) - 100000)
			break;
	}
	if (from == last)
		return -1;
	return (double)(last->count[which] - from->count[which]) * 1e6 /
	       (double)(last->at_us - from->at_us);
}

/* ---- looks ---- */

static bool take_sessions(struct top_view *v, const struct boards *b)
{
	struct board_slot *all = reallocarray(v->sessions, b->used + 1, sizeof *all);

	if (all == NULL)
		return false;
	v->sessions = all;
	v->sessions_count = 0;
	for (uint32_t i = 0; i < b->used; i++) {
		struct board_slot *s = &all[v->sessions_count];

		*s = boards_slot(b, i);
		v->sessions_count += s->state == SLOT_SESSION;
	}
	return true;
}

static void take_figures(struct top_view *v, const struct boards *b)
{
	v->failures_count = 0;
	for (size_t i = 0; i < FIGURES_COUNT; i++)
		v->figures[i] = boards_figure(b, i);
	for (size_t back = 0; back < FIGURES_RECENT; back++)
		v->failures_count +=
		    figures_recent(&b->ack->figures, back, &v->failures[v->failures_count]);
}

static bool take_boards(struct top_view *v, const struct boards *b)
{
	const struct board_header *h = &b->board->head;
	struct rates_sample sample = {.at_us = clock_us()};

	if (h->started_us != v->started_us)
		v->rates.count = 0; /* another trap */
	v->started_us = h->started_us;
	v->wall_us = wall_us();
	board_text(v->sensor, h->sensor, sizeof v->sensor);
	board_text(v->release, h->release, sizeof v->release);
	v->refusing = b->ack->full != 0;
	v->workers_max = b->slots;
	v->totals = boards_totals(b);
	/* Workers count a session when it is over. */
	sample.count[RATE_CONNECTIONS] = v->totals.sessions + v->totals.state[SLOT_SESSION];
	sample.count[RATE_MESSAGES] = v->totals.messages;
	sample.count[RATE_FAILURES] = v->totals.tls_failed;
	rates_add(&v->rates, &sample);
	take_figures(v, b);
	return take_sessions(v, b);
}

bool top_view_take(struct top_view *v, const char *status_socket)
{
	struct boards b;
	bool memory = true;

	v->there = boards_open(&b, status_socket, v->why) == 0;
	if (v->there)
		memory = take_boards(v, &b);
	boards_close(&b);
	return memory;
}

void top_view_free(struct top_view *v)
{
	free(v->sessions);
	*v = (struct top_view){0};
}

/* ---- order ---- */

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The oldest first, and whatever else is equal. */
static int by_age(const void *a, const void *b)
{
	const struct board_slot *x = a, *y = b;
	int order = by_number(x->since_us, y->since_us);

	return order != 0 ? order : by_number((uint64_t)x->pid, (uint64_t)y->pid);
}

static int by_client(const void *a, const void *b)
{
	const struct board_slot *x = a, *y = b;
	int order = memcmp(x->client_ip, y->client_ip, sizeof x->client_ip);

	return order != 0 ? order : by_age(a, b);
}

static int by_bytes(const void *a, const void *b)
{
	const struct board_slot *x = a, *y = b;
	int order = by_number(y->bytes_in, x->bytes_in);

	return order != 0 ? order : by_age(a, b);
}

static int by_commands(const void *a, const void *b)
{
	const struct board_slot *x = a, *y = b;
	int order = by_number(y->commands, x->commands);

	return order != 0 ? order : by_age(a, b);
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} sorts[SORT_COUNT] = {[SORT_AGE] = {"age", by_age},
		       [SORT_CLIENT] = {"client", by_client},
		       [SORT_BYTES] = {"bytes", by_bytes},
		       [SORT_COMMANDS] = {"commands", by_commands}};

const char *top_sort_name(enum top_sort sort)
{
	return sorts[sort].name;
}

void top_view_sort(struct top_view *v, enum top_sort sort)
{
	if (v->sessions_count > 0)
		qsort(v->sessions, v->sessions_count, sizeof *v->sessions, sorts[sort].compare);
}
