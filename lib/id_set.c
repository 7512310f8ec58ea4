/*
 * id_set.c: a set of identifiers, to find those that come twice.
 *
 * Runs in the reader (`verify`) and in smtptrap-ship (`--fetch`).  Open addressing in a table whose size is a power of two.
 */
#include "id_set.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

#define FIRST_CAP 1024

/* The slot that holds the key, or the free one where it belongs. */
static uint64_t *find(const struct id_set *s, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);

	while (s->slots[i] != 0 && s->slots[i] != key)
		i = (i + 1) & (s->cap - 1);
	return &s->slots[i];
}

static int grow(struct id_set *s)
{
	struct id_set more = {.cap = s->cap == 0 ? FIRST_CAP : s->cap * 2, .count = s->count};

	more.slots = calloc(more.cap, sizeof *more.slots);
	if (more.slots == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < s->cap; i++) {
		if (s->slots[i] != 0)
			*find(&more, s->slots[i]) = s->slots[i];
	}
	free(s->slots);
	*s = more;
	return 0;
}

/* 8 bytes that stand for the identifier, never 0. */
static uint64_t key_of(const uint8_t id[UUID_BYTES])
{
	uint64_t time, random;

	memcpy(&time, id, sizeof time);
	memcpy(&random, id + sizeof time, sizeof random);
	/* one millisecond's identifiers differ in the random half, those made by a broken source
	 * of randomness in the other */
	uint64_t key = random ^ time * 0xff51afd7ed558ccdu;
	return key == 0 ? 1 : key;
}

int id_set_add(struct id_set *s, const uint8_t id[UUID_BYTES])
{
	uint64_t key = key_of(id);

	if (s->count >= s->cap / 2 && grow(s) != 0)
		return ERR_MEMORY;
	uint64_t *slot = find(s, key);
	if (*slot == key)
		return 0;
	*slot = key;
	s->count++;
	return 1;
}

bool id_set_has(const struct id_set *s, const uint8_t id[UUID_BYTES])
{
	return s->count > 0 && *find(s, key_of(id)) != 0;
}

void id_set_fini(struct id_set *s)
{
	free(s->slots);
	*s = (struct id_set){0};
}
