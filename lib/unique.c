/*
 * unique.c: how many different keys were seen: exact up to a million, then HyperLogLog.
 *
 * Runs in the reader.  Input: keys of addresses, which peers choose: whoever looks for IPv6
 * addresses with equal keys is counted too low, no more.  The form for files is sorted, so that it
 * does not depend on the order of the keys, and read as if hostile.
 */
#include "unique.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "wire.h"

#define SLOTS_MIN 4u
#define RANK_BITS (64 - UNIQUE_BITS)
#define RANK_MAX (RANK_BITS + 1)

enum form { FORM_SET, FORM_REGISTERS };

/* The finalizer of splitmix64: one to one. */
static uint64_t mix(uint64_t n)
{
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
	n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
	return n ^ (n >> 31);
}

uint64_t unique_key(uint64_t n)
{
	uint64_t key = mix(n + 0x9e3779b97f4a7c15u);

	return key != 0 ? key : 1;
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | p[i];
	return n;
}

uint64_t unique_key_of_ip(const uint8_t ip[IP_BYTES])
{
	uint64_t high = be64(ip);

	return unique_key(ip_is_v4(ip) ? be64(ip + 8) : be64(ip + 8) ^ mix(high + 1));
}

uint64_t unique_key_of_net(const uint8_t ip[IP_BYTES])
{
	return unique_key(ip_is_v4(ip) ? be64(ip + 8) >> 8 : be64(ip));
}

/* ---- the set ---- */

/* The slot of a key, or the free one where it belongs. */
static uint64_t *slot_of(const struct unique *u, uint64_t key)
{
	size_t i = key & (u->cap - 1);

	while (u->slots[i] != 0 && u->slots[i] != key)
		i = (i + 1) & (u->cap - 1);
	return &u->slots[i];
}

static int grow(struct unique *u)
{
	struct unique larger = {.cap = u->cap > 0 ? u->cap * 2 : SLOTS_MIN, .count = u->count};

	larger.slots = calloc(larger.cap, sizeof *larger.slots);
	if (larger.slots == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < u->cap; i++) {
		if (u->slots[i] != 0)
			*slot_of(&larger, u->slots[i]) = u->slots[i];
	}
	free(u->slots);
	*u = larger;
	return 0;
}

/* ---- the registers ---- */

static void note(uint8_t *registers, uint64_t key)
{
	uint64_t rest = key << UNIQUE_BITS | (uint64_t)1 << (UNIQUE_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *at = &registers[key >> RANK_BITS];

	if (rank > *at)
		*at = rank;
}

int unique_estimate(struct unique *u)
{
	if (u->registers != NULL)
		return 0;
	u->registers = calloc(1, UNIQUE_REGISTERS);
	if (u->registers == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < u->cap; i++) {
		if (u->slots[i] != 0)
			note(u->registers, u->slots[i]);
	}
	free(u->slots);
	u->slots = NULL;
	u->count = u->cap = 0;
	return 0;
}

/* Ertl's sigma and tau: the terms of registers that are 0 and that are full. */
static double sigma(double x)
{
	double y = 1, z = x, before;

	if (x >= 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z > before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x <= 0 || x >= 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z < before);
	return z / 3;
}

static uint64_t estimate(const uint8_t *registers)
{
	unsigned with[RANK_MAX + 1] = {0};
	double m = UNIQUE_REGISTERS, z;

	for (size_t i = 0; i < UNIQUE_REGISTERS; i++)
		with[registers[i]]++;
	z = m * tau(1 - with[RANK_MAX] / m);
	for (int rank = RANK_BITS; rank >= 1; rank--)
		z = 0.5 * (z + with[rank]);
	z += m * sigma(with[0] / m);
	double n = m * m / (2 * log(2)) / z;
	return n < (double)UINT64_MAX ? (uint64_t)(n + 0.5) : UINT64_MAX;
}

/* ---- both ---- */

int unique_add(struct unique *u, uint64_t key)
{
	if (u->registers == NULL) {
		if (u->cap > 0 && *slot_of(u, key) == key)
			return 0;
		if (u->count == UNIQUE_EXACT_MAX) {
			if (unique_estimate(u) != 0)
				return ERR_MEMORY;
		} else if (u->count + 1 > u->cap / 4 * 3 && grow(u) != 0) {
			return ERR_MEMORY;
		}
	}
	if (u->registers != NULL) {
		note(u->registers, key);
		return 0;
	}
	*slot_of(u, key) = key;
	u->count++;
	return 0;
}

static int merge_registers(struct unique *to, const uint8_t *registers)
{
	if (unique_estimate(to) != 0)
		return ERR_MEMORY;
	for (size_t i = 0; i < UNIQUE_REGISTERS; i++) {
		if (registers[i] > to->registers[i])
			to->registers[i] = registers[i];
	}
	return 0;
}

int unique_merge(struct unique *to, const struct unique *from)
{
	if (from->registers != NULL)
		return merge_registers(to, from->registers);
	for (size_t i = 0; i < from->cap; i++) {
		if (from->slots[i] != 0 && unique_add(to, from->slots[i]) != 0)
			return ERR_MEMORY;
	}
	return 0;
}

uint64_t unique_count(const struct unique *u)
{
	return u->registers != NULL ? estimate(u->registers) : u->count;
}

size_t unique_bytes(const struct unique *u)
{
	return u->cap * sizeof *u->slots + (u->registers != NULL ? UNIQUE_REGISTERS : 0);
}

void unique_fini(struct unique *u)
{
	free(u->slots);
	free(u->registers);
	*u = (struct unique){0};
}

/* ---- the form for files ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

void unique_put(const struct unique *u, struct buf *to)
{
	buf_put_byte(to, u->registers != NULL ? FORM_REGISTERS : FORM_SET);
	if (u->registers != NULL) {
		buf_put(to, u->registers, UNIQUE_REGISTERS);
		return;
	}
	wire_put(to, u->count, 4);
	size_t start = to->len;
	for (size_t i = 0; i < u->cap; i++) {
		if (u->slots[i] != 0)
			buf_put(to, &u->slots[i], sizeof u->slots[i]);
	}
	if (to->failed || u->count == 0)
		return;
	qsort(to->data + start, u->count, sizeof u->slots[0], compare);
	for (size_t at = start; at < to->len; at += 8) {
		uint64_t key;

		memcpy(&key, to->data + at, sizeof key);
		wire_store(to->data + at, key, 8);
	}
}

static int get_set(struct unique *u, const uint8_t **at, const uint8_t *end)
{
	uint64_t count, key, last = 0;

	if (wire_get(at, end, &count, 4) != 0 || count > UNIQUE_EXACT_MAX)
		return ERR_FORMAT;
	for (; count > 0; count--, last = key) {
		if (wire_get(at, end, &key, 8) != 0 || key <= last)
			return ERR_FORMAT;
		if (unique_add(u, key) != 0)
			return ERR_MEMORY;
	}
	return 0;
}

static int get_registers(struct unique *u, const uint8_t **at, const uint8_t *end)
{
	if (end - *at < (ptrdiff_t)UNIQUE_REGISTERS)
		return ERR_FORMAT;
	for (size_t i = 0; i < UNIQUE_REGISTERS; i++) {
		if ((*at)[i] > RANK_MAX)
			return ERR_FORMAT;
	}
	int rc = merge_registers(u, *at);
	*at += UNIQUE_REGISTERS;
	return rc;
}

int unique_get(struct unique *u, const uint8_t **at, const uint8_t *end)
{
	uint64_t form;

	if (wire_get(at, end, &form, 1) != 0 || form > FORM_REGISTERS)
		return ERR_FORMAT;
	return form == FORM_SET ? get_set(u, at, end) : get_registers(u, at, end);
}
