/*
 * worker.h: the process that serves one session at a time.
 */
#ifndef SMTPTRAP_WORKER_H
#define SMTPTRAP_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "address_table.h"
#include "board.h"
#include "conf.h"
#include "tls.h"

struct crowd;

struct worker_args {
	const struct conf *conf;
	const int *listeners; /* in the order of conf->listen; not blocking */
	uint32_t slot;
	uint32_t slots;            /* of the boards */
	uint64_t cookie;           /* the logger knows this slot by it */
	int pipe;                  /* write end of the results pipe */
	int doorbell;              /* eventfd: rung when too few workers may be idle */
	int spares;                /* read end of a pipe: no byte left there, then it is rung */
	int keyholder;             /* this worker's end of its pair, -1: no TLS */
	int resolver;              /* the same for the DNS, -1: none */
	struct tls_server *tls;    /* NULL: no TLS */
	struct board_slot *board;  /* this worker's */
	const struct crowd *crowd; /* NULL: not counted */
	int crowd_fd;              /* where its entry is written, -1: not counted */
	const struct ack_board *ack;
	const struct address_reader *memory; /* what is remembered of addresses */
	const struct rate_table *rates;      /* how often networks came */
	int32_t master_pid;
	bool drain;        /* on shutdown, answer 421 to those who wait in the backlog */
	size_t memory_max; /* address space, bytes; 0: not limited */
};

/*
 * Be a worker: enter the sandbox, serve sessions until conf->workers.sessions are done or a signal
 * says so: SIGHUP leave when idle, SIGTERM end the session with 421 and leave.  The caller has
 * closed all descriptors but these and given up root.
 */
_Noreturn void worker_run(const struct worker_args *args);

#endif
