/*
 * arena.c: many allocations with one owner and one release.
 *
 * Runs wherever a configuration is read.  Small objects are cut from blocks, large ones get a
 * block of their own.  The only error is a lack of memory, which callers hand on.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK (64u * 1024) /* bytes of a block for small objects */
#define ARENA_LARGE (16u * 1024) /* objects from this size on have their own */
#define ARENA_ALIGN _Alignof(max_align_t)

struct block {
	struct block *next;
	max_align_t bytes[];
};

struct arena {
	struct block *blocks;
	char *at;    /* where the next small object goes */
	size_t left; /* bytes behind it */
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	for (struct block *b = (*arena)->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(*arena);
	*arena = NULL;
}

static void *block_new(struct arena *arena, size_t size)
{
	struct block *b = calloc(1, sizeof *b + size);

	if (b == NULL)
		return NULL;
	b->next = arena->blocks;
	arena->blocks = b;
	return b->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	if (size == 0) /* NULL would look like a lack of memory */
		size = 1;
	size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (size >= ARENA_LARGE)
		return block_new(arena, size);
	if (size > arena->left) {
		char *fresh = block_new(arena, ARENA_BLOCK);
		if (fresh == NULL)
			return NULL;
		arena->at = fresh;
		arena->left = ARENA_BLOCK;
	}
	void *object = arena->at;
	arena->at += size;
	arena->left -= size;
	return object;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0) /* room is a power of two and full only at one */
		return array;
	if (count > SIZE_MAX / 4 / size)
		return NULL;
	void *larger = arena_alloc(arena, (count == 0 ? 1 : count * 2) * size);
	if (larger != NULL && count > 0)
		memcpy(larger, array, count * size);
	return larger;
}
