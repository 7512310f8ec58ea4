/*
 * fetch.c: smtptrap-ship --fetch: what is in the stream, as files that smtptrap(1) reads.
 *
 * A durable pull consumer of the stream brings records; they are acknowledged once they are on
 * disk (fetch_sink.c).  A consumer on a server that was just started anew can stall, so no
 * progress in STALL_US means: connect again, to any server.  Input: messages of sensors, any of
 * which may be hostile: what is no record of the sensor that its subject names (fetch_check.c) is told,
 * counted and left out.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "fetch_check.h"
#include "fetch_sink.h"
#include "log.h"
#include "nats_link.h"
#include "output.h"

#define BATCH 1000               /* messages asked for at a time */
#define BATCH_BYTES (16ll << 20) /* and their bytes; more than any server's max_payload here */
#define EXPIRES_MS 1000          /* how long the server may take to fill a batch */
#define ACK_WAIT_NS \
	10000000000ll     /* not acknowledged by then comes again; a batch takes less than 1 s */
#define STALL_US 10000000 /* no message for this long although there are some */
#define RETRY_MIN_US 50000
#define RETRY_MAX_US 5000000
#define TRIES_QUIETLY 3 /* a lost connection is told at the first and from here on */
#define CONSUMER "smtptrap-fetch"
#define NAME_MAX_CONSUMER 64

struct fetch {
	const struct ship_conf *conf;
	const char *directory, *consumer;
	bool follow;
	struct fetch_sink sink;
	struct nats_link link;
	natsSubscription *sub;
	uint64_t taken, twice, left_out;
	uint64_t progress_at; /* when a message came last */
	bool sink_broken;
	struct buf why;
};

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

/* ---- a message ---- */

static bool take(struct fetch *f, natsMsg *msg)
{
	struct record_line_head head;
	const uint8_t *line = (const uint8_t *)natsMsg_GetData(msg);
	size_t len = (size_t)natsMsg_GetDataLength(msg);

	if (!fetch_check(f->conf->nats.subject, natsMsg_GetSubject(msg), line, len, &head)) {
		f->left_out++;
		warn("message %" PRIu64 " of the stream (%s) is no record of that sensor: left out",
		     natsMsg_GetSequence(msg), natsMsg_GetSubject(msg));
		return true;
	}
	int rc = sink_add(&f->sink, head.type, head.id, line, len, &f->why);
	f->taken += rc == 1;
	f->twice += rc == 0;
	return rc >= 0;
}

/* ---- a batch ---- */

/* The last acknowledgement is waited for: so those before it have come, too. */
static natsStatus acknowledge(const natsMsgList *list)
{
	natsStatus s = NATS_OK;

	for (int i = 0; i + 1 < list->Count && s == NATS_OK; i++)
		s = natsMsg_Ack(list->Msgs[i], NULL);
	return s == NATS_OK ? natsMsg_AckSync(list->Msgs[list->Count - 1], NULL, NULL) : s;
}

static natsStatus store(struct fetch *f, const natsMsgList *list)
{
	for (int i = 0; i < list->Count && !f->sink_broken; i++)
		f->sink_broken = !take(f, list->Msgs[i]);
	f->sink_broken = f->sink_broken || sink_commit(&f->sink, &f->why) != 0;
	if (f->sink_broken)
		return NATS_OK;
	natsStatus s = acknowledge(list);
	if (s != NATS_OK)
		nats_link_why(&f->why, "acknowledge", s);
	return s;
}

/* Is nothing left in the stream that was not acknowledged? */
static natsStatus is_empty(struct fetch *f, bool *empty_r)
{
	jsConsumerInfo *info = NULL;
	natsStatus s =
	    js_GetConsumerInfo(&info, f->link.js, f->conf->nats.stream, f->consumer, NULL, NULL);

	if (s != NATS_OK) {
		nats_link_why(&f->why, "ask for what is left", s);
		return s;
	}
	*empty_r = info->NumPending == 0 && info->NumAckPending == 0;
	jsConsumerInfo_Destroy(info);
	return NATS_OK;
}

/* Nothing came. */
static natsStatus look_round(struct fetch *f, bool *done_r)
{
	bool empty = false;
	natsStatus s = is_empty(f, &empty);

	if (s != NATS_OK)
		return s;
	if (empty)
		f->progress_at = clock_us();
	*done_r = empty && !f->follow;
	if (clock_us() - f->progress_at < STALL_US)
		return NATS_OK;
	buf_put_str(&f->why, "the consumer stalls");
	return NATS_TIMEOUT;
}

/* Fetch and store a batch.  Not NATS_OK: connect again. */
static natsStatus step(struct fetch *f, bool *done_r)
{
	jsFetchRequest request;
	natsMsgList list = {0};

	jsFetchRequest_Init(&request);
	request.Batch = BATCH;
	request.MaxBytes = BATCH_BYTES;
	request.Expires = EXPIRES_MS * 1000000ll;
	natsStatus s = natsSubscription_FetchRequest(&list, f->sub, &request);
	if (list.Count > 0) {
		f->progress_at = clock_us();
		s = store(f, &list);
	} else if (s == NATS_TIMEOUT || s == NATS_OK) {
		s = look_round(f, done_r);
	} else {
		nats_link_why(&f->why, "fetch", s);
	}
	natsMsgList_Destroy(&list);
	return s;
}

/* ---- the connection ---- */

static void ignore_closed(void *ctx)
{
	(void)ctx;
}

static void tell_refused(void *ctx, const char *text)
{
	(void)ctx;
	warn("the server says: %s", text);
}

static const struct nats_link_events events = {ignore_closed, tell_refused, NULL};

static natsStatus make_consumer(struct fetch *f)
{
	jsConsumerInfo *info = NULL;
	jsConsumerConfig c;
	natsStatus s =
	    js_GetConsumerInfo(&info, f->link.js, f->conf->nats.stream, f->consumer, NULL, NULL);

	if (s == NATS_NOT_FOUND) {
		jsConsumerConfig_Init(&c);
		c.Durable = f->consumer;
		c.AckPolicy = js_AckExplicit;
		c.AckWait = ACK_WAIT_NS;
		c.MaxAckPending = 4 * BATCH;
		s = js_AddConsumer(&info, f->link.js, f->conf->nats.stream, &c, NULL, NULL);
	}
	jsConsumerInfo_Destroy(info);
	return s;
}

static int attach(struct fetch *f)
{
	jsSubOptions options;
	int rc = nats_link_open(&f->link, f->conf, &events, NULL, &f->why);

	if (rc != SHIP_TAKEN)
		return rc;
	natsStatus s = make_consumer(f);
	jsSubOptions_Init(&options);
	options.Stream = f->conf->nats.stream;
	options.Consumer = f->consumer;
	if (s == NATS_OK)
		s = js_PullSubscribe(&f->sub, f->link.js, NULL, f->consumer, NULL, &options, NULL);
	if (s != NATS_OK)
		nats_link_why(&f->why, f->conf->nats.stream, s);
	return s == NATS_OK ? SHIP_TAKEN : SHIP_TROUBLE;
}

static void detach(struct fetch *f)
{
	natsSubscription_Destroy(f->sub);
	f->sub = NULL;
	nats_link_close(&f->link);
}

/* ---- the command ---- */

static const char *take_why(struct fetch *f)
{
	static char text[512];

	snprintf(text, sizeof text, "%.*s", (int)f->why.len, (const char *)f->why.data);
	buf_reset(&f->why);
	return text;
}

/* Wait and tell; the wait doubles up to RETRY_MAX_US. */
static void back_off(struct fetch *f, unsigned tries, uint64_t *wait)
{
	const char *why = take_why(f);

	if (tries == 0 || tries >= TRIES_QUIETLY)
		warn("%s; trying again", why);
	*wait = *wait * 2 < RETRY_MAX_US ? *wait * 2 : RETRY_MAX_US;
	usleep((useconds_t)*wait);
}

/* Fetch until all is there, or a signal comes.  0, or SHIP_NEVER with why. */
static int run(struct fetch *f)
{
	uint64_t wait = RETRY_MIN_US / 2;
	unsigned tries = 0;
	bool done = false;

	f->progress_at = clock_us();
	while (!done && stopping == 0 && !f->sink_broken) {
		int rc = attach(f);

		while (rc == SHIP_TAKEN && !done && stopping == 0 && !f->sink_broken) {
			rc = step(f, &done) == NATS_OK ? SHIP_TAKEN : SHIP_TROUBLE;
			if (rc == SHIP_TAKEN) {
				tries = 0;
				wait = RETRY_MIN_US / 2;
			}
		}
		detach(f);
		if (rc == SHIP_NEVER)
			return rc;
		if (rc != SHIP_TAKEN)
			back_off(f, tries++, &wait);
		f->progress_at = clock_us();
	}
	return f->sink_broken ? SHIP_NEVER : 0;
}

static bool take_arguments(struct fetch *f, int argc, char **argv)
{
	f->consumer = CONSUMER;
	if (argc == 0)
		return false;
	f->directory = argv[0];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--follow") == 0)
			f->follow = true;
		else if (strcmp(argv[i], "--consumer") == 0 && i + 1 < argc)
			f->consumer = argv[++i];
		else
			return false;
	}
	return strlen(f->consumer) <= NAME_MAX_CONSUMER && f->consumer[0] != '\0' &&
	       f->consumer[strcspn(f->consumer, ".*> \t/\\")] == '\0';
}

int command_fetch(const struct ship_conf *conf, int argc, char **argv)
{
	struct fetch f = {.conf = conf};

	if (!take_arguments(&f, argc, argv)) {
		fprintf(stderr,
			"usage: smtptrap-ship --fetch DIRECTORY [--follow] [--consumer NAME]\n");
		return 2;
	}
	buf_init_heap(&f.why, 4096);
	catch_signals();
	bool good = sink_open(&f.sink, f.directory, &f.why) == 0 && run(&f) == 0 &&
		    sink_finish(&f.sink, &f.why) == 0;
	if (!good)
		warn("%s", take_why(&f));
	printf("%" PRIu64 " records fetched, %" PRIu64 " that were there already, %" PRIu64
	       " left out\n",
	       f.taken, f.twice, f.left_out);
	sink_close(&f.sink);
	buf_fini(&f.why);
	return good && f.left_out == 0 ? 0 : 1;
}
