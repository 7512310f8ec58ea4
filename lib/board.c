/*
 * board.c: sizes, names and validity of the shared mappings.
 *
 * Runs in the daemon and in smtptrap(1), which gets the board from another process and checks
 * it before it reads a slot.
 */
#include "board.h"

#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct board) <= 4096 && sizeof(struct board_slot) <= 4096,
	       "each fits into the smallest page");

const char *slot_state_name(uint32_t state)
{
	static const char *const names[SLOT_STATE_COUNT] = {"free", "starting", "idle", "session",
							    "leaving"};

	return state < SLOT_STATE_COUNT ? names[state] : "?";
}

size_t board_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

size_t board_size(uint32_t slots)
{
	return (1 + (size_t)slots) * board_page();
}

struct board_slot *board_slot(struct board *b, uint32_t number)
{
	return (void *)((uint8_t *)b + (1 + (size_t)number) * board_page());
}

const struct board_slot *board_slot_of(const struct board *b, uint32_t number)
{
	return (const void *)((const uint8_t *)b + (1 + (size_t)number) * board_page());
}

void board_add(uint64_t *sum, uint64_t said)
{
	*sum += said < BOARD_TOTAL_MAX ? said : BOARD_TOTAL_MAX;
}

size_t ack_board_size(uint32_t slots)
{
	return sizeof(struct ack_board) + (size_t)slots * sizeof(uint32_t);
}

void board_text(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size - 1] = '\0';
}

bool board_valid(const struct board *b, size_t len)
{
	size_t page = board_page();

	if (len < page || b->head.magic != BOARD_MAGIC || b->head.version != BOARD_VERSION)
		return false;
	return b->head.slot_size == page && b->head.slots <= len / page - 1;
}
