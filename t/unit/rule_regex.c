/*
 * rule_regex.c: tests of patterns of header and body, and of their bounds.
 */
#include "config.h"

#include "rule_regex.h"

#include "../tap.h"
#include "arena.h"

#include <malloc.h>
#include <stdlib.h>

static struct arena *arena;
static struct rule_scratch *scratch;

static struct span span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static const struct rule_regex *compile(const char *pattern, enum rule_regex_of of)
{
	const struct rule_regex *regex = NULL;
	char wrong[RULE_REGEX_ERROR_MAX];
	size_t at;

	if (rule_regex_compile(&regex, arena, span_of(pattern), of, &at, wrong) < 0)
		return NULL;
	return regex;
}

static const char message[] = "Received: from a\r\n\tby b;\r\n\tlater\r\n"
			      "Subject: Buy\r\n =?x?= now\r\n"
			      "subject: second\n"
			      "X-Odd : spaced\r\n"
			      "Empty:\r\n"
			      "no field\r\n"
			      "\r\n"
			      "Dear friend,\r\nSubject: of the body\r\nbye\r\n";

static const struct {
	const char *name, *pattern;
	enum rule_truth expected;
} headers[] = {
    {"subject", "^buy =\\?x\\?= now$", RULE_YES},
    {"subject", "second", RULE_YES},
    {"subject", "of the body", RULE_NO},
    {"received", "^from a\tby b;\tlater$", RULE_YES},
    {"x-odd", "^spaced$", RULE_YES},
    {"empty", "^$", RULE_YES},
    {"subject", "(?-i)buy", RULE_NO},
    {"subject", "\\x42uy", RULE_YES},
    {"sub", "buy", RULE_NO},
    {"absent", "", RULE_NO},
};

static const struct {
	const char *pattern;
	enum rule_truth expected;
} bodies[] = {
    {"dear FRIEND", RULE_YES},      {"^subject: of", RULE_YES}, {"^bye$", RULE_YES},
    {"\\ADear", RULE_YES},          {"Received", RULE_NO},      {"friend.*body", RULE_NO},
    {"(?s)friend.*body", RULE_YES},
};

static void test_messages(void)
{
	struct span m = span_of(message);

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		ok(rule_regex_match_header(compile(headers[i].pattern, RULE_REGEX_OF_FIELD),
					   span_of(headers[i].name), m,
					   scratch) == headers[i].expected,
		   "header %s \"%s\"", headers[i].name, headers[i].pattern);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		ok(rule_regex_match_body(compile(bodies[i].pattern, RULE_REGEX_OF_BODY), m,
					 scratch) == bodies[i].expected,
		   "body \"%s\"", bodies[i].pattern);
	const struct rule_regex *any = compile("^", RULE_REGEX_OF_BODY);
	ok(rule_regex_match_body(any, span_of(""), scratch) == RULE_YES &&
	       rule_regex_match_body(compile(".", RULE_REGEX_OF_BODY), span_of("A: b\r\n"),
				     scratch) == RULE_NO,
	   "a message may be empty, or all header");
	ok(rule_regex_match_body(compile("^b$", RULE_REGEX_OF_BODY), span_of("\nb\n"), scratch) ==
	       RULE_YES,
	   "a header may be empty");
}

static void test_wrong(void)
{
	static const char *const patterns[] = {"(",   "[a",      "a{2,1}", "(?<n>",
					       "\\C", "(*UTF)a", "(*UCP)a"};

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		ok(compile(patterns[i], RULE_REGEX_OF_BODY) == NULL, "%s is refused", patterns[i]);
	char deep[200];
	memset(deep, '(', 60);
	memset(deep + 60, ')', 60);
	deep[120] = '\0';
	ok(compile(deep, RULE_REGEX_OF_BODY) == NULL, "60 parentheses in each other are refused");
	memmove(deep + 50, deep + 60, 51);
	deep[100] = '\0';
	ok(compile(deep, RULE_REGEX_OF_BODY) != NULL, "50 are not");
}

/* A message of a header of about `header` bytes and a body of `body` bytes "a". */
static struct span make(char **text_r, size_t header, size_t body)
{
	char *text = malloc(header + body + 10);
	size_t n = 0;

	while (n + 5 <= header)
		n += (size_t)sprintf(text + n, "X: y\n");
	n += (size_t)sprintf(text + n, "\n");
	memset(text + n, 'a', body);
	text[n + body] = '\0';
	*text_r = text;
	return (struct span){(uint8_t *)text, n + body};
}

static void test_bounds(void)
{
	const struct rule_regex *b = compile("b", RULE_REGEX_OF_BODY);
	const struct rule_regex *f = compile("z", RULE_REGEX_OF_FIELD);
	char *text;
	struct span m = make(&text, 0, RULE_BODY_MAX + 10);

	text[RULE_BODY_MAX] = 'b';
	ok(rule_regex_match_body(b, m, scratch) == RULE_YES, "64 KiB of a body are looked at");
	text[RULE_BODY_MAX] = 'a';
	text[RULE_BODY_MAX + 1] = 'b';
	ok(rule_regex_match_body(b, m, scratch) == RULE_NO, "what is beyond is not");
	free(text);
	m = make(&text, RULE_HEADER_MAX + 100, 10);
	ok(rule_regex_match_body(b, m, scratch) == RULE_UNKNOWN,
	   "behind a header of more than 64 KiB the body is unknown");
	memcpy(text + RULE_HEADER_MAX / 5 * 5 - 5, "X: z", 4);
	ok(rule_regex_match_header(f, span_of("x"), m, scratch) == RULE_YES,
	   "64 KiB of a header are looked at");
	memcpy(text + RULE_HEADER_MAX / 5 * 5 - 5, "X: y", 4);
	memcpy(text + RULE_HEADER_MAX / 5 * 5 + 5, "X: z", 4);
	ok(rule_regex_match_header(f, span_of("x"), m, scratch) == RULE_NO,
	   "what is beyond is not");
	free(text);
	text = malloc(RULE_FIELD_MAX + 20);
	memset(text, 'a', RULE_FIELD_MAX + 20);
	memcpy(text, "x:", 2);
	text[RULE_FIELD_MAX + 1] = 'z';
	m = (struct span){(uint8_t *)text, RULE_FIELD_MAX + 20};
	ok(rule_regex_match_header(f, span_of("x"), m, scratch) == RULE_YES,
	   "8 KiB of a field are looked at");
	text[RULE_FIELD_MAX + 1] = 'a';
	text[RULE_FIELD_MAX + 2] = 'z';
	ok(rule_regex_match_header(f, span_of("x"), m, scratch) == RULE_NO,
	   "what is beyond is not");
	free(text);
}

/* Patterns that take exponential time or much memory on what is made for them. */
static void test_hostile(void)
{
	static const char *const patterns[] = {"(a+)+$",     "(a|aa)+$",   "(?:(?:a|b)*c?)*d",
					       "(?s)(.*)*x", "(a(?1)?b)+", "((a?)*)*$"};
	/* Few steps, or one long one, from each of many places. */
	static const char *const everywhere[] = {"(?s)a.{0,9000}[bc]", "(a|aa){0,11}[bc]", "a*[bc]",
						 "(?<=a)a*+[bc]", "(?=a*[bc])."};
	/* One long step that fails. */
	static const char *const failing[] = {
	    "[^!]{40000}[bc]", "[^!]{40000,}+[bc]", "[^!]{40000,50000}?[bc]",
	    "(?s)\\A(a{20000}).{0,2500}?\\1[bc]", "(?s)\\A(?<n>a{20000}).{0,2500}?(?P=n)[bc]"};
	char *text;
	struct span m = make(&text, 0, 60000);

	text[60000] = '!';
	size_t before = mallinfo2().uordblks;
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		const struct rule_regex *regex = compile(patterns[i], RULE_REGEX_OF_BODY);
		before = mallinfo2().uordblks;
		ok(regex != NULL && rule_regex_match_body(regex, m, scratch) != RULE_YES,
		   "%s comes to an end", patterns[i]);
		ok(mallinfo2().uordblks == before,
		   "it takes no memory beyond the scratch object's");
	}
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
		rule_regex_begin(scratch);
		ok(rule_regex_match_body(compile(everywhere[i], RULE_REGEX_OF_BODY), m, scratch) ==
		       RULE_UNKNOWN,
		   "%s is given up", everywhere[i]);
	}
	text[30000] = text[45000] = '!';
	for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
		rule_regex_begin(scratch);
		ok(rule_regex_match_body(compile(failing[i], RULE_REGEX_OF_BODY), m, scratch) ==
		       RULE_UNKNOWN,
		   "%s is given up", failing[i]);
	}
	ok(rule_regex_match_body(compile("a!?$", RULE_REGEX_OF_BODY), m, scratch) == RULE_YES,
	   "afterwards others still match");
	free(text);
}

/* What all patterns of a message may take together, and what is kept of them. */
static void test_message_limit(void)
{
	const struct rule_regex *greedy = compile("(a|aa){0,11}[bc]", RULE_REGEX_OF_BODY);
	const struct rule_regex *modest = compile("a!?$", RULE_REGEX_OF_BODY);
	size_t conditions = RULE_REGEX_MESSAGE_LIMIT / RULE_REGEX_WORK_LIMIT;
	char *text;
	struct span m = make(&text, 0, 60000);

	text[60000] = '!';
	rule_regex_begin(scratch);
	for (size_t i = 1; i < conditions; i++)
		rule_regex_match_body(greedy, m, scratch);
	ok(rule_regex_match_body(modest, m, scratch) == RULE_YES,
	   "when all but one pattern's share is spent, there is some left");
	rule_regex_match_body(greedy, m, scratch);
	ok(rule_regex_match_body(modest, m, scratch) == RULE_UNKNOWN,
	   "when all is spent, the others are unknown");
	uint8_t *kept = rule_regex_kept(scratch, RULE_REGEX_KEPT_MAX - 1);
	ok(kept != NULL && *kept == RULE_REGEX_NOT_KEPT, "at first nothing is kept of a message");
	*kept = RULE_YES;
	ok(rule_regex_kept(scratch, RULE_REGEX_KEPT_MAX) == NULL, "patterns beyond are not kept");
	rule_regex_begin(scratch);
	ok(*kept == RULE_REGEX_NOT_KEPT, "nothing is kept for another message");
	ok(rule_regex_match_body(modest, m, scratch) == RULE_YES,
	   "and it may take as much as the one before");
	free(text);
}

int main(void)
{
	arena = arena_new();
	scratch = rule_scratch_new();
	if (!ok(arena != NULL && scratch != NULL, "there is memory"))
		return 1;
	test_messages();
	test_wrong();
	test_bounds();
	test_hostile();
	test_message_limit();
	rule_scratch_free(&scratch);
	ok(scratch == NULL, "the scratch object is released");
	arena_free(&arena);
	return tap_done();
}
