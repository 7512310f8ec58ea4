/*
 * worker_who.h: what tells which program, on which system, a client is.
 */
#ifndef SMTPTRAP_WORKER_WHO_H
#define SMTPTRAP_WORKER_WHO_H

#include "dialect.h"
#include "record.h"
#include "tcp_syn.h"

/* Of the present client; in the memory that an idle worker gives back. */
struct who {
	bool has_syn;
	struct tcp_syn syn;
	bool has_dialect;
	struct dialect dialect;
	uint64_t pipelined; /* lines with more behind them */
};

struct session;

/* A client connected on fd: take its SYN from the kernel, which keeps it until then. */
void who_begin(struct session *s, int fd);

/* A line is about to be carried out; more: the client had sent more behind it. */
void who_line(struct session *s, const struct line *line, bool more);

/* The dialect as of the present message, whose header has been read; false: there is none. */
bool who_dialect(struct session *s, char hash[DIALECT_HASH]);

/* The fields of the session's record. */
void who_put_session(struct session *s, struct buf *to);

/* The fields of the present message's record, whose header has been read. */
void who_put_message(struct session *s, struct buf *to);

#endif
