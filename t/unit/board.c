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

int main(void)
{
	test_valid();
	test_text();
	is_str(slot_state_name(SLOT_IDLE), "idle", "states have names");
	is_str(slot_state_name(SLOT_STATE_COUNT), "?", "also those that are none");
	return tap_done();
}
