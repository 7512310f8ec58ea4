/*
 * logger_lessons.h: what the worker of a slot may teach the memory of addresses.
 */
#ifndef SMTPTRAP_LOGGER_LESSONS_H
#define SMTPTRAP_LOGGER_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "summary.h"

/* No more at once than a worker with the quickest of clients comes to, and a tick (half a second)
 * no more than it can go on with. */
#define LESSONS_AT_ONCE 64
#define LESSONS_A_TICK 16

struct lessons {
	uint32_t left;          /* that its worker may still give */
	uint32_t now;           /* that it may give at once */
	bool open;              /* one was given, its session's record did not come yet */
	struct summary summary; /* the last one */
};

/* The slot exists. */
void lessons_init(struct lessons *l);

/* A new worker has the slot, which may serve so many sessions; 0: none has it. */
void lessons_begin(struct lessons *l, uint32_t sessions);

/* Half a second has passed. */
void lessons_tick(struct lessons *l);

/* A summary came; false: it is one too many. */
bool lessons_take(struct lessons *l, const struct summary *s);

/* The worker's next session record came, with these fields: if it is not the one that the summary
 * belongs to, the worker gives no more lessons, and the answer is false. */
bool lessons_compare(struct lessons *l, const uint8_t *fields, size_t len);

#endif
