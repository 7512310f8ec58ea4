/*
 * refusals.c: parts of objects that the servers will not store, until the shipper asks.
 *
 * Filled by libnats's thread and emptied by the shipper's, who lock around it (output_nats.c).
 * Memory is fixed when the output is opened.
 */
#include "refusals.h"

#include <stdlib.h>

#include "err.h"

int refusals_init(struct refusals *r, size_t cap)
{
	*r = (struct refusals){.slots = calloc(cap, sizeof *r->slots), .cap = cap};
	return r->slots == NULL ? ERR_MEMORY : 0;
}

void refusals_fini(struct refusals *r)
{
	free(r->slots);
	*r = (struct refusals){0};
}

int refusals_put(struct refusals *r, const struct refusal *one)
{
	if (r->count == r->cap)
		return ERR_FULL;
	r->slots[(r->first + r->count++) % r->cap] = *one;
	return 0;
}

bool refusals_take(struct refusals *r, struct refusal *one_r)
{
	if (r->count == 0)
		return false;
	*one_r = r->slots[r->first];
	r->first = (r->first + 1) % r->cap;
	r->count--;
	return true;
}
