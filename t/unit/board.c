/*
 * What stands on the status board is a worker's word, and a worker may be hostile.
 */
#include "board.h"

#include <stdlib.h>

#include "../tap.h"

static void test_valid(void)
{
	enum { SLOTS = 3 };
	size_t size = board_size(SLOTS);
	struct board *b = aligned_alloc(64, size);

	if (b == NULL)
		return;
	memset(b, 0, size);
	b->head = (struct board_header){.magic = BOARD_MAGIC,
					.version = BOARD_VERSION,
					.slot_size = sizeof(struct board_slot),
					.slots = SLOTS};
	ok(board_valid(b, size), "a board is one");
	ok(!board_valid(b, size - 1), "not if it is shorter than its slots");
	ok(!board_valid(b, sizeof *b - 1), "nor than its header");
	b->head.slots = UINT32_MAX;
	ok(!board_valid(b, size), "nor with more slots than there are");
	b->head.slots = SLOTS;
	b->head.slot_size--;
	ok(!board_valid(b, size), "nor with slots of another size");
	b->head.slot_size++;
	b->head.version++;
	ok(!board_valid(b, size), "nor of another version");
	free(b);
}

static void test_text(void)
{
	char from[8], to[8];

	memset(from, 'x', sizeof from);
	board_text(to, from, sizeof to);
	is_str(to, "xxxxxxx", "a text without its NUL ends where its room does");
	strcpy(from, "ab");
	board_text(to, from, sizeof to);
	is_str(to, "ab", "one with it at its NUL");
}

/* Whose sessions were counted before that of slot 3. */
static void test_crowded(void)
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
		uint32_t state, at;
		uint64_t counted_us;
		bool expected;
	} cases[] = {
	    {"an earlier one counts", V4(1), V4(1), SLOT_SESSION, 5, US - 1, true},
	    {"a later one does not", V4(1), V4(1), SLOT_SESSION, 0, US + 1, false},
	    {"one of the same time does in a lower slot", V4(1), V4(1), SLOT_SESSION, 2, US, true},
	    {"but not in a higher one", V4(1), V4(1), SLOT_SESSION, 4, US, false},
	    {"one whose address is not known yet does not", V4(1), V4(1), SLOT_SESSION, 0, 0,
	     false},
	    {"one that is over does not", V4(1), V4(1), SLOT_IDLE, 0, US - 1, false},
	    {"another IPv4 address does not", V4(1), V4(2), SLOT_SESSION, 0, US - 1, false},
	    {"the same /64 of IPv6 does", V6(1, 1), V6(1, 2), SLOT_SESSION, 0, US - 1, true},
	    {"the next /64 does not", V6(1, 1), V6(2, 1), SLOT_SESSION, 0, US - 1, false},
	};
	struct board *b = aligned_alloc(64, board_size(SLOTS));

	for (size_t i = 0; b != NULL && i < sizeof cases / sizeof *cases; i++) {
		struct board_slot *me = &b->slot[ME], *other = &b->slot[cases[i].at];

		memset(b, 0, board_size(SLOTS));
		b->head.used = SLOTS;
		me->state = SLOT_SESSION;
		me->counted_us = US;
		memcpy(me->client_ip, cases[i].mine, sizeof me->client_ip);
		other->state = cases[i].state;
		other->counted_us = cases[i].counted_us;
		memcpy(other->client_ip, cases[i].theirs, sizeof other->client_ip);
		ok(board_crowded(b, SLOTS, ME, 1) == cases[i].expected, "%s", cases[i].title);
	}
	free(b);
}

/* Five sessions of one address, then that of slot 5. */
static void test_crowded_bounds(void)
{
	enum { SLOTS = 6, ME = 5 };
	struct board *b = aligned_alloc(64, board_size(SLOTS));

	if (b == NULL)
		return;
	memset(b, 0, board_size(SLOTS));
	for (uint32_t i = 0; i < SLOTS; i++) {
		b->slot[i].state = SLOT_SESSION;
		b->slot[i].counted_us = i + 1;
	}
	b->head.used = SLOTS;
	ok(board_crowded(b, SLOTS, ME, 5), "five others are as many as five");
	ok(!board_crowded(b, SLOTS, ME, 6), "but not six");
	b->head.used = 3;
	ok(!board_crowded(b, SLOTS, ME, 3), "slots that were never used are not looked at");
	b->head.used = 4;
	ok(board_crowded(b, SLOTS, ME, 3), "those that were are");
	b->head.used = UINT32_MAX;
	ok(!board_crowded(b, SLOTS, ME, 6), "and no more than there are, whatever the board says");
	free(b);
}

int main(void)
{
	test_crowded();
	test_crowded_bounds();
	test_valid();
	test_text();
	is_str(slot_state_name(SLOT_IDLE), "idle", "states have names");
	is_str(slot_state_name(SLOT_STATE_COUNT), "?", "also those that are none");
	return tap_done();
}
