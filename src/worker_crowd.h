/*
 * worker_crowd.h: how many sessions an address may have at once.
 */
#ifndef SMTPTRAP_WORKER_CROWD_H
#define SMTPTRAP_WORKER_CROWD_H

#include <stdbool.h>

#include "sandbox.h"

struct session;
struct worker_args;

/* What a worker's sandbox must let it write: its own entry; nothing where crowds are not counted. */
struct sandbox_place crowd_place(const struct worker_args *args);

/* The client's address is known: count its session, for later ones.  True: its address has as many
 * as the configuration allows already, and this one is not counted. */
bool crowd_over(struct session *s);

/* The session is over, if it was counted. */
void crowd_leave(struct session *s);

#endif
