/*
 * board.c: sizes, names and validity of the shared mappings.
 *
 * Runs in the daemon and in smtptrap(1), which gets the board from another process and checks
 * it before it reads a slot.
 */
#include "board.h"

const char *slot_state_name(uint32_t state)
{
	static const char *const names[SLOT_STATE_COUNT] = {"free", "starting", "idle", "session",
							    "leaving"};

	return state < SLOT_STATE_COUNT ? names[state] : "?";
}

size_t board_size(uint32_t slots)
{
	return sizeof(struct board) + (size_t)slots * sizeof(struct board_slot);
}

size_t ack_board_size(uint32_t slots)
{
	return sizeof(struct ack_board) + (size_t)slots * sizeof(uint32_t);
}

bool board_valid(const struct board *b, size_t len)
{
	if (len < sizeof *b || b->head.magic != BOARD_MAGIC || b->head.version != BOARD_VERSION)
		return false;
	if (b->head.slot_size != sizeof(struct board_slot))
		return false;
	return b->head.slots <= (len - sizeof *b) / sizeof(struct board_slot);
}
