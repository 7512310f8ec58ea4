/*
 * rate_table.c: how many sessions of a network came in a time: the counts that rules ask for.
 *
 * Written by the logger from what workers claim, read by workers through a mapping that they
 * cannot write to.  A counter is found by a keyed hash, so that no client can choose whose
 * counter its own pushes out; where a bucket is full, the one not heard of for the longest time goes.
 */
#include "rate_table.h"

#include <stdbool.h>
#include <string.h>

#include "address_table.h"
#include "digest.h"
#include "err.h"

/* Where a counter stands. */
struct place {
	uint64_t key; /* never 0, which marks a free place */
	uint32_t bucket;
};

struct counter {
	uint64_t start_s; /* of the present window */
	uint32_t now, before;
};

size_t rate_memory_offset(uint32_t addresses)
{
	return address_table_size(addresses);
}

size_t rate_memory_size(uint32_t addresses)
{
	return rate_memory_offset(addresses) + sizeof(struct rate_table);
}

void rate_table_init(struct rate_table *t, const uint8_t secret[RATE_SECRET])
{
	memcpy(t->secret, secret, sizeof t->secret);
}

/* The leading bits of the address, and zeros. */
static void network_of(const struct rate_of *rate, const uint8_t ip[IP_BYTES],
		       uint8_t network_r[IP_BYTES])
{
	unsigned bits = ip_is_v4(ip) ? 96u + rate->bits4 : rate->bits6;

	for (unsigned i = 0; i < IP_BYTES; i++) {
		unsigned keep = bits < 8 * i ? 0 : bits - 8 * i;
		unsigned mask = keep >= 8 ? 0xffu : 0xff00u >> keep;

		network_r[i] = (uint8_t)(ip[i] & mask);
	}
}

static int place_find(const struct rate_table *t, const struct rate_of *rate,
		      const uint8_t ip[IP_BYTES], struct place *place_r)
{
	struct {
		uint32_t window_s, bits;
		uint8_t network[IP_BYTES];
	} name = {.window_s = rate->window_s,
		  .bits = ip_is_v4(ip) ? 96u + rate->bits4 : rate->bits6};
	uint8_t digest[DIGEST_SHA256];
	uint32_t hash;

	network_of(rate, ip, name.network);
	if (digest_hmac_sha256(t->secret, RATE_SECRET, &name, sizeof name, digest) < 0)
		return ERR_MEMORY;
	memcpy(&place_r->key, digest, sizeof place_r->key);
	memcpy(&hash, digest + sizeof place_r->key, sizeof hash);
	place_r->key |= place_r->key == 0;
	place_r->bucket = hash % RATE_BUCKETS;
	return 0;
}

static struct counter counter_get(const struct rate_bucket *b, int way)
{
	uint64_t counts = atomic_load_explicit(&b->word[way][2], memory_order_relaxed);

	return (struct counter){.start_s =
				    atomic_load_explicit(&b->word[way][1], memory_order_relaxed),
				.now = (uint32_t)counts,
				.before = (uint32_t)(counts >> 32)};
}

static uint64_t key_get(const struct rate_bucket *b, int way)
{
	return atomic_load_explicit(&b->word[way][0], memory_order_relaxed);
}

/* What the counter is in the window that now_s lies in.  One that a clock which has gone back
 * left in the future is empty. */
static struct counter counter_at(const struct counter *c, uint32_t window_s, uint32_t now_s)
{
	struct counter at = {.start_s = now_s - now_s % window_s};

	if (c->start_s == at.start_s)
		return *c;
	if (c->start_s + window_s == at.start_s)
		at.before = c->now;
	return at;
}

/* ---- the writer ---- */

static int way_for(const struct rate_bucket *b, uint64_t key)
{
	int oldest = 0;

	for (int i = 0; i < RATE_WAYS; i++) {
		if (key_get(b, i) == key)
			return i;
		if (counter_get(b, i).start_s < counter_get(b, oldest).start_s)
			oldest = i;
	}
	return oldest; /* a free place is of 1970 */
}

static void way_write(struct rate_bucket *b, int way, uint64_t key, const struct counter *c)
{
	const uint64_t words[RATE_WORDS] = {key, c->start_s, (uint64_t)c->before << 32 | c->now};
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

	atomic_store_explicit(&b->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (int i = 0; i < RATE_WORDS; i++)
		atomic_store_explicit(&b->word[way][i], words[i], memory_order_relaxed);
	atomic_store_explicit(&b->sequence, sequence + 2, memory_order_release);
}

void rate_add(struct rate_table *t, const struct rate_of *rate, const uint8_t ip[IP_BYTES],
	      uint32_t now_s)
{
	struct counter c = {0};
	struct place place;

	if (place_find(t, rate, ip, &place) < 0)
		return;
	struct rate_bucket *b = &t->bucket[place.bucket];
	int way = way_for(b, place.key);
	if (key_get(b, way) == place.key)
		c = counter_get(b, way);
	c = counter_at(&c, rate->window_s, now_s);
	c.now += c.now < UINT32_MAX;
	way_write(b, way, place.key, &c);
}

/* ---- readers ---- */

/* One look at a bucket; false: the writer was there meanwhile. */
static bool bucket_look(const struct rate_bucket *b, uint64_t key, struct counter *c_r)
{
	uint32_t before = atomic_load_explicit(&b->sequence, memory_order_acquire);

	*c_r = (struct counter){0};
	for (int i = 0; i < RATE_WAYS; i++)
		if (key_get(b, i) == key)
			*c_r = counter_get(b, i);
	atomic_thread_fence(memory_order_acquire);
	return before % 2 == 0 &&
	       atomic_load_explicit(&b->sequence, memory_order_relaxed) == before;
}

int rate_count(const struct rate_table *t, const struct rate_of *rate, const uint8_t ip[IP_BYTES],
	       uint32_t now_s, uint64_t *count_r)
{
	struct counter c = {0};
	struct place place;
	bool seen = false;

	if (place_find(t, rate, ip, &place) < 0)
		return ERR_MEMORY;
	for (int i = 0; i < RATE_TRIES && !seen; i++)
		seen = bucket_look(&t->bucket[place.bucket], place.key, &c);
	if (!seen)
		return ERR_TIMEOUT;
	c = counter_at(&c, rate->window_s, now_s);
	*count_r =
	    c.now + c.before * (uint64_t)(rate->window_s - now_s % rate->window_s) / rate->window_s;
	return 0;
}

/* ---- claims ---- */

static bool rate_holds(const struct rate_of *r)
{
	return r->window_s > 0 && r->window_s <= RATE_WINDOW_S_MAX && r->bits4 <= 32 &&
	       r->bits6 <= 128 && r->zero[0] == 0 && r->zero[1] == 0;
}

int rate_claim_decode(const void *bytes, size_t len, struct rate_claim *claim_r)
{
	if (len < RATE_CLAIM_BYTES(1) || len > sizeof *claim_r)
		return ERR_FORMAT;
	memcpy(claim_r, bytes, len);
	if (claim_r->count == 0 || claim_r->count > RATE_CLAIMS ||
	    len != RATE_CLAIM_BYTES(claim_r->count))
		return ERR_FORMAT;
	for (uint32_t i = 0; i < claim_r->count; i++)
		if (!rate_holds(&claim_r->rate[i]))
			return ERR_FORMAT;
	return 0;
}
