/*
 * dns_cache.c: answers kept until their time is over, a bounded number of them.
 *
 * Runs in the resolver.  tsearch(3) keeps the entries in order, a list in order of use.  Memory
 * is bounded by the number of entries and by their bytes.
 */
#include "dns_cache.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define TREE_NODE 32 /* what tsearch() takes for an entry */

struct cache_entry {
	struct dns_key key; /* first: the tree compares entries as keys */
	TAILQ_ENTRY(cache_entry) used;
	uint64_t end_us;
	size_t answer_size;
	uint8_t answer[]; /* the used part of a struct dns_answer */
};

struct dns_cache {
	void *tree;
	TAILQ_HEAD(entry_list, cache_entry) used; /* the last used first */
	size_t entries, entries_max, bytes, bytes_max;
};

int dns_key_compare(const void *a, const void *b)
{
	const struct dns_key *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct dns_cache *dns_cache_new(size_t entries_max, size_t bytes_max)
{
	struct dns_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return NULL;
	TAILQ_INIT(&cache->used);
	cache->entries_max = entries_max;
	cache->bytes_max = bytes_max;
	return cache;
}

static size_t entry_bytes(size_t answer_size)
{
	return sizeof(struct cache_entry) + answer_size + TREE_NODE;
}

static void drop(struct dns_cache *cache, struct cache_entry *e)
{
	tdelete(&e->key, &cache->tree, dns_key_compare);
	TAILQ_REMOVE(&cache->used, e, used);
	cache->entries--;
	cache->bytes -= entry_bytes(e->answer_size);
	free(e);
}

void dns_cache_free(struct dns_cache **cache)
{
	struct cache_entry *e;

	if (*cache == NULL)
		return;
	while ((e = TAILQ_FIRST(&(*cache)->used)) != NULL)
		drop(*cache, e);
	free(*cache);
	*cache = NULL;
}

static struct cache_entry *find(const struct dns_cache *cache, const struct dns_key *key)
{
	struct cache_entry *const *node = tfind(key, &cache->tree, dns_key_compare);

	return node == NULL ? NULL : *node;
}

bool dns_cache_get(struct dns_cache *cache, const struct dns_key *key, uint64_t now_us,
		   struct dns_answer *a_r)
{
	struct cache_entry *e = find(cache, key);

	if (e == NULL)
		return false;
	if (now_us >= e->end_us) {
		drop(cache, e);
		return false;
	}
	TAILQ_REMOVE(&cache->used, e, used);
	TAILQ_INSERT_HEAD(&cache->used, e, used);
	memcpy(a_r, e->answer, e->answer_size);
	return true;
}

static void make_room(struct dns_cache *cache, size_t bytes)
{
	while (cache->entries > 0 &&
	       (cache->entries >= cache->entries_max || cache->bytes + bytes > cache->bytes_max))
		drop(cache, TAILQ_LAST(&cache->used, entry_list));
}

void dns_cache_put(struct dns_cache *cache, const struct dns_key *key, const struct dns_answer *a,
		   uint64_t end_us)
{
	size_t size = offsetof(struct dns_answer, bytes) + a->len;
	struct cache_entry *old = find(cache, key), *e;

	if (old != NULL)
		drop(cache, old);
	if (cache->entries_max == 0 || entry_bytes(size) > cache->bytes_max)
		return;
	make_room(cache, entry_bytes(size));
	e = malloc(sizeof *e + size);
	if (e == NULL)
		return;
	e->key = *key;
	e->end_us = end_us;
	e->answer_size = size;
	memcpy(e->answer, a, size);
	if (tsearch(&e->key, &cache->tree, dns_key_compare) == NULL) {
		free(e);
		return;
	}
	TAILQ_INSERT_HEAD(&cache->used, e, used);
	cache->entries++;
	cache->bytes += entry_bytes(size);
}

size_t dns_cache_entries(const struct dns_cache *cache)
{
	return cache->entries;
}

size_t dns_cache_bytes(const struct dns_cache *cache)
{
	return cache->bytes;
}

uint32_t dns_ttl_of(const struct dns_answer *a, struct dns_ttl limits)
{
	if (a->status == DNS_UNKNOWN)
		return DNS_TTL_UNKNOWN;
	if (!a->has_ttl || a->ttl < limits.min)
		return limits.min;
	return a->ttl > limits.max ? limits.max : a->ttl;
}
