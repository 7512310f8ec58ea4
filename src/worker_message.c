/*
 * worker_message.c: what lies between 354 and 250: the payload of DATA and BDAT.
 *
 * Runs in workers.  Gathers the bytes in the message store, and has the logger store them before
 * the machine may say 250.  A message beyond the limit is read to its end and refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

static void text_of_reply(const struct smtp_verdict *v, size_t *len_r)
{
	*len_r = v->reply_len;
	while (*len_r > 0 && (v->reply[*len_r - 1] == '\n' || v->reply[*len_r - 1] == '\r'))
		(*len_r)--;
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

/* The message is complete: have it stored, answer, and record what was refused. */
static void message_complete(struct session *s, struct smtp_verdict *v)
{
	char id[UUID_TEXT];
	enum smtp_stored result = SMTP_TOO_BIG;

	uuid_format(s->client.message.id, id);
	if (s->store.size <= s->store.cap) {
		struct span reply = smtp_stored_reply(&s->smtp, id);
		result = stored_of_ack[record_message(s, VERDICT_ACCEPTED,
						      (const char *)reply.bytes, reply.len)];
	}
	/* The envelope stays readable until the next command, so the record can still be made. */
	smtp_message_end(&s->smtp, result, id, v);
	if (result != SMTP_STORED) {
		size_t len;

		text_of_reply(v, &len);
		record_message(s, result == SMTP_TOO_BIG ? VERDICT_REJECTED : VERDICT_TEMPFAILED,
			       v->reply, len);
	} else {
		s->board->total_messages++;
	}
	s->client.message.begun = false;
	record_board(s);
}

void message_aborted(struct session *s)
{
	if (!s->client.message.begun)
		return;
	if (s->smtp.envelope.chunked)
		note_bare_in_chunks(s);
	record_message(s, VERDICT_ABORTED, "", 0);
	s->client.message.begun = false;
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

	if (!discard)
		message_begin(s);
	while (left > 0) {
		if (c->in_len == c->in_at && !payload_fill(s)) {
			dialogue_body(s, v->chunk_size - left);
			return false;
		}
		size_t n = c->in_len - c->in_at < left ? c->in_len - c->in_at : (size_t)left;
		if (!discard)
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
