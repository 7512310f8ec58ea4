/*
 * store_index.c: which messages are stored, and where, by the SHA-256 of their bytes.
 *
 * Runs in the logger.  Entries lie in a ring, in the order in which they were added; those of a
 * bucket are a chain, newest first.  So the newest entry of all is the first of its chain, and
 * what was added last can be taken away without looking for it.
 */
#include "store_index.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

/* As many buckets as entries, up to the next power of two. */
static unsigned bits_for(uint32_t size)
{
	unsigned bits = 1;

	while (bits < 32 && (UINT64_C(1) << bits) < size)
		bits++;
	return bits;
}

int store_index_init(struct store_index *x, uint32_t size, uint64_t secret)
{
	unsigned bits = bits_for(size);

	*x = (struct store_index){.size = size, .shift = 64 - bits, .secret = secret | 1};
	x->ring = calloc(size, sizeof *x->ring);
	x->bucket = calloc((size_t)1 << bits, sizeof *x->bucket);
	if (x->ring != NULL && x->bucket != NULL)
		return 0;
	store_index_fini(x);
	return ERR_MEMORY;
}

void store_index_fini(struct store_index *x)
{
	free(x->ring);
	free(x->bucket);
	*x = (struct store_index){0};
}

/* Senders can choose a digest's bits by trying; not what this makes of them. */
static uint32_t *bucket_of(const struct store_index *x, const uint8_t digest[DIGEST_SHA256])
{
	uint64_t n;

	memcpy(&n, digest, sizeof n);
	return &x->bucket[n * x->secret >> x->shift];
}

const struct stored *store_index_find(const struct store_index *x,
				      const uint8_t digest[DIGEST_SHA256], bool body)
{
	if (x->size == 0)
		return NULL;
	for (uint32_t i = *bucket_of(x, digest); i != 0; i = x->ring[i - 1].next) {
		const struct stored *e = &x->ring[i - 1];

		if ((e->from != 0) == body && memcmp(e->digest, digest, DIGEST_SHA256) == 0)
			return e;
	}
	return NULL;
}

/* Take the oldest entry out of its chain, where it is the last. */
static void drop_oldest(struct store_index *x)
{
	uint32_t place = (uint32_t)(x->oldest % x->size);
	uint32_t *link = bucket_of(x, x->ring[place].digest);

	while (*link != place + 1)
		link = &x->ring[*link - 1].next;
	*link = 0;
	x->oldest++;
	if (x->committed < x->oldest)
		x->committed = x->oldest;
}

void store_index_add(struct store_index *x, const struct stored *entry)
{
	if (x->size == 0)
		return;
	if (x->added - x->oldest == x->size)
		drop_oldest(x);
	uint32_t place = (uint32_t)(x->added % x->size);
	uint32_t *bucket = bucket_of(x, entry->digest);

	x->ring[place] = *entry;
	x->ring[place].next = *bucket;
	*bucket = place + 1;
	x->added++;
}

static int compare_places(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;

	if (x->file_seq != y->file_seq)
		return x->file_seq < y->file_seq ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void store_index_adopt(struct store_index *x, uint32_t count)
{
	if (count > 0)
		qsort(x->ring, count, sizeof *x->ring, compare_places);
	for (; x->added < count; x->added++) {
		struct stored *e = &x->ring[x->added];
		uint32_t *bucket = bucket_of(x, e->digest);

		e->next = *bucket;
		*bucket = (uint32_t)x->added + 1;
	}
	store_index_commit(x);
}

void store_index_commit(struct store_index *x)
{
	x->committed = x->added;
}

void store_index_undo(struct store_index *x)
{
	while (x->added > x->committed) {
		const struct stored *e = &x->ring[--x->added % x->size];

		*bucket_of(x, e->digest) = e->next;
	}
}

uint64_t store_index_count(const struct store_index *x)
{
	return x->added - x->oldest;
}

void store_index_copy(struct store_index *x, const struct store_index *from)
{
	for (uint64_t n = from->oldest; n < from->added; n++) {
		if (n == from->committed)
			store_index_commit(x);
		if (from->added - n <= x->size)
			store_index_add(x, &from->ring[n % from->size]);
	}
	if (from->committed == from->added)
		store_index_commit(x);
}
