/*
 * where_int.h: what the files of where expressions share.  Only they include it.
 */
#ifndef SMTPTRAP_WHERE_INT_H
#define SMTPTRAP_WHERE_INT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <setjmp.h>

#include "ip.h"
#include "record_scan.h"
#include "where.h"

#define WHERE_LITERALS_MAX 1024 /* values in an expression; 64 bytes each */

enum where_op {
	WHERE_EQ,
	WHERE_NE,
	WHERE_LT,
	WHERE_LE,
	WHERE_GT,
	WHERE_GE,
	WHERE_IN,
	WHERE_PREFIX,
	WHERE_MATCH,
	WHERE_NO_MATCH,
	WHERE_OP_COUNT
};

enum where_kind { WHERE_AND, WHERE_OR, WHERE_NOT, WHERE_PRESENT, WHERE_TEST };

/* What a field is compared with; which member is set follows from the field and the operator. */
struct where_literal {
	const char *text; /* in where->text */
	size_t len, column;
	uint64_t number; /* also microseconds since 1970, and 1 for true */
	struct ip_net net;
	pcre2_code *regex;
};

struct where_node {
	enum where_kind kind;
	uint16_t left, right; /* nodes, of AND, OR and NOT */
	uint16_t slot;        /* of the field in scan */
	enum where_op op;
	uint16_t first, literals; /* of a test */
};

struct where {
	struct record_scan scan;
	struct buf scratch; /* a value with its escapes undone */
	char *text;         /* the expression, quoted words with their escapes undone */
	size_t root, nodes, literals;
	struct where_node node[WHERE_NODES_MAX];
	struct where_literal literal[WHERE_LITERALS_MAX];
	pcre2_match_context *limits;
	pcre2_match_data *match;
};

/* A token: words have a text in where->text. */
struct where_word {
	char *text;
	size_t len, column;
};

/* What the scanner and the grammar know. */
struct where_parser {
	struct where *where;
	struct where_error *error;
	bool failed;             /* error is set; the first one counts */
	size_t column;           /* of the next token */
	struct where_word token; /* the last one read, for errors */
	jmp_buf fatal;           /* where flex goes when it has no memory */
};

/* Note an error at a column, if it is the first. */
void where_fail(struct where_parser *p, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Make a node; each returns its number, or -1 after where_fail().  A test takes the literals from
 * number first on. */
int where_build_logic(struct where_parser *p, enum where_kind kind, int left, int right);
int where_build_present(struct where_parser *p, const struct where_word *field);
int where_build_test(struct where_parser *p, const struct where_word *field, enum where_op op,
		     int first);

/* Keep a value for the next test; returns its number, or -1. */
int where_build_literal(struct where_parser *p, const struct where_word *word);

#endif
