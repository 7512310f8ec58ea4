/*
 * worker_message.c: what lies between 354 and 250: the payload of DATA and BDAT.
 *
 * Runs in workers.  Gathers the bytes in the message store, and has the logger store them before
 * the machine may say 250.  A message beyond the limit is read to its end and refused.
 */
#include <string.h>

#include "clock.h"
#include "worker_session.h"

static void message_begin(struct session *s)
{
	struct session_message *m = &s->client.message;

	if (m->begun)
		return;
	m->begun = true;
	m->ts_us = wall_us();
	m->bare_cr = m->bare_lf = 0;
	session_new_id(s, m->ts_us, m->id);
	s->store.len = 0;
	s->store.size = 0;
}

static void store_put(struct message_store *store, const uint8_t *bytes, size_t len)
{
	size_t room = store->cap - store->len;
	size_t n = len < room ? len : room;

	memcpy(store->bytes + store->len, bytes, n);
	store->len += n;
	store->size += len;
	if (store->len > store->touched)
		store->touched = store->len;
}

static const enum smtp_stored stored_of_ack[] = {
    [ACK_GRANTED] = SMTP_FAILED,
    [ACK_STORED] = SMTP_STORED,
    [ACK_NO_SPACE] = SMTP_NO_SPACE,
    [ACK_FAILED] = SMTP_FAILED,
};

/* Without its line end. */
static struct span text_of(struct span reply)
{
	while (reply.len > 0 &&
	       (reply.bytes[reply.len - 1] == '\n' || reply.bytes[reply.len - 1] == '\r'))
		reply.len--;
	return reply;
}

/* Line ends that are none, for the message's record and the session's. */
static void note_bare(struct session *s, uint64_t cr, uint64_t lf)
{
	struct session_message *m = &s->client.message;

	m->bare_cr = cr;
	m->bare_lf = lf;
	if (cr > 0)
		smtp_note(&s->smtp, ODDITY_BARE_CR_DATA);
	if (lf > 0)
		smtp_note(&s->smtp, ODDITY_BARE_LF_DATA);
}

static void note_bare_in_chunks(struct session *s)
{
	uint64_t cr, lf;

	data_count_bare(s->store.bytes, s->store.len, &cr, &lf);
	note_bare(s, cr, lf);
}

/* Have stored what is to be kept, with the reply that is due once it is. */
static enum smtp_stored message_store(struct session *s, const struct rules_fate *fate,
				      const char *id)
{
	struct span reply = fate->judgement.code != 0 ? text_of(fate->judgement.reply)
						      : smtp_stored_reply(&s->smtp, id);

	return stored_of_ack[record_message(s, fate->verdict, fate->keep, reply)];
}

/* Record a message that could not be stored. */
static void note_failure(struct session *s, enum smtp_stored result, const struct smtp_verdict *v)
{
	struct span reply = {(const uint8_t *)v->reply, v->reply_len};

	record_message(s, result == SMTP_TOO_BIG ? VERDICT_REJECTED : VERDICT_TEMPFAILED, KEEP_NOTE,
		       text_of(reply));
}

/* The message is complete: have it stored, answer, and record what was refused.  The envelope
 * stays readable until the next command, so the record can be made after the answer too. */
static void message_complete(struct session *s, struct smtp_verdict *v)
{
	struct rules_fate fate = {.verdict = VERDICT_ACCEPTED, .keep = KEEP_ALL};
	enum smtp_stored result = SMTP_TOO_BIG;
	char id[UUID_TEXT];

	uuid_format(s->client.message.id, id);
	if (s->store.size <= s->store.cap) {
		worker_rules_message(s, id, &fate);
		result = message_store(s, &fate, id);
	}
	if (result == SMTP_STORED && fate.judgement.code != 0)
		smtp_message_judged(&s->smtp, &fate.judgement, v);
	else
		smtp_message_end(&s->smtp, result, id, v);
	if (result != SMTP_STORED)
		note_failure(s, result, v);
	s->board->total_messages += result == SMTP_STORED && fate.verdict == VERDICT_ACCEPTED;
	s->client.message.begun = false;
	record_board(s);
}

static void message_dropped(struct session *s, enum message_verdict verdict, struct span reply)
{
	if (!s->client.message.begun)
		return;
	if (s->smtp.envelope.chunked)
		note_bare_in_chunks(s);
	record_message(s, verdict, KEEP_NOTE, reply);
	s->client.message.begun = false;
}

void message_aborted(struct session *s)
{
	message_dropped(s, VERDICT_ABORTED, (struct span){0});
}

void message_over(struct session *s, const struct smtp_verdict *v)
{
	struct span reply = {(const uint8_t *)v->reply, v->reply_len};

	if (v->verb != SMTP_BDAT || v->code < 400)
		message_aborted(s);
	else
		message_dropped(s, v->code < 500 ? VERDICT_TEMPFAILED : VERDICT_REJECTED,
				text_of(reply));
}

/* Receive more of a payload, at most the configured time from the last bytes. */
static bool payload_fill(struct session *s)
{
	if (conn_flush(&s->conn) < 0)
		return session_lost(s, -1);
	conn_deadline(&s->conn, s->conf->limits.data_timeout_us);
	int rc = conn_fill(&s->conn);
	return rc > 0 || session_lost(s, rc);
}

bool message_data(struct session *s, struct smtp_verdict *v)
{
	struct conn *c = &s->conn;
	enum data_event event;

	message_begin(s);
	s->data = (struct data_reader){0};
	do {
		struct span run;
		size_t used;

		if (c->in_len == c->in_at && !payload_fill(s)) {
			struct span held = data_held(&s->data);

			store_put(&s->store, held.bytes, held.len);
			note_bare(s, s->data.bare_cr, s->data.bare_lf);
			dialogue_body(s, s->data.raw);
			return false;
		}
		event = data_next(&s->data, c->in + c->in_at, c->in_len - c->in_at, &run, &used);
		if (event == DATA_RUN)
			store_put(&s->store, run.bytes, run.len);
		conn_consume(c, used);
	} while (event != DATA_END);
	note_bare(s, s->data.bare_cr, s->data.bare_lf);
	dialogue_body(s, s->data.raw);
	message_complete(s, v);
	return true;
}

bool message_chunk(struct session *s, struct smtp_verdict *v)
{
	struct conn *c = &s->conn;
	bool discard = v->chunk_discard, last = v->chunk_last;
	uint64_t left = v->chunk_size;

	if (s->smtp.message_begun)
		message_begin(s);
	while (left > 0) {
		if (c->in_len == c->in_at && !payload_fill(s)) {
			dialogue_body(s, v->chunk_size - left);
			return false;
		}
		size_t n = c->in_len - c->in_at < left ? c->in_len - c->in_at : (size_t)left;
		if (s->client.message.begun) /* of what is refused, its size */
			store_put(&s->store, c->in + c->in_at, n);
		conn_consume(c, n);
		left -= n;
	}
	dialogue_body(s, v->chunk_size);
	if (last && !discard) {
		note_bare_in_chunks(s);
		message_complete(s, v);
	} else {
		smtp_chunk_end(&s->smtp, v);
	}
	return true;
}
