/*
 * explain.h: the session that smtptrap explain holds against rules.
 */
#ifndef SMTPTRAP_EXPLAIN_H
#define SMTPTRAP_EXPLAIN_H

#include "arena.h"
#include "rule.h"

#define EXPLAIN_LIST_MAX 1000 /* recipients, and so on: each is on the command line */

/* Words gathered from options that may come again. */
struct explain_list {
	const char *word[EXPLAIN_LIST_MAX];
	size_t count;
};

/* What the command line says. */
struct explain {
	const char *rules_path;
	bool verbose;
	struct rule_facts facts;
	bool helo, from;            /* there was such a command */
	enum rule_domain to_domain; /* of all recipients */
	bool dns;                   /* DNS answered: what is not named is not there */
	uint32_t rate;              /* every count; RULE_RATE_UNKNOWN */
	struct explain_list to, dnsbl, dbl, verified;
	struct span names[RULE_NAMES_MAX];
	const char *message_path; /* of --message; NULL: none */
	char **files;             /* the arguments: messages, each for itself */
	size_t nfiles;
};

/* Read the options.  Returns 0, or an exit status (why is said already). */
int explain_options(struct explain *e, int argc, char **argv);

/* Make the message in this file, and its size, facts, until explain_message_done().  False: it cannot
 * be read, which was said. */
bool explain_message(struct explain *e, const char *path);
void explain_message_done(struct explain *e);

/* Answers for the look-ups and counts that the rules ask for, in the arena.  Returns 0, or an exit
 * status (said). */
int explain_answers(struct explain *e, const struct rules *rules, struct arena *arena);

#endif
