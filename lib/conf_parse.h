/*
 * conf_parse.h: what the scanner, the grammar and the tree share; private to conf_*.
 */
#ifndef SMTPTRAP_CONF_PARSE_H
#define SMTPTRAP_CONF_PARSE_H

#include <setjmp.h>
#include <sys/types.h>

#include "conf_tree.h"
#include "rule_words.h"

/* What stands in quotes, within rules. */
enum conf_quotes {
	CONF_QUOTES_PLAIN, /* a line, with escapes */
	CONF_QUOTES_LINES, /* lines, with escapes */
	CONF_QUOTES_RAW    /* a line in which only \" is an escape */
};

/* What all files of a run share. */
struct conf_run {
	struct arena *arena;
	const struct conf_opener *opener;
	struct conf_errors *errors;
	struct rule_list *rules;
	uint64_t bytes; /* read so far */
	unsigned files; /* opened so far */
};

/* The parser of one file. */
struct conf_parser {
	struct conf_run *run;
	const struct conf_parser *includer; /* NULL: the main file */
	unsigned include_depth;
	const char *path;
	dev_t device;
	ino_t inode;

	/* The scanner's. */
	uint32_t line, column;                     /* of the next byte */
	struct conf_word token;                    /* the last one, as written */
	struct conf_word opened[CONF_BLOCK_DEPTH]; /* the braces that are open */
	unsigned depth;
	bool stopped;            /* too deep: the rest of the file is not read */
	bool begun;              /* the grammar was told what the file holds */
	bool in_rules;           /* within a block of rules, or a file included there */
	bool rules_named;        /* the last word was "rules", outside all blocks */
	unsigned rules_depth;    /* braces around the rules, their own included */
	enum conf_quotes quotes; /* what quotes in rules may hold */
	bool rules_include;      /* the include being read stands among rules */
	struct rule_words rules; /* the second stage of the scanner, for rules */
	jmp_buf fatal;           /* the scanner has no memory */

	/* The builder's. */
	struct conf_word *words; /* of the statement being read */
	size_t nwords, words_room;
	struct conf_statement **tail; /* where the next statement goes */
	struct conf_statement **outer_tail[CONF_BLOCK_DEPTH];
	unsigned outer;
};

/* conf_lex.l: run the grammar over the len bytes at text, which hold no NUL and are written to;
 * two NULs must stand behind them.  Returns 0 or ERR_MEMORY. */
int conf_parse_text(struct conf_parser *parser, char *text, size_t len);

/* conf_lex.l: the next token, rules in raw form; with value->word.  rule_words.c makes tokens of the
 * grammar of them. */
union CONF_YYSTYPE;
int conf_scan(union CONF_YYSTYPE *value_r, void *scanner);

/* conf_tree.c, called by the grammar: each returns 0 or ERR_MEMORY. */
int conf_build_word(struct conf_parser *parser, const struct conf_word *word);
int conf_build_statement(struct conf_parser *parser);
int conf_build_open(struct conf_parser *parser);
int conf_build_close(struct conf_parser *parser);

/* conf_file.c: a file in memory, in run's arena. */
struct conf_file {
	char *text; /* len bytes, then two NULs */
	size_t len;
	dev_t device;
	ino_t inode;
};

/*
 * Open and check the file at path, and if it is not one of those that includer and its own
 * includers are reading, read it.  Returns 1 and *file_r; 0 after an error that is noted with
 * place; ERR_MEMORY.
 */
int conf_file_read(struct conf_run *run, const char *path, const struct conf_parser *includer,
		   const struct conf_place *place, struct conf_file *file_r);

/* An error at the last token. */
void conf_parser_error(struct conf_parser *parser, const char *what);

#endif
