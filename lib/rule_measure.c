/*
 * rule_measure.c: conditions that measure: comparisons, patterns of messages, rates, times.
 *
 * Runs where a configuration is read, called through the table of rule_condition.c.
 */
#include "rule_compiler.h"

#include "conf_number.h"
#include "err.h"
#include "unit.h"

#define RATE_WINDOW_MAX (7 * DAY) /* what is remembered of addresses is bounded */
#define RATE_MAX 1000000000
#define RATES_MAX 64 /* each is a count that is kept for every address */

static struct span span_of(const char *text, size_t len)
{
	return (struct span){(const uint8_t *)text, len};
}

/* ---- comparisons ---- */

/* Which of less, equal, greater a sign asks for. */
enum { LESS = 1, EQUAL = 2, GREATER = 4 };

/* 0, and noted, if it is none. */
static unsigned read_sign(struct rule_compiler *c, const struct conf_word *word)
{
	static const struct rule_flag signs[] = {
	    {"<", LESS},    {"<=", LESS | EQUAL},    {"=", EQUAL},
	    {">", GREATER}, {">=", GREATER | EQUAL}, {"!=", LESS | GREATER},
	    {NULL, 0}};
	const struct rule_flag *sign = rule_flag_find(signs, word);

	if (sign == NULL)
		rule_fault(c, word, "comparisons are < <= = != >= >");
	return sign == NULL ? 0 : sign->bits;
}

/* The set of versions, a bit each, that stand so to the given one. */
static uint32_t versions(unsigned sign, uint32_t version)
{
	uint32_t bits = 0;

	for (uint32_t v = RULE_TLS_OFF + 1; v < RULE_TLS_COUNT; v++)
		if ((v < version && sign & LESS) || (v == version && sign & EQUAL) ||
		    (v > version && sign & GREATER))
			bits |= 1u << v;
	return bits;
}

int rule_if_tls(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *word = &n->words[n->nwords - 1];
	const struct rule_flag *version = rule_flag_find(rule_tls_words, word);
	unsigned sign = n->nwords == 1 ? EQUAL : read_sign(c, &n->words[0]);
	bool on = conf_word_is(word, "on"), off = conf_word_is(word, "off");

	if (sign == 0)
		return 0;
	if (version == NULL && (n->nwords > 1 || (!on && !off))) {
		rule_fault_meant(c, word, rule_tls_words, n->nwords > 1 ? "tls comparison" : "tls");
		return 0;
	}
	op->bits = off  ? 1u << RULE_TLS_OFF
		   : on ? versions(LESS | EQUAL | GREATER, RULE_TLS_SSL3)
			: versions(sign, version->bits);
	if (op->bits == 0)
		rule_fault(c, word, "can never hold: there is no such version");
	else
		op->kind = RULE_OP_TLS;
	return 0;
}

int rule_if_size(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *word = &n->words[n->nwords - 1];
	uint64_t bytes;
	unsigned sign = n->nwords == 1 ? 0 : read_sign(c, &n->words[0]);

	if (n->nwords == 1)
		rule_fault(c, word, "size needs %s", n->row->form);
	if (sign == 0)
		return 0;
	if (conf_number_parse(&bytes, word->text, word->len, conf_units_size) < 0) {
		rule_fault(c, word, "a size is a number, or one with k, m, g or t");
		return 0;
	}
	op->range.min = sign & LESS ? 0 : sign & EQUAL ? bytes : bytes + 1;
	op->range.max = sign & GREATER ? UINT64_MAX : sign & EQUAL ? bytes : bytes - 1;
	if ((sign == LESS && bytes == 0) || (sign == GREATER && bytes == UINT64_MAX))
		rule_fault(c, word, "can never hold: there is no such size");
	else if (sign == (LESS | GREATER))
		rule_fault(c, &n->words[0], "write \"not size = ...\"");
	else
		op->kind = RULE_OP_SIZE;
	return 0;
}

/* ---- messages ---- */

static int use_regex(struct rule_compiler *c, const struct conf_word *word, enum rule_regex_of of,
		     const struct rule_regex **regex_r)
{
	char wrong[RULE_REGEX_ERROR_MAX];
	size_t at = 0;
	int result =
	    rule_regex_compile(regex_r, c->arena, span_of(word->text, word->len), of, &at, wrong);

	if (result == ERR_FORMAT) {
		struct conf_word from = *word;
		if (at < word->len) { /* escapes before it may have moved it by a byte each */
			from.text += at;
			from.len -= (uint32_t)at;
			from.column += (uint32_t)at + word->quoted;
		}
		rule_fault(c, &from, "the pattern is wrong: %s", wrong);
		*regex_r = NULL;
	}
	return result == ERR_MEMORY ? ERR_MEMORY : 0;
}

/* A field's name, RFC 5322, 2.2. */
static bool is_field_name(const struct conf_word *word)
{
	for (uint32_t i = 0; i < word->len; i++)
		if (word->text[i] <= ' ' || word->text[i] > '~' || word->text[i] == ':')
			return false;
	return word->len > 0;
}

int rule_if_header(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];
	int result = use_regex(c, &n->words[1], RULE_REGEX_OF_FIELD, &op->match.regex);

	if (!is_field_name(word))
		rule_fault(c, word, "a field's name has no colon, no white space, and is ASCII");
	if (result < 0 || op->match.regex == NULL || !is_field_name(word))
		return result;
	char *name = arena_copy(c->arena, word->text, word->len);
	if (name == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < word->len; i++)
		name[i] = (char)rule_lower((uint8_t)name[i]);
	op->match.name = span_of(name, word->len);
	op->match.number = c->nregexes++;
	op->kind = RULE_OP_HEADER;
	return 0;
}

int rule_if_body(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	int result = use_regex(c, &n->words[0], RULE_REGEX_OF_BODY, &op->match.regex);

	if (result < 0 || op->match.regex == NULL)
		return result;
	op->match.number = c->nregexes++;
	op->kind = RULE_OP_BODY;
	return 0;
}

/* ---- numbers ---- */

/* by address | /BITS[,/BITS]: up to 32 bits are of IPv4. */
static bool read_prefix(struct rule_compiler *c, const struct conf_word *word,
			struct rule_rate *rate)
{
	uint64_t bits;

	if (conf_word_is(word, "address"))
		return true;
	if (word->len < 2 || word->text[0] != '/' ||
	    conf_number_parse(&bits, word->text + 1, word->len - 1, conf_units_none) < 0 ||
	    bits < 8 || bits > 128) {
		rule_fault(c, word, "rate counts by address, by /8 to /32, or by /33 to /128");
		return false;
	}
	if (bits <= 32)
		rate->bits4 = (uint8_t)bits;
	else
		rate->bits6 = (uint8_t)bits;
	return true;
}

static int rate_number(struct rule_compiler *c, const struct rule_rate *rate)
{
	struct rules *r = c->rules;

	for (size_t i = 0; i < r->nrates; i++)
		if (r->rate[i].window_us == rate->window_us && r->rate[i].bits4 == rate->bits4 &&
		    r->rate[i].bits6 == rate->bits6)
			return (int)i;
	if (r->nrates == RATES_MAX) {
		rule_fault(c, &c->node->word, "more than %d different rates", RATES_MAX);
		return 0;
	}
	struct rule_rate *grown = arena_grow(c->arena, r->rate, r->nrates, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->rate = grown;
	r->rate[r->nrates] = *rate;
	return (int)r->nrates++;
}

int rule_if_rate(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *count = &n->words[0], *window = &n->words[1];
	struct rule_rate rate = {.bits4 = 32, .bits6 = 128};
	uint64_t over;
	bool good = true;

	if (conf_number_parse(&over, count->text, count->len, conf_units_none) < 0 ||
	    over > RATE_MAX) {
		rule_fault(c, count, "rate needs a number of sessions, at most %d", RATE_MAX);
		good = false;
	}
	if (conf_number_parse(&rate.window_us, window->text, window->len, conf_units_duration) <
		0 ||
	    rate.window_us < SECOND || rate.window_us > RATE_WINDOW_MAX) {
		rule_fault(c, window, "rate needs a time from 1s to 7d");
		good = false;
	}
	for (uint32_t i = 2; i < n->nwords; i++)
		good = read_prefix(c, &n->words[i], &rate) && good;
	int number = good ? rate_number(c, &rate) : 0;
	if (!good || number < 0)
		return number;
	op->kind = RULE_OP_RATE;
	op->rate.rate = (uint32_t)number;
	op->rate.over = (uint32_t)over;
	return 0;
}

/* HH:MM to minutes; -1 if it is none. */
static int read_minutes(const char *text)
{
	for (int i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return -1;
	int hours = (text[0] - '0') * 10 + text[1] - '0',
	    minutes = (text[3] - '0') * 10 + text[4] - '0';
	return minutes > 59 || hours * 60 + minutes > 24 * 60 ? -1 : hours * 60 + minutes;
}

int rule_if_time(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];
	bool form = word->len == 11 && word->text[5] == '-';
	int from = form ? read_minutes(word->text) : -1;
	int to = form ? read_minutes(word->text + 6) : -1;

	if (from < 0 || to < 0) {
		rule_fault(c, word, "time needs HH:MM-HH:MM, in UTC");
	} else if (from == to || from == 24 * 60) {
		rule_fault(c, word, "can never hold: this time is over when it begins");
	} else {
		op->kind = from == 0 && to == 24 * 60 ? RULE_OP_ALWAYS : RULE_OP_TIME;
		op->range.min = (uint64_t)from;
		op->range.max = (uint64_t)to;
	}
	return 0;
}

/* A percentage with up to three decimals, to thousandths of it; -1 if it is none. */
static int64_t read_percentage(const char *text, size_t len)
{
	const char *dot = memchr(text, '.', len);
	size_t whole = dot == NULL ? len : (size_t)(dot - text), decimals = dot == NULL ? 0 : 3;
	uint64_t n, fraction = 0;

	if (conf_number_parse(&n, text, whole, conf_units_none) < 0 || n > 100)
		return -1;
	if (dot != NULL) {
		size_t left = len - whole - 1;
		if (left == 0 || left > decimals ||
		    conf_number_parse(&fraction, dot + 1, left, conf_units_none) < 0)
			return -1;
		for (; left < decimals; left++)
			fraction *= 10;
	}
	n = n * 1000 + fraction;
	return n > 100000 ? -1 : (int64_t)n;
}

int rule_if_random(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];
	size_t len = word->len > 0 && word->text[word->len - 1] == '%' ? word->len - 1 : word->len;
	int64_t share = read_percentage(word->text, len);

	if (share < 0)
		rule_fault(c, word, "random needs a percentage from 0.001%% to 100%%");
	else if (share == 0)
		rule_fault(c, word, "can never hold: no session is among 0%%");
	if (share <= 0)
		return 0;
	op->kind = share == 100000 ? RULE_OP_ALWAYS : RULE_OP_RANDOM;
	op->range.max = ((uint64_t)share << 32) / 100000;
	return 0;
}
