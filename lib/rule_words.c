/*
 * rule_words.c: the second stage of the scanner, for rules.
 *
 * Runs wherever a configuration is read.  Words of rules mean what they mean by where they stand
 * ("helo" is a phase, a condition, an attribute, or a host's name), so this stage knows what can
 * come next, takes from the scanner a condition or an option with all its arguments, and hands
 * the grammar one token for it.  A rule ends with its line, unless that ends in ";" or ",", or
 * stands within parentheses, or the next one begins with "or" or "with".  Words that are not
 * known are noted here, with what was probably meant; parentheses come out balanced.
 */
#include "rule_words.h"

#include "arena.h"
#include "conf_gram.h"
#include "conf_parse.h"
#include "conf_suggest.h"

#include <string.h>

struct conf_parser *conf_yyget_extra(void *scanner); /* flex has no header for it */
int conf_yylex(CONF_YYSTYPE *value_r, void *scanner);

/* The reading of one token. */
struct reader {
	struct conf_parser *p;
	void *scanner;
	CONF_YYSTYPE *value;
};

/* A condition's or option's arguments being gathered. */
struct arguments {
	const char *name; /* of the condition or option */
	const char *form; /* what it needs */
	struct conf_word words[RULE_ARGUMENTS_MAX];
	uint32_t count;
};

#define GO_ON (-1) /* no token yet */

/* ---- raw tokens ---- */

static int peek(struct reader *r)
{
	struct rule_words *w = &r->p->rules;
	CONF_YYSTYPE value = {.word = {0}};

	if (!w->held) {
		w->held_token = conf_scan(&value, r->scanner);
		w->word = w->held_token == WORD ? value.word : r->p->token;
		w->held = true;
	}
	return w->held_token;
}

static void take(struct reader *r)
{
	r->p->rules.held = false;
}

static void put_back(struct reader *r, int token, const struct conf_word *word)
{
	r->p->rules.held = true;
	r->p->rules.held_token = token;
	r->p->rules.word = *word;
}

static int peek_line(struct reader *r)
{
	while (peek(r) == END_OF_STATEMENT)
		take(r);
	return peek(r);
}

static bool is_bare(struct reader *r, const char *text)
{
	return peek(r) == WORD && conf_word_is(&r->p->rules.word, text);
}

/* ---- errors ---- */

/* Lists of words, for what was probably meant. */
enum lists { PHASES = 1, ACTIONS = 2, CONDITIONS = 4, OPTIONS = 8 };

static void try_flags(struct conf_suggestion *s, const struct rule_flag *flags)
{
	for (; flags->word != NULL; flags++)
		conf_suggest_try(s, flags->word);
}

static const char *find_meant(const struct conf_word *word, unsigned lists)
{
	static const char *const between[] = {"or", "not", "with"};
	struct conf_suggestion s = {.word = word->text, .len = word->len};

	if (lists & PHASES)
		try_flags(&s, rule_phases);
	if (lists & ACTIONS)
		try_flags(&s, rule_actions);
	for (size_t i = 0; lists & CONDITIONS && rule_conditions[i].word != NULL; i++)
		conf_suggest_try(&s, rule_conditions[i].word);
	for (size_t i = 0; lists & CONDITIONS && i < sizeof between / sizeof *between; i++)
		conf_suggest_try(&s, between[i]);
	for (size_t i = 0; lists & OPTIONS && rule_options_table[i].word != NULL; i++)
		conf_suggest_try(&s, rule_options_table[i].word);
	return s.best;
}

static struct conf_place place_of(const struct reader *r, const struct conf_word *word)
{
	struct conf_statement here = {.file = r->p->path};

	return conf_word_place(&here, word);
}

static void fault(struct reader *r, const struct conf_word *word, const char *what)
{
	struct conf_place place = place_of(r, word);

	conf_error_add(r->p->run->errors, &place, "%s", what);
}

static void fault_meant(struct reader *r, const struct conf_word *word, unsigned lists,
			const char *what)
{
	struct conf_place place = place_of(r, word);

	if (!conf_errors_full(r->p->run->errors))
		place.meant = find_meant(word, lists);
	conf_error_add(r->p->run->errors, &place, "%s", what);
}

/* ---- arguments ---- */

static bool is_between(const struct conf_word *word)
{
	return conf_word_is(word, "or") || conf_word_is(word, "not") || conf_word_is(word, "with");
}

/* There is no argument where one is needed. */
static bool missing(struct reader *r, const struct arguments *a, const struct conf_word *name)
{
	struct rule_words *w = &r->p->rules;
	bool other = peek(r) == WORD || peek(r) == T_COMPARE || peek(r) == T_COMMA;
	struct conf_place place = place_of(r, other ? &w->word : name);

	conf_error_add(r->p->run->errors, &place, "%s needs %s", a->name, a->form);
	while (peek(r) == T_COMPARE || peek(r) == T_COMMA || /* as in <a@b> */
	       (peek(r) == WORD && w->last == T_COMPARE)) {
		w->last = peek(r);
		take(r);
	}
	return false;
}

/* Take one more word; false, and noted, if there is none. */
static bool next_word(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	const struct conf_word *word = &r->p->rules.word;

	if (peek(r) != WORD || is_between(word) || a->count == RULE_ARGUMENTS_MAX)
		return missing(r, a, name);
	a->words[a->count++] = *word;
	take(r);
	return true;
}

static bool next_quoted(struct reader *r, struct arguments *a, const struct conf_word *name,
			enum conf_quotes quotes)
{
	r->p->quotes = quotes;
	bool got = next_word(r, a, name);
	r->p->quotes = CONF_QUOTES_PLAIN;
	return got;
}

static bool take_list(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	while (peek(r) == T_COMMA) {
		take(r);
		peek_line(r);
		if (!next_word(r, a, name))
			return false;
	}
	return true;
}

typedef bool shape_fn(struct reader *r, struct arguments *a, const struct conf_word *name);

static bool take_none(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	(void)r, (void)a, (void)name;
	return true;
}

static bool take_list_word(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	return take_list(r, a, name) && next_word(r, a, name);
}

static bool take_compare(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (peek(r) == T_COMPARE) {
		a->words[a->count++] = r->p->rules.word;
		take(r);
	}
	return next_word(r, a, name);
}

static bool take_local(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (!conf_word_is(&a->words[0], "port") && !conf_word_is(&a->words[0], "listener"))
		return true;
	return next_word(r, a, name);
}

static bool take_pattern(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	return next_quoted(r, a, name, CONF_QUOTES_RAW);
}

static bool take_header(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	return next_word(r, a, name) && take_pattern(r, a, name);
}

static bool take_rate(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (!is_bare(r, "per"))
		return missing(r, a, name);
	take(r);
	if (!next_word(r, a, name))
		return false;
	if (!is_bare(r, "by"))
		return true;
	take(r);
	return take_list(r, a, name);
}

static bool take_lines(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	return next_quoted(r, a, name, CONF_QUOTES_LINES);
}

/* Digits and dots only: an enhanced code, right or wrong, and no option's name. */
static bool is_dotted(const struct conf_word *word)
{
	for (uint32_t i = 0; i < word->len; i++)
		if ((word->text[i] < '0' || word->text[i] > '9') && word->text[i] != '.')
			return false;
	return word->len > 0 && !word->quoted;
}

static bool take_code(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (peek(r) != WORD || !is_dotted(&r->p->rules.word))
		return true;
	return next_word(r, a, name);
}

static bool take_tls(struct reader *r, struct arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	return !conf_word_is(&a->words[0], "profile") || next_word(r, a, name);
}

static const struct {
	shape_fn *take;
	bool list; /* commas may follow */
} shapes[RULE_SHAPE_COUNT] = {
    [RULE_SHAPE_NONE] = {take_none, true},        [RULE_SHAPE_WORD] = {next_word, false},
    [RULE_SHAPE_LIST] = {take_list, true},        [RULE_SHAPE_LIST_WORD] = {take_list_word, false},
    [RULE_SHAPE_COMPARE] = {take_compare, false}, [RULE_SHAPE_LOCAL] = {take_local, false},
    [RULE_SHAPE_HEADER] = {take_header, false},   [RULE_SHAPE_PATTERN] = {take_pattern, false},
    [RULE_SHAPE_RATE] = {take_rate, true},        [RULE_SHAPE_LINES] = {take_lines, false},
    [RULE_SHAPE_CODE] = {take_code, false},       [RULE_SHAPE_TLS] = {take_tls, false},
};

/* A comma where no list is: note it and pass over it. */
static void refuse_list(struct reader *r, const struct arguments *a)
{
	struct conf_place place = place_of(r, &r->p->rules.word);

	conf_error_add(r->p->run->errors, &place,
		       "%s takes no list; several are written with or, or in a file", a->name);
	while (peek(r) == T_COMMA) {
		take(r);
		if (peek(r) == WORD)
			take(r);
	}
}

/* Gather what the shape asks for; false, and noted, if that is not there. */
static bool gather(struct reader *r, enum rule_shape shape, struct arguments *a,
		   const struct conf_word *name)
{
	bool got = shapes[shape].take(r, a, name);

	if (got && !shapes[shape].list && peek(r) == T_COMMA)
		refuse_list(r, a);
	return got;
}

static const struct conf_word *keep_words(struct reader *r, const struct arguments *a)
{
	struct conf_word *words = arena_alloc(r->p->run->arena, a->count * sizeof *words);

	if (words == NULL)
		longjmp(r->p->fatal, 1);
	memcpy(words, a->words, a->count * sizeof *words);
	return words;
}

/* ---- the end of a rule ---- */

/* Hand out what closes the rule, a token a call. */
static int end_rule(struct reader *r)
{
	struct rule_words *w = &r->p->rules;

	w->ending = true;
	if (w->parens > 0) {
		fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
		return T_RIGHT;
	}
	w->ending = w->in_rule = false;
	w->at = RULE_AT_HEAD;
	return T_RULE_END;
}

/* Give the rule up: what is left of it is passed over. */
static int abandon(struct reader *r, const struct conf_word *word, const char *what)
{
	struct rule_words *w = &r->p->rules;

	fault(r, word, what);
	while (peek(r) != END_OF_STATEMENT && peek(r) != CLOSE && peek(r) != 0)
		take(r);
	w->parens = 0;
	w->abandoned = true;
	return end_rule(r);
}

/* Whether the held token begins a rule, so that one before it has ended. */
static bool begins_rule(struct reader *r)
{
	const struct conf_word *word = &r->p->rules.word;

	if (peek(r) != WORD)
		return peek(r) == CLOSE || peek(r) == 0;
	return !word->quoted &&
	       (word->text[0] == '@' || rule_flag_find(rule_actions, word) != NULL ||
		conf_word_is(word, "include"));
}

static int at_newline(struct reader *r)
{
	struct rule_words *w = &r->p->rules;

	peek_line(r);
	if (!w->in_rule || is_bare(r, "or") || is_bare(r, "with"))
		return GO_ON;
	if (w->parens > 0 && !begins_rule(r))
		return GO_ON;
	return end_rule(r);
}

/* ";": another clause, or the end where no clause can follow. */
static int at_semicolon(struct reader *r)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens > 0) {
		fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
		return T_RIGHT;
	}
	take(r);
	peek_line(r);
	if (!w->in_rule)
		return GO_ON;
	if (begins_rule(r))
		return end_rule(r);
	w->at = RULE_AT_CONDITION;
	return T_SEMICOLON;
}

/* ---- words by place ---- */

typedef int word_fn(struct reader *r, const struct conf_word *word);

static int include_file(struct reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;
	struct arguments a = {.name = "include", .form = "a file name"};

	if (!gather(r, RULE_SHAPE_WORD, &a, word)) {
		w->abandoned = true;
		return end_rule(r);
	}
	r->value->include.word = *word;
	r->value->include.name = a.words[0];
	w->at = RULE_AT_OPTION; /* nothing fits there */
	if (peek(r) != END_OF_STATEMENT && peek(r) != T_SEMICOLON && peek(r) != CLOSE &&
	    peek(r) != 0)
		return abandon(r, &w->word, "include takes one file name and stands alone");
	return T_INCLUDE;
}

/* after keeping, behind reject. */
static void take_keeping(struct reader *r, struct rule_head *head)
{
	if (!is_bare(r, "after"))
		return;
	head->keeping = true;
	struct conf_word after = r->p->rules.word;
	take(r);
	if (!is_bare(r, "keeping")) {
		fault(r, &after, "after is followed by keeping");
		return;
	}
	take(r);
	if (head->action != RULE_REJECT)
		fault(r, &after, "after keeping goes with reject; what is accepted is kept anyway");
}

static int take_action(struct reader *r, const struct conf_word *word,
		       const struct rule_flag *action)
{
	struct rule_head *head = &r->value->head;

	*head = (struct rule_head){.word = *word, .action = (enum rule_action)action->bits};
	take_keeping(r, head);
	r->p->rules.at = RULE_AT_CONDITION;
	return T_ACTION;
}

/* No action stands where one must: go on as if it did. */
static int no_action(struct reader *r, const struct conf_word *word, unsigned lists)
{
	struct rule_words *w = &r->p->rules;
	bool condition = rule_condition_find(word) != NULL || is_between(word);

	if (condition)
		fault(r, word, "an action is needed in front: accept, reject, stall, discard, set");
	else if (word->quoted)
		fault(r, word, "an action is expected here, and actions have no quotes");
	else
		fault_meant(r, word, lists, "neither a phase nor an action");
	if (condition)
		put_back(r, WORD, word);
	r->value->head = (struct rule_head){.word = *word, .action = RULE_SET, .wrong = true};
	w->at = RULE_AT_CONDITION;
	return T_ACTION;
}

static int word_at_head(struct reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;
	const struct rule_flag *phase = rule_flag_find(rule_phases, word);
	const struct rule_flag *action = rule_flag_find(rule_actions, word);

	w->in_rule = true;
	w->abandoned = false;
	if (conf_word_is(word, "include"))
		return include_file(r, word);
	if (action != NULL)
		return take_action(r, word, action);
	if (word->quoted || word->text[0] != '@')
		return no_action(r, word, PHASES | ACTIONS);
	if (phase == NULL)
		fault_meant(r, word, PHASES, "unknown phase");
	r->value->head = (struct rule_head){.word = *word,
					    .phase = phase == NULL ? RULE_PHASE_COUNT
								   : (enum rule_phase)phase->bits};
	w->at = RULE_AT_ACTION;
	return T_PHASE;
}

static int word_at_action(struct reader *r, const struct conf_word *word)
{
	const struct rule_flag *action = rule_flag_find(rule_actions, word);

	if (action != NULL)
		return take_action(r, word, action);
	if (rule_flag_find(rule_phases, word) == NULL)
		return no_action(r, word, ACTIONS);
	fault(r, word, "a rule has one phase");
	return GO_ON;
}

/* Pass over words that nothing is known of. */
static void skip_unknown(struct reader *r, bool options)
{
	const struct conf_word *word = &r->p->rules.word;

	while (peek(r) == T_COMMA || peek(r) == T_COMPARE ||
	       (peek(r) == WORD && !is_between(word) && rule_condition_find(word) == NULL &&
		(!options || rule_option_find(word) == NULL) &&
		rule_flag_find(rule_actions, word) == NULL))
		take(r);
}

static int unknown_condition(struct reader *r, const struct conf_word *word)
{
	if (word->quoted)
		fault(r, word, "a condition is expected here, and conditions have no quotes");
	else if (conf_word_is(word, "and"))
		fault(r, word, "conditions side by side must all hold: leave \"and\" out");
	else if (rule_flag_find(rule_actions, word) || rule_flag_find(rule_phases, word))
		return abandon(r, word, "a rule begins on a line of its own, or behind \";\"");
	else if (rule_option_find(word) != NULL)
		fault(r, word, "options stand behind \"with\"");
	else
		fault_meant(r, word, CONDITIONS | ACTIONS | PHASES, "unknown condition");
	if (conf_word_is(word, "and"))
		return GO_ON;
	skip_unknown(r, false);
	r->value->node = rule_build_condition(r->p, word);
	return T_CONDITION;
}

static int take_condition(struct reader *r, const struct conf_word *word,
			  const struct rule_condition_row *row)
{
	struct arguments a = {.name = row->word, .form = row->form};
	bool got = gather(r, row->shape, &a, word);
	struct rule_node *node = rule_build_condition(r->p, word);

	if (node != NULL && got) {
		node->row = row;
		node->words = keep_words(r, &a);
		node->nwords = a.count;
	}
	r->value->node = node;
	return T_CONDITION;
}

static int begin_options(struct reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens == 0) {
		w->at = RULE_AT_OPTION;
		return T_WITH;
	}
	fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
	put_back(r, WORD, word);
	return T_RIGHT;
}

/* Two make none. */
static int take_nots(struct reader *r)
{
	bool odd = true;

	for (; is_bare(r, "not"); odd = !odd)
		take(r);
	return odd ? T_NOT : GO_ON;
}

static int word_at_condition(struct reader *r, const struct conf_word *word)
{
	const struct rule_condition_row *row = rule_condition_find(word);
	int token;

	if (conf_word_is(word, "or"))
		token = T_OR;
	else if (conf_word_is(word, "not"))
		token = take_nots(r);
	else if (conf_word_is(word, "with"))
		token = begin_options(r, word);
	else if (row != NULL)
		token = take_condition(r, word, row);
	else
		token = unknown_condition(r, word);
	if (token == T_CONDITION && r->value->node == NULL)
		longjmp(r->p->fatal, 1);
	return token;
}

static void unknown_option(struct reader *r, const struct conf_word *word)
{
	if (word->quoted)
		fault(r, word, "an option is expected here, and options have no quotes");
	else if (conf_word_is(word, "with"))
		fault(r, word, "options follow each other without another \"with\"");
	else if (conf_word_is(word, "savedir"))
		fault(r, word, "there is no savedir: messages are kept by label, \"keep LABEL\"");
	else if (rule_condition_find(word) != NULL || is_between(word))
		fault(r, word, "conditions stand before \"with\"");
	else
		fault_meant(r, word, OPTIONS, "unknown option");
}

static int word_at_option(struct reader *r, const struct conf_word *word)
{
	const struct rule_option_row *row = rule_option_find(word);
	struct arguments a = {.name = "", .form = NULL};
	bool got = false;

	if (row == NULL &&
	    (rule_flag_find(rule_actions, word) || rule_flag_find(rule_phases, word)))
		return abandon(r, word, "a rule begins on a line of its own, or behind \";\"");
	if (row == NULL) {
		unknown_option(r, word);
		skip_unknown(r, true);
	} else {
		a = (struct arguments){.name = row->word, .form = row->form};
		got = gather(r, row->shape, &a, word);
	}
	struct rule_option *option = rule_build_option(r->p, word);
	if (option == NULL)
		longjmp(r->p->fatal, 1);
	if (got) {
		option->row = row;
		option->words = keep_words(r, &a);
		option->nwords = a.count;
	}
	r->value->option = option;
	return T_OPTION;
}

static word_fn *const word_by_place[RULE_AT_COUNT] = {
    [RULE_AT_HEAD] = word_at_head,
    [RULE_AT_ACTION] = word_at_action,
    [RULE_AT_CONDITION] = word_at_condition,
    [RULE_AT_OPTION] = word_at_option,
};

/* ---- tokens ---- */

static int at_left(struct reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->at < RULE_AT_CONDITION) {
		put_back(r, T_LEFT, word);
		w->in_rule = true;
		return no_action(r, word, 0);
	}
	if (w->at != RULE_AT_CONDITION) {
		fault(r, word, "no parenthesis stands here");
		return GO_ON;
	}
	if (w->parens == RULE_DEPTH_MAX)
		return abandon(r, word, "parentheses are nested too deep");
	w->paren[w->parens++] = *word;
	return T_LEFT;
}

static int at_right(struct reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens == 0) {
		fault(r, word, "this parenthesis closes nothing");
		return GO_ON;
	}
	w->parens--;
	return T_RIGHT;
}

/* Handle the held token; returns one of the grammar's, or GO_ON. */
static int next_token(struct reader *r)
{
	struct rule_words *w = &r->p->rules;
	int token = peek(r);
	struct conf_word word = w->word;

	if (w->ending)
		return end_rule(r);
	if ((token == CLOSE || token == 0) && w->in_rule)
		return end_rule(r);
	if (token == END_OF_STATEMENT)
		return at_newline(r);
	if (token == T_SEMICOLON)
		return at_semicolon(r);
	take(r);
	if (token == CLOSE || token == 0)
		return token;
	if (token == WORD)
		return word_by_place[w->at](r, &word);
	if (token == T_LEFT)
		return at_left(r, &word);
	if (token == T_RIGHT)
		return at_right(r, &word);
	if (!w->in_rule)
		return word_at_head(r, &word);
	fault(r, &word, "this sign has no meaning here");
	return GO_ON;
}

static int rule_token(struct reader *r)
{
	struct rule_words *w = &r->p->rules;
	int token;

	do {
		struct conf_word word = (peek(r), w->word);
		token = next_token(r);
		if (token != GO_ON) {
			w->before = w->last;
			w->before_word = w->last_word;
			w->last = token;
			w->last_word = word;
		}
	} while (token == GO_ON);
	return token;
}

int conf_yylex(CONF_YYSTYPE *value_r, void *scanner)
{
	struct reader r = {.p = conf_yyget_extra(scanner), .scanner = scanner, .value = value_r};

	if (!r.p->begun) {
		r.p->begun = true;
		return r.p->in_rules ? T_BEGIN_RULES : T_BEGIN_CONF;
	}
	if (!r.p->in_rules && !r.p->rules.held && !r.p->rules.in_rule)
		return conf_scan(value_r, scanner);
	return rule_token(&r);
}

void rule_words_error(struct conf_parser *parser)
{
	static const struct {
		int after;
		const char *what;
	} texts[] = {
	    {T_PHASE, "an action is needed behind the phase"},
	    {T_ACTION, "a rule needs at least one condition, perhaps \"all\""},
	    {T_SEMICOLON, "a clause needs at least one condition, perhaps \"all\""},
	    {T_OR, "\"or\" needs a condition on each side"},
	    {T_NOT, "\"not\" needs a condition behind it"},
	    {T_LEFT, "there is no condition in these parentheses"},
	    {T_WITH, "\"with\" needs at least one option behind it"},
	    {T_INCLUDE, "include takes one file name and stands alone"},
	};
	struct rule_words *w = &parser->rules;
	struct reader r = {.p = parser};

	if (w->abandoned)
		return;
	w->abandoned = true; /* one such error a rule */
	bool or = w->last == T_OR;
	const struct conf_word *word = or ? &w->last_word : &w->before_word;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].after == (or ? T_OR : w->before)) {
			fault(&r, word, texts[i].what);
			return;
		}
	fault(&r, word, "a rule does not go on like this");
}
