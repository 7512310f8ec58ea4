/*
 * where_gram.y: the grammar of where expressions.
 *
 * Runs in the reader.  Input are the scanner's tokens, output nodes made by where_build_*(), each
 * before those that it is part of.  The parser is pure.  It stops at the first error.
 */
%define api.pure full
%define api.prefix {where_yy}
%define parse.error custom
%param { void *scanner }
%parse-param { struct where_parser *parser }

%code requires {
#include "where_int.h"
}

%code {
#include <string.h>

#include "where_gram.h"

int where_yylex(WHERE_YYSTYPE *value_r, void *scanner);

static void where_yyerror(void *scanner, struct where_parser *parser, const char *what)
{
	(void)scanner;
	where_fail(parser, parser->token.column, "%s", what);
}

#define TRY(call)                                                                                  \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			YYABORT;                                                                   \
	} while (0)
}

%union {
	struct where_word word;
	enum where_op op;
	int node;
}
%token END 0 "the end"
%token OPEN "(" CLOSE ")" COMMA ","
%token NOT "not" AND "and" OR "or" IN "in"
%token <op> OPERATOR "a comparison"
%token <word> WORD "a word"
%type <node> expression test value list
%left OR
%left AND
%precedence NOT

%%

all:	  expression			{ parser->where->root = (size_t)$1; }
	;

expression: test
	| OPEN expression CLOSE		{ $$ = $2; }
	| NOT expression		{ TRY($$ = where_build_logic(parser, WHERE_NOT, $2, $2)); }
	| expression AND expression	{ TRY($$ = where_build_logic(parser, WHERE_AND, $1, $3)); }
	| expression OR expression	{ TRY($$ = where_build_logic(parser, WHERE_OR, $1, $3)); }
	;

test:	  WORD				{ TRY($$ = where_build_present(parser, &$1)); }
	| WORD OPERATOR value		{ TRY($$ = where_build_test(parser, &$1, $2, $3)); }
	| WORD IN value			{ TRY($$ = where_build_test(parser, &$1, WHERE_IN, $3)); }
	| WORD IN OPEN list CLOSE	{ TRY($$ = where_build_test(parser, &$1, WHERE_IN, $4)); }
	;

list:	  value
	| list COMMA value		{ $$ = $1; }
	;

value:	  WORD				{ TRY($$ = where_build_literal(parser, &$1)); }
	;

%%

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner,
				 struct where_parser *parser)
{
	yysymbol_kind_t expected[5], got = yypcontext_token(context);
	int count = yypcontext_expected_tokens(context, expected, 5);
	char text[WHERE_ERROR_MAX] = "";

	(void)scanner;
	for (int i = 0; i < count; i++) {
		strlcat(text, i == 0 ? "; expected here: " : ", ", sizeof text);
		strlcat(text, yysymbol_name(expected[i]), sizeof text);
	}
	if (got == YYSYMBOL_YYEOF)
		where_fail(parser, parser->token.column, "the expression ends too early%s", text);
	else
		where_fail(parser, parser->token.column, "'%.*s' does not fit here%s",
			   (int)parser->token.len, parser->token.text, text);
	return 0;
}
