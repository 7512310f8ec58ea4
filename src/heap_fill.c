/*
 * heap_fill.c: a heap that forked children do not unshare.
 *
 * Runs in the master.  Reading the configuration and certificates leaves many small holes in the
 * heap; a child that uses one makes the kernel copy the page around it.  So the holes are filled
 * with blocks, until another configuration is to be read.  Where malloc() tells nothing of itself
 * (under a sanitizer) there is nothing to do.
 */
#include "heap_fill.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#define HOLE_MAX 65536
#define HOLE_STEP 16 /* of malloc()'s small sizes */
#define HOLE_SMALL 512

/* The blocks that fill holes, a list. */
static struct filler {
	struct filler *next;
} * fillers;

_Static_assert(HOLE_STEP >= sizeof(struct filler), "the smallest hole holds a filler");

/* Take a block of this size if that fills a hole and does not come off the heap's top. */
static bool hole_take(size_t size)
{
	struct mallinfo2 before = mallinfo2();

	if (before.fordblks - before.keepcost < size)
		return false;
	struct filler *block = malloc(size);
	if (block == NULL || mallinfo2().keepcost != before.keepcost) {
		free(block);
		return false;
	}
	block->next = fillers;
	fillers = block;
	return true;
}

void heap_fill(void)
{
	malloc_trim(0);
	for (size_t size = HOLE_MAX; size > 0;
	     size = size > HOLE_SMALL ? size / 2 : size - HOLE_STEP)
		while (hole_take(size))
			;
}

void heap_unfill(void)
{
	for (struct filler *block; (block = fillers) != NULL;) {
		fillers = block->next;
		free(block);
	}
}
