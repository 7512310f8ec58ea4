/*
 * What was sent and not acknowledged: order, limits, rejected ones in between.
 */
#include "../../src/smtptrap-ship/flight.h"

#include "../tap.h"

static struct flights f;

static void put(uint64_t number, size_t len, bool rejected)
{
	flights_put(&f, &(struct flight){.number = number, .len = len, .rejected = rejected});
}

static void test_order(void)
{
	const struct flight *one;
	uint64_t next = 1;
	unsigned wrong = 0;

	for (uint64_t n = 1; n <= 10; n++) {
		put(n, 1, false);
		if (n % 2 == 0 && (one = flights_take(&f, n)) != NULL)
			wrong += one->number != next++;
	}
	while ((one = flights_take(&f, 10)) != NULL)
		wrong += one->number != next++;
	ok(wrong == 0 && next == 11 && f.count == 0 && f.bytes == 0,
	   "they come out in order, round the ring");
}

static void test_acknowledged(void)
{
	put(1, 1, false);
	put(2, 1, true);
	put(3, 1, true);
	put(4, 1, false);
	ok(flights_take(&f, 0) == NULL, "none is taken before it is acknowledged");
	is_int((int64_t)flights_take(&f, 1)->number, 1, "what is acknowledged is");
	is_int((int64_t)flights_take(&f, 1)->number, 2, "and rejected ones behind it");
	is_int((int64_t)flights_take(&f, 1)->number, 3, "all of them");
	ok(flights_take(&f, 1) == NULL, "up to the next that is not");
	flights_clear(&f);
	ok(flights_take(&f, 9) == NULL && f.bytes == 0, "cleared it is empty");
}

static void test_waiting(void)
{
	struct flight one = {.number = 1, .waits = true};
	struct flight *at = flights_put(&f, &one);

	put(2, 1, true);
	ok(flights_take(&f, 9) == NULL, "one that waits is not taken, nor what is behind it");
	at->waits = false;
	ok(flights_take(&f, 1) == at, "when it does not any more it is");
	flights_clear(&f);
}

static void test_limits(void)
{
	ok(flights_have_room(&f, 1000, 10), "one that is longer than the limit fits alone");
	put(1, 6, false);
	ok(flights_have_room(&f, 4, 10), "up to the limit of bytes there is room");
	ok(!flights_have_room(&f, 5, 10), "past it there is not");
	put(2, 1, false);
	put(3, 1, false);
	ok(flights_have_room(&f, 1, 10), "up to the limit of number there is room");
	put(4, 1, false);
	ok(!flights_have_room(&f, 0, 10), "past it there is not");
}

int main(void)
{
	flights_init(&f, 4);
	test_acknowledged();
	test_waiting();
	test_limits();
	flights_fini(&f);
	flights_init(&f, 6);
	test_order();
	flights_fini(&f);
	return tap_done();
}
