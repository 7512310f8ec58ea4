/*
 * tally.c: counts of what was seen, by section, time and label, each with its unique addresses.
 *
 * Runs in the reader.  Input: labels that peers chose, and forms written by other machines, which
 * are read as if hostile.  Memory is bounded: rows by TALLY_LABELS_MAX and TALLY_SURE, sets by TALLY_BYTES_MAX.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "err.h"
#include "wire.h"

#define ROWS_MAX (1u << 20)            /* with totals and others of each time */
#define ESTIMATE_FROM UNIQUE_REGISTERS /* bytes: smaller sets stay */

struct tally {
	struct arena *labels;
	struct tally_row *rows;
	size_t count, room, labelled;
	uint32_t labelled_in[TALLY_SECTIONS];
	uint32_t *index; /* row + 1; 0: free */
	size_t slots;
	size_t bytes; /* of sets */
};

struct tally *tally_new(void)
{
	struct tally *t = calloc(1, sizeof *t);

	if (t != NULL && (t->labels = arena_new()) == NULL)
		tally_free(&t);
	return t;
}

void tally_free(struct tally **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->count; i++) {
		for (int u = 0; u < TALLY_UNIQUE_COUNT; u++)
			unique_fini(&(*t)->rows[i].unique[u]);
	}
	arena_free(&(*t)->labels);
	free((*t)->rows);
	free((*t)->index);
	free(*t);
	*t = NULL;
}

const struct tally_row *tally_rows(const struct tally *t, size_t *count_r)
{
	*count_r = t->count;
	return t->rows;
}

/* ---- rows ---- */

static uint64_t hash_of(const struct tally_row *r)
{
	uint64_t h = unique_key(r->time ^ (uint64_t)r->section << 48 ^ (uint64_t)r->kind << 56);

	for (size_t i = 0; i < r->len; i++)
		h = (h ^ r->label[i]) * 0x100000001b3u;
	return unique_key(h);
}

static bool same(const struct tally_row *a, const struct tally_row *b)
{
	return a->time == b->time && a->section == b->section && a->kind == b->kind &&
	       a->len == b->len && (a->len == 0 || memcmp(a->label, b->label, a->len) == 0);
}

/* The slot of a row, or the free one where it belongs. */
static uint32_t *slot_of(const struct tally *t, const struct tally_row *key)
{
	size_t i = hash_of(key) & (t->slots - 1);

	while (t->index[i] != 0 && !same(&t->rows[t->index[i] - 1], key))
		i = (i + 1) & (t->slots - 1);
	return &t->index[i];
}

/* Room for one row more, and at least twice as many slots as rows. */
static int grow(struct tally *t)
{
	struct tally_row *rows = array_grow(t->rows, t->count, &t->room, sizeof *rows);

	if (rows == NULL)
		return ERR_MEMORY;
	t->rows = rows;
	if (t->slots >= 2 * t->room)
		return 0;
	uint32_t *index = calloc(2 * t->room, sizeof *index);
	if (index == NULL)
		return ERR_MEMORY;
	free(t->index);
	t->index = index;
	t->slots = 2 * t->room;
	for (size_t i = 0; i < t->count; i++)
		*slot_of(t, &t->rows[i]) = (uint32_t)i + 1;
	return 0;
}

static struct tally_row *add_row(struct tally *t, const struct tally_row *key)
{
	if (grow(t) != 0)
		return NULL;
	struct tally_row *r = &t->rows[t->count];
	*r = *key;
	r->label = (const uint8_t *)arena_copy(t->labels, key->label, key->len);
	if (r->label == NULL)
		return NULL;
	*slot_of(t, key) = (uint32_t)++t->count;
	t->labelled += key->kind == TALLY_LABEL;
	t->labelled_in[key->section] += key->kind == TALLY_LABEL;
	return r;
}

/* No more rows for labels?  Not for the first of a section, or one with names that clients choose
 * would leave others without versions and outcomes. */
static bool is_full(const struct tally *t, uint8_t section)
{
	return t->labelled_in[section] >= TALLY_SURE &&
	       (t->labelled >= TALLY_LABELS_MAX || t->bytes > TALLY_BYTES_MAX);
}

/* The row with this key, which is made; NULL without memory. */
static struct tally_row *sure_row_of(struct tally *t, const struct tally_row *key)
{
	uint32_t at = t->slots > 0 ? *slot_of(t, key) : 0;

	if (at != 0)
		return &t->rows[at - 1];
	return t->count < ROWS_MAX ? add_row(t, key) : NULL;
}

/* The same, or that of the others if there is none for another label. */
static struct tally_row *row_of(struct tally *t, struct tally_row *key)
{
	if (key->kind == TALLY_LABEL && is_full(t, key->section) && *slot_of(t, key) == 0) {
		key->kind = TALLY_OTHER;
		key->len = 0;
	}
	return sure_row_of(t, key);
}

/* ---- counting ---- */

/* How many bytes of a label are kept: no UTF-8 character is cut. */
static uint16_t kept(const uint8_t *label, size_t len)
{
	if (len <= TALLY_LABEL_MAX)
		return (uint16_t)len;
	len = TALLY_LABEL_MAX;
	while (len > TALLY_LABEL_MAX - 4 && (label[len] & 0xc0) == 0x80)
		len--;
	return (uint16_t)len;
}

/* Keep account of the memory of a set that has changed, and make it estimate if there is too
 * much. */
static int account(struct tally *t, struct unique *u, size_t before)
{
	size_t after = unique_bytes(u);

	t->bytes += after - before;
	if (t->bytes <= TALLY_BYTES_MAX || after <= ESTIMATE_FROM)
		return 0;
	int rc = unique_estimate(u);
	t->bytes -= after - unique_bytes(u);
	return rc;
}

static int note(struct tally *t, struct unique *u, uint64_t key)
{
	size_t before = unique_bytes(u);

	return unique_add(u, key) != 0 ? ERR_MEMORY : account(t, u, before);
}

static void note_times(struct tally_row *r, uint64_t first, uint64_t last)
{
	if (r->count == 0 || first < r->first)
		r->first = first;
	if (r->count == 0 || last > r->last)
		r->last = last;
}

static void count(struct tally_row *r, const struct tally_who *who)
{
	note_times(r, who->ts, who->ts);
	r->count += who->count;
}

int tally_add(struct tally *t, uint8_t section, enum tally_kind kind, uint64_t time,
	      const void *label, size_t len, const struct tally_who *who)
{
	struct tally_row key = {.time = time, .section = section, .kind = (uint8_t)kind};

	if (kind == TALLY_LABEL) {
		key.label = label;
		key.len = kept(label, len);
	}
	struct tally_row *r = row_of(t, &key);
	if (r == NULL)
		return ERR_MEMORY;
	count(r, who);
	if (note(t, &r->unique[TALLY_ADDRESSES], who->ip_key) != 0 ||
	    (who->day_key != 0 && note(t, &r->unique[TALLY_DAYS], who->day_key) != 0))
		return ERR_MEMORY;
	return note(t, &r->unique[who->is_v4 ? TALLY_NET24 : TALLY_NET64], who->net_key);
}

int tally_add_plain(struct tally *t, uint8_t section, uint64_t time, const char *label,
		    const struct tally_who *who)
{
	struct tally_row key = {.time = time, .section = section, .kind = TALLY_TOTAL};

	for (int i = 0; i < 2; i++) {
		struct tally_row *r = sure_row_of(t, &key);

		if (r == NULL)
			return ERR_MEMORY;
		count(r, who);
		key.kind = TALLY_LABEL;
		key.label = (const uint8_t *)label;
		key.len = kept(key.label, strlen(label));
	}
	return 0;
}

/* ---- the form for files ---- */

void tally_put(const struct tally *t, struct buf *to)
{
	wire_put(to, t->count, 4);
	for (size_t i = 0; i < t->count; i++) {
		const struct tally_row *r = &t->rows[i];

		wire_put(to, r->section, 1);
		wire_put(to, r->kind, 1);
		wire_put(to, r->len, 2);
		buf_put(to, r->label, r->len);
		wire_put(to, r->time, 8);
		wire_put(to, r->count, 8);
		wire_put(to, r->first, 8);
		wire_put(to, r->last, 8);
		for (int u = 0; u < TALLY_UNIQUE_COUNT; u++)
			unique_put(&r->unique[u], to);
	}
}

/* The key of a row, with its label pointing into the form. */
static int get_key(struct tally_row *key, unsigned sections, const uint8_t **at, const uint8_t *end)
{
	uint64_t section, kind, len;

	if (wire_get(at, end, &section, 1) != 0 || section >= sections ||
	    wire_get(at, end, &kind, 1) != 0 || kind >= TALLY_KIND_COUNT ||
	    wire_get(at, end, &len, 2) != 0 || len > TALLY_LABEL_MAX ||
	    (kind != TALLY_LABEL && len > 0) || (size_t)(end - *at) < len)
		return ERR_FORMAT;
	*key = (struct tally_row){
	    .section = (uint8_t)section, .kind = (uint8_t)kind, .len = (uint16_t)len, .label = *at};
	*at += len;
	return wire_get(at, end, &key->time, 8);
}

static int get_sets(struct tally *t, struct tally_row *r, const uint8_t **at, const uint8_t *end)
{
	int rc = 0;

	for (int u = 0; rc == 0 && u < TALLY_UNIQUE_COUNT; u++) {
		size_t before = unique_bytes(&r->unique[u]);

		rc = unique_get(&r->unique[u], at, end);
		int full = account(t, &r->unique[u], before);
		rc = rc != 0 ? rc : full;
	}
	return rc;
}

static int get_row(struct tally *t, unsigned sections, const uint8_t **at, const uint8_t *end)
{
	uint64_t count, first, last;
	struct tally_row key;

	if (get_key(&key, sections, at, end) != 0 || wire_get(at, end, &count, 8) != 0 ||
	    wire_get(at, end, &first, 8) != 0 || wire_get(at, end, &last, 8) != 0 || count == 0 ||
	    first > last)
		return ERR_FORMAT;
	struct tally_row *r = row_of(t, &key);
	if (r == NULL)
		return ERR_MEMORY;
	if (count > UINT64_MAX - r->count)
		return ERR_FORMAT;
	note_times(r, first, last);
	r->count += count;
	return get_sets(t, r, at, end);
}

int tally_get(struct tally *t, unsigned sections, const uint8_t **at, const uint8_t *end)
{
	uint64_t rows;
	int rc = wire_get(at, end, &rows, 4);

	for (; rc == 0 && rows > 0; rows--)
		rc = get_row(t, sections, at, end);
	return rc;
}
