/*
 * rule_read.c: the tokens and arguments of rules.
 *
 * Runs wherever a configuration is read.  One raw token is read ahead.  A table by shape has the
 * function that gathers the arguments of a condition or an option; what quotes may hold depends
 * on the argument, so it is said before the token is read.
 */
#include "rule_read.h"

#include "arena.h"
#include "conf_suggest.h"

#include <string.h>

/* ---- raw tokens ---- */

int rule_read_peek(struct rule_reader *r)
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

void rule_read_take(struct rule_reader *r)
{
	r->p->rules.held = false;
}

void rule_read_put_back(struct rule_reader *r, int token, const struct conf_word *word)
{
	r->p->rules.held = true;
	r->p->rules.held_token = token;
	r->p->rules.word = *word;
}

int rule_read_peek_line(struct rule_reader *r)
{
	while (rule_read_peek(r) == END_OF_STATEMENT)
		rule_read_take(r);
	return rule_read_peek(r);
}

bool rule_read_is_bare(struct rule_reader *r, const char *text)
{
	return rule_read_peek(r) == WORD && conf_word_is(&r->p->rules.word, text);
}

/* ---- errors ---- */

static void try_flags(struct conf_suggestion *s, const struct rule_flag *flags)
{
	for (; flags->word != NULL; flags++)
		conf_suggest_try(s, flags->word);
}

static const char *find_meant(const struct conf_word *word, unsigned lists)
{
	static const char *const between[] = {"or", "not", "with"};
	struct conf_suggestion s = {.word = word->text, .len = word->len};

	if (lists & RULE_READ_PHASES)
		try_flags(&s, rule_phases);
	if (lists & RULE_READ_ACTIONS)
		try_flags(&s, rule_actions);
	for (size_t i = 0; lists & RULE_READ_CONDITIONS && rule_conditions[i].word != NULL; i++)
		conf_suggest_try(&s, rule_conditions[i].word);
	for (size_t i = 0; lists & RULE_READ_CONDITIONS && i < sizeof between / sizeof *between;
	     i++)
		conf_suggest_try(&s, between[i]);
	for (size_t i = 0; lists & RULE_READ_OPTIONS && rule_options_table[i].word != NULL; i++)
		conf_suggest_try(&s, rule_options_table[i].word);
	return s.best;
}

static struct conf_place place_of(const struct rule_reader *r, const struct conf_word *word)
{
	struct conf_statement here = {.file = r->p->path};

	return conf_word_place(&here, word);
}

void rule_read_fault(struct rule_reader *r, const struct conf_word *word, const char *what)
{
	struct conf_place place = place_of(r, word);

	conf_error_add(r->p->run->errors, &place, "%s", what);
}

void rule_read_fault_meant(struct rule_reader *r, const struct conf_word *word, unsigned lists,
			   const char *what)
{
	struct conf_place place = place_of(r, word);

	if (!conf_errors_full(r->p->run->errors))
		place.meant = find_meant(word, lists);
	conf_error_add(r->p->run->errors, &place, "%s", what);
}

/* ---- arguments ---- */

bool rule_read_is_between(const struct conf_word *word)
{
	return conf_word_is(word, "or") || conf_word_is(word, "not") || conf_word_is(word, "with");
}

/* There is no argument where one is needed. */
static bool missing(struct rule_reader *r, const struct rule_arguments *a,
		    const struct conf_word *name)
{
	struct rule_words *w = &r->p->rules;
	bool other = rule_read_peek(r) == WORD || rule_read_peek(r) == T_COMPARE ||
		     rule_read_peek(r) == T_COMMA;
	struct conf_place place = place_of(r, other ? &w->word : name);

	conf_error_add(r->p->run->errors, &place, "%s needs %s", a->name, a->form);
	while (rule_read_peek(r) == T_COMPARE || rule_read_peek(r) == T_COMMA || /* as in <a@b> */
	       (rule_read_peek(r) == WORD && w->last == T_COMPARE)) {
		w->last = rule_read_peek(r);
		rule_read_take(r);
	}
	return false;
}

/* Take one more word; false, and noted, if there is none. */
static bool next_word(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
{
	const struct conf_word *word = &r->p->rules.word;

	if (rule_read_peek(r) != WORD || rule_read_is_between(word) ||
	    a->count == RULE_ARGUMENTS_MAX)
		return missing(r, a, name);
	a->words[a->count++] = *word;
	rule_read_take(r);
	return true;
}

static bool next_quoted(struct rule_reader *r, struct rule_arguments *a,
			const struct conf_word *name, enum conf_quotes quotes)
{
	r->p->quotes = quotes;
	bool got = next_word(r, a, name);
	r->p->quotes = CONF_QUOTES_PLAIN;
	return got;
}

static bool take_list(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	while (rule_read_peek(r) == T_COMMA) {
		rule_read_take(r);
		rule_read_peek_line(r);
		if (!next_word(r, a, name))
			return false;
	}
	return true;
}

typedef bool shape_fn(struct rule_reader *r, struct rule_arguments *a,
		      const struct conf_word *name);

static bool take_none(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
{
	(void)r, (void)a, (void)name;
	return true;
}

static bool take_list_word(struct rule_reader *r, struct rule_arguments *a,
			   const struct conf_word *name)
{
	return take_list(r, a, name) && next_word(r, a, name);
}

static bool take_compare(struct rule_reader *r, struct rule_arguments *a,
			 const struct conf_word *name)
{
	if (rule_read_peek(r) == T_COMPARE) {
		a->words[a->count++] = r->p->rules.word;
		rule_read_take(r);
	}
	return next_word(r, a, name);
}

static bool take_local(struct rule_reader *r, struct rule_arguments *a,
		       const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (!conf_word_is(&a->words[0], "port") && !conf_word_is(&a->words[0], "listener"))
		return true;
	return next_word(r, a, name);
}

static bool take_pattern(struct rule_reader *r, struct rule_arguments *a,
			 const struct conf_word *name)
{
	return next_quoted(r, a, name, CONF_QUOTES_RAW);
}

static bool take_header(struct rule_reader *r, struct rule_arguments *a,
			const struct conf_word *name)
{
	return next_word(r, a, name) && take_pattern(r, a, name);
}

static bool take_rate(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (!rule_read_is_bare(r, "per"))
		return missing(r, a, name);
	rule_read_take(r);
	if (!next_word(r, a, name))
		return false;
	if (!rule_read_is_bare(r, "by"))
		return true;
	rule_read_take(r);
	return take_list(r, a, name);
}

static bool take_lines(struct rule_reader *r, struct rule_arguments *a,
		       const struct conf_word *name)
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

static bool take_code(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
{
	if (!next_word(r, a, name))
		return false;
	if (rule_read_peek(r) != WORD || !is_dotted(&r->p->rules.word))
		return true;
	return next_word(r, a, name);
}

static bool take_tls(struct rule_reader *r, struct rule_arguments *a, const struct conf_word *name)
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
static void refuse_list(struct rule_reader *r, const struct rule_arguments *a)
{
	struct conf_place place = place_of(r, &r->p->rules.word);

	conf_error_add(r->p->run->errors, &place,
		       "%s takes no list; several are written with or, or in a file", a->name);
	while (rule_read_peek(r) == T_COMMA) {
		rule_read_take(r);
		if (rule_read_peek(r) == WORD)
			rule_read_take(r);
	}
}

bool rule_read_arguments(struct rule_reader *r, enum rule_shape shape, struct rule_arguments *a,
			 const struct conf_word *name)
{
	bool got = shapes[shape].take(r, a, name);

	if (got && !shapes[shape].list && rule_read_peek(r) == T_COMMA)
		refuse_list(r, a);
	return got;
}

const struct conf_word *rule_read_keep(struct rule_reader *r, const struct rule_arguments *a)
{
	struct conf_word *words = arena_alloc(r->p->run->arena, a->count * sizeof *words);

	if (words == NULL)
		longjmp(r->p->fatal, 1);
	memcpy(words, a->words, a->count * sizeof *words);
	return words;
}
