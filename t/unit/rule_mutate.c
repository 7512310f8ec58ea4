/*
 * rule_mutate.c: a thousand rule files with mistakes in them: nothing breaks, and every mistake
 * is told with its line.
 *
 * TRAP_SEED chooses other mistakes.
 */
#include "config.h"

#include "../lib-c/rule_lab.h"

#define FILES 1000
#define TEXT_ROOM 8192
#define MISTAKES 3

/* Each line is a rule of its own, so that a mistake in one is told there and nowhere else. */
static const char original[] =
    "@connect set ip 192.0.2.0/24 with tls off note \"no TLS here\"\n"
    "@connect reject ip 203.0.113.9 with drop\n"
    "reject helo-has none,bogus with code 501 5.5.4\n"
    "@helo stall helo .example.net host .example.net with delay 5s\n"
    "reject from-has bad,route or to-has bad,route\n"
    "@mail reject from info@fbi.gov or from @.mil or from bounce@ with message \"Not you {id}\"\n"
    "reject not to postmaster@ dnsbl zen.example.org with message \"You are listed\" tag listed\n"
    "stall dbl helo,from dbl.example.org not source .example.com\n"
    "reject tls < 1.2 tls on cipher *RC4* with tag weak\n"
    "@data reject to jim@example.com size > 10m\n"
    "@message reject after keeping header Subject \"^buy\" with keep spam\n"
    "@message discard body \"(?i)unsubscribe\" rate 100 per 1h by /24,/64\n"
    "set time 22:00-06:00 with slow 20 ; random 10% with tag tenth\n"
    "@rcpt accept (to joe@example.org or to jim@example.org) local port 25\n"
    "stall dns nodns,noforward from-has unknown ja4 t13* with yakker\n";

static uint64_t seed = 1;

/* A number below n; xorshift. */
static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

static char *line_at(char *text, unsigned line)
{
	for (; line > 1; line--)
		text = strchr(text, '\n') + 1;
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* ---- any bytes ---- */

typedef void mutate_fn(char *text, size_t *len);

static void remove_bytes(char *text, size_t *len)
{
	size_t n = 1 + chance(20), at = chance((uint32_t)*len);

	n = n < *len - at ? n : *len - at;
	memmove(text + at, text + at + n, *len - at - n);
	*len -= n;
}

static void put_byte(char *text, size_t *len)
{
	static const char bytes[] = "(){};,<>=!\"\\@#\n\t :./*\x01\xff";

	text[chance((uint32_t)*len)] = bytes[chance(sizeof bytes - 1)];
}

static void repeat_part(char *text, size_t *len)
{
	size_t n = 1 + chance(200), from = chance((uint32_t)*len), at = chance((uint32_t)*len);
	char part[200];

	n = n < *len - from ? n : *len - from;
	memcpy(part, text + from, n);
	memmove(text + at + n, text + at, *len - at);
	memcpy(text + at, part, n);
	*len += n;
}

static void swap_bytes(char *text, size_t *len)
{
	size_t at = chance((uint32_t)*len - 1);
	char c = text[at];

	text[at] = text[at + 1];
	text[at + 1] = c;
}

/* The line of an error of the file, 0 if it names none. */
static unsigned line_of(const char *error)
{
	return strncmp(error, "r:", 2) == 0 ? (unsigned)atoi(error + 2) : 0;
}

/* Whether each error names a line of the file. */
static bool errors_have_lines(const char *text, size_t len)
{
	unsigned lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	for (size_t i = 0; i < lab_errors.kept; i++) {
		unsigned line = line_of(lab_errors.text[i]);
		if (line < 1 || line > lines)
			return false;
	}
	return true;
}

static void no_begin(void *ctx, const char *rule, enum rule_action action)
{
	(void)ctx, (void)rule, (void)action;
}

static void no_condition(void *ctx, const char *text, enum rule_truth truth)
{
	(void)ctx, (void)text, (void)truth;
}

static void no_end(void *ctx, enum rule_truth truth, const struct rule_options *options)
{
	(void)ctx, (void)truth, (void)options;
}

/* Whether rules say the same where each is tried, as for people, and where only those are that can
 * match. */
static bool same_either_way(const struct rules *rules, bool quoted)
{
	const struct rule_trace trace = {no_begin, no_condition, no_end, NULL};
	struct rule_verdict v, traced;
	bool same = true;
	struct lab lab;

	lab_session(&lab);
	lab.to[0].address = lab_span(quoted ? "\"j j\"@example.com" : "joe@example.com");
	lab.to[1].address = lab_span("jim@example.com");
	lab.nto = 2;
	lab.facts.from.address = lab_span(quoted ? "bounce@[x" : "info@fbi.gov");
	lab.facts.esmtp = quoted;
	for (unsigned p = 0; p < RULE_PHASE_COUNT; p++) {
		rule_eval(rules, (enum rule_phase)p, &lab.facts, NULL, &v);
		rule_eval(rules, (enum rule_phase)p, &lab.facts, &trace, &traced);
		same = same && memcmp(&v, &traced, sizeof v) == 0;
	}
	return same;
}

static void test_bytes(void)
{
	static mutate_fn *const mutations[] = {remove_bytes, put_byte, repeat_part, swap_bytes};
	static char text[TEXT_ROOM];
	unsigned good = 0, told = 0, read = 0, same = 0;

	for (unsigned i = 0; i < FILES; i++) {
		size_t len = sizeof original - 1;
		memcpy(text, original, len);
		for (unsigned n = 1 + chance(MISTAKES); n > 0; n--)
			mutations[chance(sizeof mutations / sizeof *mutations)](text, &len);
		text[len] = '\0';
		const struct rules *rules = lab_load_bytes(text, len);
		same += same_either_way(rules, false) && same_either_way(rules, true);
		good += (rules != NULL) == (lab_errors.total == 0);
		told += errors_have_lines(text, len);
		read += rules != NULL;
	}
	is_int(good, FILES, "1000 files with any bytes changed: rules, or errors");
	is_int(same, FILES, "rules that are passed over would not have matched");
	is_int(told, FILES, "each error names a line that there is");
	ok(read > 0 && read < FILES, "some are rules nevertheless (%u)", read);
}

/* ---- words ---- */

/* Misspell the word at *at, which no known word is like: its letters stand apart. */
static void misspell(char *text, size_t at, size_t len)
{
	size_t where = at + len / 2;

	memmove(text + where + 2, text + where, strlen(text + where) + 1);
	memcpy(text + where, "qz", 2);
}

/* Words of the language, to be misspelt; others would only be other arguments. */
static bool is_word(const char *text, size_t len)
{
	struct conf_word word = {.text = text, .len = (uint32_t)len};

	return rule_flag_find(rule_actions, &word) || rule_flag_find(rule_phases, &word) ||
	       rule_condition_find(&word) || rule_option_find(&word);
}

/* Misspell one word of the line; false if its words of the language are used up. */
static bool misspell_line(char *text, unsigned line)
{
	char *begin = line_at(text, line);
	size_t end = strcspn(begin, "\n\""), starts[64], lens[64], n = 0;

	for (size_t i = 0; i < end;) {
		size_t len = strcspn(begin + i, " \n\"");
		if (len > 0 && len <= end - i && is_word(begin + i, len) && n < 64) {
			starts[n] = i;
			lens[n++] = len;
		}
		i += len + 1;
	}
	if (n == 0)
		return false;
	size_t chosen = chance((uint32_t)n);
	misspell(begin, starts[chosen], lens[chosen]);
	return true;
}

/* Misspell words on some lines of the file; are exactly those lines told? */
static bool lines_are_told(void)
{
	static char text[TEXT_ROOM];
	bool wrong[64] = {false}, told[64] = {false};
	unsigned lines = count_lines(original);

	strcpy(text, original);
	for (unsigned n = 1 + chance(MISTAKES); n > 0; n--) {
		unsigned line = 1 + chance(lines);
		if (!wrong[line] && misspell_line(text, line))
			wrong[line] = true;
	}
	lab_load_bytes(text, 0);
	for (size_t i = 0; i < lab_errors.kept; i++)
		told[line_of(lab_errors.text[i])] = true;
	if (memcmp(wrong, told, sizeof wrong) == 0)
		return true;
	printf("# %s", text);
	for (size_t i = 0; i < lab_errors.kept; i++)
		printf("# %s\n", lab_errors.text[i]);
	return false;
}

static void test_words(void)
{
	unsigned told = 0;

	for (unsigned i = 0; i < FILES; i++)
		told += lines_are_told();
	is_int(told, FILES, "1000 files with words misspelt: the lines are told, and no others");
}

int main(void)
{
	const char *given = getenv("TRAP_SEED");

	if (given != NULL && strtoull(given, NULL, 10) > 0)
		seed = strtoull(given, NULL, 10);
	printf("# TRAP_SEED=%llu\n", (unsigned long long)seed);
	ok(lab_load(original) != NULL && lab_errors.warnings_total == 0,
	   "the original has no mistake");
	test_bytes();
	test_words();
	arena_free(&lab_arena);
	return tap_done();
}
