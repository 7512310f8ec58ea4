/*
 * arena.h: many allocations with one owner and one release.
 */
#ifndef SMTPTRAP_ARENA_H
#define SMTPTRAP_ARENA_H

#include <stddef.h>

struct arena;

/* Make an empty arena; NULL if there is no memory. */
struct arena *arena_new(void);

/* Release *arena and all that was allocated from it, and set it NULL; NULL in it is accepted. */
void arena_free(struct arena **arena);

/* size zeroed bytes, aligned for any object, that live as long as the arena; NULL if there is
 * no memory.  size 0 is served too. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of the len bytes with a NUL behind; NULL if there is no memory. */
char *arena_copy(struct arena *arena, const void *bytes, size_t len);

/*
 * Room for one element more behind the count elements of size bytes at array, which came from
 * this function (NULL with count 0).  Returns the array, perhaps moved, whose new element is
 * zeroed; NULL if there is no memory.  Room is doubled, so that n calls cost O(n).
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

#endif
