/*
 * rule_read.h: the tokens and arguments of rules, for the second stage of the scanner; private to
 * rule_*.
 */
#ifndef SMTPTRAP_RULE_READ_H
#define SMTPTRAP_RULE_READ_H

#include "conf_gram.h"
#include "conf_parse.h"

/* The reading of one token of the grammar. */
struct rule_reader {
	struct conf_parser *p;
	void *scanner;
	CONF_YYSTYPE *value;
};

/* The next raw token, whose word is p->rules.word; 0 at the end of the file. */
int rule_read_peek(struct rule_reader *r);

/* The same, line ends passed over. */
int rule_read_peek_line(struct rule_reader *r);

/* Whether it is this bare word. */
bool rule_read_is_bare(struct rule_reader *r, const char *text);

/* Go on behind it; or make it this one. */
void rule_read_take(struct rule_reader *r);
void rule_read_put_back(struct rule_reader *r, int token, const struct conf_word *word);

/* Note an error at the word; with a word of these lists that was probably meant. */
enum rule_read_list {
	RULE_READ_PHASES = 1,
	RULE_READ_ACTIONS = 2,
	RULE_READ_CONDITIONS = 4,
	RULE_READ_OPTIONS = 8
};
void rule_read_fault(struct rule_reader *r, const struct conf_word *word, const char *what);
void rule_read_fault_meant(struct rule_reader *r, const struct conf_word *word, unsigned lists,
			   const char *what);

/* Words that no argument is without quotes: or, not, with. */
bool rule_read_is_between(const struct conf_word *word);

/* The arguments of a condition or an option. */
struct rule_arguments {
	const char *name; /* of the condition or option */
	const char *form; /* what it needs */
	struct conf_word words[RULE_ARGUMENTS_MAX];
	uint32_t count;
};

/* Gather what the shape asks for; name is the word of the condition or option.  False, and noted,
 * if that is not there. */
bool rule_read_arguments(struct rule_reader *r, enum rule_shape shape, struct rule_arguments *a,
			 const struct conf_word *name);

/* Copy them to the arena of the tree; does not come back if there is no memory. */
const struct conf_word *rule_read_keep(struct rule_reader *r, const struct rule_arguments *a);

#endif
