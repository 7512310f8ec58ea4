/*
 * Acknowledgements out of order: what counts is only what has no gap before it.
 */
#include "../../src/smtptrap-ship/ack_window.h"

#include <stdlib.h>

#include "../tap.h"
#include "err.h"

#define CAP 8

static const char keys[64];

/* An empty window. */
static void begin(struct ack_window *w)
{
	ack_window_fini(w);
	ack_window_init(w, CAP);
}

static void add_some(struct ack_window *w, unsigned from, unsigned to)
{
	for (unsigned i = from; i <= to; i++)
		ack_window_add(w, &keys[i], i);
}

static void test_order(struct ack_window *w)
{
	begin(w);
	add_some(w, 1, 4);
	is_int((int64_t)w->bytes, 10, "bytes on their way are counted");
	is_int((int64_t)ack_window_number(w, &keys[3]), 3, "an item is known by its key");
	is_int(ack_window_done(w, &keys[3]), 0, "the third is acknowledged first");
	is_int((int64_t)w->low, 0, "which counts for nothing yet");
	is_int(ack_window_done(w, &keys[1]), 0, "the first");
	is_int((int64_t)w->low, 1, "counts");
	is_int(ack_window_done(w, &keys[2]), 0, "the second");
	is_int((int64_t)w->low, 3, "fills the gap");
	is_int((int64_t)w->bytes, 4, "bytes of one are on their way");
	is_int(ack_window_done(w, &keys[2]), ERR_REFUSED, "twice is once");
	is_int((int64_t)ack_window_number(w, &keys[2]), 0, "what is done has no number");
	is_int(ack_window_done(w, &keys[9]), ERR_REFUSED, "what was never sent is nobody's");
	is_int(ack_window_done(w, NULL), ERR_REFUSED, "nor is nothing");
}

static void test_room(struct ack_window *w)
{
	begin(w);
	add_some(w, 1, CAP);
	is_int(ack_window_full(w), 1, "so many are all that has room");
	is_int(ack_window_add(w, &keys[CAP + 1], 1), ERR_FULL, "one more is refused");
	ack_window_done(w, &keys[2]);
	is_int(ack_window_add(w, &keys[CAP + 1], 1), ERR_FULL, "while the first is missing");
	ack_window_done(w, &keys[1]);
	is_int(ack_window_add(w, &keys[CAP + 1], 1), 0, "then there is room");
	is_int((int64_t)w->low, 2, "for two");
}

static void test_rejected(struct ack_window *w)
{
	begin(w);
	ack_window_add(w, NULL, 99);
	is_int((int64_t)w->low, 1, "an item that is done already counts at once");
	is_int((int64_t)w->bytes, 0, "and weighs nothing");
	add_some(w, 1, 1);
	ack_window_add(w, NULL, 99);
	is_int((int64_t)w->low, 1, "but not before those before it");
	ack_window_done(w, &keys[1]);
	is_int((int64_t)w->low, 3, "with them");
}

static void test_undo(struct ack_window *w)
{
	begin(w);
	add_some(w, 1, 3);
	ack_window_done(w, &keys[2]);
	ack_window_undo(w);
	is_int((int64_t)w->high, 2, "the last is taken back");
	is_int((int64_t)w->bytes, 1, "with its bytes");
	ack_window_add(w, &keys[5], 5);
	is_int(ack_window_done(w, &keys[5]), 0, "another has its number");
	ack_window_done(w, &keys[1]);
	is_int((int64_t)w->low, 3, "and all are done");
}

/* Many rounds of the ring in random order, beside a plain account of what is done. */
static void test_random(struct ack_window *w)
{
	static bool done[20001];
	uint64_t low = 0, high = 0;
	unsigned wrong = 0;

	begin(w);
	srandom(1);
	while (low < 20000) {
		if (high < 20000 && high - low < CAP && random() % 2 == 0) {
			high++;
			wrong += ack_window_add(w, &keys[high % CAP], 1) != 0;
		} else if (high > low) {
			uint64_t n = low + 1 + (uint64_t)random() % (high - low);

			wrong += ack_window_done(w, &keys[n % CAP]) != (done[n] ? ERR_REFUSED : 0);
			done[n] = true;
		}
		while (low < high && done[low + 1])
			low++;
		wrong += w->low != low || w->high != high;
	}
	is_int(wrong, 0, "20,000 items in random order are accounted for");
}

int main(void)
{
	struct ack_window w;

	is_int(ack_window_init(&w, CAP), 0, "a window is made");
	test_order(&w);
	test_room(&w);
	test_rejected(&w);
	test_undo(&w);
	test_random(&w);
	ack_window_fini(&w);
	ack_window_fini(&w);
	return tap_done();
}
