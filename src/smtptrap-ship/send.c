/*
 * send.c: records from the sources to the output, and the checkpoint behind them.
 *
 * Runs in smtptrap-ship.  A record counts as shipped when the output has acknowledged it and all
 * that was sent before it.  After trouble the sources go back to the first that is not, and read
 * it from the logs again: so nothing of a record is kept in memory, and each is sent at least once.
 * What goes with the raw message of a record is in mail.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "log.h"
#include "rejected.h"
#include "ship.h"
#include "uuid.h"

#define TURN 64                /* records of a stream before it is the other's turn */
#define SAY_AGAIN_US 60000000u /* trouble that stays is named again after a minute */

#define TOO_LONG "; too long for the file of rejected records, which has its id alone"

enum sent { SENT_ONE, SENT_NOTHING, SENT_STUCK };

struct buf *ship_why(struct ship *s)
{
	buf_init(&s->why, s->why_text, WHY_MAX);
	return &s->why;
}

const char *ship_why_text(struct ship *s)
{
	s->why_text[s->why.len] = '\0';
	return s->why_text;
}

/* What s->why tells holds shipping up: say it, but not at each try. */
static void note_trouble(struct ship *s)
{
	uint64_t now = clock_us();
	const char *text = ship_why_text(s);

	if (strcmp(text, s->trouble) != 0 || now - s->told_at > SAY_AGAIN_US) {
		warn("%s; trying again", text);
		s->told_at = now;
	}
	strlcpy(s->trouble, text, sizeof s->trouble);
}

/* Half of the delay and up to as much again by chance, so that many traps do not come at once. */
static void back_off(struct ship *s)
{
	uint32_t half = (uint32_t)(s->delay_us / 2);

	s->retry_at = clock_us() + s->delay_us - half + arc4random_uniform(half + 1);
	s->delay_us =
	    s->delay_us * 2 < s->conf->retry_max_us ? s->delay_us * 2 : s->conf->retry_max_us;
}

static void trouble_over(struct ship *s)
{
	s->delay_us = s->conf->retry_min_us;
	if (s->trouble[0] != '\0')
		info("shipping goes on");
	s->trouble[0] = '\0';
}

/* ---- the checkpoint ---- */

bool ship_keep(struct ship *s, bool now)
{
	uint64_t time = clock_us();

	if (s->replay || s->behind == 0)
		return true;
	if (!now && s->retry_at > time)
		return false;
	if (!now && s->behind < s->conf->batch && time - s->kept_at < s->conf->checkpoint_us)
		return true;
	if (checkpoint_write(&s->checkpoint, s->state_dir) == 0) {
		s->behind = 0;
		s->kept_at = time;
		history_note(&s->history, &s->checkpoint, time);
		s->unkept = false;
		trouble_over(s);
		return true;
	}
	buf_printf(ship_why(s), "checkpoint in %s: %s", s->conf->state_directory, strerror(errno));
	s->unkept = true;
	note_trouble(s);
	back_off(s);
	return false;
}

/* One more is there: the checkpoint moves behind it. */
static void count_one(struct ship *s, const struct flight *one)
{
	struct checkpoint_stream *c = &s->checkpoint.stream[one->stream];

	c->place = one->place;
	memcpy(c->sensor, one->sensor, sizeof c->sensor);
	c->missing += one->missing;
	c->shipped += !one->rejected;
	c->rejected += one->rejected;
	s->checkpoint.mail[one->mail] += one->mail != MAIL_NONE;
	s->shipped += !one->rejected;
	s->rejected += one->rejected;
	s->behind++;
}

/* The output has lost what it had acknowledged, as s->why tells; which, is not known. */
static void go_back(struct ship *s)
{
	const char *text = ship_why_text(s);

	s->behind++; /* the checkpoint is another one now */
	bool again = history_go_back(&s->history, &s->checkpoint);
	warn("%s: records are lost there, unless it was emptied or made anew%s", text,
	     again ? "; those of the last minute are sent again" : "");
}

/* Does the output's result mean trouble?  Then go back. */
static bool retreat_from(struct ship *s, int rc)
{
	if (rc == SHIP_LOST)
		go_back(s);
	if (rc != SHIP_LOST && rc != SHIP_TROUBLE)
		return false;
	ship_retreat(s);
	return true;
}

void ship_acknowledge(struct ship *s)
{
	uint64_t before = s->behind + s->up_to;
	const struct flight *one;

	s->up_to = s->output.acknowledged(&s->output);
	if (retreat_from(s, ship_mail_settle(s)))
		return;
	while ((one = flights_take(&s->flights, s->up_to)) != NULL)
		count_one(s, one);
	if (s->behind + s->up_to == before)
		return;
	s->good_at = clock_us();
	if (!s->unkept)
		trouble_over(s);
}

/* ---- trouble ---- */

void ship_retreat(struct ship *s)
{
	note_trouble(s);
	s->output.close(&s->output);
	s->connected = false;
	flights_clear(&s->flights);
	ship_mail_forget(s);
	for (size_t i = 0; i < s->nsource; i++) {
		struct ship_source *source = &s->source[i];
		s->is_held[i] = false;
		int rc = source->rewind(source, &s->checkpoint.stream[source->stream].place);
		if (rc != 0)
			fatal("%s: %s", s->conf->log_directory,
			      rc == ERR_SYSTEM ? strerror(errno) : err_text(rc));
	}
	back_off(s);
}

/* ---- sending ---- */

/* Keep a rejected record apart.  False if that fails. */
static bool keep_rejected(struct ship *s, const struct ship_item *item, struct rejected_kept *kept)
{
	*kept = (struct rejected_kept){.whole = true};
	if (s->replay ||
	    rejected_put(s->state_dir, item, ship_why_text(s), s->conf->rejected_size, kept) == 0)
		return true;
	buf_printf(ship_why(s), "%s/%s: %s", s->conf->state_directory, REJECTED_FILE,
		   strerror(errno));
	return false;
}

/* The output can never take this record: say so, once it is kept apart.  False if it cannot be. */
static bool reject(struct ship *s, const struct ship_item *item)
{
	struct rejected_kept kept;

	bool done = keep_rejected(s, item, &kept);
	if (kept.dropped > 0)
		warn("%s/%s: %" PRIu64 " older rejected records made room for newer ones",
		     s->conf->state_directory, REJECTED_OLD, kept.dropped);
	if (done)
		warn("%s %s, %zu bytes, is rejected: %s%s", item->stream, item->id, item->len,
		     ship_why_text(s), kept.whole ? "" : TOO_LONG);
	return done;
}

/* Offer a record to the output. */
static int offer(struct ship *s, const struct ship_record *r, unsigned stream)
{
	char id[UUID_TEXT];
	struct ship_item item = {.stream = record_type_name(r->head.type),
				 .id = id,
				 .bytes = r->line.bytes,
				 .len = r->line.len,
				 .number = s->number + 1};

	uuid_format(r->head.id, id);
	int rc = s->output.send(&s->output, &item, ship_why(s));
	if (rc == SHIP_REJECTED && !reject(s, &item))
		return SHIP_TROUBLE;
	if (rc == SHIP_TAKEN || rc == SHIP_REJECTED) {
		s->number++;
		struct flight one = {.number = s->number,
				     .stream = stream,
				     .rejected = rc == SHIP_REJECTED,
				     .len = r->line.len,
				     .missing = r->missing,
				     .place = r->place};
		strlcpy(one.sensor, r->sensor, sizeof one.sensor);
		ship_mail_sent(s, r, flights_put(&s->flights, &one));
		return SHIP_TAKEN;
	}
	return rc;
}

/* One record of a source. */
static enum sent send_one(struct ship *s, size_t i)
{
	struct ship_record *r = &s->held[i];

	if (!s->is_held[i]) {
		int got = s->source[i].next(&s->source[i], r);
		s->idle[i] = got == 0;
		if (got != 1)
			return SENT_NOTHING;
		s->is_held[i] = true;
	}
	s->idle[i] = false;
	if (!flights_have_room(&s->flights, r->line.len, s->conf->in_flight_bytes))
		return SENT_STUCK;
	int rc = ship_mail_send(s, r);
	if (rc == SHIP_TAKEN)
		rc = offer(s, r, s->source[i].stream);
	if (retreat_from(s, rc) || rc != SHIP_TAKEN)
		return SENT_STUCK;
	s->is_held[i] = false;
	return SENT_ONE;
}

/* As many as a turn has, or until there is something to keep. */
static enum sent send_turn(struct ship *s, size_t i)
{
	enum sent sent = SENT_ONE;

	if (s->source[i].retry_at > clock_us())
		return SENT_NOTHING;
	for (int n = 0; n < TURN && sent == SENT_ONE; n++)
		sent = send_one(s, i);
	return sent;
}

bool ship_send(struct ship *s)
{
	bool more = false;

	for (size_t i = 0; i < s->nsource; i++) {
		enum sent sent = send_turn(s, i);
		if (sent == SENT_STUCK)
			return false;
		more |= sent == SENT_ONE;
	}
	return more;
}
