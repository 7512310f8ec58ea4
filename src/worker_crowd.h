/*
 * worker_crowd.h: how many sessions an address may have at once.
 */
#ifndef SMTPTRAP_WORKER_CROWD_H
#define SMTPTRAP_WORKER_CROWD_H

#include <stdbool.h>

struct session;

/* The client's address is known: count its session on the board, for later ones.  True: its address
 * has as many as the configuration allows already, and this one is not counted. */
bool crowd_over(struct session *s);

#endif
