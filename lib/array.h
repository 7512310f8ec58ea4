/*
 * array.h: arrays on the heap that grow by doubling.
 */
#ifndef SMTPTRAP_ARRAY_H
#define SMTPTRAP_ARRAY_H

#include <stdlib.h>

#define ARRAY_FIRST_ROOM 64

/* Make room for one more element of so many bytes in an array that has `count` and room for *room;
 * NULL and 0 at first.  Returns the array, which may have moved; NULL: no memory, and it is as it
 * was.  The caller owns it, and releases it with free(). */
static inline void *array_grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room == 0 ? ARRAY_FIRST_ROOM : 2 * *room;

	if (count < *room)
		return array;
	void *grown = reallocarray(array, more, size);
	if (grown != NULL)
		*room = more;
	return grown;
}

#endif
