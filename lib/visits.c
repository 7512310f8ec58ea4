/*
 * visits.c: the sessions of each address in their order, a few bytes each.
 *
 * Runs in the reader.  Input: sessions that were recorded, and forms written by other machines,
 * which are read as if hostile.  Memory is bounded by VISITS_MAX.
 */
#include "visits.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "err.h"
#include "wire.h"

int visits_add(struct visits *v, const struct visit *one)
{
	if (v->count == VISITS_MAX) {
		v->lost++;
		return 0;
	}
	struct visit *all = array_grow(v->visit, v->count, &v->room, sizeof *all);
	if (all == NULL)
		return ERR_MEMORY;
	v->visit = all;
	v->visit[v->count++] = *one;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct visit *x = a, *y = b;
	int ip = memcmp(x->ip, y->ip, IP_BYTES);

	if (ip != 0)
		return ip;
	if (x->ts != y->ts)
		return x->ts > y->ts ? 1 : -1;
	return memcmp(&x->outcome, &y->outcome, 3);
}

void visits_sort(struct visits *v)
{
	if (v->count > 0)
		qsort(v->visit, v->count, sizeof *v->visit, compare);
}

void visits_put(const struct visits *v, struct buf *to)
{
	wire_put(to, v->lost, 8);
	wire_put(to, v->count, 4);
	for (size_t i = 0; i < v->count; i++) {
		const struct visit *one = &v->visit[i];

		buf_put(to, one->ip, IP_BYTES);
		wire_put(to, one->ts, 8);
		buf_put(to, &one->outcome, 3);
	}
}

static int get_one(struct visit *one, const uint8_t **at, const uint8_t *end)
{
	*one = (struct visit){0};
	if (end - *at < IP_BYTES + 8 + 3)
		return ERR_FORMAT;
	memcpy(one->ip, *at, IP_BYTES);
	*at += IP_BYTES;
	if (wire_get(at, end, &one->ts, 8) != 0)
		return ERR_FORMAT;
	memcpy(&one->outcome, *at, 3);
	*at += 3;
	return one->outcome < VISIT_OUTCOMES && one->delivered <= 1 ? 0 : ERR_FORMAT;
}

int visits_get(struct visits *v, const uint8_t **at, const uint8_t *end)
{
	uint64_t lost, count;
	struct visit one;

	if (wire_get(at, end, &lost, 8) != 0 || wire_get(at, end, &count, 4) != 0 ||
	    lost > UINT64_MAX - v->lost)
		return ERR_FORMAT;
	v->lost += lost;
	for (int rc; count > 0; count--) {
		if ((rc = get_one(&one, at, end)) != 0 || (rc = visits_add(v, &one)) != 0)
			return rc;
	}
	return 0;
}

void visits_fini(struct visits *v)
{
	free(v->visit);
	*v = (struct visits){0};
}
