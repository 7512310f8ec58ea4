/*
 * rules.c: what rules cost: CPU of loading a list of a million entries, and of evaluating 1,000
 * rules, two of which look into such lists, in all phases of a session.
 *
 *   rules [SESSIONS]
 *   rules write DIR
 *
 * Prints a line each: the figure, and what is aimed at.  Loading is done once; a session is the
 * median of ten rounds of SESSIONS sessions, each with another sender, recipient,
 * HELO name and address, so that look-ups are not always of the same memory.  The second form
 * leaves the files in the directory, for t/bench/census: usual, shared, hard (1,000 rules each, the
 * first with both lists).
 */
#include "config.h"

#include "arena.h"
#include "conf_error.h"
#include "rule_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENTRIES 1000000
#define RULES 1000
#define ROUNDS 10
#define PATH_ROOM 200

static struct conf_errors errors;

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *create(const char *folder, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static void write_lists(const char *folder)
{
	FILE *addresses = create(folder, "addresses"), *nets = create(folder, "nets");

	for (unsigned i = 0; i < ENTRIES; i++) {
		fprintf(addresses, i % 4 ? "user%u@host%u.example\n" : "@.domain%u.test%u\n", i, i);
		fprintf(nets, i % 4 ? "%u.%u.%u.%u\n" : "%u.%u.%u.%u/32\n", 1 + i % 200,
			i / 200 % 250, i / 50000 * 3 % 250, i % 250);
	}
	fclose(addresses);
	fclose(nets);
}

/* Rules as an operator's are: most about senders, HELO names and addresses, without a phase. */
static const char *const usual[] = {
    "reject from spammer#@example.com with message \"No\"\n",
    "reject helo .bot#.example or host .bot#.example\n",
    "stall ip 10.#.0.0/16 not helo-has ehlo\n",
    "reject to trap#@example.net from @.example.org\n",
    "set source .partner#.example with tag partner note known\n",
    "@mail reject from @.bad#.example tls off\n",
    "reject from-has bad,route helo-has bareip from user#@\n",
    "stall cipher *RC4* ja3 e7d705a3286e19ea42f587b344e#\n",
    "@rcpt reject to-has unqualified from list#@\n",
    "@data reject size > 10m from big#@\n",
    NULL,
};

/* Rules of which nothing can be looked up, but that share conditions. */
static const char *const odd[] = {
    "reject from-has garbage,route size > #m\n",
    "reject helo-has nodots not from list#@\n",
    "stall tls < 1.2 not helo .partner#.example\n",
    "reject size > 100m not ip 10.#.0.0/16\n",
    "set to-has quoted not source .friend#.example with note odd\n",
    NULL,
};

/* The worst: nothing can be looked up or is shared, and half of the rules fail at their second
 * condition only. */
static const char *const hard[] = {
    "reject not from list$@ not helo-has ehlo\n",
    "stall cipher *RC$*\n",
    NULL,
};

static void write_rules(const char *folder, const char *name, const char *const *forms,
			bool with_lists)
{
	FILE *f = create(folder, name);
	unsigned count = 0;

	if (with_lists)
		fputs("reject from ./addresses\nreject ip ./nets\n", f);
	while (forms[count] != NULL)
		count++;
	for (unsigned i = 0; i < RULES - 2; i++)
		for (const char *c = forms[i % count]; *c != '\0'; c++)
			if (*c == '#' || *c == '$')
				fprintf(f, "%u", *c == '#' ? i % 250 : i);
			else
				fputc(*c, f);
	fclose(f);
}

static const struct rules *load(const char *folder, struct arena *arena)
{
	const struct rules *rules;
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/rules", folder);
	if (rule_load(&rules, path, arena, &conf_opener_plain, &errors) == 0)
		return rules;
	fprintf(stderr, "%s\n", errors.text[0]);
	exit(1);
}

/* ---- sessions ---- */

struct session {
	struct rule_facts facts;
	char helo[64], from[64], to[64];
	struct span name;
	struct rule_address recipient;
};

static struct span span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static bool next_to(void *ctx, size_t *at, struct rule_address *to_r)
{
	*to_r = ((struct session *)ctx)->recipient;
	return (*at)++ == 0;
}

static void make_session(struct session *s, unsigned i)
{
	static const uint8_t client[IP_BYTES] = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 9};

	*s = (struct session){.facts = {.known = UINT32_MAX, .tls = RULE_TLS_1_3, .esmtp = true}};
	snprintf(s->helo, sizeof s->helo, "mail%u.provider%u.example.org", i, i % 7);
	snprintf(s->from, sizeof s->from, "someone%u@mail%u.domain%u.example.com", i, i % 13, i);
	snprintf(s->to, sizeof s->to, "victim%u@trap.example.net", i);
	memcpy(s->facts.client, client, IP_BYTES);
	s->facts.client[13] = (uint8_t)(i >> 8);
	s->facts.client[15] = (uint8_t)i;
	s->facts.helo = span_of(s->helo);
	s->facts.from.address = span_of(s->from);
	s->recipient.address = s->facts.to.address = span_of(s->to);
	s->name = span_of(s->helo);
	s->facts.rdns.names = &s->name;
	s->facts.rdns.count = 1;
	s->facts.text[RULE_TEXT_CIPHER] = span_of("TLS_AES_128_GCM_SHA256");
	s->facts.text[RULE_TEXT_JA3] = span_of("0123456789abcdef0123456789abcdef");
	s->facts.next_to = next_to;
	s->facts.next_to_ctx = s;
	s->facts.size = 4000;
}

/* Microseconds of CPU a session. */
static double evaluate(const struct rules *rules, struct session *sessions, unsigned count)
{
	unsigned decided = 0;
	double start = cpu();

	for (unsigned i = 0; i < count; i++) {
		struct rule_session state = {0};
		struct rule_verdict v;
		for (unsigned p = 0; p < RULE_PHASE_COUNT; p++) {
			rule_decide(&state, rules, (enum rule_phase)p, &sessions[i].facts, NULL,
				    &v);
			decided += v.action != RULE_UNDECIDED;
		}
	}
	double took = cpu() - start;
	if (decided > 0) /* then not all rules were looked at */
		fprintf(stderr, "%u phases were decided\n", decided);
	return took * 1e6 / count;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct rules *rules, struct session *sessions, unsigned count)
{
	double took[ROUNDS];

	evaluate(rules, sessions, count);
	for (unsigned i = 0; i < ROUNDS; i++)
		took[i] = evaluate(rules, sessions, count);
	qsort(took, ROUNDS, sizeof *took, compare);
	return took[ROUNDS / 2];
}

static int write_all(const char *folder)
{
	write_lists(folder);
	write_rules(folder, "usual", usual, true);
	write_rules(folder, "shared", odd, false);
	write_rules(folder, "hard", hard, false);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return write_all(argv[2]);
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
	char folder[] = "/tmp/bench-rules-XXXXXX", command[PATH_ROOM];
	struct arena *arena = arena_new();

	if (count == 0 || arena == NULL || mkdtemp(folder) == NULL)
		return 1;
	struct session *sessions = calloc(count, sizeof *sessions);
	for (unsigned i = 0; i < count; i++)
		make_session(&sessions[i], i);
	write_rules(folder, "rules", usual, false);
	double start = cpu();
	const struct rules *without = load(folder, arena);
	double plain = cpu() - start;
	write_rules(folder, "rules", odd, false);
	const struct rules *shared = load(folder, arena);
	write_rules(folder, "rules", hard, false);
	const struct rules *tried = load(folder, arena);
	write_lists(folder);
	write_rules(folder, "rules", usual, true);
	start = cpu();
	const struct rules *with = load(folder, arena);
	double loaded = cpu() - start;
	printf("load %d rules: %.3f s\n", RULES - 2, plain);
	printf("load two lists of %d entries each: %.2f s (aim: below 2 for one)\n", ENTRIES,
	       loaded - plain);
	printf("a session, %d rules: %.1f us\n", RULES - 2, median(without, sessions, count));
	printf("a session, %d rules and both lists: %.1f us (aim: below 20)\n", RULES,
	       median(with, sessions, count));
	printf("a session, %d rules that cannot be looked up, but share conditions: %.1f us\n",
	       RULES - 2, median(shared, sessions, count));
	printf("a session, %d rules of which each must be tried, in four phases: %.1f us\n",
	       RULES - 2, median(tried, sessions, count));
	free(sessions);
	arena_free(&arena);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) != 0;
}
