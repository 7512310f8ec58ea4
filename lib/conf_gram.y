/*
 * conf_gram.y: the grammar of configuration files.
 *
 * Runs wherever a configuration is read.  Input are the scanner's tokens, output calls of
 * conf_build_*().  The scanner sees to it that braces are balanced, so every run of tokens can
 * be read; a block without a name is refused by the builder.  The parser is pure.
 */
%define api.pure full
%define api.prefix {conf_yy}
%param { void *scanner }
%parse-param { struct conf_parser *parser }

%code requires {
#include "conf_parse.h"
}

%code {
#include "conf_gram.h"

int conf_yylex(CONF_YYSTYPE *value_r, void *scanner);

static void conf_yyerror(void *scanner, struct conf_parser *parser, const char *what)
{
	(void)scanner;
	conf_parser_error(parser, what);
}

/* The only error an action can meet is a lack of memory. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			YYNOMEM;                                                                   \
	} while (0)
}

%union {
	struct conf_word word;
}
%token <word> WORD
%token END_OF_STATEMENT OPEN CLOSE

%%

body:	  statements
	| statements words		{ TRY(conf_build_statement(parser)); }
	;

statements: %empty
	| statements statement
	;

statement: END_OF_STATEMENT
	| words END_OF_STATEMENT	{ TRY(conf_build_statement(parser)); }
	| words block
	| block
	;

block:	  open body CLOSE		{ TRY(conf_build_close(parser)); }
	;

open:	  OPEN				{ TRY(conf_build_open(parser)); }
	;

words:	  word
	| words word
	;

word:	  WORD				{ TRY(conf_build_word(parser, &$1)); }
	;
