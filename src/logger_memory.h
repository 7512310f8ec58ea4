/*
 * logger_memory.h: the memory of addresses: its one writer, and its file.
 */
#ifndef SMTPTRAP_LOGGER_MEMORY_H
#define SMTPTRAP_LOGGER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "address_table.h"
#include "board.h"
#include "conf.h"
#include "logger_store.h"
#include "rate_table.h"
#include "summary.h"
#include "uuid.h"

struct memory {
	const struct conf
	    *conf; /* its memory and yakkers blocks; what changes there is in force at once */
	int dir;   /* the log directory */
	struct address_table *table;
	struct rate_table *rates; /* behind it */
	struct store *store;      /* takes the records of sessions that were counted only */
	struct uuid_state uuids;
	struct ack_board *ack; /* shows how many addresses are held */
	uint64_t saved_us;     /* last attempt, monotonic */
	bool changed;          /* since it was saved */
	bool failing;          /* the last attempt to save it failed; said once */
};

/*
 * Make an empty table in the zeroed memory of rate_memory_size(conf->memory.addresses) bytes,
 * aligned to 64, that stays the caller's, as the store does.  dir as in struct memory.
 */
void memory_init(struct memory *m, const struct conf *conf, void *table, struct store *store,
		 int dir);

/* Take over what was saved.  A file that cannot be used is set aside with a warning. */
void memory_load(struct memory *m);

/* A session taught something. */
void memory_learn(struct memory *m, const struct summary *s);

/* A session is to be counted. */
void memory_count(struct memory *m, const struct rate_claim *claim);

/* About twice a second: save when it is time. */
void memory_tick(struct memory *m);

/* Forget what is too old, record the sessions of yakkers whose record is due, and save all if
 * anything changed.  A failure is said, and tried again by memory_tick(). */
void memory_save(struct memory *m);

/* The last one: also what is not due is recorded, so that nothing is counted without a record. */
void memory_end(struct memory *m);

#endif
