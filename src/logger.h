/*
 * logger.h: the process that writes the logs.
 */
#ifndef SMTPTRAP_LOGGER_H
#define SMTPTRAP_LOGGER_H

#include <stdint.h>

#include "conf.h"
#include "privs.h"

struct logger_args {
	const struct conf *conf;
	int dir;        /* the log directory */
	int pipe;       /* read end, packet mode, not blocking */
	int control;    /* SOCK_SEQPACKET to the master */
	int ack_memory; /* memfd of the acknowledgement board, not sealed yet */
	int addresses;  /* memfd of the memory of addresses, the same */
	uint32_t slots; /* of the board */
	uint64_t master_cookie;
	const struct identity *identity; /* to become; NULL: stay who we are (no root) */
};

/* Messages on the control socket. */
enum logger_message_type {
	LOGGER_READY,    /* logger: repaired, sandboxed, about to read the pipe */
	LOGGER_ROTATE,   /* master: finish all files now */
	LOGGER_SETTINGS, /* master: numbers of a new configuration */
};
struct logger_message {
	uint32_t type;
	uint32_t durability, compression;
	uint64_t rotate_size, rotate_age_us, keep, keep_age_us, keep_free, reserve, message_size;
	uint64_t memory_save_us, memory_tls_within_us, yakker_within_us, yakker_summary_us;
	uint32_t yakker_count, store, store_index;
};

/*
 * Be the logger: map the board and the memory of addresses, become identity with the log directory as root directory, mend
 * what a crash left, enter the sandbox, say LOGGER_READY, write records until every writer has
 * closed the pipe, finish the files, exit 0.  The caller has closed all other descriptors.
 */
_Noreturn void logger_run(const struct logger_args *args);

#endif
