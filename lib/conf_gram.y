/*
 * conf_gram.y: the grammar of configuration files, and of the rules in them.
 *
 * Runs wherever a configuration is read.  Input are the scanner's tokens, output calls of
 * conf_build_*() and rule_build_*().  The scanner sees to it that braces and parentheses are
 * balanced, so outside rules every run of tokens can be read; a block without a name is refused
 * by the builder.  A rule that makes no sense is passed over up to its end.  The parser is pure.
 */
%define api.pure full
%define api.prefix {conf_yy}
%define parse.error custom
%param { void *scanner }
%parse-param { struct conf_parser *parser }

%code requires {
#include "conf_parse.h"
}

%code {
#include "conf_gram.h"

/* Of what bison 3.8 writes for errors we use a part. */
#pragma GCC diagnostic ignored "-Wunused-function"

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

#define MAKE(to, call)                                                                             \
	do {                                                                                       \
		if (((to) = (call)) == NULL)                                                       \
			YYNOMEM;                                                                   \
	} while (0)
}

%union CONF_YYSTYPE {
	struct conf_word word;
	struct rule_head head;
	struct rule_node *node;
	struct rule_option *option;
	struct rule_clause_ast *clause;
	struct {
		struct conf_word word, name;
	} include;
}

/* What the file holds: told once, at its beginning. */
%token T_BEGIN_CONF T_BEGIN_RULES

%token <word> WORD
%token END_OF_STATEMENT OPEN CLOSE

/* Within rules. */
%token OPEN_RULES
%token <head> T_PHASE T_ACTION
%token <node> T_CONDITION
%token <option> T_OPTION
%token <include> T_INCLUDE
%token T_OR T_NOT T_WITH T_LEFT T_RIGHT T_SEMICOLON T_RULE_END

/* Of the scanner's first stage only. */
%token T_COMMA T_COMPARE

%type <head> head
%type <node> conditions alternatives condition
%type <option> with options
%type <clause> clauses clause

%%

file:	  T_BEGIN_CONF body
	| T_BEGIN_RULES rules
	;

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
	| open_rules rules CLOSE	{ TRY(conf_build_close(parser)); }
	;

open:	  OPEN				{ TRY(conf_build_open(parser)); }
	;

open_rules: OPEN_RULES			{ TRY(conf_build_open(parser)); }
	;

words:	  word
	| words word
	;

word:	  WORD				{ TRY(conf_build_word(parser, &$1)); }
	;

/* ---- rules ---- */

rules:	  %empty
	| rules rule
	;

rule:	  head clauses T_RULE_END	{ TRY(rule_build_rule(parser, &$1, $2)); }
	| T_INCLUDE T_RULE_END		{ TRY(rule_build_include(parser, &$1.word, &$1.name)); }
	| error T_RULE_END		{ yyerrok; }
	;

head:	  T_ACTION			{ $$ = $1; $$.phase = RULE_PHASE_COUNT; }
	| T_PHASE T_ACTION		{ $$ = $2; $$.phase = $1.phase; $$.word = $1.word; }
	;

clauses:  clause
	| clauses T_SEMICOLON clause	{ $$ = $3; $$->next = $1; }
	;

clause:	  conditions with		{ MAKE($$, rule_build_clause(parser, $1, $2)); }
	;

/* Side by side all must hold; "or" binds tighter. */
conditions: alternatives
	| conditions alternatives	{ MAKE($$, rule_build_join(parser, RULE_NODE_ALL_OF, $1, $2)); }
	;

alternatives: condition
	| alternatives T_OR condition	{ MAKE($$, rule_build_join(parser, RULE_NODE_ANY_OF, $1, $3)); }
	;

condition: T_CONDITION
	| T_NOT condition		{ MAKE($$, rule_build_join(parser, RULE_NODE_NOT, $2, NULL)); }
	| T_LEFT conditions T_RIGHT	{ $$ = $2; }
	;

with:	  %empty			{ $$ = NULL; }
	| T_WITH options		{ $$ = $2; }
	;

options:  T_OPTION
	| options T_OPTION		{ $$ = $2; $$->next = $1; }
	;

%%

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner,
				 struct conf_parser *parser)
{
	(void)context, (void)scanner;
	rule_words_error(parser);
	return 0;
}
