/*
 * flight.c: what was sent and not acknowledged, in order.
 *
 * Runs in smtptrap-ship.  Memory is fixed at the start.
 */
#include "flight.h"

#include <assert.h>
#include <stdlib.h>

#include "err.h"

int flights_init(struct flights *f, size_t room)
{
	*f = (struct flights){.ring = calloc(room, sizeof *f->ring), .room = room};
	return f->ring == NULL ? ERR_MEMORY : 0;
}

void flights_fini(struct flights *f)
{
	free(f->ring);
	*f = (struct flights){0};
}

bool flights_have_room(const struct flights *f, size_t len, uint64_t max)
{
	return f->count == 0 || (f->count < f->room && f->bytes <= max && len <= max - f->bytes);
}

struct flight *flights_put(struct flights *f, const struct flight *one)
{
	struct flight *at = &f->ring[(f->first + f->count) % f->room];

	assert(f->count < f->room);
	*at = *one;
	f->count++;
	f->bytes += one->len;
	return at;
}

const struct flight *flights_take(struct flights *f, uint64_t acknowledged)
{
	const struct flight *one = &f->ring[f->first];

	if (f->count == 0 || one->waits || (!one->rejected && one->number > acknowledged))
		return NULL;
	f->first = (f->first + 1) % f->room;
	f->count--;
	f->bytes -= one->len;
	return one;
}

void flights_clear(struct flights *f)
{
	f->first = f->count = 0;
	f->bytes = 0;
}
