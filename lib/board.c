/*
 * board.c: sizes, names and validity of the shared mappings.
 *
 * Runs in the daemon and in smtptrap(1), which gets the board from another process and checks
 * it before it reads a slot.
 */
#include "board.h"

#include <string.h>

#include "address_table.h"

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

void board_text(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size - 1] = '\0';
}

/* Who was counted in the same microsecond is in the order of the slots. */
static bool is_before(const struct board_slot *other, uint64_t us, bool lower)
{
	if (atomic_load_explicit(&other->state, memory_order_acquire) != SLOT_SESSION)
		return false;
	uint64_t counted = atomic_load_explicit(&other->counted_us, memory_order_acquire);
	return counted != 0 && (counted < us || (counted == us && lower));
}

bool board_crowded(const struct board *b, uint32_t slots, uint32_t self, uint32_t many)
{
	const struct board_slot *me = &b->slot[self];
	uint64_t us = atomic_load(&me->counted_us), key = address_key(me->client_ip);
	uint32_t used = atomic_load(&b->head.used), n = 0;

	used = used < slots ? used : slots;
	if (used <= many)
		return false;
	for (uint32_t i = 0; i < used && n < many; i++)
		n += i != self && is_before(&b->slot[i], us, i < self) &&
		     address_key(b->slot[i].client_ip) == key;
	return n >= many;
}

bool board_valid(const struct board *b, size_t len)
{
	if (len < sizeof *b || b->head.magic != BOARD_MAGIC || b->head.version != BOARD_VERSION)
		return false;
	if (b->head.slot_size != sizeof(struct board_slot))
		return false;
	return b->head.slots <= (len - sizeof *b) / sizeof(struct board_slot);
}
