/*
 * conf_tree.h: configuration files as a tree of statements, before anything knows the words.
 *
 * A statement is a run of words on a line, ended by a newline, ";" or the "}" around it; a
 * block of statements in braces may follow its last word:
 *     word word "quoted word"; word { word word }
 * What words mean, and how many of them make a key and its values, the reader of the tree
 * knows.  What stands in a block `rules` outside all others is no statements but rules, which
 * rule_compile.h takes.  Files named by `include "FILE"` (a statement of its own, anywhere) are read in its
 * place.
 */
#ifndef SMTPTRAP_CONF_TREE_H
#define SMTPTRAP_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "conf_error.h"

#define CONF_FILE_MAX (64u * 1024 * 1024)       /* bytes of a file: several million patterns */
#define CONF_FILES_TOTAL (256ull * 1024 * 1024) /* bytes of all files of a run */
#define CONF_FILES_MAX 1000   /* files of a run: stops what includes fast and wide */
#define CONF_INCLUDE_DEPTH 16 /* files open at once */
#define CONF_BLOCK_DEPTH 32   /* blocks open at once in a file */

struct conf_word {
	const char *text; /* len bytes, escapes resolved; no NUL behind, may hold NUL if quoted */
	uint32_t len;
	uint32_t line, column; /* of its first byte, from 1 */
	bool quoted;
};

struct conf_statement {
	struct conf_statement *next;
	const char *file;
	const struct conf_word *words;
	uint32_t nwords;                 /* at least 1 */
	bool is_block;                   /* braces follow the last word */
	struct conf_statement *children; /* the statements in the braces */
};

struct conf_tree {
	struct arena *arena; /* owns all statements, rules and words */
	struct conf_statement *first;
	const struct rule_list *rules; /* of all blocks of rules, in their order: rule_ast.h */
	const char *file;              /* the main file, as given */
	uint32_t end_line, end_column; /* where it ends */
};

/* What a file holds: statements, rules, or either rules or blocks of rules. */
enum conf_tree_holds { CONF_TREE_CONF, CONF_TREE_RULES, CONF_TREE_RULES_OR_BLOCKS };

/*
 * Read the file at path and those that it includes into *tree_r, to be released with
 * conf_tree_free() in any case.  What is wrong goes to errors, and what could be read is in the
 * tree nevertheless.  Returns 0 or ERR_MEMORY.
 */
int conf_tree_load(struct conf_tree *tree_r, const char *path, enum conf_tree_holds holds,
		   const struct conf_opener *opener, struct conf_errors *errors);

void conf_tree_free(struct conf_tree *tree);

/* name joined to the directory of file if it is relative; NULL if there is no memory. */
char *conf_path_join(struct arena *arena, const char *file, const char *name, size_t len);

/* The place of a word, for an error. */
struct conf_place conf_word_place(const struct conf_statement *s, const struct conf_word *w);

/* Whether w is this bare (not quoted) word. */
bool conf_word_is(const struct conf_word *w, const char *text);

#endif
