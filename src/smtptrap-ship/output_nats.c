/*
 * output_nats.c: publish records to a JetStream stream.
 *
 * Run by smtptrap-ship.  Each record is published without waiting, to SUBJECT.SENSOR.TYPE, with
 * Nats-Msg-Id ID-TYPE: the stream drops what it has had within its duplicate window, so the loop
 * may send again what it is not sure of.  Anything that goes wrong with one publish (no leader,
 * no acknowledgement in time, a refusal, a lost connection) is trouble of the whole output: the
 * loop closes it, waits, opens it and goes back to the first record that is not acknowledged.  Before
 * that one goes the leader of the stream must show that it has read its log (nats_leader.h), and it
 * goes alone, the others once it is acknowledged (is_early()).
 *
 * libnats has threads of its own, which call on_ack(), on_closed() and on_refused(); what these
 * share with the shipper's thread is struct state, behind its lock.  There is one state, which
 * lives as long as the process: a late call of a connection that was closed finds nothing of its
 * own there.  What the servers send is read by libnats; its texts are only shown.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ack_window.h"
#include "clock.h"
#include "err.h"
#include "log.h"
#include "nats_leader.h"
#include "nats_link.h"
#include "object.h"
#include "output.h"
#include "uuid.h"

#define TROUBLE_MAX 300 /* bytes of the text of what went wrong */
#define HEADER_ROOM 256 /* of max_payload: the server counts the headers, which are about 80 */
#define MSG_ID_MAX (UUID_TEXT + 16)
#define EARLY_GROWTH 64  /* a leader can need many wrong ones until it is right */
#define MESSAGE_COST 512 /* memory of libnats for a message besides its bytes, about */

struct state {
	pthread_mutex_t lock;
	struct ack_window window;
	struct refusals refusals; /* parts of objects that were refused */
	size_t bytes_max;
	uint64_t told;             /* what acknowledged() said last */
	bool filled;               /* the last send() was refused for want of room */
	bool waiting;              /* the shipper's thread wants to be woken */
	bool open;                 /* between open() and close() */
	bool heard;                /* something was acknowledged since open() */
	bool late;                 /* an acknowledgement did not come in time */
	uint64_t last;             /* the highest number in the stream that a record got */
	size_t early;              /* so many may be on their way before one is heard */
	char trouble[TROUBLE_MAX]; /* "": none */
	int event;                 /* eventfd */
	/* of the shipper's thread alone */
	const struct ship_conf *conf;
	char object_stream[OBJECT_STREAM_MAX];
	struct nats_link link;
	int64_t max_payload;
	struct nats_leader leader;
	bool ready; /* the leader may be given records */
};

static struct state the_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .event = -1, .early = 1};

/* ---- under the lock ---- */

/* Before anything is acknowledged only a few are sent, the first time one.  What a leader misnumbers
 * (nats_leader.h) it does not acknowledge; an acknowledgement shows that it numbers rightly. */
static bool is_early(const struct state *st)
{
	return !st->heard && st->window.high - st->window.low >= st->early;
}

static bool is_roomy(const struct state *st)
{
	const struct ack_window *w = &st->window;

	return !is_early(st) && w->high - w->low <= w->cap / 2 && w->bytes <= st->bytes_max / 2;
}

/* Would a wait() end now?  When all is full, only once there is room for many, so that the thread
 * does not wake for each. */
static bool has_news(const struct state *st)
{
	if (st->trouble[0] != '\0')
		return true;
	return st->filled ? is_roomy(st) : st->window.low > st->told;
}

static void wake(struct state *st)
{
	if (st->waiting && has_news(st)) {
		st->waiting = false;
		eventfd_write(st->event, 1);
	}
}

static void set_trouble(struct state *st, const char *what, const char *text)
{
	if (st->open && st->trouble[0] == '\0')
		snprintf(st->trouble, sizeof st->trouble, "%s%s", what, text);
	wake(st);
}

static int tell_trouble(const struct state *st, struct buf *why)
{
	if (st->trouble[0] == '\0')
		return SHIP_TAKEN;
	buf_put_str(why, st->trouble);
	return SHIP_TROUBLE;
}

/* ---- called by libnats ---- */

/* Parts of objects go to another stream.  The servers may refuse one for good: the shipper asks for
 * these, and goes on. */
static int take_part_refusal(struct state *st, const natsMsg *msg, const jsPubAckErr *error)
{
	struct refusal one = {.number = ack_window_number(&st->window, msg),
			      .is_there = error->ErrCode == JSStreamWrongLastSequenceErr};

	if (!one.is_there && error->ErrCode != JSStreamStoreFailedErr &&
	    error->ErrCode != JSStreamMessageExceedsMaximumErr)
		return ERR_REFUSED;
	strlcpy(one.why, error->ErrText != NULL ? error->ErrText : "?", sizeof one.why);
	return one.number == 0 ? 0 : refusals_put(&st->refusals, &one);
}

/* Did the acknowledgement of a part come? */
static bool take_part(struct state *st, const natsMsg *msg, const jsPubAck *ack,
		      const jsPubAckErr *error)
{
	if (strncmp(natsMsg_GetSubject(msg), "$O.", 3) != 0)
		return false;
	bool good = error == NULL ? ack != NULL && ack->Stream != NULL &&
					strcmp(ack->Stream, st->object_stream) == 0
				  : take_part_refusal(st, msg, error) == 0;
	if (!good)
		set_trouble(st, "a raw message was not taken: ",
			    error != NULL ? error->ErrText : "another stream has its subject");
	else if (ack_window_done(&st->window, msg) == 0)
		wake(st); /* nothing was heard of the leader of the other stream */
	return true;
}

static void take_ack(struct state *st, const natsMsg *msg, const jsPubAck *ack,
		     const jsPubAckErr *error)
{
	st->late |= error != NULL && error->Err == NATS_TIMEOUT;
	if (take_part(st, msg, ack, error))
		return;
	if (error != NULL || ack == NULL)
		set_trouble(st, "a record was not taken: ", error != NULL ? error->ErrText : "?");
	else if (ack->Stream == NULL || strcmp(ack->Stream, st->conf->nats.stream) != 0)
		set_trouble(
		    st, "records go to another stream: ", ack->Stream != NULL ? ack->Stream : "?");
	else if (ack_window_done(&st->window, msg) == 0) {
		st->heard = true;
		if (ack->Sequence > st->last)
			st->last = ack->Sequence;
		wake(st);
	}
}

/* nats-server 2.9 can say so of what it does not have, see doc/FLEET.md: then this tells which. */
static void tell_duplicate(natsMsg *msg, const jsPubAck *ack)
{
	const char *id = "?";

	(void)natsMsgHeader_Get(msg, "Nats-Msg-Id", &id);
	debug("%s is there already, as %llu", id, (unsigned long long)ack->Sequence);
}

static void on_ack(jsCtx *js, natsMsg *msg, jsPubAck *ack, jsPubAckErr *error, void *closure)
{
	struct state *st = closure;

	(void)js;
	if (ack != NULL && ack->Duplicate)
		tell_duplicate(msg, ack);
	pthread_mutex_lock(&st->lock);
	if (st->open)
		take_ack(st, msg, ack, error);
	pthread_mutex_unlock(&st->lock);
	natsMsg_Destroy(msg); /* after: its address is its key */
}

static void on_closed(void *ctx)
{
	struct state *st = ctx;

	pthread_mutex_lock(&st->lock);
	set_trouble(st, "the connection was lost", "");
	pthread_mutex_unlock(&st->lock);
}

static void on_refused(void *ctx, const char *text)
{
	struct state *st = ctx;

	pthread_mutex_lock(&st->lock);
	set_trouble(st, "the server says: ", text);
	pthread_mutex_unlock(&st->lock);
}

static const struct nats_link_events events = {on_closed, on_refused, &the_state};

/* ---- open and close ---- */

/* How many may go before the first acknowledgement the next time: more if a leader was there and
 * did not acknowledge any. */
static size_t next_early(const struct state *st)
{
	if (st->heard || !st->late)
		return 1;
	return st->early < st->window.cap ? st->early * EARLY_GROWTH : st->early;
}

static void output_close(struct ship_output *o)
{
	struct state *st = o->self;

	if (st == NULL)
		return;
	pthread_mutex_lock(&st->lock);
	st->open = false;
	pthread_mutex_unlock(&st->lock);
	nats_link_close(&st->link); /* its threads may want the lock */
	pthread_mutex_lock(&st->lock);
	st->early = next_early(st);
	ack_window_fini(&st->window);
	refusals_fini(&st->refusals);
	pthread_mutex_unlock(&st->lock);
	if (st->event >= 0)
		close(st->event);
	st->event = -1;
	st->ready = false;
	st->leader.again = true;
	o->self = NULL;
}

static int prepare(struct state *st, const struct ship_conf *conf, struct buf *why)
{
	char bucket[OBJECT_BUCKET_MAX];

	st->conf = conf;
	object_bucket(bucket, conf, conf->sensor);
	object_stream(st->object_stream, bucket);
	st->bytes_max = conf->in_flight_bytes;
	st->told = 0;
	st->filled = st->waiting = st->heard = st->late = false;
	st->trouble[0] = '\0';
	st->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ack_window_init(&st->window, conf->in_flight) == 0 &&
	    refusals_init(&st->refusals, *conf->mail.bucket != '\0' ? conf->in_flight : 1) == 0 &&
	    st->event >= 0)
		return SHIP_TAKEN;
	buf_printf(why, "no memory for %u records: %m", conf->in_flight);
	return SHIP_TROUBLE;
}

/* What the servers let through, or less if the configuration says so. */
static int64_t payload_limit(const struct state *st)
{
	int64_t server = natsConnection_GetMaxPayload(st->link.nc);
	int64_t ours = (int64_t)st->conf->nats.max_payload;

	return server < ours ? server : ours;
}

static int output_open(struct ship_output *o, const struct ship_conf *conf, struct buf *why)
{
	struct state *st = &the_state;
	jsOptions js;
	int rc;

	o->self = st;
	pthread_mutex_lock(&st->lock);
	rc = prepare(st, conf, why);
	st->open = rc == SHIP_TAKEN;
	pthread_mutex_unlock(&st->lock);
	jsOptions_Init(&js);
	js.PublishAsync.AckHandler = on_ack;
	js.PublishAsync.AckHandlerClosure = st;
	if (rc == SHIP_TAKEN)
		rc = nats_link_open(&st->link, conf, &events, &js, why);
	if (rc == SHIP_TAKEN)
		st->max_payload = payload_limit(st);
	else
		output_close(o);
	return rc;
}

/* ---- sending ---- */

/* May the leader be given records? */
static int be_ready(struct state *st, struct buf *why)
{
	uint64_t last;
	int rc;

	pthread_mutex_lock(&st->lock);
	last = st->last;
	pthread_mutex_unlock(&st->lock);
	rc = nats_leader_ready(&st->leader, &last, &st->link, st->conf, why);
	pthread_mutex_lock(&st->lock);
	st->last = last;
	if (rc == SHIP_TROUBLE && st->trouble[0] != '\0') {
		buf_reset(why);
		rc = tell_trouble(st, why); /* says more */
	}
	pthread_mutex_unlock(&st->lock);
	st->ready = rc == SHIP_TAKEN;
	return rc;
}

/* Do the bytes fit?  One item always fits alone. */
static bool bytes_fit(const struct state *st, size_t len)
{
	size_t used = st->window.bytes;

	return len == 0 || used == 0 || (used <= st->bytes_max && len <= st->bytes_max - used);
}

/* Is there room?  If so the item has its place, with the message as its key (NULL: done, of no
 * bytes). */
static int reserve(struct state *st, const natsMsg *msg, size_t len, struct buf *why)
{
	int rc;

	pthread_mutex_lock(&st->lock);
	rc = tell_trouble(st, why);
	if (rc == SHIP_TAKEN &&
	    (is_early(st) || !bytes_fit(st, len) || ack_window_add(&st->window, msg, len) != 0))
		rc = SHIP_FULL;
	st->filled = rc == SHIP_FULL;
	pthread_mutex_unlock(&st->lock);
	return rc;
}

static void give_back(struct state *st)
{
	pthread_mutex_lock(&st->lock);
	ack_window_undo(&st->window);
	pthread_mutex_unlock(&st->lock);
}

static int reject(struct state *st, const struct ship_item *item, struct buf *why)
{
	int rc = reserve(st, NULL, 0, why);

	if (rc != SHIP_TAKEN)
		return rc;
	buf_printf(why, "%zu bytes are more than the servers take in a message (%lld)", item->len,
		   (long long)st->max_payload - HEADER_ROOM);
	return SHIP_REJECTED;
}

static natsStatus make_part(natsMsg **msg_r, const struct ship_item *item)
{
	const struct ship_part *part = item->part;
	natsStatus s =
	    natsMsg_Create(msg_r, part->subject, NULL, (const char *)item->bytes, (int)item->len);

	if (s == NATS_OK && part->first)
		s = natsMsgHeader_Set(*msg_r, "Nats-Expected-Last-Subject-Sequence", "0");
	if (s == NATS_OK && part->replaces)
		s = natsMsgHeader_Set(*msg_r, JSMsgRollup, JSMsgRollupSubject);
	return s;
}

static natsStatus make_message(natsMsg **msg_r, const struct state *st,
			       const struct ship_item *item)
{
	char subject[NATS_SUBJECT_MAX];

	if (item->part != NULL)
		return make_part(msg_r, item);
	if (nats_subject(subject, st->conf, st->conf->sensor, item->stream) != 0)
		return NATS_INVALID_SUBJECT;
	return natsMsg_Create(msg_r, subject, NULL, (const char *)item->bytes, (int)item->len);
}

static natsStatus publish(struct state *st, natsMsg **msg, const struct ship_item *item)
{
	char id[MSG_ID_MAX];
	jsPubOptions options;

	jsPubOptions_Init(&options);
	options.MaxWait = (int64_t)(st->conf->nats.ack_timeout_us / 1000);
	if (item->part == NULL)
		snprintf(id, sizeof id, "%s-%s", item->id, item->stream);
	options.MsgId = item->part != NULL ? item->part->msg_id : id;
	st->link.published = true;
	return js_PublishMsgAsync(st->link.js, msg, &options);
}

static int output_send(struct ship_output *o, const struct ship_item *item, struct buf *why)
{
	struct state *st = o->self;
	natsMsg *msg = NULL;
	int rc = st->ready ? SHIP_TAKEN : be_ready(st, why);

	if (rc != SHIP_TAKEN)
		return rc;
	if (st->max_payload < HEADER_ROOM || item->len > (size_t)st->max_payload - HEADER_ROOM)
		return reject(st, item, why);
	natsStatus s = make_message(&msg, st, item);
	if (s != NATS_OK) {
		nats_link_why(why, "make a message", s);
		return SHIP_TROUBLE;
	}
	rc = reserve(st, msg, item->len + MESSAGE_COST, why);
	if (rc == SHIP_TAKEN && (s = publish(st, &msg, item)) != NATS_OK) {
		give_back(st);
		nats_link_why(why, "publish", s);
		rc = SHIP_TROUBLE;
	}
	natsMsg_Destroy(msg);
	return rc;
}

/* ---- acknowledgements ---- */

static uint64_t output_acknowledged(struct ship_output *o)
{
	struct state *st = o->self;
	uint64_t low;

	pthread_mutex_lock(&st->lock);
	low = st->told = st->window.low;
	pthread_mutex_unlock(&st->lock);
	return low;
}

static bool output_refusal(struct ship_output *o, struct refusal *one_r)
{
	struct state *st = o->self;

	pthread_mutex_lock(&st->lock);
	bool any = refusals_take(&st->refusals, one_r);
	pthread_mutex_unlock(&st->lock);
	return any;
}

/* Ask to be woken; false if there are news already. */
static bool begin_wait(struct state *st)
{
	bool wait;

	pthread_mutex_lock(&st->lock);
	wait = st->waiting = !has_news(st);
	pthread_mutex_unlock(&st->lock);
	return wait;
}

static int end_wait(struct state *st, struct buf *why)
{
	eventfd_t count;
	int rc;

	pthread_mutex_lock(&st->lock);
	st->waiting = false;
	(void)eventfd_read(st->event, &count);
	rc = tell_trouble(st, why);
	pthread_mutex_unlock(&st->lock);
	return rc;
}

static int output_wait(struct ship_output *o, int ms, int other_fd, struct buf *why)
{
	struct state *st = o->self;
	struct pollfd fds[2] = {{.fd = st->event, .events = POLLIN},
				{.fd = other_fd, .events = POLLIN}};

	if (begin_wait(st))
		(void)poll(fds, 2, ms); /* a signal ends it early */
	return end_wait(st, why);
}

static bool all_done(struct state *st)
{
	bool done;

	pthread_mutex_lock(&st->lock);
	done = st->window.low == st->window.high;
	st->told = st->window.low;
	st->filled = false;
	pthread_mutex_unlock(&st->lock);
	return done;
}

static int output_flush(struct ship_output *o, int ms, struct buf *why)
{
	struct state *st = o->self;
	uint64_t end = clock_us() + (uint64_t)ms * 1000;
	int rc = SHIP_TAKEN;

	while (!all_done(st) && rc == SHIP_TAKEN) {
		uint64_t now = clock_us();

		if (now >= end) {
			buf_put_str(why, "not all is acknowledged in time");
			return SHIP_TROUBLE;
		}
		rc = output_wait(o, (int)((end - now + 999) / 1000), -1, why);
	}
	return rc;
}

void output_nats_init(struct ship_output *o)
{
	*o = (struct ship_output){.name = "nats",
				  .open = output_open,
				  .send = output_send,
				  .acknowledged = output_acknowledged,
				  .refusal = output_refusal,
				  .wait = output_wait,
				  .flush = output_flush,
				  .close = output_close};
}
