/*
 * worker_results.h: a worker's way to the logger and the logger's answer.
 */
#ifndef SMTPTRAP_WORKER_RESULTS_H
#define SMTPTRAP_WORKER_RESULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "board.h"
#include "frame.h"

/* The logger answers within the time of one batch; past this it is taken for lost. */
#define RESULTS_TIMEOUT_S 60

struct results {
	int pipe; /* write end, packet mode, shared by all workers */
	uint32_t slot;
	uint64_t cookie;
	uint32_t seq; /* of the last record sent */
	const struct ack_board *ack;
};

/*
 * Send one record made of n parts (n <= 6).  Waits for leave to send where the record is long,
 * and with want_ack until the logger says what became of it.  Returns ACK_STORED or why not;
 * without want_ack ACK_STORED means handed over.
 */
enum ack_code results_send(struct results *r, enum frame_type type, const struct iovec *parts,
			   int n, bool want_ack);

#endif
