/*
 * dns_cache.h: answers kept until their time is over, a bounded number of them.
 *
 * Keys are (type, name).  A balanced tree: names come from clients, and whatever they are the
 * cost of a look-up is logarithmic.  When it is full, what was not used for longest goes.
 */
#ifndef SMTPTRAP_DNS_CACHE_H
#define SMTPTRAP_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_answer.h"
#include "dns_name.h"

/* What is asked; the order of keys is that of dns_key_compare(). */
struct dns_key {
	enum dns_type type;
	char name[DNS_NAME_TEXT]; /* as dns_name_copy() makes it */
};

/* -1, 0 or 1; both point to a struct dns_key: for tsearch(3). */
int dns_key_compare(const void *a, const void *b);

struct dns_cache;

/* An empty cache for that many answers, whose entries have that many bytes together at most;
 * NULL if there is no memory. */
struct dns_cache *dns_cache_new(size_t entries_max, size_t bytes_max);
void dns_cache_free(struct dns_cache **cache);

/* Copy the answer to key to *a_r.  False: it is not there, or its time is over. */
bool dns_cache_get(struct dns_cache *cache, const struct dns_key *key, uint64_t now_us,
		   struct dns_answer *a_r);

/* Keep a copy until end_us; replaces what the key has.  Without memory nothing is kept. */
void dns_cache_put(struct dns_cache *cache, const struct dns_key *key, const struct dns_answer *a,
		   uint64_t end_us);

size_t dns_cache_entries(const struct dns_cache *cache);
size_t dns_cache_bytes(const struct dns_cache *cache);

/* How long an answer may be kept, in seconds. */
struct dns_ttl {
	uint32_t min, max;
};
#define DNS_TTL_UNKNOWN 5 /* failures: RFC 9520, 3.2, wants 1 s to 5 min */

/* The seconds that an answer is kept: its TTL within the limits, the least of them for a
 * negative one without an SOA, DNS_TTL_UNKNOWN for none. */
uint32_t dns_ttl_of(const struct dns_answer *a, struct dns_ttl limits);

#endif
