/*
 * t/unit/ship_history.c: how far back the shipper can go.
 */
#include "../../src/smtptrap-ship/history.h"

#include "../tap.h"

#define STEP HISTORY_STEP_US

static struct history h;

/* Note a checkpoint of so many records. */
static void note(uint64_t records, uint64_t at)
{
	struct checkpoint c = {.stream[0].shipped = records};

	history_note(&h, &c, at);
}

/* The records of the checkpoint to go back to; -1: none. */
static int64_t back(void)
{
	struct checkpoint c;

	return history_go_back(&h, &c) ? (int64_t)c.stream[0].shipped : -1;
}

int main(void)
{
	is_int(back(), -1, "there is nothing to go back to at first");
	note(1, 0);
	note(2, STEP - 1);
	is_int((int64_t)h.count, 1, "within a step one is kept");
	note(3, STEP);
	is_int((int64_t)h.count, 2, "after it another");
	is_int(back(), 1, "the oldest is gone back to");
	is_int(back(), 1, "and again");
	is_int((int64_t)h.count, 1, "the others are forgotten");
	for (uint64_t i = 1; i < HISTORY_STEPS; i++)
		note(i * 10, STEP + i * STEP);
	is_int((int64_t)h.count, HISTORY_STEPS, "as many are kept as there is room for");
	is_int((int64_t)h.was[h.first].stream[0].shipped, 1, "the first among them");
	note(5000, 100 * STEP);
	is_int((int64_t)h.count, HISTORY_STEPS, "one more makes no more of them");
	is_int(back(), 10, "the oldest made room");
	return tap_done();
}
