/*
 * logger_store.h: records and messages on their way into the three streams.
 *
 * Messages gather in a batch; store_commit() writes it, syncs it, and only then answers the workers
 * that wait.  If anything fails, mail and message streams go back to the last commit and all of
 * the batch are refused: nothing is stored twice, nothing acknowledged is lost.  Records that
 * nobody waits for are kept in memory (bounded) until they are committed, and tried again.
 */
#ifndef SMTPTRAP_LOGGER_STORE_H
#define SMTPTRAP_LOGGER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "conf.h"
#include "logger_later.h"
#include "logger_stream.h"
#include "logger_unique.h"
#include "mbox.h"
#include "record_fields.h"

#define STORE_BATCH_MAX 256                    /* acknowledgements of one commit */
#define STORE_FIELDS_MAX (1024u * 1024 + 4096) /* fields of a message record and ours */

struct store {
	const struct conf *conf;
	int dir;
	struct ack_board *ack;
	struct stream stream[LOG_STREAM_COUNT];
	struct later later[2];         /* of the session and message streams */
	struct figures uncommitted[2]; /* of the same: counted, but not on the board yet */
	struct {
		uint32_t slot, seq;
	} batch[STORE_BATCH_MAX];
	unsigned batch_count;
	struct record_fields read; /* those of the record that is encoded */
	struct buf json, quoted;
	/* the message under way */
	struct buf fields, trace;
	size_t fields_own; /* of the fields: those that came with it */
	struct mbox_filter filter;
	bool message_held; /* nothing of it is in the mail stream yet */
	bool message_open; /* between begin and end */
	struct unique unique;
	bool failing;        /* the last attempt to write failed; said once */
	bool rotate_failing; /* the last attempt to finish a file failed; said once */
	uint64_t free_bytes; /* of the file system, as of free_at_us, less what was taken since */
	uint64_t free_at_us, failed_at_us, retained_at_us; /* monotonic */
};

void store_init(struct store *st, const struct conf *conf, int dir, struct ack_board *ack);

/* Tell the worker of this slot what became of its record. */
void store_answer(struct store *st, uint32_t slot, uint32_t seq, enum ack_code code);

/* A record nobody waits for.  Malformed fields are counted and dropped. */
void store_record(struct store *st, enum log_stream to, const uint8_t *fields, size_t len);

/* The record of a message whose bytes are not kept, for which this slot waits: acknowledged with
 * the next batch.  ACK_STORED, or why it is refused; then store_answer() is the caller's. */
enum ack_code store_record_acked(struct store *st, uint32_t slot, uint32_t seq,
				 const uint8_t *fields, size_t len);

/*
 * An acknowledged message: begin, data in pieces, end.  All return ACK_STORED to go on, or why
 * it is refused; then the message is over, and store_answer() is the caller's.  Between begin
 * and end nothing else may be appended to the mail stream.
 */
struct store_message {
	const uint8_t *fields; /* of its record */
	size_t fields_len;
	const uint8_t *trace; /* its trace header, see mbox.h */
	size_t trace_len;
	uint64_t data_len; /* bytes to come */
};
enum ack_code store_message_begin(struct store *st, const struct store_message *m);
enum ack_code store_message_data(struct store *st, const uint8_t *bytes, size_t len);
enum ack_code store_message_end(struct store *st, uint32_t slot, uint32_t seq);

/* The sender is gone: undo what begin started (and the batch, whose senders are refused). */
void store_message_abort(struct store *st);

/* Write, sync, answer.  Not while a message is open. */
void store_commit(struct store *st);

/* Called about twice a second: flush the session stream; and unless a message is open, rotate by
 * age and size, retention, look whether there is room again. */
void store_tick(struct store *st);

/* Finish all files; with all records that could not be written counted and named. */
void store_rotate(struct store *st);

#endif
