/*
 * rule_lab.h: rules from a text, and a session to hold them against, for the tests of rule_*.
 */
#ifndef SMTPTRAP_RULE_LAB_H
#define SMTPTRAP_RULE_LAB_H

#include <fcntl.h>
#include <stdlib.h>

#include "../tap.h"
#include "../unit/conf_files.h"
#include "arena.h"
#include "buf.h"
#include "conf_error.h"
#include "err.h"
#include "rule_compile.h"

static struct conf_errors lab_errors;
static struct arena *lab_arena;

/* Files of patterns beside the rules, which are "r". */
static struct test_file lab_files[] = {
    {"r", "", 0},
    {"addresses",
     "# This is a comment\nINFO@FBI.GOV\nroot@\n\n@example.com\n"
     "\tpostmaster@Example.Org  \n@.barney.net\r\n",
     0},
    {"hosts", ".jones.com\nmail.example.org.\n", 0},
    {"nets", "127.0.0.0/8\n192.168.10.0/24\n2001:db8::/32\n", 0},
    {"words", "e7d705a3286e19ea42f587b344ee6865\nTLS_RSA_WITH_RC4_128_MD5\n", 0},
    {"empty", "# nothing\n\n", 0},
    {"bad", "a@b\nnot a pattern\n<c@d>\n", 0},
    {"more", "reject from included@x\n", 0},
    {"loop", "include r\n", 0},
    {NULL, NULL, 0},
};

static int lab_open(void *ctx, const char *path)
{
	static int loop_fd = -1;

	(void)ctx;
	if (strcmp(path, "r") == 0 && strstr(lab_files[0].text, "include loop") != NULL) {
		char name[64]; /* the same inode each time, as of a file on disk */
		if (loop_fd < 0)
			loop_fd = test_open(lab_files, path);
		snprintf(name, sizeof name, "/proc/self/fd/%d", loop_fd);
		return open(name, O_RDONLY | O_CLOEXEC);
	}
	return test_open(lab_files, strncmp(path, "./", 2) == 0 ? path + 2 : path);
}

/* Compile the text; NULL if anything is wrong, see lab_errors.  Valid until the next call. */
static const struct rules *lab_load_bytes(const char *text, size_t len)
{
	struct conf_opener opener = {.open = lab_open};
	const struct rules *rules = NULL;

	arena_free(&lab_arena);
	lab_arena = arena_new();
	memset(&lab_errors, 0, sizeof lab_errors);
	lab_files[0].text = text;
	lab_files[0].len = len;
	return rule_load(&rules, "r", lab_arena, &opener, &lab_errors) == 0 ? rules : NULL;
}

__attribute__((unused)) static const struct rules *lab_load(const char *text)
{
	const struct rules *rules = lab_load_bytes(text, 0);

	for (size_t i = 0; i < lab_errors.kept; i++)
		printf("# %s\n", lab_errors.text[i]);
	return rules;
}

__attribute__((unused)) static struct span lab_span(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* ---- a session ---- */

#define LAB_LOOKUPS 64

struct lab {
	struct rule_facts facts;
	struct span names[2];
	uint8_t lookups[LAB_LOOKUPS];
	uint32_t rates[LAB_LOOKUPS];
	struct rule_address to[3]; /* accepted recipients */
	size_t nto;
};

static bool lab_next_to(void *ctx, size_t *at, struct rule_address *to_r)
{
	const struct lab *lab = ctx;

	if (*at == lab->nto)
		return false;
	*to_r = lab->to[(*at)++];
	return true;
}

/* A session in which everything is known; lists list nothing. */
__attribute__((unused)) static void lab_session(struct lab *lab)
{
	static const struct rule_facts facts = {
	    .known = 0xffff,
	    .client = {[10] = 0xff, [11] = 0xff, 192, 168, 10, 3},
	    .local = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 1},
	    .local_port = 25,
	    .listener = "mx",
	    .now_us = (12 * 60 + 30) * UINT64_C(60000000),
	    .random = UINT32_MAX / 2,
	    .esmtp = true,
	    .tls = RULE_TLS_1_2,
	    .size = 5000,
	};

	*lab = (struct lab){.facts = facts};
	lab->facts.helo = lab_span("joebob.ben");
	lab->facts.from.address = lab_span("jim@jones.com");
	lab->facts.to.address = lab_span("joe@example.com");
	lab->names[0] = lab_span("a.b.c.");
	lab->names[1] = lab_span("d.e.f.");
	lab->facts.rdns.names = lab->names;
	lab->facts.rdns.count = 2;
	lab->facts.rdns.noforward = lab->facts.rdns.inconsistent = true;
	lab->facts.text[RULE_TEXT_CIPHER] = lab_span("TLS_AES_128_GCM_SHA256");
	lab->facts.text[RULE_TEXT_JA3] = lab_span("e7d705a3286e19ea42f587b344ee6865");
	lab->facts.text[RULE_TEXT_JA4] = lab_span("t13d1516h2_8daaf6152771_b186095e22b6");
	lab->facts.text[RULE_TEXT_SNI] = lab_span("mx.example.net");
	lab->facts.text[RULE_TEXT_ARM] = lab_span("legacy");
	lab->facts.text[RULE_TEXT_DIALECT] = lab_span("0123abcd");
	memset(lab->lookups, RULE_NO, sizeof lab->lookups);
	lab->facts.lookups = lab->lookups;
	lab->facts.rates = lab->rates;
	lab->to[0].address = lab_span("joe@example.com");
	lab->nto = 1;
	lab->facts.next_to = lab_next_to;
	lab->facts.next_to_ctx = lab;
}

#endif
