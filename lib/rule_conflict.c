/*
 * rule_conflict.c: clauses that can never hold, found when rules are read.
 *
 * Looks for one way to make all conditions of a clause hold, each "or" tried in turn; two
 * conditions that exclude each other are known by what they compare: sets of states, ranges,
 * networks, patterns.  Where the search takes long it gives up and takes the clause for possible.
 */
#include "rule_compiler.h"

#define STEPS_MAX 2000 /* of a search; the first way is mostly one */
#define CHOSEN_MAX 100 /* conditions held against each other */
#define POOL_MAX 1000  /* parts of a clause waiting to be looked at */
#define MINUTES (24u * 60)

/* A part of the clause that must hold, or must not. */
struct part {
	uint32_t op;
	bool negated;
	const struct part *next;
};

struct search {
	const struct rules *rules;
	unsigned steps, chosen, pooled;
	struct part choice[CHOSEN_MAX], pool[POOL_MAX];
	uint32_t culprit, other; /* operations that exclude each other; equal: it excludes itself */
};

/* ---- states ---- */

/* The states in which one of the wanted flags holds, a bit each; none above 63. */
static uint64_t states_with(const uint32_t *flags, unsigned count, uint32_t wanted)
{
	uint64_t states = 0;

	for (unsigned i = 0; i < count; i++)
		if (flags[i] & wanted)
			states |= UINT64_C(1) << i;
	return states;
}

/* All that an address can look like, as rule_has_address() tells it. */
static unsigned address_states(uint32_t flags[64])
{
	const uint32_t no_domain = RULE_ADDRESS_NOAT | RULE_ADDRESS_UNQUALIFIED |
				   RULE_ADDRESS_GARBAGE | RULE_ADDRESS_ROUTE;
	unsigned n = 0;

	flags[n++] = 0; /* <> */
	for (uint32_t f = 0; f <= (no_domain | RULE_ADDRESS_QUOTED); f++) {
		if (f & RULE_ADDRESS_NOAT && f & RULE_ADDRESS_UNQUALIFIED)
			continue;
		if (f & no_domain) {
			flags[n++] = f;
			continue;
		}
		for (uint32_t d = RULE_ADDRESS_RESOLVES; d <= RULE_ADDRESS_BADDOM; d *= 2)
			flags[n++] = f | d;
	}
	return n;
}

static unsigned helo_states(uint32_t flags[64])
{
	static const uint32_t kinds[] = {RULE_HELO_NONE | RULE_HELO_NODOTS,
					 RULE_HELO_BOGUS | RULE_HELO_NODOTS,
					 RULE_HELO_NODOTS,
					 0,
					 RULE_HELO_BAREIP | RULE_HELO_MYIP,
					 RULE_HELO_BAREIP | RULE_HELO_REMOTEIP,
					 RULE_HELO_BAREIP | RULE_HELO_OTHERIP,
					 RULE_HELO_PROPERIP | RULE_HELO_MYIP,
					 RULE_HELO_PROPERIP | RULE_HELO_REMOTEIP,
					 RULE_HELO_PROPERIP | RULE_HELO_OTHERIP};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		flags[n++] = kinds[i] | RULE_HELO_HELO;
		flags[n++] = kinds[i] | RULE_HELO_EHLO;
	}
	return n;
}

static unsigned dns_states(uint32_t flags[64])
{
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t bad = i / 2 * RULE_DNS_NOFORWARD; /* that and the next bit */
		flags[i] = bad | (i & 1 ? RULE_DNS_EXISTS : RULE_DNS_NODNS);
		if (i == 1)
			flags[i] |= RULE_DNS_GOOD;
	}
	return 8;
}

static unsigned tls_states(uint32_t flags[64])
{
	for (unsigned v = 0; v < RULE_TLS_COUNT; v++)
		flags[v] = 1u << v;
	return RULE_TLS_COUNT;
}

typedef unsigned states_fn(uint32_t flags[64]);

static states_fn *const states_of[RULE_OP_COUNT] = {
    [RULE_OP_FROM_HAS] = address_states, [RULE_OP_TO_HAS] = address_states,
    [RULE_OP_HELO_HAS] = helo_states,    [RULE_OP_DNS] = dns_states,
    [RULE_OP_TLS] = tls_states,
};

static bool states_exclude(const struct rule_op *a, bool not_a, const struct rule_op *b, bool not_b)
{
	uint32_t flags[64];

	if (a->kind != b->kind || states_of[a->kind] == NULL)
		return false;
	unsigned count = states_of[a->kind](flags);
	uint64_t x = states_with(flags, count, a->bits), y = states_with(flags, count, b->bits);
	uint64_t all = ~UINT64_C(0) >> (64 - count);
	return ((not_a ? ~x : x) & (not_b ? ~y : y) & all) == 0;
}

/* ---- sets ---- */

/* How two conditions' sets stand to each other. */
struct relation {
	bool apart;  /* nothing is in both */
	bool a_in_b; /* all of a is in b */
	bool b_in_a;
};

static struct relation compare_ranges(const struct rule_op *a, const struct rule_op *b)
{
	uint64_t shift = a->kind == RULE_OP_RANDOM; /* its max is not included */
	uint64_t a_max = a->range.max - shift, b_max = b->range.max - shift;

	return (struct relation){
	    .apart = a_max < b->range.min || b_max < a->range.min,
	    .a_in_b = a->range.min >= b->range.min && a_max <= b_max,
	    .b_in_a = b->range.min >= a->range.min && b_max <= a_max,
	};
}

static bool in_time(const struct rule_op *op, uint64_t minute)
{
	if (op->range.min < op->range.max)
		return minute >= op->range.min && minute < op->range.max;
	return minute >= op->range.min || minute < op->range.max;
}

static struct relation compare_times(const struct rule_op *a, const struct rule_op *b)
{
	struct relation r = {true, true, true};

	for (uint64_t m = 0; m < MINUTES; m++) {
		bool x = in_time(a, m), y = in_time(b, m);
		r.apart &= !(x && y);
		r.a_in_b &= !x || y;
		r.b_in_a &= !y || x;
	}
	return r;
}

/* One network, or many, in one form. */
struct nets_view {
	struct rule_nets nets;
	struct rule_range4 v4;
	struct rule_range6 v6;
};

static void words_ip(const uint64_t words[2], uint8_t ip[IP_BYTES])
{
	for (int i = 0; i < IP_BYTES; i++)
		ip[i] = (uint8_t)(words[i / 8] >> (56 - 8 * (i % 8)));
}

static const struct rule_nets *view_nets(const struct rule_op *op, struct nets_view *view)
{
	struct ip_net net = {.bits = (uint8_t)(__builtin_popcountll(op->net.mask[0]) +
					       __builtin_popcountll(op->net.mask[1]))};

	if (op->kind == RULE_OP_IP_SET || op->kind == RULE_OP_LOCAL_SET)
		return op->nets;
	*view = (struct nets_view){.nets = {.v4 = &view->v4, .v6 = &view->v6}};
	words_ip(op->net.ip, net.ip);
	rule_nets_add(&view->nets, &net);
	return &view->nets;
}

static struct relation compare_nets(const struct rule_op *a, const struct rule_op *b)
{
	struct nets_view av, bv;
	const struct rule_nets *x = view_nets(a, &av), *y = view_nets(b, &bv);

	return (struct relation){.apart = !rule_nets_meet(x, y),
				 .a_in_b = rule_nets_within(x, y),
				 .b_in_a = rule_nets_within(y, x)};
}

static struct relation compare_patterns(const struct rule_op *a, const struct rule_op *b)
{
	bool one = a->kind != RULE_OP_HOST && a->kind != RULE_OP_SOURCE; /* those have many names */

	if (a->which != b->which)
		return (struct relation){0};
	return (struct relation){.apart = one && !rule_patterns_meet(&a->pattern, &b->pattern),
				 .a_in_b = rule_pattern_within(&a->pattern, &b->pattern),
				 .b_in_a = rule_pattern_within(&b->pattern, &a->pattern)};
}

static struct relation compare_files(const struct rule_op *a, const struct rule_op *b)
{
	bool same = a->set == b->set && a->which == b->which;

	return (struct relation){.a_in_b = same, .b_in_a = same};
}

static struct relation compare_listeners(const struct rule_op *a, const struct rule_op *b)
{
	bool same = strcmp(a->listener, b->listener) == 0;

	return (struct relation){.apart = !same, .a_in_b = same, .b_in_a = same};
}

static struct relation compare_rates(const struct rule_op *a, const struct rule_op *b)
{
	if (a->rate.rate != b->rate.rate)
		return (struct relation){0};
	return (struct relation){.a_in_b = a->rate.over >= b->rate.over,
				 .b_in_a = b->rate.over >= a->rate.over};
}

static struct relation compare_lists(const struct rule_op *a, const struct rule_op *b)
{
	bool same =
	    a->which == b->which && memcmp(a->list, b->list, a->which * sizeof *a->list) == 0;

	return (struct relation){.a_in_b = same, .b_in_a = same};
}

typedef struct relation relation_fn(const struct rule_op *a, const struct rule_op *b);

static relation_fn *const relations[RULE_OP_COUNT] = {
    [RULE_OP_FROM] = compare_patterns,
    [RULE_OP_FROM_SET] = compare_files,
    [RULE_OP_TO] = compare_patterns,
    [RULE_OP_TO_SET] = compare_files,
    [RULE_OP_HELO] = compare_patterns,
    [RULE_OP_HELO_SET] = compare_files,
    [RULE_OP_HOST] = compare_patterns,
    [RULE_OP_HOST_SET] = compare_files,
    [RULE_OP_SOURCE] = compare_patterns,
    [RULE_OP_SOURCE_SET] = compare_files,
    [RULE_OP_TEXT] = compare_patterns,
    [RULE_OP_TEXT_SET] = compare_files,
    [RULE_OP_IP] = compare_nets,
    [RULE_OP_IP_SET] = compare_nets,
    [RULE_OP_LOCAL] = compare_nets,
    [RULE_OP_LOCAL_SET] = compare_nets,
    [RULE_OP_LOCAL_PORT] = compare_ranges,
    [RULE_OP_SIZE] = compare_ranges,
    [RULE_OP_RANDOM] = compare_ranges,
    [RULE_OP_TIME] = compare_times,
    [RULE_OP_LISTENER] = compare_listeners,
    [RULE_OP_RATE] = compare_rates,
    [RULE_OP_LISTED] = compare_lists,
};

static bool sets_exclude(const struct rule_op *a, bool not_a, const struct rule_op *b, bool not_b)
{
	relation_fn *compare = relations[a->kind];

	if (compare == NULL || relations[b->kind] != compare || (not_a && not_b))
		return false;
	bool nets = compare == compare_nets; /* one network and many compare too */
	bool local_a = a->kind == RULE_OP_LOCAL || a->kind == RULE_OP_LOCAL_SET;
	bool local_b = b->kind == RULE_OP_LOCAL || b->kind == RULE_OP_LOCAL_SET;
	if (nets ? local_a != local_b : a->kind != b->kind)
		return false;
	struct relation r = compare(a, b);
	return not_a ? r.b_in_a : not_b ? r.a_in_b : r.apart;
}

/* A session in clear has no cipher, fingerprint or server name. */
static bool clear_excludes(const struct rule_op *a, bool not_a, const struct rule_op *b, bool not_b)
{
	const uint32_t off = 1u << RULE_TLS_OFF, all = (1u << RULE_TLS_COUNT) - 1;
	bool text = b->kind == RULE_OP_TEXT || b->kind == RULE_OP_TEXT_SET;

	return a->kind == RULE_OP_TLS && (not_a ? (a->bits | off) == all : a->bits == off) &&
	       text && !not_b && b->which <= RULE_TEXT_SNI;
}

/* The empty sender has no attribute. */
static bool null_excludes(const struct rule_op *a, bool not_a, const struct rule_op *b, bool not_b)
{
	return a->kind == RULE_OP_FROM && a->pattern.kind == RULE_PATTERN_NULL && !not_a &&
	       b->kind == RULE_OP_FROM_HAS && !not_b;
}

static bool exclude(const struct search *s, const struct part *a, const struct part *b)
{
	const struct rule_op *x = &s->rules->op[a->op], *y = &s->rules->op[b->op];

	if (clear_excludes(x, a->negated, y, b->negated) ||
	    clear_excludes(y, b->negated, x, a->negated) ||
	    null_excludes(x, a->negated, y, b->negated) ||
	    null_excludes(y, b->negated, x, a->negated))
		return true;
	return states_exclude(x, a->negated, y, b->negated) ||
	       sets_exclude(x, a->negated, y, b->negated);
}

/* ---- the search ---- */

static bool possible(struct search *s, const struct part *todo);

/* All children must hold. */
static bool all_possible(struct search *s, const struct part *part)
{
	const struct rule_op *op = &s->rules->op[part->op];
	const struct part *todo = part->next;
	unsigned pooled = s->pooled;

	for (uint32_t at = part->op + 1; at < part->op + op->span; at += s->rules->op[at].span) {
		if (s->pooled == POOL_MAX)
			return true;
		s->pool[s->pooled] = (struct part){at, part->negated, todo};
		todo = &s->pool[s->pooled++];
	}
	bool result = possible(s, todo);
	s->pooled = pooled;
	return result;
}

static bool any_possible(struct search *s, const struct part *part)
{
	const struct rule_op *op = &s->rules->op[part->op];

	for (uint32_t at = part->op + 1; at < part->op + op->span; at += s->rules->op[at].span) {
		struct part one = {at, part->negated, part->next};
		if (possible(s, &one))
			return true;
	}
	return false;
}

static bool condition_possible(struct search *s, const struct part *part)
{
	const struct rule_op *op = &s->rules->op[part->op];

	s->culprit = s->other = part->op;
	if (op->kind == RULE_OP_ALWAYS)
		return !part->negated && possible(s, part->next);
	if (exclude(s, part, part)) /* as "not helo-has helo,ehlo" does by itself */
		return false;
	for (unsigned i = 0; i < s->chosen; i++)
		if (exclude(s, part, &s->choice[i])) {
			s->other = s->choice[i].op;
			return false;
		}
	if (s->chosen == CHOSEN_MAX)
		return true;
	s->choice[s->chosen++] = *part;
	bool result = possible(s, part->next);
	s->chosen--;
	return result;
}

static bool possible(struct search *s, const struct part *todo)
{
	if (todo == NULL || ++s->steps > STEPS_MAX)
		return true;
	const struct rule_op *op = &s->rules->op[todo->op];
	struct part below = {todo->op + 1, !todo->negated, todo->next};
	switch (op->kind) {
	case RULE_OP_NOT:
		return possible(s, &below);
	case RULE_OP_ALL_OF:
		return todo->negated ? any_possible(s, todo) : all_possible(s, todo);
	case RULE_OP_ANY_OF:
		return todo->negated ? all_possible(s, todo) : any_possible(s, todo);
	default:
		return condition_possible(s, todo);
	}
}

void rule_check_clause(struct rule_compiler *c, uint32_t op, const struct conf_word *word)
{
	struct search s = {.rules = c->rules};
	struct part all = {.op = op};

	if (possible(&s, &all))
		return;
	const struct rule_op_text *a = &c->rules->op_text[s.culprit],
				  *b = &c->rules->op_text[s.other];
	if (a->line < b->line || (a->line == b->line && a->column < b->column)) {
		a = b;
		b = &c->rules->op_text[s.culprit];
	}
	struct conf_word at = *word;
	at.text = a->text;
	at.len = (uint32_t)strlen(a->text);
	at.line = a->line;
	at.column = a->column;
	if (s.culprit == s.other)
		rule_fault(c, &at, "the rule can never match");
	else
		rule_fault(c, &at, "the rule can never match: this excludes \"%.80s\" of line %u",
			   b->text, b->line);
}

/* Whether the operations always hold, never, or it depends. */
static enum rule_truth constant(const struct rules *rules, uint32_t at)
{
	const struct rule_op *op = &rules->op[at];
	enum rule_truth result = op->kind == RULE_OP_ALL_OF ? RULE_YES : RULE_NO;

	switch (op->kind) {
	case RULE_OP_ALWAYS:
		return RULE_YES;
	case RULE_OP_NOT:
		return (enum rule_truth)(RULE_YES - constant(rules, at + 1));
	case RULE_OP_ALL_OF:
	case RULE_OP_ANY_OF:
		break;
	default:
		return RULE_UNKNOWN;
	}
	for (uint32_t child = at + 1; child < at + op->span; child += rules->op[child].span) {
		enum rule_truth one = constant(rules, child);
		if (op->kind == RULE_OP_ALL_OF ? one < result : one > result)
			result = one;
	}
	return result;
}

bool rule_always_holds(const struct rules *rules, uint32_t op)
{
	return constant(rules, op) == RULE_YES;
}
