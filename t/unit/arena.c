/*
 * arena.c: tests of lib/arena.c.
 */
#include "arena.h"

#include "../tap.h"

#include <stdalign.h>
#include <stddef.h>

static bool is_zero(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Objects of many sizes, around the limit for large ones too; each is filled. */
static void test_alloc(struct arena *arena)
{
	bool aligned = true, zeroed = true;

	for (size_t size = 0; size < 40000; size = size * 5 / 4 + 1) {
		char *p = arena_alloc(arena, size);
		aligned = aligned && (uintptr_t)p % alignof(max_align_t) == 0;
		zeroed = zeroed && is_zero(p, size);
		memset(p, 0xff, size);
	}
	ok(aligned, "objects of all sizes are aligned");
	ok(zeroed, "objects of all sizes are zeroed and do not overlap");
	ok(arena_alloc(arena, SIZE_MAX) == NULL, "an object that cannot be is refused");
}

static void test_copy(struct arena *arena)
{
	is_str(arena_copy(arena, "abc", 2), "ab", "a copy gets a NUL behind");
	is_str(arena_copy(arena, NULL, 0), "", "an empty copy is empty text");
}

static void test_grow(struct arena *arena)
{
	uint32_t *array = NULL;
	bool zeroed = true, kept = true;

	for (uint32_t i = 0; i < 10000; i++) {
		array = arena_grow(arena, array, i, sizeof *array);
		zeroed = zeroed && array[i] == 0;
		array[i] = i + 1;
	}
	for (uint32_t i = 0; i < 10000; i++)
		kept = kept && array[i] == i + 1;
	ok(zeroed, "each new element of a growing array is zeroed");
	ok(kept, "a growing array keeps its elements");
	ok(arena_grow(arena, NULL, (size_t)1 << 60, 64) == NULL,
	   "an array that cannot be is refused");
}

int main(void)
{
	struct arena *arena = arena_new();

	test_alloc(arena);
	test_copy(arena);
	test_grow(arena);
	arena_free(&arena);
	ok(arena == NULL, "a freed arena is NULL");
	arena_free(&arena);
	ok(arena == NULL, "freeing NULL is nothing");
	return tap_done();
}
