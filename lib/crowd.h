/*
 * crowd.h: whose sessions the workers serve at the moment, an entry a slot.
 *
 * One compact mapping, since a worker that counts the sessions of an address reads all entries.  It
 * cannot write there: it has a descriptor that cannot be mapped, and its sandbox lets it write 16
 * bytes at one place, those of its own entry.  So what stands in an entry is the word of one
 * worker, and counts for one session.
 */
#ifndef SMTPTRAP_CROWD_H
#define SMTPTRAP_CROWD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* May be seen half written: then one session counts for another address for a moment. */
struct crowd_entry {
	_Atomic uint64_t counted_us; /* when its address was known, monotonic; 0: no session */
	_Atomic uint64_t key;        /* address_key() of it */
};

struct crowd {
	_Atomic uint32_t used; /* slots from here on never had a worker */
	struct crowd_entry entry[] __attribute__((aligned(64)));
};

/* Bytes for this many slots; where the entry of one of them stands. */
size_t crowd_size(uint32_t slots);
size_t crowd_offset(uint32_t slot);

/*
 * Are so many sessions (at least 1) of other slots counted that are of this address_key() and came
 * before us, the time of the session in slot self?  Who was counted in the same microsecond is in
 * the order of the slots.  slots: of the mapping, as a process knows it from elsewhere.  One pass over
 * the slots in use, 1 to 5 ns each; none while there never were more than so many workers.
 */
bool crowd_is_over(const struct crowd *c, uint32_t slots, uint32_t self,
		   const struct crowd_entry *mine, uint32_t many);

#endif
