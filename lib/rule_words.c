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

#include "rule_read.h"

struct conf_parser *conf_yyget_extra(void *scanner); /* flex has no header for it */
int conf_yylex(CONF_YYSTYPE *value_r, void *scanner);

#define GO_ON (-1) /* no token yet */

/* ---- the end of a rule ---- */

/* Hand out what closes the rule, a token a call. */
static int end_rule(struct rule_reader *r)
{
	struct rule_words *w = &r->p->rules;

	w->ending = true;
	if (w->parens > 0) {
		rule_read_fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
		return T_RIGHT;
	}
	w->ending = w->in_rule = false;
	w->at = RULE_AT_HEAD;
	return T_RULE_END;
}

/* Give the rule up: what is left of it is passed over. */
static int abandon(struct rule_reader *r, const struct conf_word *word, const char *what)
{
	struct rule_words *w = &r->p->rules;

	rule_read_fault(r, word, what);
	while (rule_read_peek(r) != END_OF_STATEMENT && rule_read_peek(r) != CLOSE &&
	       rule_read_peek(r) != 0)
		rule_read_take(r);
	w->parens = 0;
	w->abandoned = true;
	return end_rule(r);
}

/* Whether the held token begins a rule, so that one before it has ended. */
static bool begins_rule(struct rule_reader *r)
{
	const struct conf_word *word = &r->p->rules.word;

	if (rule_read_peek(r) != WORD)
		return rule_read_peek(r) == CLOSE || rule_read_peek(r) == 0;
	return !word->quoted &&
	       (word->text[0] == '@' || rule_flag_find(rule_actions, word) != NULL ||
		conf_word_is(word, "include"));
}

static int at_newline(struct rule_reader *r)
{
	struct rule_words *w = &r->p->rules;

	rule_read_peek_line(r);
	if (!w->in_rule || rule_read_is_bare(r, "or") || rule_read_is_bare(r, "with"))
		return GO_ON;
	if (w->parens > 0 && !begins_rule(r))
		return GO_ON;
	return end_rule(r);
}

/* ";": another clause, or the end where no clause can follow. */
static int at_semicolon(struct rule_reader *r)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens > 0) {
		rule_read_fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
		return T_RIGHT;
	}
	rule_read_take(r);
	rule_read_peek_line(r);
	if (!w->in_rule)
		return GO_ON;
	if (begins_rule(r))
		return end_rule(r);
	w->at = RULE_AT_CONDITION;
	return T_SEMICOLON;
}

/* ---- words by place ---- */

typedef int word_fn(struct rule_reader *r, const struct conf_word *word);

static int include_file(struct rule_reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;
	struct rule_arguments a = {.name = "include", .form = "a file name"};

	if (!rule_read_arguments(r, RULE_SHAPE_WORD, &a, word)) {
		w->abandoned = true;
		return end_rule(r);
	}
	r->value->include.word = *word;
	r->value->include.name = a.words[0];
	w->at = RULE_AT_OPTION; /* nothing fits there */
	if (rule_read_peek(r) != END_OF_STATEMENT && rule_read_peek(r) != T_SEMICOLON &&
	    rule_read_peek(r) != CLOSE && rule_read_peek(r) != 0)
		return abandon(r, &w->word, "include takes one file name and stands alone");
	return T_INCLUDE;
}

/* after keeping, behind reject. */
static void take_keeping(struct rule_reader *r, struct rule_head *head)
{
	if (!rule_read_is_bare(r, "after"))
		return;
	head->keeping = true;
	struct conf_word after = r->p->rules.word;
	rule_read_take(r);
	if (!rule_read_is_bare(r, "keeping")) {
		rule_read_fault(r, &after, "after is followed by keeping");
		return;
	}
	rule_read_take(r);
	if (head->action != RULE_REJECT)
		rule_read_fault(r, &after,
				"after keeping goes with reject; what is accepted is kept anyway");
}

static int take_action(struct rule_reader *r, const struct conf_word *word,
		       const struct rule_flag *action)
{
	struct rule_head *head = &r->value->head;

	*head = (struct rule_head){.word = *word, .action = (enum rule_action)action->bits};
	take_keeping(r, head);
	r->p->rules.at = RULE_AT_CONDITION;
	return T_ACTION;
}

/* No action stands where one must: go on as if it did. */
static int no_action(struct rule_reader *r, const struct conf_word *word, unsigned lists)
{
	struct rule_words *w = &r->p->rules;
	bool condition = rule_condition_find(word) != NULL || rule_read_is_between(word);

	if (condition)
		rule_read_fault(
		    r, word, "an action is needed in front: accept, reject, stall, discard, set");
	else if (word->quoted)
		rule_read_fault(r, word, "an action is expected here, and actions have no quotes");
	else
		rule_read_fault_meant(r, word, lists, "neither a phase nor an action");
	if (condition)
		rule_read_put_back(r, WORD, word);
	r->value->head = (struct rule_head){.word = *word, .action = RULE_SET, .wrong = true};
	w->at = RULE_AT_CONDITION;
	return T_ACTION;
}

static int word_at_head(struct rule_reader *r, const struct conf_word *word)
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
		return no_action(r, word, RULE_READ_PHASES | RULE_READ_ACTIONS);
	if (phase == NULL)
		rule_read_fault_meant(r, word, RULE_READ_PHASES, "unknown phase");
	r->value->head = (struct rule_head){.word = *word,
					    .phase = phase == NULL ? RULE_PHASE_COUNT
								   : (enum rule_phase)phase->bits};
	w->at = RULE_AT_ACTION;
	return T_PHASE;
}

static int word_at_action(struct rule_reader *r, const struct conf_word *word)
{
	const struct rule_flag *action = rule_flag_find(rule_actions, word);

	if (action != NULL)
		return take_action(r, word, action);
	if (rule_flag_find(rule_phases, word) == NULL)
		return no_action(r, word, RULE_READ_ACTIONS);
	rule_read_fault(r, word, "a rule has one phase");
	return GO_ON;
}

/* Pass over words that nothing is known of. */
static void skip_unknown(struct rule_reader *r, bool options)
{
	const struct conf_word *word = &r->p->rules.word;

	while (rule_read_peek(r) == T_COMMA || rule_read_peek(r) == T_COMPARE ||
	       (rule_read_peek(r) == WORD && !rule_read_is_between(word) &&
		rule_condition_find(word) == NULL && (!options || rule_option_find(word) == NULL) &&
		rule_flag_find(rule_actions, word) == NULL))
		rule_read_take(r);
}

static int unknown_condition(struct rule_reader *r, const struct conf_word *word)
{
	if (word->quoted)
		rule_read_fault(r, word,
				"a condition is expected here, and conditions have no quotes");
	else if (conf_word_is(word, "and"))
		rule_read_fault(r, word,
				"conditions side by side must all hold: leave \"and\" out");
	else if (rule_flag_find(rule_actions, word) || rule_flag_find(rule_phases, word))
		return abandon(r, word, "a rule begins on a line of its own, or behind \";\"");
	else if (rule_option_find(word) != NULL)
		rule_read_fault(r, word, "options stand behind \"with\"");
	else
		rule_read_fault_meant(r, word,
				      RULE_READ_CONDITIONS | RULE_READ_ACTIONS | RULE_READ_PHASES,
				      "unknown condition");
	if (conf_word_is(word, "and"))
		return GO_ON;
	skip_unknown(r, false);
	r->value->node = rule_build_condition(r->p, word);
	return T_CONDITION;
}

static int take_condition(struct rule_reader *r, const struct conf_word *word,
			  const struct rule_condition_row *row)
{
	struct rule_arguments a = {.name = row->word, .form = row->form};
	bool got = rule_read_arguments(r, row->shape, &a, word);
	struct rule_node *node = rule_build_condition(r->p, word);

	if (node != NULL && got) {
		node->row = row;
		node->words = rule_read_keep(r, &a);
		node->nwords = a.count;
	}
	r->value->node = node;
	return T_CONDITION;
}

static int begin_options(struct rule_reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens == 0) {
		w->at = RULE_AT_OPTION;
		return T_WITH;
	}
	rule_read_fault(r, &w->paren[--w->parens], "this parenthesis is not closed");
	rule_read_put_back(r, WORD, word);
	return T_RIGHT;
}

/* Two make none. */
static int take_nots(struct rule_reader *r)
{
	bool odd = true;

	for (; rule_read_is_bare(r, "not"); odd = !odd)
		rule_read_take(r);
	return odd ? T_NOT : GO_ON;
}

static int word_at_condition(struct rule_reader *r, const struct conf_word *word)
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

static void unknown_option(struct rule_reader *r, const struct conf_word *word)
{
	if (word->quoted)
		rule_read_fault(r, word, "an option is expected here, and options have no quotes");
	else if (conf_word_is(word, "with"))
		rule_read_fault(r, word, "options follow each other without another \"with\"");
	else if (conf_word_is(word, "savedir"))
		rule_read_fault(r, word,
				"there is no savedir: messages are kept by label, \"keep LABEL\"");
	else if (rule_condition_find(word) != NULL || rule_read_is_between(word))
		rule_read_fault(r, word, "conditions stand before \"with\"");
	else
		rule_read_fault_meant(r, word, RULE_READ_OPTIONS, "unknown option");
}

static int word_at_option(struct rule_reader *r, const struct conf_word *word)
{
	const struct rule_option_row *row = rule_option_find(word);
	struct rule_arguments a = {.name = "", .form = NULL};
	bool got = false;

	if (row == NULL &&
	    (rule_flag_find(rule_actions, word) || rule_flag_find(rule_phases, word)))
		return abandon(r, word, "a rule begins on a line of its own, or behind \";\"");
	if (row == NULL) {
		unknown_option(r, word);
		skip_unknown(r, true);
	} else {
		a = (struct rule_arguments){.name = row->word, .form = row->form};
		got = rule_read_arguments(r, row->shape, &a, word);
	}
	struct rule_option *option = rule_build_option(r->p, word);
	if (option == NULL)
		longjmp(r->p->fatal, 1);
	if (got) {
		option->row = row;
		option->words = rule_read_keep(r, &a);
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

static int at_left(struct rule_reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->at < RULE_AT_CONDITION) {
		rule_read_put_back(r, T_LEFT, word);
		w->in_rule = true;
		return no_action(r, word, 0);
	}
	if (w->at != RULE_AT_CONDITION) {
		rule_read_fault(r, word, "no parenthesis stands here");
		return GO_ON;
	}
	if (w->parens == RULE_DEPTH_MAX)
		return abandon(r, word, "parentheses are nested too deep");
	w->paren[w->parens++] = *word;
	return T_LEFT;
}

static int at_right(struct rule_reader *r, const struct conf_word *word)
{
	struct rule_words *w = &r->p->rules;

	if (w->parens == 0) {
		rule_read_fault(r, word, "this parenthesis closes nothing");
		return GO_ON;
	}
	w->parens--;
	return T_RIGHT;
}

/* Handle the held token; returns one of the grammar's, or GO_ON. */
static int next_token(struct rule_reader *r)
{
	struct rule_words *w = &r->p->rules;
	int token = rule_read_peek(r);
	struct conf_word word = w->word;

	if (w->ending)
		return end_rule(r);
	if ((token == CLOSE || token == 0) && w->in_rule)
		return end_rule(r);
	if (token == END_OF_STATEMENT)
		return at_newline(r);
	if (token == T_SEMICOLON)
		return at_semicolon(r);
	rule_read_take(r);
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
	rule_read_fault(r, &word, "this sign has no meaning here");
	return GO_ON;
}

static int rule_token(struct rule_reader *r)
{
	struct rule_words *w = &r->p->rules;
	int token;

	do {
		struct conf_word word = (rule_read_peek(r), w->word);
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
	struct rule_reader r = {
	    .p = conf_yyget_extra(scanner), .scanner = scanner, .value = value_r};

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
	struct rule_reader r = {.p = parser};

	if (w->abandoned)
		return;
	w->abandoned = true; /* one such error a rule */
	bool or = w->last == T_OR;
	const struct conf_word *word = or ? &w->last_word : &w->before_word;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].after == (or ? T_OR : w->before)) {
			rule_read_fault(&r, word, texts[i].what);
			return;
		}
	rule_read_fault(&r, word, "a rule does not go on like this");
}
