/*
 * rule_compile.c: from rules as they were written to rules that can be evaluated.
 *
 * Runs in the master, at start and on SIGHUP, and in tools that check files.  Every rule is
 * looked at, whatever is wrong with others, so that one run finds all faults.  Words are trusted
 * to be well meant, not to be right.
 */
#include "rule_compile.h"

#include "buf.h"
#include "conf_suggest.h"
#include "err.h"
#include "rule_compiler.h"
#include "rule_guard.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 200 /* bytes of a condition that are kept for people */

/* ---- faults ---- */

static struct conf_place place_of(const struct rule_compiler *c, const struct conf_word *word)
{
	struct conf_statement here = {.file = c->file};

	return conf_word_place(&here, word);
}

void rule_fault(struct rule_compiler *c, const struct conf_word *word, const char *what, ...)
{
	struct conf_place place = place_of(c, word);
	va_list ap;

	va_start(ap, what);
	conf_error_addv(c->errors, &place, what, ap);
	va_end(ap);
}

void rule_warn(struct rule_compiler *c, const struct conf_word *word, const char *what, ...)
{
	struct conf_place place = place_of(c, word);
	va_list ap;

	va_start(ap, what);
	conf_warning_addv(c->errors, &place, what, ap);
	va_end(ap);
}

void rule_fault_meant(struct rule_compiler *c, const struct conf_word *word,
		      const struct rule_flag *flags, const char *name)
{
	struct conf_place place = place_of(c, word);
	struct conf_suggestion s = {.word = word->text, .len = word->len};

	for (; flags->word != NULL; flags++)
		conf_suggest_try(&s, flags->word);
	place.meant = s.best;
	conf_error_add(c->errors, &place, "%s knows no such word", name);
}

/* ---- operations ---- */

/* Add an operation and what people want to know of it.  Returns its number, or ERR_MEMORY. */
static int64_t add_op(struct rule_compiler *c, const struct rule_op *op,
		      const struct rule_op_text *text)
{
	struct rules *r = c->rules;
	struct rule_op *ops = arena_grow(c->arena, r->op, r->nops, sizeof *ops);
	struct rule_op_text *texts = arena_grow(c->arena, r->op_text, r->nops, sizeof *texts);

	if (ops == NULL || texts == NULL)
		return ERR_MEMORY;
	r->op = ops;
	r->op_text = texts;
	r->op[r->nops] = *op;
	r->op_text[r->nops] = *text;
	return (int64_t)r->nops++;
}

static void put_word(struct buf *to, const struct conf_word *word)
{
	buf_put_str(to, word->quoted ? "\"" : "");
	for (uint32_t i = 0; i < word->len; i++) {
		bool shown = word->text[i] >= ' ' && word->text[i] <= '~';
		if (shown)
			buf_put_byte(to, (uint8_t)word->text[i]);
		else
			buf_printf(to, "\\x%02x", (unsigned char)word->text[i]);
	}
	buf_put_str(to, word->quoted ? "\"" : "");
}

/* The condition as it stands in the file, cut where it is long. */
static const char *text_of(struct rule_compiler *c, const struct rule_node *n)
{
	uint8_t memory[TEXT_MAX];
	struct buf text;
	bool list = n->row != NULL &&
		    (n->row->shape == RULE_SHAPE_LIST || n->row->shape == RULE_SHAPE_LIST_WORD);
	uint32_t commas = !list ? 0 : n->nwords - (n->row->shape == RULE_SHAPE_LIST_WORD);

	buf_init(&text, memory, sizeof memory);
	put_word(&text, &n->word);
	for (uint32_t i = 0; i < n->nwords; i++) {
		buf_put_str(&text, i > 0 && i < commas ? "," : " ");
		put_word(&text, &n->words[i]);
	}
	return arena_copy(c->arena, memory, text.len);
}

/* The rule's file, in our arena. */
static const char *copy_file(struct rule_compiler *c)
{
	if (c->file_copy == NULL)
		c->file_copy = arena_copy(c->arena, c->file, strlen(c->file));
	return c->file_copy;
}

/* Add the node and all below.  Recursion is as deep as parentheses, RULE_DEPTH_MAX. */
static int add_node(struct rule_compiler *c, const struct rule_node *n)
{
	static const enum rule_op_kind kinds[] = {[RULE_NODE_ALL_OF] = RULE_OP_ALL_OF,
						  [RULE_NODE_ANY_OF] = RULE_OP_ANY_OF,
						  [RULE_NODE_NOT] = RULE_OP_NOT};
	struct rule_op op = {.span = 1};
	struct rule_op_text text = {
	    .file = copy_file(c), .line = n->word.line, .column = n->word.column, .text = ""};

	if (n->kind == RULE_NODE_CONDITION) {
		text.text = text_of(c, n);
		if (rule_compile_condition(c, n, &op) < 0)
			return ERR_MEMORY;
	} else {
		op.kind = (uint8_t)kinds[n->kind];
	}
	int64_t at = text.file == NULL || text.text == NULL ? ERR_MEMORY : add_op(c, &op, &text);
	for (const struct rule_node *child = n->children; child != NULL && at >= 0;
	     child = child->next)
		if (add_node(c, child) < 0)
			at = ERR_MEMORY;
	if (at < 0)
		return ERR_MEMORY;
	c->rules->op[at].span = (uint32_t)(c->rules->nops - (size_t)at);
	return 0;
}

/* ---- clauses ---- */

/* "FILE:LINE" of the clause. */
static const char *place_text(struct rule_compiler *c, const struct conf_word *word)
{
	size_t room = strlen(c->file) + sizeof ":4294967295";
	char *text = arena_alloc(c->arena, room);

	if (text != NULL)
		snprintf(text, room, "%s:%u", c->file, word->line);
	return text;
}

static int add_options(struct rule_compiler *c, const struct rule_head *head,
		       const struct rule_option *first, uint32_t *number_r)
{
	struct rules *r = c->rules;
	struct rule_options options = {0};

	*number_r = 0;
	if (first == NULL)
		return 0;
	if (rule_compile_options(c, head, first, &options) < 0)
		return ERR_MEMORY;
	struct rule_options *grown = arena_grow(c->arena, r->options, r->noptions, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->options = grown;
	r->options[r->noptions] = options;
	*number_r = (uint32_t)r->noptions++;
	return 0;
}

static int add_clause(struct rule_compiler *c, const struct rule_ast *ast,
		      const struct rule_clause_ast *from)
{
	struct rules *r = c->rules;
	const struct conf_word *word = &from->condition->word;
	struct rule_clause clause = {.op = (uint32_t)r->nops, .place = place_text(c, word)};
	size_t before = c->errors->total;

	if (clause.place == NULL || add_node(c, from->condition) < 0 ||
	    add_options(c, &ast->head, from->options, &clause.options) < 0)
		return ERR_MEMORY;
	if (ast->head.action == RULE_SET && !ast->head.wrong && from->options == NULL)
		rule_fault(c, word, "set needs options behind the conditions: with ...");
	if (c->errors->total == before)
		rule_check_clause(c, clause.op, word);
	struct rule_clause *grown = arena_grow(c->arena, r->clause, r->nclauses, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->clause = grown;
	r->clause[r->nclauses++] = clause;
	return 0;
}

/* Clauses behind one that always holds are never looked at.  Returns whether one always holds. */
static bool check_clauses(struct rule_compiler *c, const struct rule_ast *ast,
			  const struct rule *rule)
{
	const struct rule_clause_ast *from = ast->clauses;

	for (uint32_t i = 0; i < rule->nclauses; i++, from = from->next) {
		if (!rule_always_holds(c->rules, c->rules->clause[rule->clause + i].op))
			continue;
		if (from->next != NULL && c->errors->total == 0)
			rule_warn(c, &from->next->condition->word,
				  "never looked at: the clause before it always holds");
		return true;
	}
	return false;
}

/* ---- rules ---- */

/* The first condition that is known in this phase only. */
static void refuse_phase(struct rule_compiler *c, const struct rule_ast *ast)
{
	struct conf_word word = ast->head.word;

	if (c->need_node != NULL)
		rule_fault(c, &word, "too early for \"%.*s\" of line %u, which is known from %s on",
			   (int)c->need_node->word.len, c->need_node->word.text,
			   c->need_node->word.line, rule_phase_name(c->need));
	else
		rule_fault(c, &word, "too early: there is a message to keep or discard at %s only",
			   rule_phase_name(c->need));
}

static uint8_t phases_of(const struct rule_compiler *c, const struct rule_ast *ast)
{
	unsigned all = (1u << RULE_PHASE_COUNT) - 1;

	if (ast->head.phase != RULE_PHASE_COUNT)
		return (uint8_t)(1u << ast->head.phase);
	return (uint8_t)(all & ~((1u << c->need) - 1));
}

/* The look-ups that the rule needs are wanted by its first phase. */
static void mark_lookup(struct rules *r, enum rule_lookup_kind kind, enum rule_subject subject,
			enum rule_phase phase)
{
	for (size_t i = 0; i < r->nlookups; i++) {
		struct rule_lookup *l = &r->lookup[i];
		if (l->kind == kind && l->subject == subject && l->zone == NULL && phase < l->phase)
			l->phase = phase;
	}
}

static void mark_lookups(struct rules *r, const struct rule_op *op, enum rule_phase phase)
{
	bool reverse = op->kind == RULE_OP_HOST || op->kind == RULE_OP_HOST_SET ||
		       op->kind == RULE_OP_SOURCE || op->kind == RULE_OP_SOURCE_SET ||
		       op->kind == RULE_OP_DNS;

	for (unsigned i = 0; op->kind == RULE_OP_LISTED && i < op->which; i++) {
		struct rule_lookup *l = &r->lookup[op->list[i]];
		if (phase < l->phase)
			l->phase = phase;
		reverse |= l->subject == RULE_SUBJECT_HOST;
	}
	if (reverse)
		mark_lookup(r, RULE_LOOKUP_REVERSE, RULE_SUBJECT_CLIENT, phase);
	if (op->kind == RULE_OP_FROM_HAS && op->bits & RULE_ADDRESS_DNS)
		mark_lookup(r, RULE_LOOKUP_DOMAIN, RULE_SUBJECT_FROM, phase);
	if (op->kind == RULE_OP_TO_HAS && op->bits & RULE_ADDRESS_DNS)
		mark_lookup(r, RULE_LOOKUP_DOMAIN, RULE_SUBJECT_TO, phase);
}

static void finish_rule(struct rule_compiler *c, const struct rule_ast *ast, struct rule *rule,
			size_t first_op)
{
	struct rules *r = c->rules;

	rule->phases = phases_of(c, ast);
	rule->each_to = (c->facts & RULE_FACT_TO) != 0;
	enum rule_phase first = (enum rule_phase)__builtin_ctz(rule->phases);
	for (size_t i = first_op; i < r->nops; i++)
		mark_lookups(r, &r->op[i], first);
	for (unsigned p = 0; p < RULE_PHASE_COUNT; p++)
		if (rule->phases & 1u << p)
			r->facts[p] |= c->facts;
	if (c->tls_word != NULL && !(rule->phases & 1u << RULE_CONNECT))
		rule_fault(c, c->tls_word,
			   "tls can be set at @connect only, and this rule acts later");
	if ((rule->phases & ~c->decided) == 0 && c->errors->total == 0)
		rule_warn(c, &ast->head.word, "never looked at: a rule before it decides on all");
	bool always = check_clauses(c, ast, rule);
	if (always && rule->action != RULE_SET)
		c->decided |= rule->phases;
}

static int add_rule(struct rule_compiler *c, const struct rule_ast *ast)
{
	struct rules *r = c->rules;
	bool late = ast->head.keeping || ast->head.action == RULE_DISCARD;
	struct rule rule = {.clause = (uint32_t)r->nclauses,
			    .action = (uint8_t)ast->head.action,
			    .keeping = ast->head.keeping};
	size_t first_op = r->nops;

	c->need = late ? RULE_MESSAGE : RULE_CONNECT;
	c->need_node = NULL;
	c->facts = 0;
	c->tls_word = NULL;
	for (const struct rule_clause_ast *from = ast->clauses; from != NULL; from = from->next)
		if (add_clause(c, ast, from) < 0)
			return ERR_MEMORY;
	rule.nclauses = (uint32_t)r->nclauses - rule.clause;
	if (ast->head.phase < c->need)
		refuse_phase(c, ast);
	finish_rule(c, ast, &rule, first_op);
	struct rule *grown = arena_grow(c->arena, r->rule, r->nrules, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->rule = grown;
	r->rule[r->nrules++] = rule;
	return 0;
}

/* Note which rules run in which phase. */
static int sort_by_phase(struct rule_compiler *c)
{
	struct rules *r = c->rules;

	for (unsigned p = 0; p < RULE_PHASE_COUNT; p++) {
		uint64_t *runs = arena_alloc(c->arena, (r->nrules + 63) / 64 * sizeof *runs);
		if (runs == NULL)
			return ERR_MEMORY;
		for (uint32_t i = 0; i < r->nrules; i++)
			if (r->rule[i].phases & 1u << p)
				runs[i / 64] |= UINT64_C(1) << i % 64;
		r->runs[p] = runs;
	}
	return 0;
}

int rule_compile(const struct rules **rules_r, const struct rule_list *list, struct arena *arena,
		 const struct conf_opener *opener, const struct conf *conf,
		 struct conf_errors *errors)
{
	struct rules *rules = arena_alloc(arena, sizeof *rules);
	struct rule_compiler c = {
	    .file = "", .arena = arena, .errors = errors, .conf = conf, .rules = rules};

	if (rules == NULL)
		return ERR_MEMORY;
	rules->options = arena_grow(arena, NULL, 0, sizeof *rules->options);
	if (rules->options == NULL)
		return ERR_MEMORY;
	rules->noptions = 1;
	c.run = (struct conf_run){.arena = arena, .opener = opener, .errors = errors};
	for (const struct rule_ast *ast = list->first; ast != NULL; ast = ast->next) {
		if (ast->file != c.file)
			c.file_copy = NULL;
		c.file = ast->file;
		if (add_rule(&c, ast) < 0)
			return ERR_MEMORY;
	}
	*rules_r = rules;
	if (sort_by_phase(&c) < 0 || rule_index_build(rules, arena) < 0)
		return ERR_MEMORY;
	return rule_guard_build(rules, arena);
}

/* Statements beside the blocks of rules have no place in a file of rules. */
static void refuse_others(const struct conf_tree *tree, struct conf_errors *errors)
{
	for (const struct conf_statement *s = tree->first; s != NULL; s = s->next) {
		struct conf_place place = conf_word_place(s, &s->words[0]);
		if (s->nwords != 1 || !s->is_block || !conf_word_is(&s->words[0], "rules"))
			conf_error_add(errors, &place,
				       "only blocks of rules stand in a file of rules");
	}
}

int rule_load(const struct rules **rules_r, const char *path, struct arena *arena,
	      const struct conf_opener *opener, struct conf_errors *errors)
{
	struct conf_tree tree;
	int result = conf_tree_load(&tree, path, CONF_TREE_RULES_OR_BLOCKS, opener, errors);

	if (result == 0) {
		refuse_others(&tree, errors);
		result = rule_compile(rules_r, tree.rules, arena, opener, NULL, errors);
	}
	conf_tree_free(&tree);
	if (result == 0 && errors->total > 0)
		result = ERR_FORMAT;
	return result;
}
