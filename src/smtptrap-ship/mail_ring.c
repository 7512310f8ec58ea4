/*
 * mail_ring.c: objects on their way.
 *
 * Runs in smtptrap-ship.  What tells of an object is sent when all of its chunks are acknowledged, so
 * that no reader finds one that is not whole, even when the servers lose some.  Others are
 * sent meanwhile.  Memory is fixed at the start.
 */
#include "mail_ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

int mail_ring_init(struct mail_ring *r, size_t room)
{
	*r = (struct mail_ring){.ring = calloc(room, sizeof *r->ring), .room = room};
	return r->ring == NULL ? ERR_MEMORY : 0;
}

void mail_ring_fini(struct mail_ring *r)
{
	free(r->ring);
	*r = (struct mail_ring){0};
}

void mail_ring_clear(struct mail_ring *r)
{
	r->first = r->count = r->told = 0;
}

static struct mail_object *at(struct mail_ring *r, size_t i)
{
	return &r->ring[(r->first + i) % r->room];
}

void mail_ring_put(struct mail_ring *r, const struct mail_object *o)
{
	assert(r->count < r->room);
	*at(r, r->count++) = *o;
}

bool mail_object_refuse(struct mail_object *o, const struct refusal *one)
{
	bool ours = (one->number >= o->first && one->number <= o->last) || one->number == o->meta;

	if (!ours)
		return false;
	o->is_there |= one->is_there;
	if (!one->is_there && !o->refused)
		memcpy(o->why, one->why, sizeof o->why);
	o->refused |= !one->is_there;
	return true;
}

bool mail_ring_refuse(struct mail_ring *r, const struct refusal *one)
{
	for (size_t i = 0; i < r->count; i++)
		if (mail_object_refuse(at(r, i), one))
			return true;
	return false;
}

struct mail_object *mail_ring_untold(struct mail_ring *r, uint64_t acknowledged)
{
	struct mail_object *o = at(r, r->told);

	return r->told < r->count && o->last <= acknowledged ? o : NULL;
}

void mail_ring_told(struct mail_ring *r)
{
	r->told++;
}

const struct mail_object *mail_ring_take(struct mail_ring *r, uint64_t acknowledged)
{
	const struct mail_object *o = at(r, 0);

	if (r->told == 0 || o->meta > acknowledged)
		return NULL;
	r->first = (r->first + 1) % r->room;
	r->count--;
	r->told--;
	return o;
}
