/*
 * top.h: what smtptrap top shows, and how.
 */
#ifndef SMTPTRAP_TOP_H
#define SMTPTRAP_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards.h"

/* ---- what happened when: rates ---- */

enum rate { RATE_CONNECTIONS, RATE_MESSAGES, RATE_FAILURES, RATE_COUNT };

struct rates_sample {
	uint64_t at_us; /* monotonic */
	uint64_t count[RATE_COUNT];
};

#define RATES_SAMPLES 128 /* more than one a second, for 60 seconds and what a late one needs */
struct rates {
	struct rates_sample sample[RATES_SAMPLES];
	size_t count, last; /* how many there are; where the last one is */
};

/* Add a sample.  What it has less of than the last one counts as not changed: a session that ends
 * while it is looked at may be seen twice.  One that is not later begins anew. */
void rates_add(struct rates *r, const struct rates_sample *s);

/* How often a second in the last so many seconds, or in what of them was seen; negative if nothing
 * was. */
double rates_get(const struct rates *r, enum rate which, unsigned seconds);

/* ---- a look at the boards ---- */

enum top_sort { SORT_AGE, SORT_CLIENT, SORT_BYTES, SORT_COMMANDS, SORT_COUNT };

/* "age", "client", ... */
const char *top_sort_name(enum top_sort sort);

struct top_view {
	bool there; /* the trap answers; if not, all else is as it was before */
	char why[BOARDS_WHY_MAX];
	uint64_t wall_us, started_us;
	char sensor[64], release[BOARD_RELEASE_MAX];
	bool refusing;
	uint32_t workers_max;
	struct board_totals totals;
	uint64_t figures[FIGURES_COUNT];
	struct figures_failure failures[FIGURES_RECENT];
	size_t failures_count;
	struct board_slot *sessions; /* those in a session; owned */
	size_t sessions_count;
	struct rates rates;
};

/* Look at the trap with this status socket.  False if there is no memory. */
bool top_view_take(struct top_view *v, const char *status_socket);
void top_view_sort(struct top_view *v, enum top_sort sort);

/* Release memory; accepts a zeroed one. */
void top_view_free(struct top_view *v);

/* ---- the screen ---- */

struct top_screen {
	enum top_sort sort;
	size_t first; /* session that the list begins with */
	bool paused, help;
	size_t page; /* sessions that fit; set when it is drawn */
};

/* Draw all of it, as far as it fits.  The terminal is in the hands of curses. */
void top_screen_draw(struct top_screen *s, const struct top_view *v);

#endif
