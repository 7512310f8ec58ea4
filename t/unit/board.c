/*
 * What stands in a slot of the status board is its worker's word, and a worker may be hostile.
 */
#include "board.h"

#include <stdlib.h>

#include "../tap.h"

static void test_valid(void)
{
	enum { SLOTS = 3 };
	size_t size = board_size(SLOTS);
	struct board *b = aligned_alloc(board_page(), size);

	if (b == NULL)
		return;
	memset(b, 0, size);
	b->head = (struct board_header){.magic = BOARD_MAGIC,
					.version = BOARD_VERSION,
					.slot_size = (uint32_t)board_page(),
					.slots = SLOTS};
	ok(board_valid(b, size), "a board is one");
	ok(!board_valid(b, size - 1), "not if it is shorter than its slots");
	ok(!board_valid(b, board_page() - 1), "nor than its header");
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

static void test_pages(void)
{
	enum { SLOTS = 3 };
	struct board *b = aligned_alloc(board_page(), board_size(SLOTS));

	if (b == NULL)
		return;
	for (uint32_t i = 0; i < SLOTS; i++)
		ok((uint8_t *)board_slot(b, i) == (uint8_t *)b + (i + 1) * board_page() &&
		       board_slot_of(b, i) == board_slot(b, i),
		   "slot %u has a page of its own", i);
	ok((uint8_t *)board_slot(b, SLOTS - 1) + board_page() == (uint8_t *)b + board_size(SLOTS),
	   "the last one, the last page");
	free(b);
}

/* 20,000 is the most workers there can be. */
static void test_add(void)
{
	uint64_t sum = 7;

	board_add(&sum, 5);
	ok(sum == 12, "what a slot says is added");
	board_add(&sum, BOARD_TOTAL_MAX);
	ok(sum == 12 + BOARD_TOTAL_MAX, "up to the most that is believed");
	for (uint32_t i = 1; i < 20000; i++)
		board_add(&sum, UINT64_MAX);
	ok(sum == 12 + 20000 * BOARD_TOTAL_MAX,
	   "however much all of them say, the sum does not wrap");
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
	test_pages();
	test_add();
	test_text();
	is_str(slot_state_name(SLOT_IDLE), "idle", "states have names");
	is_str(slot_state_name(SLOT_STATE_COUNT), "?", "also those that are none");
	return tap_done();
}
