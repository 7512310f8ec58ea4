/*
 * rule_build.c: rules as the grammar reads them, made into a tree.
 *
 * Runs wherever a configuration is read.  Nothing is known here of what conditions and options
 * mean.  Their number is bounded; what is beyond is counted and noted once.
 */
#include "arena.h"
#include "conf_parse.h"
#include "err.h"

#include <string.h>

/* Count one more; at the limit note it at the word, once. */
static void count(struct conf_parser *parser, size_t *n, size_t max, const struct conf_word *word,
		  const char *what)
{
	struct conf_statement here = {.file = parser->path};
	struct conf_place place = conf_word_place(&here, word);

	if ((*n)++ == max)
		conf_error_add(parser->run->errors, &place, "more than %zu %s", max, what);
}

static void count_condition(struct conf_parser *parser, const struct conf_word *word)
{
	count(parser, &parser->run->rules->conditions, RULE_CONDITIONS_MAX, word,
	      "conditions and options");
}

/* Beyond the limits nothing is kept. */
static bool is_full(const struct conf_parser *parser)
{
	const struct rule_list *list = parser->run->rules;

	return list->rules > RULE_RULES_MAX || list->conditions > RULE_CONDITIONS_MAX;
}

struct rule_node *rule_build_condition(struct conf_parser *parser, const struct conf_word *word)
{
	struct rule_node *node = arena_alloc(parser->run->arena, sizeof *node);

	if (node != NULL)
		node->word = *word;
	count_condition(parser, word);
	return node;
}

struct rule_option *rule_build_option(struct conf_parser *parser, const struct conf_word *word)
{
	struct rule_option *option = arena_alloc(parser->run->arena, sizeof *option);

	if (option != NULL)
		option->word = *word;
	count_condition(parser, word);
	return option;
}

static void append(struct rule_node *parent, struct rule_node *child)
{
	if (parent->last == NULL)
		parent->children = child;
	else
		parent->last->next = child;
	parent->last = child;
}

struct rule_node *rule_build_join(struct conf_parser *parser, enum rule_node_kind kind,
				  struct rule_node *left, struct rule_node *right)
{
	struct rule_node *node = left;

	if (left->kind != kind || kind == RULE_NODE_NOT) {
		node = rule_build_condition(parser, &left->word);
		if (node == NULL)
			return NULL;
		node->kind = kind;
		append(node, left);
	}
	if (right != NULL)
		append(node, right);
	return node;
}

static struct rule_option *reverse_options(struct rule_option *options)
{
	struct rule_option *first = NULL;

	for (struct rule_option *next; options != NULL; options = next) {
		next = options->next;
		options->next = first;
		first = options;
	}
	return first;
}

struct rule_clause_ast *rule_build_clause(struct conf_parser *parser,
					  const struct rule_node *condition,
					  struct rule_option *options)
{
	struct rule_clause_ast *clause = arena_alloc(parser->run->arena, sizeof *clause);

	if (clause == NULL)
		return NULL;
	clause->condition = condition;
	clause->options = reverse_options(options);
	return clause;
}

static struct rule_clause_ast *reverse_clauses(struct rule_clause_ast *clauses)
{
	struct rule_clause_ast *first = NULL;

	for (struct rule_clause_ast *next; clauses != NULL; clauses = next) {
		next = clauses->next;
		clauses->next = first;
		first = clauses;
	}
	return first;
}

int rule_build_rule(struct conf_parser *parser, const struct rule_head *head,
		    struct rule_clause_ast *clauses)
{
	struct rule_list *list = parser->run->rules;

	count(parser, &list->rules, RULE_RULES_MAX, &head->word, "rules");
	if (is_full(parser))
		return 0;
	struct rule_ast *rule = arena_alloc(parser->run->arena, sizeof *rule);
	if (rule == NULL)
		return ERR_MEMORY;
	rule->file = parser->path;
	rule->head = *head;
	rule->clauses = reverse_clauses(clauses);
	*list->tail = rule;
	list->tail = &rule->next;
	return 0;
}

int rule_build_include(struct conf_parser *parser, const struct conf_word *include,
		       const struct conf_word *name)
{
	if (conf_build_word(parser, include) < 0 || conf_build_word(parser, name) < 0)
		return ERR_MEMORY;
	parser->rules_include = true;
	int result = conf_build_statement(parser);
	parser->rules_include = false;
	return result;
}
