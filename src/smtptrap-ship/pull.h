/*
 * pull.h: the messages of a stream that were not fetched yet, from a durable consumer; and what all that
 * fetch have in common: arguments, signals, a connection that is made again.
 */
#ifndef SMTPTRAP_SHIP_PULL_H
#define SMTPTRAP_SHIP_PULL_H

#include "nats_link.h"

/* What stands behind --fetch and --fetch-mail. */
struct pull_arguments {
	const char *directory;
	const char *consumer; /* NULL: none is named */
	bool follow;
	char **sensor; /* what else stands there */
	int nsensor;
};

/* Read argc arguments; false if they are wrong. */
bool pull_take_arguments(struct pull_arguments *a_r, int argc, char **argv);

/* SIGTERM and SIGINT end pull_run(); have they come? */
void pull_catch_signals(void);
bool pull_is_stopping(void);

struct pull {
	const struct ship_conf *conf;
	const char *stream, *consumer;
	bool follow; /* stay when there is nothing more */
	/*
	 * Take a batch.  SHIP_TAKEN: all of it is on disk, acknowledge it; SHIP_TROUBLE with why:
	 * connect anew, it comes again; SHIP_NEVER with why: give up.
	 */
	int (*take)(struct pull *p, const natsMsgList *list);
	void *ctx;
	struct buf why;

	struct nats_link link; /* stays open until pull_end() */
	bool connected;
	natsSubscription *sub;
	uint64_t progress_at; /* when a message came last */
	unsigned tries;
	uint64_t wait; /* before the next */
};

/* Set up what is of no stream; conf stays the caller's. */
void pull_init(struct pull *p, const struct ship_conf *conf, const struct pull_arguments *a);

/* Connect, if that is not done.  SHIP_TAKEN, SHIP_TROUBLE or SHIP_NEVER, the last two with why. */
int pull_connect(struct pull *p);

/* Tell trouble, close the connection, and wait, ever longer. */
void pull_back_off(struct pull *p);

/* There is no trouble any more: the next wait is short. */
void pull_went_well(struct pull *p);

/* Fetch all that is there, or until a signal comes; connects again as often as needed.  0, or
 * SHIP_NEVER with why. */
int pull_run(struct pull *p);

/* What stands in p->why, as a string; it is empty then. */
const char *pull_take_why(struct pull *p);

void pull_end(struct pull *p);

#endif
