/*
 * history.h: where the checkpoint was, a minute back, to go back to when the output has lost what it
 * acknowledged.
 */
#ifndef SMTPTRAP_SHIP_HISTORY_H
#define SMTPTRAP_SHIP_HISTORY_H

#include "checkpoint.h"

#define HISTORY_STEPS 64 /* checkpoints */
#define HISTORY_STEP_US 1000000u

/* Zeroed at first. */
struct history {
	struct checkpoint was[HISTORY_STEPS]; /* a ring */
	size_t first, count;
	uint64_t noted_at; /* the last of them */
};

/* Keep it, if the last one is a step older or there is none; the oldest makes room. */
void history_note(struct history *h, const struct checkpoint *c, uint64_t now_us);

/* The oldest, and forget the others; false if there is none. */
bool history_go_back(struct history *h, struct checkpoint *c_r);

#endif
