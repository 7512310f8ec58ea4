/*
 * history.c: where the checkpoint was, a minute back.
 *
 * Runs in smtptrap-ship.  Memory is fixed.
 */
#include "history.h"

void history_note(struct history *h, const struct checkpoint *c, uint64_t now_us)
{
	if (h->count > 0 && now_us - h->noted_at < HISTORY_STEP_US)
		return;
	h->was[(h->first + h->count) % HISTORY_STEPS] = *c;
	if (h->count < HISTORY_STEPS)
		h->count++;
	else
		h->first = (h->first + 1) % HISTORY_STEPS;
	h->noted_at = now_us;
}

bool history_go_back(struct history *h, struct checkpoint *c_r)
{
	if (h->count == 0)
		return false;
	*c_r = h->was[h->first];
	h->count = 1;
	return true;
}
