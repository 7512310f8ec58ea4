/*
 * rule_ast.h: rules as they were written, before anything is known of their arguments.
 *
 * Made by the grammar, read by rule_compile.c; lives in the arena of the tree of statements.
 * A part that was wrong and is reported has a row of NULL.
 */
#ifndef SMTPTRAP_RULE_AST_H
#define SMTPTRAP_RULE_AST_H

#include "conf_error.h"
#include "conf_tree.h"
#include "rule_table.h"

#define RULE_RULES_MAX 100000      /* rules of a run: a gigabyte of memory if all are long */
#define RULE_CONDITIONS_MAX 500000 /* conditions and options of a run, likewise */
#define RULE_DEPTH_MAX 32          /* parentheses in each other; evaluation recurses */
#define RULE_ARGUMENTS_MAX 16      /* words behind a condition or an option */

enum rule_node_kind { RULE_NODE_CONDITION, RULE_NODE_ALL_OF, RULE_NODE_ANY_OF, RULE_NODE_NOT };

struct rule_node {
	enum rule_node_kind kind;
	struct rule_node *next;               /* with the same parent */
	struct rule_node *children, *last;    /* of all kinds but conditions */
	const struct rule_condition_row *row; /* of a condition */
	const struct conf_word *words;        /* its arguments */
	uint32_t nwords;
	struct conf_word word; /* the condition's name; of others the first below */
};

struct rule_option {
	struct rule_option *next;
	const struct rule_option_row *row;
	const struct conf_word *words;
	uint32_t nwords;
	struct conf_word word;
};

struct rule_clause_ast {
	struct rule_clause_ast *next;
	const struct rule_node *condition;
	const struct rule_option *options;
};

/* What stands before the conditions. */
struct rule_head {
	struct conf_word word; /* the first of the rule */
	enum rule_phase phase; /* RULE_PHASE_COUNT: none is given */
	enum rule_action action;
	bool keeping; /* reject after keeping */
	bool wrong;   /* and that is reported */
};

struct rule_ast {
	struct rule_ast *next;
	const char *file;
	struct rule_head head;
	const struct rule_clause_ast *clauses;
};

/* All rules of a run, in the order of its files. */
struct rule_list {
	struct rule_ast *first;
	struct rule_ast **tail;
	size_t rules, conditions;
};

#endif
