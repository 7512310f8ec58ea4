/*
 * A set of identifiers.
 */
#include "id_set.h"

#include "../tap.h"

static void make(uint64_t n, uint8_t id[UUID_BYTES])
{
	static const uint8_t random[UUID_RANDOM];
	struct uuid_state state = {0};

	uuid_make(&state, 1763807400000000 + n * 7, random, id);
}

int main(void)
{
	struct id_set s = {0};
	uint8_t id[UUID_BYTES] = {0};
	unsigned added = 0, twice = 0;

	is_int(id_set_has(&s, id), 0, "an empty set has nothing");
	is_int(id_set_add(&s, id), 1, "the first identifier is new, also if it is all zero");
	is_int(id_set_add(&s, id), 0, "and then is not");
	for (uint64_t n = 0; n < 200000; n++) {
		make(n, id);
		added += id_set_add(&s, id) == 1;
	}
	is_int(id_set_has(&s, id), 1, "what was added is there");
	make(200000, id);
	is_int(id_set_has(&s, id), 0, "what was not is not");
	is_int(added, 200000, "200,000 that differ in their time alone are all new");
	for (uint64_t n = 0; n < 200000; n += 3) {
		make(n, id);
		twice += id_set_add(&s, id) == 0;
	}
	is_int(twice, 66667, "every one that comes again is found");
	ok(s.cap <= 200001 * 4, "the table is at most four times as long as the set");
	id_set_fini(&s);
	is_int((int64_t)s.count, 0, "an emptied set is empty");
	return tap_done();
}
