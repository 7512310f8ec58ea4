/*
 * crowd.c: whose sessions the workers serve at the moment.
 *
 * Runs in workers, which count, and in the master, which makes the mapping.  Entries are other
 * workers' word: each counts for one session at most.
 */
#include "crowd.h"

size_t crowd_size(uint32_t slots)
{
	return crowd_offset(slots);
}

size_t crowd_offset(uint32_t slot)
{
	return sizeof(struct crowd) + (size_t)slot * sizeof(struct crowd_entry);
}

static bool is_before(const struct crowd_entry *other, const struct crowd_entry *mine, bool lower)
{
	uint64_t counted = atomic_load_explicit(&other->counted_us, memory_order_relaxed);

	if (counted == 0 || counted > mine->counted_us || (counted == mine->counted_us && !lower))
		return false;
	return atomic_load_explicit(&other->key, memory_order_relaxed) == mine->key;
}

bool crowd_is_over(const struct crowd *c, uint32_t slots, uint32_t self,
		   const struct crowd_entry *mine, uint32_t many)
{
	uint32_t used = atomic_load(&c->used), n = 0;

	used = used < slots ? used : slots;
	if (used <= many)
		return false;
	for (uint32_t i = 0; i < used && n < many; i++)
		n += i != self && is_before(&c->entry[i], mine, i < self);
	return n >= many;
}
