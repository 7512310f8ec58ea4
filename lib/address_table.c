/*
 * address_table.c: what is remembered of addresses from session to session.
 *
 * Written by the logger, read by workers and the master through a mapping that they cannot write
 * to.  A reader trusts nothing of the table but what address_reader_init() copied: it stays within
 * the buckets that it counted then, and makes at most ADDRESS_TRIES attempts.
 */
#include "address_table.h"

#include <string.h>

#include "digest.h"
#include "err.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share no locks");

/* Where the members of an entry stand in its second word. */
#define FAILURES_SHIFT 32
#define FLAGS_SHIFT 40

uint64_t address_key(const uint8_t ip[IP_BYTES])
{
	const uint8_t *from = ip_is_v4(ip) ? ip + 8 : ip;
	uint64_t key = 0;

	for (int i = 0; i < 8; i++)
		key = key << 8 | from[i];
	return key;
}

static uint32_t bucket_count(uint32_t addresses)
{
	return (addresses + ADDRESS_WAYS - 1) / ADDRESS_WAYS;
}

size_t address_table_size(uint32_t addresses)
{
	return sizeof(struct address_table) +
	       (size_t)bucket_count(addresses) * sizeof(struct address_bucket);
}

/* The number of the key's bucket, or ERR_MEMORY. */
static int64_t bucket_find(const uint8_t secret[ADDRESS_SECRET], uint32_t buckets, uint64_t key)
{
	uint8_t digest[DIGEST_SHA256];
	uint64_t hash;

	if (digest_hmac_sha256(secret, ADDRESS_SECRET, &key, sizeof key, digest) < 0)
		return ERR_MEMORY;
	memcpy(&hash, digest, sizeof hash);
	return (int64_t)(hash % buckets);
}

static uint64_t entry_pack(const struct address_entry *e)
{
	return (uint64_t)e->flags << FLAGS_SHIFT | (uint64_t)e->tls_failures << FAILURES_SHIFT |
	       e->last_s;
}

static struct address_entry entry_unpack(uint64_t key, uint64_t word)
{
	return (struct address_entry){.key = key,
				      .last_s = (uint32_t)word,
				      .tls_failures = (uint8_t)(word >> FAILURES_SHIFT),
				      .flags = (uint8_t)(word >> FLAGS_SHIFT) & ADDRESS_FLAGS};
}

bool address_entry_fresh(const struct address_entry *e, uint32_t now_s, uint32_t within_s)
{
	return now_s < e->last_s || now_s - e->last_s < within_s;
}

/* ---- readers ---- */

int address_reader_init(struct address_reader *r, const void *memory, size_t len)
{
	const struct address_table *t = memory;

	if (len < sizeof *t || t->magic != ADDRESS_MAGIC || t->version != ADDRESS_VERSION)
		return ERR_FORMAT;
	*r = (struct address_reader){.table = t, .buckets = t->buckets};
	memcpy(r->secret, t->secret, sizeof r->secret);
	if (r->buckets == 0 || r->buckets > (len - sizeof *t) / sizeof(struct address_bucket))
		return ERR_FORMAT;
	return 0;
}

/* One look at a bucket.  Returns 1 and the entry's second word, 0, or ERR_TIMEOUT when the
 * writer was there meanwhile. */
static int bucket_look(const struct address_bucket *b, uint64_t key, uint64_t *word_r)
{
	uint32_t before = atomic_load_explicit(&b->sequence, memory_order_acquire);

	*word_r = 0;
	for (int i = 0; i < ADDRESS_WAYS && *word_r == 0; i++)
		if (atomic_load_explicit(&b->word[i][0], memory_order_relaxed) == key)
			*word_r = atomic_load_explicit(&b->word[i][1], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (before % 2 != 0 || atomic_load_explicit(&b->sequence, memory_order_relaxed) != before)
		return ERR_TIMEOUT;
	return *word_r != 0;
}

int address_find(const struct address_reader *r, uint64_t key, struct address_entry *entry_r)
{
	int64_t number = bucket_find(r->secret, r->buckets, key);
	int result = ERR_TIMEOUT;
	uint64_t word = 0;

	if (number < 0)
		return ERR_MEMORY;
	for (int i = 0; i < ADDRESS_TRIES && result == ERR_TIMEOUT; i++)
		result = bucket_look(&r->table->bucket[number], key, &word);
	*entry_r = entry_unpack(key, word);
	return result;
}

/* ---- the writer ---- */

void address_table_init(struct address_table *t, uint32_t addresses,
			const uint8_t secret[ADDRESS_SECRET])
{
	t->magic = ADDRESS_MAGIC;
	t->version = ADDRESS_VERSION;
	t->buckets = bucket_count(addresses);
	memcpy(t->secret, secret, sizeof t->secret);
}

/* Nobody else writes: what it reads is what it wrote. */
static uint64_t word_get(const struct address_bucket *b, int way, int word)
{
	return atomic_load_explicit(&b->word[way][word], memory_order_relaxed);
}

static void bucket_write(struct address_bucket *b, int way, uint64_t key, uint64_t word)
{
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

	atomic_store_explicit(&b->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&b->word[way][0], key, memory_order_relaxed);
	atomic_store_explicit(&b->word[way][1], word, memory_order_relaxed);
	atomic_store_explicit(&b->sequence, sequence + 2, memory_order_release);
}

static struct address_bucket *bucket_of(struct address_table *t, uint64_t key)
{
	int64_t number = bucket_find(t->secret, t->buckets, key);

	return number < 0 ? NULL : &t->bucket[number];
}

/* The place of the key; -1: it has none. */
static int way_of(const struct address_bucket *b, uint64_t key)
{
	for (int i = 0; i < ADDRESS_WAYS; i++)
		if (word_get(b, i, 0) == key && word_get(b, i, 1) != 0)
			return i;
	return -1;
}

bool address_get(struct address_table *t, uint64_t key, struct address_entry *entry_r)
{
	const struct address_bucket *b = bucket_of(t, key);
	int way = b == NULL ? -1 : way_of(b, key);

	if (way >= 0)
		*entry_r = entry_unpack(key, word_get(b, way, 1));
	return way >= 0;
}

/* How soon a place may be taken: the age of what stands there; a free one before all. */
static uint64_t way_age(const struct address_bucket *b, int way, uint32_t now_s)
{
	struct address_entry e = entry_unpack(0, word_get(b, way, 1));

	if (word_get(b, way, 1) == 0)
		return UINT64_MAX;
	return now_s > e.last_s ? now_s - e.last_s : 0;
}

enum address_put address_put(struct address_table *t, const struct address_entry *e, uint32_t now_s)
{
	struct address_bucket *b = bucket_of(t, e->key);
	enum address_put put = ADDRESS_PUT_SAME;

	if (b == NULL)
		return ADDRESS_PUT_NOT;
	int way = way_of(b, e->key);
	if (way < 0) {
		way = 0;
		for (int i = 1; i < ADDRESS_WAYS; i++)
			if (way_age(b, i, now_s) > way_age(b, way, now_s))
				way = i;
		put = word_get(b, way, 1) == 0 ? ADDRESS_PUT_NEW : ADDRESS_PUT_INSTEAD;
	}
	bucket_write(b, way, e->key, entry_pack(e));
	return put;
}

bool address_remove(struct address_table *t, uint64_t key)
{
	struct address_bucket *b = bucket_of(t, key);
	int way = b == NULL ? -1 : way_of(b, key);

	if (way < 0)
		return false;
	bucket_write(b, way, 0, 0);
	return true;
}

bool address_next(const struct address_table *t, size_t *at, struct address_entry *entry_r)
{
	for (size_t end = (size_t)t->buckets * ADDRESS_WAYS; *at < end;) {
		const struct address_bucket *b = &t->bucket[*at / ADDRESS_WAYS];
		int way = (int)(*at % ADDRESS_WAYS);

		(*at)++;
		if (word_get(b, way, 1) == 0)
			continue;
		*entry_r = entry_unpack(word_get(b, way, 0), word_get(b, way, 1));
		return true;
	}
	return false;
}

uint32_t address_sweep(struct address_table *t, uint32_t now_s, uint32_t within_s)
{
	struct address_entry e;
	uint32_t left = 0;

	for (size_t at = 0; address_next(t, &at, &e);) {
		struct address_bucket *b = &t->bucket[(at - 1) / ADDRESS_WAYS];
		int way = (int)((at - 1) % ADDRESS_WAYS);
		bool fresh = address_entry_fresh(&e, now_s, within_s);

		left += fresh;
		if (!fresh) {
			bucket_write(b, way, 0, 0);
		} else if (e.last_s > now_s) {
			e.last_s = now_s;
			bucket_write(b, way, e.key, entry_pack(&e));
		}
	}
	return left;
}
