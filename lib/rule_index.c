/*
 * rule_index.c: which rules can match at all: the table, and what rules stand under.
 *
 * Made where a configuration is read, looked up in workers.  A clause that needs all of several
 * conditions stands under one of them; one that needs any stands under each, if each can be
 * looked up; negations and lists in files cannot.
 */
#include "rule_index.h"

#include "err.h"
#include "rule_int.h"

#include <stdlib.h>

/* A rule under a key. */
struct entry {
	uint64_t key;
	uint32_t rule;
};

/* Keys of a clause, as they are found. */
struct keys {
	struct rules *rules;
	struct arena *arena;
	struct entry *entry;
	size_t count;
	uint32_t rule;
	bool failed; /* there is no memory */
};

static uint64_t key_of(enum rule_space space, uint64_t hash)
{
	hash = (hash ^ (uint64_t)space << 56) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* ---- look-up ---- */

static struct rule_index_slot *find_slot(const struct rule_index *index, uint64_t key)
{
	size_t i = (size_t)key & index->mask;

	while (index->slots[i].count > 0 && index->slots[i].key != key)
		i = (i + 1) & index->mask;
	return &index->slots[i];
}

void rule_index_find(const struct rule_index *index, enum rule_space space, uint64_t hash,
		     uint64_t *candidates)
{
	const struct rule_index_slot *slot = find_slot(index, key_of(space, hash));

	for (uint32_t i = 0; i < slot->count; i++) {
		uint32_t rule = index->rules[slot->first + i];
		candidates[rule / 64] |= UINT64_C(1) << rule % 64;
	}
}

uint64_t rule_index_net_hash(const uint64_t ip[2], unsigned bits)
{
	uint64_t high = bits == 0 ? 0 : ip[0] & ~UINT64_C(0) << (bits < 64 ? 64 - bits : 0);
	uint64_t low = bits <= 64 ? 0 : ip[1] & ~UINT64_C(0) << (128 - bits);

	return (high * 0xff51afd7ed558ccdu ^ low) * 0xc4ceb9fe1a85ec53u + bits;
}

/* ---- what conditions stand under ---- */

/* Whether the condition could be put under a key; it is, if add. */
static bool put(struct keys *k, bool add, enum rule_space space, uint64_t hash)
{
	if (!add || k->failed)
		return true;
	struct entry *grown = arena_grow(k->arena, k->entry, k->count, sizeof *grown);
	if (grown == NULL) {
		k->failed = true;
		return true;
	}
	k->entry = grown;
	k->entry[k->count++] = (struct entry){key_of(space, hash), k->rule};
	k->rules->index.spaces |= 1u << space;
	return true;
}

/* from and to; null is where <> stands, RULE_SPACE_COUNT if nowhere. */
static bool put_address(struct keys *k, bool add, const struct rule_pattern *p,
			enum rule_space null, enum rule_space address)
{
	switch (p->kind) {
	case RULE_PATTERN_NULL:
		return null != RULE_SPACE_COUNT && put(k, add, null, 0);
	case RULE_PATTERN_ADDRESS:
		return put(k, add, address, p->hash);
	case RULE_PATTERN_LOCAL:
		return put(k, add, address + 1, p->hash);
	case RULE_PATTERN_DOMAIN:
		return put(k, add, address + 2, p->hash);
	case RULE_PATTERN_SUBDOMAINS:
		return put(k, add, address + 3, p->hash);
	default:
		return false;
	}
}

static bool put_host(struct keys *k, bool add, const struct rule_pattern *p, enum rule_space space)
{
	return put(k, add, p->kind == RULE_PATTERN_SUBHOSTS ? space + 1 : space, p->hash);
}

static void note_prefix(struct rule_index *index, unsigned which, uint8_t bits)
{
	for (unsigned i = 0; i < index->nprefix[which]; i++)
		if (index->prefix[which][i] == bits)
			return;
	index->prefix[which][index->nprefix[which]++] = bits;
}

static bool put_net(struct keys *k, bool add, const struct rule_op *op)
{
	bool local = op->kind == RULE_OP_LOCAL;
	unsigned bits = (unsigned)(__builtin_popcountll(op->net.mask[0]) +
				   __builtin_popcountll(op->net.mask[1]));

	if (add)
		note_prefix(&k->rules->index, local, (uint8_t)bits);
	return put(k, add, local ? RULE_SPACE_LOCAL : RULE_SPACE_IP,
		   rule_index_net_hash(op->net.ip, bits));
}

static bool put_condition(struct keys *k, bool add, const struct rule_op *op)
{
	switch (op->kind) {
	case RULE_OP_FROM:
		return put_address(k, add, &op->pattern, RULE_SPACE_FROM_NULL,
				   RULE_SPACE_FROM_ADDRESS);
	case RULE_OP_TO:
		return put_address(k, add, &op->pattern, RULE_SPACE_COUNT, RULE_SPACE_TO_ADDRESS);
	case RULE_OP_HELO:
		return put_host(k, add, &op->pattern, RULE_SPACE_HELO);
	case RULE_OP_HOST:
		return put_host(k, add, &op->pattern, RULE_SPACE_HOST);
	case RULE_OP_SOURCE: /* under each of what it looks at */
		return put_host(k, add, &op->pattern, RULE_SPACE_HELO) &&
		       put_host(k, add, &op->pattern, RULE_SPACE_HOST) &&
		       put_host(k, add, &op->pattern, RULE_SPACE_FROM_DOMAIN);
	case RULE_OP_IP:
	case RULE_OP_LOCAL:
		return put_net(k, add, op);
	case RULE_OP_LOCAL_PORT:
		return put(k, add, RULE_SPACE_PORT, op->range.min);
	case RULE_OP_TEXT:
		return op->pattern.kind == RULE_PATTERN_WORD &&
		       put(k, add, RULE_SPACE_TEXT + op->which, op->pattern.hash);
	case RULE_OP_NEVER_KNOWN: /* it never holds, and needs no key */
		return true;
	default:
		return false;
	}
}

/* Whether the operations could be put under keys; they are, if add.  Recursion is as deep as
 * parentheses, and each level looks at its children twice: all_of picks one first. */
static bool put_ops(struct keys *k, bool add, uint32_t at)
{
	const struct rule_op *ops = k->rules->op;
	uint32_t end = at + ops[at].span;

	if (ops[at].kind > RULE_OP_NOT)
		return put_condition(k, add, &ops[at]);
	if (ops[at].kind == RULE_OP_NOT)
		return false;
	bool all = ops[at].kind == RULE_OP_ALL_OF;
	for (uint32_t child = at + 1; child < end; child += ops[child].span) {
		bool can = put_ops(k, all ? false : add, child);
		if (all && can)
			return !add || put_ops(k, true, child);
		if (!all && !can)
			return false;
	}
	return !all;
}

/* ---- making the table ---- */

static bool put_rule(struct keys *k, bool add, const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->nclauses; i++)
		if (!put_ops(k, add, k->rules->clause[rule->clause + i].op))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int make_table(struct rule_index *index, struct keys *k)
{
	size_t slots = 16;

	while (slots < k->count * 2)
		slots *= 2;
	index->slots = arena_alloc(k->arena, slots * sizeof *index->slots);
	uint32_t *rules = arena_alloc(k->arena, k->count * sizeof *rules);
	if (index->slots == NULL || rules == NULL)
		return ERR_MEMORY;
	index->mask = slots - 1;
	index->rules = rules;
	for (size_t i = 0; i < k->count; i++) {
		struct rule_index_slot *slot = find_slot(index, k->entry[i].key);
		if (slot->count == 0)
			*slot =
			    (struct rule_index_slot){.key = k->entry[i].key, .first = (uint32_t)i};
		slot->count++;
		rules[i] = k->entry[i].rule;
	}
	return 0;
}

int rule_index_build(struct rules *rules, struct arena *arena)
{
	struct rule_index *index = &rules->index;
	struct keys k = {.rules = rules, .arena = arena};

	index->words = (rules->nrules + 63) / 64;
	index->always = arena_alloc(arena, index->words * sizeof *index->always);
	if (index->always == NULL)
		return ERR_MEMORY;
	for (k.rule = 0; k.rule < rules->nrules; k.rule++)
		if (!put_rule(&k, false, &rules->rule[k.rule]))
			index->always[k.rule / 64] |= UINT64_C(1) << k.rule % 64;
		else
			put_rule(&k, true, &rules->rule[k.rule]);
	if (k.failed)
		return ERR_MEMORY;
	if (k.count > 0)
		qsort(k.entry, k.count, sizeof *k.entry, compare);
	return make_table(index, &k);
}
