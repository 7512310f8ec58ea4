/*
 * Who is over the number of sessions that an address may have: entries of others are their workers' word.
 */
#include "crowd.h"

#include <stdlib.h>

#include "../tap.h"
#include "address_table.h"

static struct crowd *crowd_new(uint32_t slots)
{
	struct crowd *c = aligned_alloc(64, (crowd_size(slots) + 63) / 64 * 64);

	if (c == NULL)
		exit(1);
	memset(c, 0, crowd_size(slots));
	c->used = slots;
	return c;
}

/* Whose sessions were counted before that of slot 3. */
static void test_order(void)
{
	enum { SLOTS = 6, ME = 3, US = 1000 };
#define V4(d)                                          \
	{                                              \
		[10] = 0xff, [11] = 0xff, 192, 0, 2, d \
	}
#define V6(net, host)                                          \
	{                                                      \
		0x20, 0x01, 0x0d, 0xb8, [7] = net, [15] = host \
	}
	static const struct {
		const char *title;
		uint8_t mine[16], theirs[16];
		uint32_t at;
		uint64_t counted_us;
		bool expected;
	} cases[] = {
	    {"an earlier one counts", V4(1), V4(1), 5, US - 1, true},
	    {"a later one does not", V4(1), V4(1), 0, US + 1, false},
	    {"one of the same time does in a lower slot", V4(1), V4(1), 2, US, true},
	    {"but not in a higher one", V4(1), V4(1), 4, US, false},
	    {"one whose address is not known, or that is over, does not", V4(1), V4(1), 0, 0,
	     false},
	    {"another IPv4 address does not", V4(1), V4(2), 0, US - 1, false},
	    {"the same /64 of IPv6 does", V6(1, 1), V6(1, 2), 0, US - 1, true},
	    {"the next /64 does not", V6(1, 1), V6(2, 1), 0, US - 1, false},
	};
	struct crowd *c = crowd_new(SLOTS);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct crowd_entry mine = {.counted_us = US, .key = address_key(cases[i].mine)};

		memset(c->entry, 0, SLOTS * sizeof *c->entry);
		c->entry[ME] = mine;
		c->entry[cases[i].at].counted_us = cases[i].counted_us;
		c->entry[cases[i].at].key = address_key(cases[i].theirs);
		ok(crowd_is_over(c, SLOTS, ME, &mine, 1) == cases[i].expected, "%s",
		   cases[i].title);
	}
	free(c);
}

/* Five sessions of one address, then that of slot 5. */
static void test_bounds(void)
{
	enum { SLOTS = 6, ME = 5 };
	struct crowd *c = crowd_new(SLOTS);
	struct crowd_entry mine = {.counted_us = SLOTS};

	for (uint32_t i = 0; i < SLOTS; i++)
		c->entry[i].counted_us = i + 1;
	ok(crowd_is_over(c, SLOTS, ME, &mine, 5), "five others are as many as five");
	ok(!crowd_is_over(c, SLOTS, ME, &mine, 6), "but not six");
	c->used = 3;
	ok(!crowd_is_over(c, SLOTS, ME, &mine, 3), "slots that were never used are not looked at");
	c->used = 4;
	ok(crowd_is_over(c, SLOTS, ME, &mine, 3), "those that were are");
	c->used = UINT32_MAX;
	ok(!crowd_is_over(c, SLOTS, ME, &mine, 6), "and no more than there are");
	free(c);
}

/* A worker that was taken over writes its own entry as it likes. */
static void test_liar(void)
{
	enum { SLOTS = 4, ME = 3 };
	struct crowd *c = crowd_new(SLOTS);
	struct crowd_entry mine = {.counted_us = 10, .key = 7};

	c->entry[0].counted_us = 1;
	c->entry[0].key = 7;
	ok(crowd_is_over(c, SLOTS, ME, &mine, 1), "an entry counts for a session");
	ok(!crowd_is_over(c, SLOTS, ME, &mine, 2), "and for one only, whatever stands in it");
	c->entry[0].counted_us = UINT64_MAX;
	ok(!crowd_is_over(c, SLOTS, ME, &mine, 1), "it can leave itself out");
	free(c);
}

int main(void)
{
	test_order();
	test_bounds();
	test_liar();
	ok(crowd_offset(3) == offsetof(struct crowd, entry) + 3 * sizeof(struct crowd_entry),
	   "a slot's entry is where its sandbox lets it write");
	return tap_done();
}
