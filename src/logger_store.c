/*
 * logger_store.c: records and messages on their way into the three streams.
 *
 * Runs in the logger.  Input: fields and raw bytes that workers sent, none of them trusted: fields go
 * through record_fields_read(), trace headers through mbox_trace_parse(), raw bytes through mboxrd
 * quoting.  Output: the streams and the acknowledgement board.  A failure to write is said once
 * when it begins and once when it is over.
 */
#include "logger_store.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "log.h"
#include "logger_dir.h"
#include "record.h"

#define STORE_JSON_MAX (16u * 1024 * 1024) /* fields at their longest, escaped and in hex */
#define STORE_PIECE (16u * 1024)           /* bytes quoted at once */
#define STORE_FREE_MARGIN (64u * 1024)     /* for trailers, records and the file system's own */
#define STORE_FREE_AGE_US 200000           /* how long a look at the free space is good */
#define STORE_LATER_FLUSH (64u * 1024)     /* uncommitted fields that are worth a flush */
#define STORE_RETAIN_US 60000000           /* between two looks at what is old or too much */
#define STORE_RECOVER_US 1000000           /* from a failure to the first try whether it is over */

void store_init(struct store *st, const struct conf *conf, int dir, struct ack_board *ack)
{
	*st = (struct store){.conf = conf, .dir = dir, .ack = ack};
	for (enum log_stream i = 0; i < LOG_STREAM_COUNT; i++)
		stream_init(&st->stream[i], i, dir, (int)conf->log.compression);
	for (int i = 0; i < 2; i++)
		later_init(&st->later[i]);
	buf_init_heap(&st->json, STORE_JSON_MAX);
	buf_init_heap(&st->quoted, 2 * STORE_PIECE);
	buf_init_heap(&st->fields, STORE_FIELDS_MAX);
	buf_init_heap(&st->trace, MBOX_TRACE_MAX);
	unique_init(&st->unique, conf, dir, ack);
}

void store_answer(struct store *st, uint32_t slot, uint32_t seq, enum ack_code code)
{
	_Atomic uint32_t *word = &st->ack->word[slot];

	atomic_store_explicit(word, seq << 2 | (uint32_t)code, memory_order_release);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	if (code == ACK_NO_SPACE || code == ACK_FAILED)
		atomic_fetch_add_explicit(&st->ack->refused, 1, memory_order_relaxed);
}

static void answer_batch(struct store *st, enum ack_code code)
{
	for (unsigned i = 0; i < st->batch_count; i++) {
		uint32_t slot = st->batch[i].slot, seq = st->batch[i].seq;

		/* Only who still waits: a word about a later record must stay. */
		if (atomic_load(&st->ack->word[slot]) >> 2 == seq)
			store_answer(st, slot, seq, code);
	}
	st->batch_count = 0;
}

static enum ack_code code_of_errno(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG ? ACK_NO_SPACE : ACK_FAILED;
}

/* No message is let in until look_for_recovery(); said once. */
static void store_failing(struct store *st, const char *what)
{
	if (!st->failing)
		warn("%s: %s: messages are refused until this works again", what, strerror(errno));
	st->failing = true;
	st->failed_at_us = clock_us();
	atomic_store(&st->ack->full, 1);
}

/* Go back to the last commit of the session or message stream. */
static void records_undo(struct store *st, enum log_stream of)
{
	stream_undo(&st->stream[of]);
	st->later[of].applied = 0;
	memset(&st->uncommitted[of], 0, sizeof st->uncommitted[of]);
}

/* Undo mail and message streams and refuse the batch; errno says why. */
static enum ack_code store_fail(struct store *st, const char *what)
{
	enum ack_code code = code_of_errno(errno);

	store_failing(st, what);
	st->message_open = false;
	stream_undo(&st->stream[LOG_MAIL]);
	records_undo(st, LOG_MESSAGE);
	unique_undo(&st->unique);
	answer_batch(st, code);
	return code;
}

static bool fits(const struct store *st, uint64_t bytes)
{
	uint64_t need = st->conf->log.reserve + STORE_FREE_MARGIN;

	return st->free_bytes > need && bytes < st->free_bytes - need;
}

/* Is there room for so many bytes?  Between two looks each message counts as long as it came;
 * compressed it is less, so before it is said that there is none, it is looked again. */
static bool room_for(struct store *st, uint64_t bytes)
{
	uint64_t now = clock_us();

	if (now - st->free_at_us > STORE_FREE_AGE_US || st->free_at_us == 0 || !fits(st, bytes)) {
		(void)logger_dir_free(st->dir, &st->free_bytes); /* cannot be told: 0 */
		st->free_at_us = now;
	}
	return fits(st, bytes);
}

/* Read fields that a worker sent into st->read.  Returns 0, or ERR_FORMAT, also if they say where
 * the raw bytes are: only this module knows. */
static int read_fields(struct store *st, enum log_stream of, const uint8_t *fields, size_t len)
{
	static const enum record_field ours[] = {
	    FIELD_MAIL_FILE,   FIELD_MAIL_OFFSET,      FIELD_MAIL_MEMBER, FIELD_MAIL_MEMBER_SKIP,
	    FIELD_UNIQUE_FROM, FIELD_COPY_OF,          FIELD_COPY_FILE,   FIELD_COPY_OFFSET,
	    FIELD_COPY_MEMBER, FIELD_COPY_MEMBER_SKIP, FIELD_COPY_FROM};
	enum record_type type = of == LOG_SESSION ? RECORD_SESSION : RECORD_MESSAGE;

	if (record_fields_read(&st->read, type, fields, len) < 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (record_fields_has(&st->read, ours[i]))
			return ERR_FORMAT;
	return 0;
}

/* Append the record whose fields were read as the next of its stream, which has counted it
 * already. */
static int append_record(struct store *st, enum log_stream to)
{
	struct stream *s = &st->stream[to];
	struct record_head head = {.seq = s->seq, .sensor = st->conf->sensor};

	buf_reset(&st->json);
	if (record_encode_fields(&head, &st->read, &st->json) < 0) {
		errno = ENOMEM;
		return ERR_SYSTEM;
	}
	st->ack->bytes_raw += st->json.len;
	if (stream_append(s, st->json.data, st->json.len) < 0)
		return ERR_SYSTEM;
	figures_count(&st->uncommitted[to], &st->read);
	return stream_spill(s);
}

/* Append to the stream what waits in later; an error leaves the rest for another time. */
static int later_apply(struct store *st, enum log_stream to)
{
	struct later *l = &st->later[to];
	struct stream *s = &st->stream[to];

	while (l->applied < l->records.len) {
		const uint8_t *entry = l->records.data + l->applied;
		uint32_t len;

		memcpy(&len, entry, sizeof len);
		if (read_fields(st, to, entry + sizeof len, len) < 0) {
			st->ack->dropped++;
			warn("a %s record is dropped: its fields are malformed",
			     log_stream_name(to));
		} else if (stream_record(s, wall_us() / 1000000) < 0 || append_record(st, to) < 0) {
			return ERR_SYSTEM;
		}
		l->applied += sizeof len + len;
	}
	return 0;
}

static void later_committed(struct store *st, enum log_stream to)
{
	struct later *l = &st->later[to];

	figures_move(&st->ack->figures, &st->uncommitted[to]);
	if (l->applied > 0)
		later_drop_applied(l, to);
}

static void session_commit(struct store *st)
{
	struct stream *s = &st->stream[LOG_SESSION];

	if (later_apply(st, LOG_SESSION) < 0 || stream_flush(s, false) < 0) {
		store_failing(st, "session log");
		records_undo(st, LOG_SESSION);
		return;
	}
	stream_commit(s);
	later_committed(st, LOG_SESSION);
}

/* Put the message record whose fields were read into the message stream. */
static enum ack_code message_record(struct store *st)
{
	if (stream_record(&st->stream[LOG_MESSAGE], wall_us() / 1000000) < 0 ||
	    append_record(st, LOG_MESSAGE) < 0)
		return store_fail(st, "message log");
	return ACK_STORED;
}

static void batch_add(struct store *st, uint32_t slot, uint32_t seq)
{
	if (st->conf->log.durability == CONF_DURABILITY_NONE) {
		store_answer(st, slot, seq, ACK_STORED);
		return;
	}
	st->batch[st->batch_count].slot = slot;
	st->batch[st->batch_count].seq = seq;
	if (++st->batch_count == STORE_BATCH_MAX)
		store_commit(st);
}

/* Is there room, and has the message the form it must have?  Nothing was written yet. */
static enum ack_code message_check(struct store *st, const struct store_message *m,
				   struct mbox_trace *trace_r)
{
	if (read_fields(st, LOG_MESSAGE, m->fields, m->fields_len) < 0) {
		warn("a message is refused: the fields of its record are malformed");
		return ACK_FAILED;
	}
	if (mbox_trace_parse(m->trace, m->trace_len, trace_r) != 1 ||
	    trace_r->len != m->trace_len || trace_r->size != m->data_len) {
		warn("a message is refused: its trace header is not well-formed");
		return ACK_FAILED;
	}
	if (room_for(st, m->data_len))
		return ACK_STORED;
	if (!room_for(st, 0)) {
		errno = ENOSPC;
		store_failing(st, "log directory below its reserve");
	}
	return ACK_NO_SPACE;
}

/* Tell in the record, and for the index, where a message begins in the mail stream. */
static void put_place(struct store *st)
{
	const struct stream *s = &st->stream[LOG_MAIL];
	struct stored *e = &st->unique.entry;

	st->fields.len = st->fields_own;
	record_put_text(&st->fields, FIELD_MAIL_FILE, s->file);
	record_put_u64(&st->fields, FIELD_MAIL_OFFSET, s->gz.at.raw);
	record_put_u64(&st->fields, FIELD_MAIL_MEMBER, s->gz.at.member_at);
	record_put_u64(&st->fields, FIELD_MAIL_MEMBER_SKIP, s->gz.at.member_raw);
	e->file_time = s->name.time;
	e->file_seq = s->name.seq;
	e->offset = s->gz.at.raw;
	e->member = s->gz.at.member_at;
	e->skip = (uint32_t)s->gz.at.member_raw;
}

static enum ack_code mail_begin(struct store *st, const uint8_t *trace, size_t len)
{
	struct stream *s = &st->stream[LOG_MAIL];

	if (stream_record(s, wall_us() / 1000000) < 0)
		return store_fail(st, "mail log");
	put_place(st);
	buf_reset(&st->quoted);
	mbox_put_separator(&st->quoted, wall_us() / 1000000);
	st->filter = (struct mbox_filter){0};
	if (stream_append(s, st->quoted.data, st->quoted.len) < 0 ||
	    stream_append(s, trace, len) < 0)
		return store_fail(st, "mail log");
	return ACK_STORED;
}

static enum ack_code mail_data(struct store *st, const uint8_t *bytes, size_t len)
{
	struct stream *s = &st->stream[LOG_MAIL];

	while (len > 0) {
		size_t piece = len < STORE_PIECE ? len : STORE_PIECE;

		buf_reset(&st->quoted);
		mbox_quote(&st->filter, bytes, piece, &st->quoted);
		if (stream_append(s, st->quoted.data, st->quoted.len) < 0 || stream_spill(s) < 0)
			return store_fail(st, "mail log");
		st->ack->bytes_raw += st->quoted.len;
		bytes += piece;
		len -= piece;
	}
	return ACK_STORED;
}

static enum ack_code mail_end(struct store *st)
{
	buf_reset(&st->quoted);
	mbox_quote_end(&st->filter, &st->quoted);
	if (stream_append(&st->stream[LOG_MAIL], st->quoted.data, st->quoted.len) < 0)
		return store_fail(st, "mail log");
	return ACK_STORED;
}

enum ack_code store_message_begin(struct store *st, const struct store_message *m)
{
	struct mbox_trace trace;

	if (st->message_open)
		return ACK_FAILED; /* the sender did not ask for leave to send */
	enum ack_code code = message_check(st, m, &trace);
	if (code != ACK_STORED)
		return code;
	st->free_bytes -= m->data_len;
	buf_reset(&st->fields);
	buf_put(&st->fields, m->fields, m->fields_len);
	st->fields_own = m->fields_len;
	buf_reset(&st->trace);
	buf_put(&st->trace, m->trace, m->trace_len);
	st->message_held =
	    unique_begin(&st->unique, &(struct unique_message){m->fields, m->fields_len, &trace});
	if (unique_is_streamed(&st->unique))
		store_commit(st); /* so that this message alone can be taken back */
	st->message_open = true;
	return st->message_held ? ACK_STORED : mail_begin(st, m->trace, m->trace_len);
}

enum ack_code store_message_data(struct store *st, const uint8_t *bytes, size_t len)
{
	if (!st->message_open)
		return ACK_FAILED; /* another failure undid it */
	unique_data(&st->unique, bytes, len);
	return st->message_held ? ACK_STORED : mail_data(st, bytes, len);
}

/* Write what was held back, now that it is known to be new. */
static enum ack_code write_held(struct store *st)
{
	struct unique_bytes held = unique_held(&st->unique);
	enum ack_code code = mail_begin(st, st->trace.data, st->trace.len);

	return code == ACK_STORED ? mail_data(st, held.bytes, held.len) : code;
}

static void put_copy(struct store *st, const struct stored *first)
{
	struct log_name name = {
	    .stream = LOG_MAIL, .time = first->file_time, .seq = first->file_seq};
	char file[LOG_NAME_MAX];
	struct buf *to = &st->fields;

	log_name_format(&name, file);
	record_put_uuid(to, FIELD_COPY_OF, first->id);
	record_put_text(to, FIELD_COPY_FILE, file);
	record_put_u64(to, FIELD_COPY_OFFSET, first->offset);
	record_put_u64(to, FIELD_COPY_MEMBER, first->member);
	record_put_u64(to, FIELD_COPY_MEMBER_SKIP, first->skip);
	record_put_u64(to, FIELD_COPY_FROM, first->from);
}

/* Write a message of which the most is stored already. */
static enum ack_code write_copy(struct store *st, const struct stored *first)
{
	struct unique_bytes own = unique_own(&st->unique);

	if (!st->message_held)
		stream_undo(&st->stream[LOG_MAIL]);
	buf_reset(&st->json); /* free until the record is made */
	mbox_put_copy_trace(&st->json, st->trace.data, st->trace.len, first->id, own.len);
	st->trace.failed |= st->json.failed;
	enum ack_code code = mail_begin(st, st->json.data, st->json.len);
	if (code != ACK_STORED)
		return code;
	put_copy(st, first);
	return mail_data(st, own.bytes, own.len);
}

/* Did memory run out while the message was gathered?  Then what was written is not all of it. */
static bool lacks_bytes(const struct store *st)
{
	return st->fields.failed || st->trace.failed || st->unique.held.failed;
}

enum ack_code store_message_end(struct store *st, uint32_t slot, uint32_t seq)
{
	enum ack_code code = ACK_STORED;

	if (!st->message_open)
		return ACK_FAILED;
	const struct stored *first = unique_end(&st->unique, st->fields.data, st->fields_own);
	if (first != NULL)
		code = write_copy(st, first);
	else if (st->message_held)
		code = write_held(st);
	if (unique_is_first(&st->unique))
		record_put_u64(&st->fields, FIELD_UNIQUE_FROM, st->unique.entry.from);
	if (code == ACK_STORED)
		code = mail_end(st);
	if (code == ACK_STORED && lacks_bytes(st)) {
		errno = ENOMEM;
		code = store_fail(st, "message");
	}
	if (code != ACK_STORED)
		return code;
	if (record_fields_read(&st->read, RECORD_MESSAGE, st->fields.data, st->fields.len) < 0) {
		errno = EBADMSG;
		return store_fail(st, "message record");
	}
	code = message_record(st);
	if (code != ACK_STORED)
		return code;
	st->message_open = false;
	st->ack->messages++;
	unique_remember(&st->unique);
	batch_add(st, slot, seq);
	return ACK_STORED;
}

enum ack_code store_record_acked(struct store *st, uint32_t slot, uint32_t seq,
				 const uint8_t *fields, size_t len)
{
	if (st->message_open)
		return ACK_FAILED; /* the sender did not ask for leave to send */
	if (read_fields(st, LOG_MESSAGE, fields, len) < 0) {
		warn("a message is refused: the fields of its record are malformed");
		return ACK_FAILED;
	}
	if (!room_for(st, len))
		return ACK_NO_SPACE;
	enum ack_code code = message_record(st);
	if (code == ACK_STORED)
		batch_add(st, slot, seq);
	return code;
}

void store_message_abort(struct store *st)
{
	if (!st->message_open)
		return;
	st->message_open = false;
	stream_undo(&st->stream[LOG_MAIL]);
	records_undo(st, LOG_MESSAGE);
	unique_undo(&st->unique);
	answer_batch(st, ACK_FAILED);
}

void store_commit(struct store *st)
{
	struct stream *mail = &st->stream[LOG_MAIL], *message = &st->stream[LOG_MESSAGE];
	bool sync = st->conf->log.durability == CONF_DURABILITY_FSYNC;

	if (later_apply(st, LOG_MESSAGE) < 0) {
		store_fail(st, "message log");
		return;
	}
	if (!stream_dirty(mail) && !stream_dirty(message)) {
		later_committed(st, LOG_MESSAGE); /* malformed ones */
		return;
	}
	/* The raw bytes first: a record must never point at a message that is not there. */
	if (stream_dirty(mail) && stream_flush(mail, sync) < 0) {
		store_fail(st, "mail log");
		return;
	}
	if (stream_flush(message, sync) < 0) {
		store_fail(st, "message log");
		return;
	}
	stream_commit(mail);
	stream_commit(message);
	unique_commit(&st->unique);
	later_committed(st, LOG_MESSAGE);
	answer_batch(st, ACK_STORED);
	st->ack->batches++;
}

/* Much waits: write it before the next tick, if that can be. */
static void later_flush(struct store *st, enum log_stream to)
{
	if (st->failing)
		return;
	if (to == LOG_SESSION)
		session_commit(st);
	else if (!st->message_open)
		store_commit(st);
}

void store_record(struct store *st, enum log_stream to, const uint8_t *fields, size_t len)
{
	if (st->later[to].records.len > STORE_LATER_FLUSH)
		later_flush(st, to);
	if (!later_put(&st->later[to], to, fields, len)) {
		st->ack->dropped++;
		return;
	}
	if (to == LOG_SESSION)
		st->ack->sessions++;
}

static bool stream_is_due(const struct store *st, const struct stream *s)
{
	uint64_t age = wall_us() - s->name.time * 1000000;

	return s->state != STREAM_CLOSED &&
	       (s->state != STREAM_OPEN || s->written >= st->conf->log.rotate_size ||
		age >= st->conf->log.rotate_age_us);
}

/* Finish files, all or those that are due; a failure is said once. */
static void rotate(struct store *st, bool all)
{
	bool failed = false;

	for (enum log_stream i = 0; i < LOG_STREAM_COUNT; i++) {
		struct stream *s = &st->stream[i];

		if (stream_dirty(s) || s->state == STREAM_CLOSED || !(all || stream_is_due(st, s)))
			continue;
		if (stream_rotate(s) == 0) {
			st->retained_at_us = 0;
			continue;
		}
		failed = true;
		if (!st->rotate_failing)
			warn("log file %s: cannot be finished yet: %s", s->file, strerror(errno));
	}
	st->rotate_failing = failed;
}

static void retain(struct store *st)
{
	uint64_t now = clock_us();

	if (st->retained_at_us > 0 && now - st->retained_at_us < STORE_RETAIN_US)
		return;
	st->retained_at_us = now;
	logger_dir_retain(st->dir, st->conf, wall_us() / 1000000);
}

/* Is the trouble over?  Looked at from time to time, since no message is let in meanwhile. */
static void look_for_recovery(struct store *st)
{
	if (!st->failing || clock_us() - st->failed_at_us < STORE_RECOVER_US)
		return;
	st->free_at_us = 0;
	if (!room_for(st, 0))
		return;
	for (enum log_stream i = 0; i < LOG_STREAM_COUNT; i++)
		if (stream_ready(&st->stream[i], wall_us() / 1000000) < 0)
			return;
	st->failing = false;
	atomic_store(&st->ack->full, 0);
	info("the log directory can be written again: messages are accepted");
}

/* Who finds a session's record finds those of its messages. */
void store_tick(struct store *st)
{
	bool open = st->message_open;

	if (!open) {
		look_for_recovery(st);
		store_commit(st);
	}
	session_commit(st);
	if (open)
		return;
	rotate(st, false);
	retain(st);
}

void store_rotate(struct store *st)
{
	store_commit(st);
	session_commit(st);
	rotate(st, true);
	for (int i = 0; i < 2; i++)
		if (st->later[i].records.len > 0)
			warn("%s log: %zu bytes of records could not be written yet",
			     log_stream_name((enum log_stream)i), st->later[i].records.len);
}
