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

/* Where the members of an entry stand in its words. */
#define FAILURES_SHIFT 32 /* [1] */
#define FLAGS_SHIFT 40
#define IDLE_SHIFT 48
#define THINNED_SHIFT 32 /* [2] */
#define OFFERED_SHIFT 48
#define LAST_SHIFT 32     /* [3] */
#define V4_PREFIX 0xffffu /* the upper half of an IPv4 address's key */

uint64_t address_key(const uint8_t ip[IP_BYTES])
{
	const uint8_t *from = ip_is_v4(ip) ? ip + 8 : ip;
	uint64_t key = 0;

	for (int i = 0; i < 8; i++)
		key = key << 8 | from[i];
	return key;
}

void address_of_key(uint64_t key, uint8_t ip_r[IP_BYTES])
{
	uint8_t *to = key >> 32 == V4_PREFIX ? ip_r + 8 : ip_r;

	memset(ip_r, 0, IP_BYTES);
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(key >> (56 - 8 * i));
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

struct words {
	uint64_t word[ADDRESS_WORDS];
};

static struct words entry_pack(const struct address_entry *e)
{
	return (struct words){.word = {e->key,
				       (uint64_t)e->idle << IDLE_SHIFT |
					   (uint64_t)e->flags << FLAGS_SHIFT |
					   (uint64_t)e->tls_failures << FAILURES_SHIFT | e->last_s,
				       (uint64_t)e->thinned_offered << OFFERED_SHIFT |
					   (uint64_t)e->thinned << THINNED_SHIFT | e->idle_s,
				       (uint64_t)e->thinned_last_s << LAST_SHIFT | e->thinned_s}};
}

static struct address_entry entry_unpack(const struct words *w)
{
	const uint64_t *word = w->word;

	return (struct address_entry){.key = word[0],
				      .last_s = (uint32_t)word[1],
				      .tls_failures = (uint8_t)(word[1] >> FAILURES_SHIFT),
				      .flags = (uint8_t)(word[1] >> FLAGS_SHIFT) & ADDRESS_FLAGS,
				      .idle = (uint8_t)(word[1] >> IDLE_SHIFT),
				      .idle_s = (uint32_t)word[2],
				      .thinned = (uint16_t)(word[2] >> THINNED_SHIFT),
				      .thinned_offered = (uint16_t)(word[2] >> OFFERED_SHIFT),
				      .thinned_s = (uint32_t)word[3],
				      .thinned_last_s = (uint32_t)(word[3] >> LAST_SHIFT)};
}

static bool fresh(uint32_t since_s, uint32_t now_s, uint32_t within_s)
{
	return now_s < since_s || now_s - since_s < within_s;
}

bool address_entry_fresh(const struct address_entry *e, uint32_t now_s, uint32_t within_s)
{
	return fresh(e->last_s, now_s, within_s);
}

bool address_idle_fresh(const struct address_entry *e, uint32_t now_s, uint32_t within_s)
{
	return e->idle > 0 && fresh(e->idle_s, now_s, within_s);
}

void address_idle_clear(struct address_entry *e)
{
	e->flags &= (uint8_t)~ADDRESS_YAKKER;
	e->idle = 0;
	e->idle_s = e->thinned_s = e->thinned_last_s = 0;
	e->thinned = e->thinned_offered = 0;
}

bool address_entry_age(struct address_entry *e, uint32_t now_s, const struct address_within *within)
{
	if (!fresh(e->last_s, now_s, within->tls_s)) {
		e->last_s = 0;
		e->tls_failures = 0;
		e->flags &= (uint8_t)~ADDRESS_BAD_CERTIFICATE;
	}
	if (!address_idle_fresh(e, now_s, within->yakker_s))
		address_idle_clear(e);
	return e->last_s != 0 || e->idle != 0;
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

static struct words way_words(const struct address_bucket *b, int way)
{
	struct words w;

	for (int i = 0; i < ADDRESS_WORDS; i++)
		w.word[i] = atomic_load_explicit(&b->word[way][i], memory_order_relaxed);
	return w;
}

/* One look at a bucket.  Returns 1 and the entry's words, 0, or ERR_TIMEOUT when the writer was
 * there meanwhile. */
static int bucket_look(const struct address_bucket *b, uint64_t key, struct words *words_r)
{
	uint32_t before = atomic_load_explicit(&b->sequence, memory_order_acquire);

	*words_r = (struct words){0};
	for (int i = 0; i < ADDRESS_WAYS && words_r->word[1] == 0; i++)
		if (atomic_load_explicit(&b->word[i][0], memory_order_relaxed) == key)
			*words_r = way_words(b, i);
	atomic_thread_fence(memory_order_acquire);
	if (before % 2 != 0 || atomic_load_explicit(&b->sequence, memory_order_relaxed) != before)
		return ERR_TIMEOUT;
	return words_r->word[1] != 0;
}

int address_find(const struct address_reader *r, uint64_t key, struct address_entry *entry_r)
{
	int64_t number = bucket_find(r->secret, r->buckets, key);
	int result = ERR_TIMEOUT;
	struct words words = {0};

	if (number < 0)
		return ERR_MEMORY;
	for (int i = 0; i < ADDRESS_TRIES && result == ERR_TIMEOUT; i++)
		result = bucket_look(&r->table->bucket[number], key, &words);
	*entry_r = entry_unpack(&words);
	entry_r->key = key;
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

static void bucket_write(struct address_bucket *b, int way, const struct words *words)
{
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

	atomic_store_explicit(&b->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (int i = 0; i < ADDRESS_WORDS; i++)
		atomic_store_explicit(&b->word[way][i], words->word[i], memory_order_relaxed);
	atomic_store_explicit(&b->sequence, sequence + 2, memory_order_release);
}

static struct address_entry way_entry(const struct address_bucket *b, int way)
{
	struct words words = way_words(b, way);

	return entry_unpack(&words);
}

static void way_write(struct address_bucket *b, int way, const struct address_entry *e)
{
	struct words words = entry_pack(e);

	bucket_write(b, way, &words);
}

static void way_free(struct address_bucket *b, int way)
{
	static const struct words nothing;

	bucket_write(b, way, &nothing);
}

static const struct address_bucket *bucket_of(const struct address_table *t, uint64_t key)
{
	int64_t number = bucket_find(t->secret, t->buckets, key);

	return number < 0 ? NULL : &t->bucket[number];
}

static struct address_bucket *bucket_to_write(struct address_table *t, uint64_t key)
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
		*entry_r = way_entry(b, way);
	return way >= 0;
}

/* How soon a place may be taken: the age of what stands there; a free one before all. */
static uint64_t way_age(const struct address_bucket *b, int way, uint32_t now_s)
{
	struct address_entry e = way_entry(b, way);
	uint32_t heard = e.last_s > e.idle_s ? e.last_s : e.idle_s;

	if (word_get(b, way, 1) == 0)
		return UINT64_MAX;
	if (e.thinned_last_s > heard)
		heard = e.thinned_last_s;
	return now_s > heard ? now_s - heard : 0;
}

/* The place that an address gets which has none yet. */
static int way_to_take(const struct address_bucket *b, uint32_t now_s)
{
	int way = 0;

	for (int i = 1; i < ADDRESS_WAYS; i++)
		if (way_age(b, i, now_s) > way_age(b, way, now_s))
			way = i;
	return way;
}

bool address_displaced(const struct address_table *t, uint64_t key, uint32_t now_s,
		       struct address_entry *entry_r)
{
	const struct address_bucket *b = bucket_of(t, key);

	if (b == NULL || way_of(b, key) >= 0)
		return false;
	int way = way_to_take(b, now_s);
	*entry_r = way_entry(b, way);
	return word_get(b, way, 1) != 0;
}

enum address_put address_put(struct address_table *t, const struct address_entry *e, uint32_t now_s)
{
	struct address_bucket *b = bucket_to_write(t, e->key);
	enum address_put put = ADDRESS_PUT_SAME;

	if (b == NULL)
		return ADDRESS_PUT_NOT;
	int way = way_of(b, e->key);
	if (way < 0) {
		way = way_to_take(b, now_s);
		put = word_get(b, way, 1) == 0 ? ADDRESS_PUT_NEW : ADDRESS_PUT_INSTEAD;
	}
	way_write(b, way, e);
	return put;
}

bool address_remove(struct address_table *t, uint64_t key)
{
	struct address_bucket *b = bucket_to_write(t, key);
	int way = b == NULL ? -1 : way_of(b, key);

	if (way < 0)
		return false;
	way_free(b, way);
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
		*entry_r = way_entry(b, way);
		return true;
	}
	return false;
}

/* No later than now_s. */
static uint32_t not_after(uint32_t s, uint32_t now_s)
{
	return s < now_s ? s : now_s;
}

uint32_t address_sweep(struct address_table *t, uint32_t now_s, const struct address_within *within)
{
	struct address_entry e;
	uint32_t left = 0;

	for (size_t at = 0; address_next(t, &at, &e);) {
		struct address_bucket *b = &t->bucket[(at - 1) / ADDRESS_WAYS];
		int way = (int)((at - 1) % ADDRESS_WAYS);
		bool holds = address_entry_age(&e, now_s, within);

		left += holds;
		if (!holds) {
			way_free(b, way);
			continue;
		}
		e.last_s = not_after(e.last_s, now_s);
		e.idle_s = not_after(e.idle_s, now_s);
		e.thinned_s = not_after(e.thinned_s, now_s);
		e.thinned_last_s = not_after(e.thinned_last_s, now_s);
		way_write(b, way, &e);
	}
	return left;
}
