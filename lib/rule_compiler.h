/*
 * rule_compiler.h: what the files of the compiler of rules share; private to them.
 */
#ifndef SMTPTRAP_RULE_COMPILER_H
#define SMTPTRAP_RULE_COMPILER_H

#include "conf_parse.h"
#include "rule_compile.h"
#include "rule_int.h"

/* What a file of patterns holds. */
enum rule_file_kind { RULE_FILE_ADDRESSES, RULE_FILE_HOSTS, RULE_FILE_WORDS, RULE_FILE_NETS };

/* A file of patterns, read once however many rules name it. */
struct rule_file {
	struct rule_file *next;
	const char *path;
	enum rule_file_kind kind;
	size_t count; /* of patterns */
	struct rule_set set;
	struct rule_nets nets;
};

struct rule_compiler {
	struct arena *arena;
	struct conf_errors *errors;
	const struct conf *conf; /* NULL: not known */
	struct rules *rules;
	struct conf_run run; /* for reading files of patterns */
	struct rule_file *files;
	uint32_t nregexes;
	const char *file;      /* of the rule, in the tree's arena */
	const char *file_copy; /* the same in ours */

	/* of the rule being compiled */
	const struct rule_node *node;      /* the condition */
	enum rule_phase need;              /* the first phase in which all can be known */
	const struct rule_node *need_node; /* the condition that is known last; NULL: the action */
	uint32_t facts;
	const struct conf_word *tls_word; /* the option tls, if there is one */
	size_t faults;                    /* errors before it */
	uint8_t decided;                  /* phases in which an earlier rule always decides */
};

/* Note an error, or a warning, at a word of the rule. */
void rule_fault(struct rule_compiler *c, const struct conf_word *word, const char *what, ...)
    __attribute__((format(printf, 3, 4)));
void rule_warn(struct rule_compiler *c, const struct conf_word *word, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether the word is this name. */
static inline bool rule_word_is(const struct conf_word *word, const char *name)
{
	return strlen(name) == word->len && memcmp(name, word->text, word->len) == 0;
}

/* The word is none of the flags that can stand behind `name`. */
void rule_fault_meant(struct rule_compiler *c, const struct conf_word *word,
		      const struct rule_flag *flags, const char *name);

/* All return 0, also where something was wrong and is noted, or ERR_MEMORY. */

/* rule_condition.c: fill op for the condition; it stays RULE_OP_NEVER_KNOWN if that is wrong. */
int rule_compile_condition(struct rule_compiler *c, const struct rule_node *node,
			   struct rule_op *op);

/* The functions of its table that stand in rule_measure.c. */
typedef int rule_condition_fn(struct rule_compiler *c, const struct rule_node *n,
			      struct rule_op *op);
rule_condition_fn rule_if_tls, rule_if_size, rule_if_header, rule_if_body, rule_if_rate,
    rule_if_time, rule_if_random;

/* rule_with.c: the options of a clause of this rule. */
int rule_compile_options(struct rule_compiler *c, const struct rule_head *head,
			 const struct rule_option *first, struct rule_options *options_r);

/* rule_files.c: whether the argument names a file; read it, *file_r NULL if it cannot be. */
bool rule_is_file(const struct conf_word *word);
int rule_file_get(struct rule_compiler *c, const struct conf_word *word, enum rule_file_kind kind,
		  const struct rule_file **file_r);

/* rule_conflict.c: note it if the clause, whose operations begin at op, can never hold. */
void rule_check_clause(struct rule_compiler *c, uint32_t op, const struct conf_word *word);

/* Whether the operations at op always hold. */
bool rule_always_holds(const struct rules *rules, uint32_t op);

#endif
