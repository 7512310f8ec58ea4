/*
 * rule_with.c: the options of a rule, behind "with".
 *
 * Runs where a configuration is read.  A table by option has the function that checks its
 * arguments; what does not go with the rule's action is an error too.
 */
#include "rule_compiler.h"

#include "conf_number.h"
#include "err.h"

#define PLACEHOLDER_MAX 46 /* what the longest one becomes: an address, or a record's id */

/* The option being compiled. */
struct with {
	struct rule_compiler *c;
	const struct rule_head *head;
	const struct rule_option *option;
	struct rule_options *to;
};

typedef int option_fn(struct with *w);

static const struct conf_word *first_word(const struct with *w)
{
	return &w->option->words[0];
}

/* Copy the word; NULL if there is no memory. */
static const char *copy(struct with *w, const struct conf_word *word)
{
	return arena_copy(w->c->arena, word->text, word->len);
}

/* ---- texts ---- */

/* The bytes of line, placeholders filled in; -1 and *at_r where it is wrong. */
static int64_t line_length(const char *line, size_t len, size_t *at_r)
{
	int64_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		*at_r = i;
		if (line[i] < ' ' || line[i] > '~')
			return -1;
		if (line[i] != '{' && line[i] != '}')
			continue;
		if (i + 1 < len && line[i + 1] == line[i]) {
			i++;
		} else if (len - i >= 4 &&
			   (memcmp(line + i, "{id}", 4) == 0 || memcmp(line + i, "{ip}", 4) == 0)) {
			i += 3;
			n += PLACEHOLDER_MAX - 1;
		} else {
			return -1;
		}
	}
	return n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Take white space off the start of lines but the first, and off all ends; returns the length. */
static size_t trim_lines(char *text, size_t len)
{
	size_t n = 0, line = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n') {
			if (n > line || line == 0 || !is_blank(text[i]))
				text[n++] = text[i];
			continue;
		}
		while (n > line && is_blank(text[n - 1]))
			n--;
		if (i < len)
			text[n++] = '\n';
		line = n;
	}
	text[n] = '\0';
	return n;
}

/* Check the lines; notes the first that is wrong. */
static bool check_lines(struct with *w, const char *text)
{
	unsigned lines = 0;
	int64_t total = 0;

	for (const char *line = text;; lines++) {
		size_t len = strcspn(line, "\n"), at = 0;
		int64_t full = line_length(line, len, &at);
		if (full < 0 && (line[at] == '{' || line[at] == '}'))
			rule_fault(w->c, first_word(w),
				   "message knows {id} and {ip}; {{ and }} are braces");
		else if (full < 0)
			rule_fault(w->c, first_word(w), "a reply is printable ASCII");
		else if (full > RULE_MESSAGE_LINE)
			rule_fault(w->c, first_word(w), "a line of a reply has at most %d bytes",
				   RULE_MESSAGE_LINE);
		if (full < 0 || full > RULE_MESSAGE_LINE)
			return false;
		total += full;
		if (line[len] == '\0')
			break;
		line += len + 1;
	}
	if (lines < RULE_MESSAGE_LINES && total <= RULE_MESSAGE_MAX && total > 0)
		return true;
	rule_fault(w->c, first_word(w), "a reply has 1 to %d lines and at most %d bytes",
		   RULE_MESSAGE_LINES, RULE_MESSAGE_MAX);
	return false;
}

static int with_message(struct with *w)
{
	const struct conf_word *word = first_word(w);
	char *text = arena_copy(w->c->arena, word->text, word->len);

	if (text == NULL)
		return ERR_MEMORY;
	if (memchr(text, '\0', word->len) != NULL) {
		rule_fault(w->c, word, "a reply is printable ASCII");
		return 0;
	}
	trim_lines(text, word->len);
	if (check_lines(w, text))
		w->to->message = text;
	w->to->set |= RULE_SET_MESSAGE;
	return 0;
}

static int with_note(struct with *w)
{
	const struct conf_word *word = first_word(w);

	if (word->len == 0 || word->len > RULE_NOTE_MAX)
		rule_fault(w->c, word, "a note has 1 to %d bytes", RULE_NOTE_MAX);
	for (uint32_t i = 0; i < word->len; i++)
		if ((unsigned char)word->text[i] < ' ' || word->text[i] == 0x7f) {
			rule_fault(w->c, word, "a note is one line without control characters");
			break;
		}
	w->to->note = copy(w, word);
	w->to->set |= RULE_SET_NOTE;
	return w->to->note == NULL ? ERR_MEMORY : 0;
}

/* Whether the word can be a tag, a label, or a profile's name; noted if not. */
static bool check_name(struct with *w, const struct conf_word *word)
{
	bool good = word->len > 0 && word->len <= RULE_TAG_LEN && word->text[0] != '.' &&
		    word->text[0] != '-';

	for (uint32_t i = 0; i < word->len; i++) {
		char c = word->text[i];
		good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_');
	}
	if (!good)
		rule_fault(w->c, word, "a name has 1 to %d letters, digits, and . - _ within",
			   RULE_TAG_LEN);
	return good;
}

/* The number of the tag, which is added if it is not there; ERR_FULL, ERR_MEMORY. */
static int tag_number(struct with *w, const char *tag)
{
	struct rules *r = w->c->rules;

	for (size_t i = 0; i < r->ntags; i++)
		if (strcmp(r->tag[i], tag) == 0)
			return (int)i;
	if (r->ntags == RULE_TAGS_MAX)
		return ERR_FULL;
	const char **grown = arena_grow(w->c->arena, r->tag, r->ntags, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->tag = grown;
	r->tag[r->ntags] = tag;
	return (int)r->ntags++;
}

static int with_tag(struct with *w)
{
	const struct conf_word *word = first_word(w);
	const char *tag = copy(w, word);

	if (tag == NULL)
		return ERR_MEMORY;
	if (!check_name(w, word))
		return 0;
	int number = tag_number(w, tag);
	if (number == ERR_FULL)
		rule_fault(w->c, word, "more than %d different tags", RULE_TAGS_MAX);
	else if (number >= 0)
		w->to->tags |= UINT64_C(1) << number;
	return number == ERR_MEMORY ? ERR_MEMORY : 0;
}

static int with_keep(struct with *w)
{
	enum rule_action action = w->head->action;
	bool keeps = action == RULE_ACCEPT || action == RULE_SET || w->head->keeping;

	if (!keeps)
		rule_fault(w->c, &w->option->word, "%s keeps no message", rule_action_name(action));
	check_name(w, first_word(w));
	w->to->keep = copy(w, first_word(w));
	w->to->set |= RULE_SET_KEEP;
	return w->to->keep == NULL ? ERR_MEMORY : 0;
}

/* ---- replies ---- */

/* 4xx or 5xx with a second digit that RFC 5321, 4.2.1 knows; 0 if it is none. */
static uint16_t read_code(const struct conf_word *word)
{
	uint64_t code;

	if (word->len != 3 || conf_number_parse(&code, word->text, 3, conf_units_none) < 0 ||
	    code < 400 || code > 599 || code / 10 % 10 > 5)
		return 0;
	return (uint16_t)code;
}

/* CLASS.SUBJECT.DETAIL, RFC 3463, 2; the class is the code's first digit. */
static bool is_enhanced(const struct conf_word *word, unsigned code)
{
	unsigned dots = 0, digits = 0;

	for (uint32_t i = 0; i < word->len; i++) {
		bool dot = word->text[i] == '.';
		if (dot && digits == 0)
			return false;
		digits = dot ? 0 : digits + 1;
		dots += dot;
		if (digits > 3)
			return false;
	}
	return dots == 2 && digits > 0 && word->text[1] == '.' &&
	       word->text[0] == (char)('0' + code / 100);
}

static int with_code(struct with *w)
{
	static const char *const needs[RULE_ACTION_COUNT] = {
	    [RULE_STALL] = "4", [RULE_REJECT] = "5"};
	const struct conf_word *word = first_word(w);
	enum rule_action action = w->head->action;
	uint16_t code = read_code(word);

	w->to->set |= RULE_SET_CODE;
	if (code == 0)
		rule_fault(w->c, word, "a code is 4xx or 5xx, with a second digit up to 5");
	else if (action == RULE_ACCEPT || action == RULE_DISCARD)
		rule_fault(w->c, word, "code goes with reject and stall");
	else if (needs[action] != NULL && needs[action][0] != word->text[0])
		rule_fault(w->c, word, "%s needs a code that begins with %s",
			   rule_action_name(action), needs[action]);
	if (code == 0)
		return 0;
	w->to->code = code;
	if (w->option->nwords == 1)
		return 0;
	word = &w->option->words[1];
	if (!is_enhanced(word, code))
		rule_fault(w->c, word, "an enhanced code is %u.N.N here", code / 100u);
	w->to->enhanced = copy(w, word);
	return w->to->enhanced == NULL ? ERR_MEMORY : 0;
}

static int with_drop(struct with *w)
{
	enum rule_action action = w->head->action;

	if (action == RULE_ACCEPT || action == RULE_DISCARD)
		rule_fault(w->c, &w->option->word, "drop goes with reject and stall");
	w->to->set |= RULE_SET_DROP;
	return 0;
}

static int with_delay(struct with *w)
{
	const struct conf_word *word = first_word(w);

	w->to->set |= RULE_SET_DELAY;
	if (conf_number_parse(&w->to->delay_us, word->text, word->len, conf_units_duration) < 0 ||
	    w->to->delay_us == 0 || w->to->delay_us > RULE_DELAY_MAX)
		rule_fault(w->c, word, "delay needs a time up to 10m");
	return 0;
}

static int with_slow(struct with *w)
{
	const struct conf_word *word = first_word(w);
	uint64_t bytes;

	w->to->set |= RULE_SET_SLOW;
	if (conf_number_parse(&bytes, word->text, word->len, conf_units_size) < 0 || bytes == 0 ||
	    bytes > RULE_SLOW_MAX)
		rule_fault(w->c, word, "slow needs a number of bytes a second up to %d",
			   RULE_SLOW_MAX);
	else
		w->to->slow = (uint32_t)bytes;
	return 0;
}

/* ---- the rest ---- */

/* The profile is there; those that are built in are not, until a block or an arm names them. */
static void check_profile(struct with *w, const struct conf_word *word)
{
	const struct conf *conf = w->c->conf;
	bool known = conf == NULL;

	for (size_t i = 0; !known && i < conf->tls.nprofile; i++)
		known = rule_word_is(word, conf->tls.profile[i].name);
	if (!known)
		rule_fault(w->c, word,
			   "no profile has this name: tls { profile %.*s { } } makes one",
			   (int)word->len, word->text);
}

static int with_tls(struct with *w)
{
	static const struct rule_flag words[] = {{"off", RULE_TLS_OPTION_OFF},
						 {"no-client-cert", RULE_TLS_OPTION_NO_CLIENT_CERT},
						 {"no-client", RULE_TLS_OPTION_NO_CLIENT_CERT},
						 {"profile", RULE_TLS_OPTION_PROFILE},
						 {NULL, 0}};
	const struct rule_flag *flag = rule_flag_find(words, first_word(w));

	w->c->tls_word = &w->option->word;
	w->to->set |= RULE_SET_TLS;
	if (flag == NULL) {
		rule_fault_meant(w->c, first_word(w), words, "tls");
		return 0;
	}
	w->to->tls = (uint8_t)flag->bits;
	if (w->option->nwords == 1)
		return 0;
	if (check_name(w, &w->option->words[1]))
		check_profile(w, &w->option->words[1]);
	w->to->profile = copy(w, &w->option->words[1]);
	return w->to->profile == NULL ? ERR_MEMORY : 0;
}

static int with_yakker(struct with *w)
{
	w->to->set |= RULE_SET_YAKKER;
	return 0;
}

static option_fn *const by_option[RULE_OPTION_COUNT] = {
    [RULE_OPTION_MESSAGE] = with_message, [RULE_OPTION_CODE] = with_code,
    [RULE_OPTION_NOTE] = with_note,       [RULE_OPTION_TAG] = with_tag,
    [RULE_OPTION_KEEP] = with_keep,       [RULE_OPTION_TLS] = with_tls,
    [RULE_OPTION_DELAY] = with_delay,     [RULE_OPTION_SLOW] = with_slow,
    [RULE_OPTION_DROP] = with_drop,       [RULE_OPTION_YAKKER] = with_yakker,
};

/* drop says nothing, so nothing can be said of the reply. */
static void check_drop(struct rule_compiler *c, const struct rule_option *first,
		       const struct rule_options *options)
{
	if (!(options->set & RULE_SET_DROP) || !(options->set & (RULE_SET_MESSAGE | RULE_SET_CODE)))
		return;
	while (first != NULL && (first->row == NULL || first->row->option != RULE_OPTION_DROP))
		first = first->next;
	if (first != NULL)
		rule_fault(c, &first->word,
			   "drop sends no reply, so it goes without message and code");
}

int rule_compile_options(struct rule_compiler *c, const struct rule_head *head,
			 const struct rule_option *first, struct rule_options *options_r)
{
	unsigned seen = 0;

	for (const struct rule_option *o = first; o != NULL; o = o->next) {
		struct with w = {.c = c, .head = head, .option = o, .to = options_r};
		if (o->row == NULL) /* reported already */
			continue;
		unsigned bit = 1u << o->row->option;
		if (seen & bit && o->row->option != RULE_OPTION_TAG)
			rule_fault(c, &o->word, "%s is here twice", o->row->word);
		seen |= bit;
		if (by_option[o->row->option](&w) < 0)
			return ERR_MEMORY;
	}
	check_drop(c, first, options_r);
	return 0;
}
