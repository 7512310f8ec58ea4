/*
 * mail.c: raw messages into the object store, beside their records.
 *
 * Runs in smtptrap-ship, if the configuration names a bucket.  The chunks of a message go before its
 * record; what tells of the object goes when all of them are acknowledged, so an object that can be
 * found is whole; the record's flight waits for that, so the checkpoint does not pass a record
 * whose mail is not there.  Meanwhile other messages are sent.
 *
 * What is sent again has the same identifiers, and the servers drop it within their duplicate
 * window.  Beyond it chunks would be there twice and spoil the object: so the first says that
 * there must be none before it, and where there is one, a message of several chunks begins anew
 * under another NUID (the servers answer before the second is sent).  A message of one chunk is
 * there already then.
 *
 * Mail that cannot be had, or that the bucket refuses, is named and counted; its record goes.
 */
#include "mail.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "log.h"
#include "ship.h"

bool ship_mail_start(struct ship *s)
{
	s->mail = NULL;
	if (*s->conf->mail.bucket == '\0')
		return true;
	s->mail = calloc(1, sizeof *s->mail);
	if (s->mail == NULL || mail_ring_init(&s->mail->ring, s->conf->in_flight) != 0) {
		warn("no memory");
		return false;
	}
	object_bucket(s->mail->bucket, s->conf, s->conf->sensor);
	if (!s->replay)
		mail_bytes_at(&s->mail->bytes, s->log_dir);
	return true;
}

void ship_mail_end(struct ship *s)
{
	if (s->mail == NULL)
		return;
	mail_bytes_close(&s->mail->bytes);
	mail_ring_fini(&s->mail->ring);
	free(s->mail);
	s->mail = NULL;
}

void ship_mail_forget(struct ship *s)
{
	if (s->mail == NULL)
		return;
	mail_ring_clear(&s->mail->ring);
	s->mail->step = MAIL_LOOK;
}

bool ship_mail_waits(const struct ship *s)
{
	return s->mail != NULL && s->mail->ring.count > 0;
}

/* ---- what becomes of a message ---- */

static void settle_for(struct ship_mail *m, enum mail_fate fate)
{
	m->fate = fate;
	m->step = MAIL_READY;
}

/* The text of an identifier, valid until the next call. */
static const char *id_text(const uint8_t id[UUID_BYTES])
{
	static char text[UUID_TEXT];

	uuid_format(id, text);
	return text;
}

static void miss(struct ship_mail *m, const char *wrong)
{
	warn("the mail of message %s is missing: %s", id_text(m->bytes.info.head.id), wrong);
	settle_for(m, MAIL_MISSING);
}

static void tell_refused(const struct ship_mail *m, const struct mail_object *o)
{
	warn("the mail of message %s is refused by bucket %s: %s", id_text(o->object.id), m->bucket,
	     o->why);
}

static void leave_out(struct ship_mail *m, uint64_t size)
{
	debug("the mail of message %s is left out: %llu bytes", id_text(m->bytes.info.head.id),
	      (unsigned long long)size);
	settle_for(m, MAIL_LEFT_OUT);
}

/* All bytes are another message's: that one's object has them. */
static void make_link(struct ship_mail *m)
{
	struct object *o = &m->now.object;

	o->is_link = true;
	memcpy(o->to, m->bytes.info.copy.id, sizeof o->to);
	settle_for(m, MAIL_PUT);
}

static void make_object(struct ship_mail *m, uint64_t max)
{
	struct object *o = &m->now.object;

	if (m->bytes.size > max) {
		leave_out(m, m->bytes.size);
		return;
	}
	o->size = m->bytes.size;
	o->chunks = (uint32_t)((o->size + OBJECT_CHUNK - 1) / OBJECT_CHUNK);
	m->step = MAIL_FILL;
}

/* Go to the message in the logs, or beside the file that is replayed. */
static void find(struct ship *s, const struct ship_record *r)
{
	struct ship_mail *m = s->mail;
	const char *wrong = NULL;
	bool linked = false;

	if (s->replay)
		wrong = mail_bytes_beside(&m->bytes, s->source[0].file[r->place.member]);
	if (wrong == NULL)
		wrong = mail_bytes_look(&m->bytes, &linked);
	if (wrong == NULL && !linked)
		wrong = mail_bytes_find(&m->bytes);
	if (wrong != NULL)
		miss(m, wrong);
	else if (linked)
		make_link(m);
	else
		make_object(m, s->conf->mail.size);
}

/* What does the record say of its mail? */
static void look(struct ship *s, const struct ship_record *r)
{
	struct ship_mail *m = s->mail;
	struct message_info *info = &m->bytes.info;

	m->now = (struct mail_object){0};
	m->sent = 0;
	if (message_info_read(r->line.bytes, r->line.len, info) != 0) {
		memcpy(info->head.id, r->head.id, sizeof info->head.id);
		miss(m, "its record cannot be read");
		return;
	}
	memcpy(m->now.object.id, info->head.id, sizeof m->now.object.id);
	memcpy(m->now.object.sha256, info->sha256, sizeof m->now.object.sha256);
	if (!info->has_mail && (!info->accepted || info->discarded))
		settle_for(m, MAIL_NONE);
	else if (!info->has_mail)
		miss(m, "its record does not say where its bytes are");
	else if (info->has_size && info->size > s->conf->mail.size)
		leave_out(m, info->size);
	else
		find(s, r);
}

/* ---- sending ---- */

/* Offer a part to the output; it has s->number then.  *refused_r: it can never be taken. */
static int offer(struct ship *s, const struct ship_part *part, struct span bytes, bool *refused_r)
{
	struct ship_item item = {
	    .part = part, .bytes = bytes.bytes, .len = bytes.len, .number = s->number + 1};
	int rc = s->output.send(&s->output, &item, ship_why(s));

	*refused_r = rc == SHIP_REJECTED;
	if (rc == SHIP_REJECTED)
		rc = SHIP_TAKEN;
	if (rc == SHIP_TAKEN)
		s->number++;
	return rc;
}

static void fill(struct ship_mail *m)
{
	const char *wrong = mail_bytes_next(&m->bytes);

	if (wrong != NULL)
		miss(m, wrong);
	else if (m->bytes.len == 0)
		settle_for(m, MAIL_PUT);
	else
		m->step = MAIL_SEND;
}

static int send_chunk(struct ship *s)
{
	struct ship_mail *m = s->mail;
	char subject[OBJECT_SUBJECT_MAX], id[OBJECT_MSG_ID_MAX];
	struct ship_part part = {.subject = subject, .msg_id = id, .first = m->sent == 0};
	struct span bytes = {m->bytes.chunk, m->bytes.len};
	bool refused;

	object_chunk_subject(subject, m->bucket, &m->now.object);
	object_chunk_id(id, &m->now.object, m->sent);
	int rc = offer(s, &part, bytes, &refused);
	if (rc != SHIP_TAKEN)
		return rc;
	m->sent++;
	m->now.last = s->number;
	if (m->now.first == 0)
		m->now.first = s->number;
	m->now.refused |= refused;
	if (refused)
		strlcpy(m->now.why, ship_why_text(s), sizeof m->now.why);
	if (m->sent == m->now.object.chunks)
		settle_for(m, MAIL_PUT);
	else
		m->step = m->sent == 1 ? MAIL_CONFIRM : MAIL_FILL;
	return SHIP_TAKEN;
}

/* Chunks of this NUID are there already, of a time that the servers know no more: take another. */
static void begin_anew(struct ship_mail *m)
{
	struct mail_object *now = &m->now;

	m->sent = 0;
	now->first = now->last = 0;
	now->is_there = false;
	if (++now->object.attempt < OBJECT_ATTEMPTS) {
		m->step = MAIL_SEND; /* the first chunk is in memory still */
		return;
	}
	now->refused = true;
	strlcpy(now->why, "it was begun too often", sizeof now->why);
}

static int confirm(struct ship *s)
{
	struct ship_mail *m = s->mail;

	if (s->up_to < m->now.first)
		return SHIP_FULL;
	if (m->now.is_there)
		begin_anew(m);
	else
		m->step = MAIL_FILL;
	return SHIP_TAKEN;
}

static int do_step(struct ship *s, const struct ship_record *r)
{
	struct ship_mail *m = s->mail;

	if (m->step == MAIL_SEND)
		return send_chunk(s);
	if (m->step == MAIL_CONFIRM)
		return confirm(s);
	if (m->step == MAIL_LOOK)
		look(s, r);
	else
		fill(m);
	return SHIP_TAKEN;
}

int ship_mail_send(struct ship *s, const struct ship_record *r)
{
	struct ship_mail *m = s->mail;
	int rc = SHIP_TAKEN;

	if (m == NULL || r->head.type != RECORD_MESSAGE)
		return SHIP_TAKEN;
	while (m->step != MAIL_READY && rc == SHIP_TAKEN) {
		rc = do_step(s, r);
		if (m->now.refused)
			settle_for(m, MAIL_REFUSED); /* the rest would be of no use */
	}
	return rc;
}

void ship_mail_sent(struct ship *s, const struct ship_record *r, struct flight *flight)
{
	struct ship_mail *m = s->mail;

	if (m == NULL || r->head.type != RECORD_MESSAGE)
		return;
	m->step = MAIL_LOOK;
	flight->mail = m->fate;
	flight->waits = m->fate == MAIL_PUT || m->fate == MAIL_REFUSED;
	m->now.flight = flight;
	if (flight->waits)
		mail_ring_put(&m->ring, &m->now);
}

/* ---- acknowledgements ---- */

static void take_refusals(struct ship *s)
{
	struct ship_mail *m = s->mail;
	struct refusal one;

	while (s->output.refusal(&s->output, &one))
		if (!mail_ring_refuse(&m->ring, &one))
			(void)mail_object_refuse(&m->now, &one);
}

static int send_meta(struct ship *s, struct mail_object *o)
{
	struct ship_mail *m = s->mail;
	char subject[OBJECT_SUBJECT_MAX], id[OBJECT_MSG_ID_MAX];
	uint8_t text[OBJECT_META_MAX];
	struct ship_part part = {.subject = subject, .msg_id = id, .replaces = true};
	struct buf meta;
	bool refused;

	object_meta_subject(subject, m->bucket, &o->object);
	object_meta_id(id, &o->object);
	buf_init(&meta, text, sizeof text);
	object_put_meta(&meta, m->bucket, s->conf->sensor, &o->object);
	int rc = offer(s, &part, (struct span){text, meta.len}, &refused);
	if (rc != SHIP_TAKEN)
		return rc;
	o->meta = s->number;
	o->refused |= refused;
	if (refused)
		strlcpy(o->why, ship_why_text(s), sizeof o->why);
	return rc;
}

/* Its record no longer waits. */
static void finish(struct ship_mail *m, const struct mail_object *o)
{
	if (o->refused)
		tell_refused(m, o);
	o->flight->waits = false;
	o->flight->mail = o->refused ? MAIL_REFUSED : MAIL_PUT;
}

int ship_mail_settle(struct ship *s)
{
	struct ship_mail *m = s->mail;
	struct mail_object *o;
	const struct mail_object *done;
	int rc = SHIP_TAKEN;

	if (m == NULL)
		return rc;
	take_refusals(s);
	while (rc == SHIP_TAKEN && (o = mail_ring_untold(&m->ring, s->up_to)) != NULL) {
		if (!o->refused)
			rc = send_meta(s, o);
		if (rc == SHIP_TAKEN)
			mail_ring_told(&m->ring);
	}
	while ((done = mail_ring_take(&m->ring, s->up_to)) != NULL)
		finish(m, done);
	return rc;
}
