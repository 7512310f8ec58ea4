/*
 * rule_words.h: the second stage of the scanner, for rules; private to conf_* and rule_*.
 */
#ifndef SMTPTRAP_RULE_WORDS_H
#define SMTPTRAP_RULE_WORDS_H

#include "rule_ast.h"

/* What the next word can be. */
enum rule_at { RULE_AT_HEAD, RULE_AT_ACTION, RULE_AT_CONDITION, RULE_AT_OPTION, RULE_AT_COUNT };

struct rule_words {
	bool held;             /* a raw token was read ahead: */
	int held_token;        /* 0: the end of the file */
	struct conf_word word; /* its word */
	enum rule_at at;
	bool in_rule;   /* a rule has begun and its end was not handed out */
	bool ending;    /* all that is left is to close its parentheses */
	bool abandoned; /* the rule was given up, and that is reported */
	unsigned parens;
	struct conf_word paren[RULE_DEPTH_MAX]; /* those that are open */
	int last, before;                       /* the tokens handed out last, and their words */
	struct conf_word last_word, before_word;
};

struct conf_parser;

/* Called by the grammar where a rule cannot go on with the token handed out last: says what is
 * missing. */
void rule_words_error(struct conf_parser *parser);

/* ---- rule_build.c, called by the grammar and the scanner; NULL or ERR_MEMORY without memory ---- */

struct rule_node *rule_build_condition(struct conf_parser *parser, const struct conf_word *word);
struct rule_option *rule_build_option(struct conf_parser *parser, const struct conf_word *word);

/* left and right together under kind (RULE_NODE_ALL_OF, RULE_NODE_ANY_OF); RULE_NODE_NOT with right NULL. */
struct rule_node *rule_build_join(struct conf_parser *parser, enum rule_node_kind kind,
				  struct rule_node *left, struct rule_node *right);

/* options, and the clauses below, come last first. */
struct rule_clause_ast *rule_build_clause(struct conf_parser *parser,
					  const struct rule_node *condition,
					  struct rule_option *options);

/* Add the rule to those of the run. */
int rule_build_rule(struct conf_parser *parser, const struct rule_head *head,
		    struct rule_clause_ast *clauses);

/* include "FILE" among rules. */
int rule_build_include(struct conf_parser *parser, const struct conf_word *include,
		       const struct conf_word *name);

#endif
