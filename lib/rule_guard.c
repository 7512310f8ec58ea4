/*
 * rule_guard.c: which rules can match at all: those that stand under no key.
 *
 * Made where a configuration is read.  Of a rule that has no key, each clause still needs some one
 * condition, or one of several: an attribute of an address, a version of TLS, a size, a list in a
 * file, or that something is not so.  Equal ones are kept once; a session tries each once a phase,
 * one behind the other in memory, and then only the rules behind those that hold.
 */
#include "rule_guard.h"

#include "err.h"
#include "rule_int.h"

#include <stdlib.h>
#include <string.h>

/* How well operations can be guarded. */
enum grade {
	GRADE_NONE,
	GRADE_NOT, /* by what is not so, which mostly holds */
	GRADE_GOOD
};

/* A rule behind a condition. */
struct entry {
	const struct rule_op *op;
	bool negated;
	uint32_t rule;
};

struct guarding {
	const struct rules *rules;
	struct arena *arena;
	struct entry *entry;
	size_t count;
	uint32_t rule;
	bool failed; /* there is no memory */
};

/* Patterns of messages take too long to be tried before a rule wants them; recipients are many, so
 * only their attributes can be put together (rule_candidates.c). */
static bool can_guard(const struct rule_op *op)
{
	return op->kind > RULE_OP_NEVER_KNOWN && op->kind != RULE_OP_HEADER &&
	       op->kind != RULE_OP_BODY && op->kind != RULE_OP_TO && op->kind != RULE_OP_TO_SET;
}

/* Recursion is as deep as parentheses. */
static enum grade grade_of(const struct rule_op *ops, uint32_t at)
{
	const struct rule_op *op = &ops[at];
	bool all = op->kind == RULE_OP_ALL_OF;
	enum grade grade = all ? GRADE_NONE : GRADE_GOOD;

	if (op->kind == RULE_OP_NOT)
		return can_guard(op + 1) && op[1].kind != RULE_OP_TO_HAS ? GRADE_NOT : GRADE_NONE;
	if (op->kind > RULE_OP_NOT)
		return can_guard(op) ? GRADE_GOOD : GRADE_NONE;
	for (uint32_t child = at + 1; child < at + op->span; child += ops[child].span) {
		enum grade one = grade_of(ops, child);
		if (all ? one > grade : one < grade)
			grade = one;
	}
	return grade;
}

static void add(struct guarding *g, const struct rule_op *op, bool negated)
{
	struct entry *grown = arena_grow(g->arena, g->entry, g->count, sizeof *grown);

	g->failed |= grown == NULL;
	if (grown == NULL)
		return;
	g->entry = grown;
	g->entry[g->count++] = (struct entry){.op = op, .negated = negated, .rule = g->rule};
}

/* Put the rule behind what operations need: one of those that must all hold, the first of the
 * best; of those of which one must hold, each. */
static void guard(struct guarding *g, uint32_t at)
{
	const struct rule_op *ops = g->rules->op;
	bool all = ops[at].kind == RULE_OP_ALL_OF;
	enum grade wanted = all ? grade_of(ops, at) : GRADE_NONE;

	if (ops[at].kind > RULE_OP_NOT || ops[at].kind == RULE_OP_NOT) {
		bool negated = ops[at].kind == RULE_OP_NOT;
		add(g, &ops[at + negated], negated);
		return;
	}
	for (uint32_t child = at + 1; child < at + ops[at].span; child += ops[child].span) {
		if (all && grade_of(ops, child) < wanted)
			continue;
		guard(g, child);
		if (all)
			return;
	}
}

static void guard_rule(struct guarding *g, uint64_t *always)
{
	const struct rule *rule = &g->rules->rule[g->rule];
	const struct rule_clause *clause = &g->rules->clause[rule->clause];

	for (uint32_t i = 0; i < rule->nclauses; i++)
		if (grade_of(g->rules->op, clause[i].op) == GRADE_NONE)
			return;
	for (uint32_t i = 0; i < rule->nclauses; i++)
		guard(g, clause[i].op);
	always[g->rule / 64] &= ~(UINT64_C(1) << g->rule % 64);
}

/* Equal conditions side by side, and conditions of a kind. */
static int compare_conditions(const struct entry *x, const struct entry *y)
{
	if (x->op->kind != y->op->kind)
		return x->op->kind < y->op->kind ? -1 : 1;
	if (x->negated != y->negated)
		return x->negated ? 1 : -1;
	/* Byte by byte: equal ones that differ in what no member has are kept twice, no more. */
	return memcmp((const uint8_t *)x->op, (const uint8_t *)y->op, sizeof *x->op);
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_conditions(x, y);

	return order != 0 ? order : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int make_guards(struct rules *rules, const struct guarding *g)
{
	struct rule_guard *last = NULL;

	rules->guard = arena_alloc(g->arena, g->count * sizeof *rules->guard);
	rules->guarded = arena_alloc(g->arena, g->count * sizeof *rules->guarded);
	if (rules->guard == NULL || rules->guarded == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < g->count; i++) {
		const struct entry *e = &g->entry[i];
		if (last == NULL || compare_conditions(e, e - 1) != 0) {
			last = &rules->guard[rules->nguards++];
			*last = (struct rule_guard){
			    .op = *e->op, .negated = e->negated, .first = (uint32_t)i};
		}
		last->count++;
		last->phases |= rules->rule[e->rule].phases;
		rules->guarded[i] = e->rule;
	}
	return 0;
}

int rule_guard_build(struct rules *rules, struct arena *arena)
{
	struct guarding g = {.rules = rules, .arena = arena};
	uint64_t *always = rules->index.always;

	for (g.rule = 0; g.rule < rules->nrules; g.rule++)
		if (always[g.rule / 64] >> g.rule % 64 & 1)
			guard_rule(&g, always);
	if (g.failed)
		return ERR_MEMORY;
	if (g.count > 0)
		qsort(g.entry, g.count, sizeof *g.entry, compare);
	return make_guards(rules, &g);
}
