/*
 * pull.c: the messages of a stream that were not fetched yet, from a durable consumer.
 *
 * Run by smtptrap-ship --fetch; --fetch-mail uses the connection alone.  A durable pull consumer brings messages, in batches; they
 * are acknowledged once their taker has them on disk.  A consumer on a server that was just started
 * anew can stall, so no progress in STALL_US means: connect again, to any server.  Of the servers
 * nothing is trusted but what TLS proves; of the messages nothing is looked at here.
 */
#include "pull.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "output.h"

#define BATCH 1000 /* messages asked for at a time */
#define BATCH_BYTES \
	(16ll << 20)    /* asked for at a time, or more if the servers take longer messages */
#define EXPIRES_MS 1000 /* how long the server may take to fill a batch */
#define ACK_WAIT_NS \
	10000000000ll     /* not acknowledged by then comes again; a batch takes less than 1 s */
#define STALL_US 10000000 /* no message for this long although there are some */
#define RETRY_MIN_US 50000
#define RETRY_MAX_US 5000000
#define TRIES_QUIETLY 3 /* a lost connection is told at the first and from here on */
#define CONSUMER "smtptrap-fetch"
#define NAME_MAX_CONSUMER 64
#define WHY_ROOM 4096

/* ---- arguments and signals ---- */

static bool is_consumer(const char *name)
{
	size_t len = strcspn(name, ".*> \t/\\");

	return len > 0 && len <= NAME_MAX_CONSUMER && name[len] == '\0';
}

bool pull_take_arguments(struct pull_arguments *a_r, int argc, char **argv)
{
	*a_r = (struct pull_arguments){0};
	if (argc == 0)
		return false;
	a_r->directory = argv[0];
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--follow") == 0)
			a_r->follow = true;
		else if (strcmp(argv[i], "--consumer") == 0 && i + 1 < argc)
			a_r->consumer = argv[++i];
		else
			return false;
	}
	a_r->sensor = argv + i;
	a_r->nsensor = argc - i;
	return a_r->consumer == NULL || is_consumer(a_r->consumer);
}

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

void pull_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
}

bool pull_is_stopping(void)
{
	return stopping != 0;
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

/* SHIP_TROUBLE, with what the library says. */
static int tell(struct pull *p, const char *what, natsStatus s)
{
	nats_link_why(&p->why, what, s);
	return SHIP_TROUBLE;
}

static int store(struct pull *p, const natsMsgList *list)
{
	int rc = p->take(p, list);
	natsStatus s = rc == SHIP_TAKEN ? acknowledge(list) : NATS_OK;

	return s == NATS_OK ? rc : tell(p, "acknowledge", s);
}

/* Is nothing left in the stream that was not acknowledged? */
static int is_empty(struct pull *p, bool *empty_r)
{
	jsConsumerInfo *info = NULL;
	natsStatus s = js_GetConsumerInfo(&info, p->link.js, p->stream, p->consumer, NULL, NULL);

	if (s != NATS_OK)
		return tell(p, "ask for what is left", s);
	*empty_r = info->NumPending == 0 && info->NumAckPending == 0;
	jsConsumerInfo_Destroy(info);
	return SHIP_TAKEN;
}

/* Nothing came. */
static int look_round(struct pull *p, bool *done_r)
{
	bool empty = false;
	int rc = is_empty(p, &empty);

	if (rc != SHIP_TAKEN)
		return rc;
	if (empty)
		p->progress_at = clock_us();
	*done_r = empty && !p->follow;
	if (clock_us() - p->progress_at < STALL_US)
		return SHIP_TAKEN;
	buf_put_str(&p->why, "the consumer stalls");
	return SHIP_TROUBLE;
}

/* A message that is longer than what is asked for would never come. */
static int64_t batch_bytes(const struct pull *p)
{
	int64_t longest = natsConnection_GetMaxPayload(p->link.nc);

	return longest > BATCH_BYTES / 2 ? 2 * longest : BATCH_BYTES;
}

/* Fetch and store a batch. */
static int step(struct pull *p, bool *done_r)
{
	jsFetchRequest request;
	natsMsgList list = {0};
	int rc;

	jsFetchRequest_Init(&request);
	request.Batch = BATCH;
	request.MaxBytes = batch_bytes(p);
	request.Expires = EXPIRES_MS * 1000000ll;
	natsStatus s = natsSubscription_FetchRequest(&list, p->sub, &request);
	if (list.Count > 0) {
		p->progress_at = clock_us();
		rc = store(p, &list);
	} else if (s == NATS_TIMEOUT || s == NATS_OK) {
		rc = look_round(p, done_r);
	} else {
		rc = tell(p, "fetch", s);
	}
	natsMsgList_Destroy(&list);
	return rc;
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

int pull_connect(struct pull *p)
{
	if (p->connected)
		return SHIP_TAKEN;
	int rc = nats_link_open(&p->link, p->conf, &events, NULL, &p->why);
	p->connected = rc == SHIP_TAKEN;
	if (!p->connected)
		nats_link_close(&p->link);
	return rc;
}

/* Have the consumer there.  *done_r: it has nothing, and nothing is waited for. */
static natsStatus make_consumer(struct pull *p, bool *done_r)
{
	jsConsumerInfo *info = NULL;
	jsConsumerConfig c;
	natsStatus s = js_GetConsumerInfo(&info, p->link.js, p->stream, p->consumer, NULL, NULL);

	if (s == NATS_NOT_FOUND) {
		jsConsumerConfig_Init(&c);
		c.Durable = p->consumer;
		c.AckPolicy = js_AckExplicit;
		c.AckWait = ACK_WAIT_NS;
		c.MaxAckPending = 4 * BATCH;
		s = js_AddConsumer(&info, p->link.js, p->stream, &c, NULL, NULL);
	}
	*done_r = s == NATS_OK && !p->follow && info->NumPending == 0 && info->NumAckPending == 0;
	jsConsumerInfo_Destroy(info);
	return s;
}

static int attach(struct pull *p, bool *done_r)
{
	jsSubOptions options;
	int rc = pull_connect(p);

	if (rc != SHIP_TAKEN)
		return rc;
	natsStatus s = make_consumer(p, done_r);
	if (*done_r)
		return SHIP_TAKEN;
	jsSubOptions_Init(&options);
	options.Stream = p->stream;
	options.Consumer = p->consumer;
	if (s == NATS_OK)
		s = js_PullSubscribe(&p->sub, p->link.js, NULL, p->consumer, NULL, &options, NULL);
	return s == NATS_OK ? SHIP_TAKEN : tell(p, p->stream, s);
}

static void detach(struct pull *p)
{
	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
}

void pull_end(struct pull *p)
{
	detach(p);
	if (p->connected)
		nats_link_close(&p->link);
	p->connected = false;
	buf_fini(&p->why);
}

/* ---- all of it ---- */

void pull_init(struct pull *p, const struct ship_conf *conf, const struct pull_arguments *a)
{
	*p = (struct pull){.conf = conf,
			   .consumer = a->consumer != NULL ? a->consumer : CONSUMER,
			   .follow = a->follow};
	pull_went_well(p);
	buf_init_heap(&p->why, WHY_ROOM);
}

const char *pull_take_why(struct pull *p)
{
	static char text[512];

	snprintf(text, sizeof text, "%.*s", (int)p->why.len, (const char *)p->why.data);
	buf_reset(&p->why);
	return text;
}

void pull_back_off(struct pull *p)
{
	const char *why = pull_take_why(p);

	if (p->tries == 0 || p->tries >= TRIES_QUIETLY)
		warn("%s; trying again", why);
	p->tries++;
	detach(p);
	if (p->connected)
		nats_link_close(&p->link);
	p->connected = false;
	p->wait = p->wait * 2 < RETRY_MAX_US ? p->wait * 2 : RETRY_MAX_US;
	usleep((useconds_t)p->wait);
}

void pull_went_well(struct pull *p)
{
	p->tries = 0;
	p->wait = RETRY_MIN_US / 2;
}

int pull_run(struct pull *p)
{
	bool done = false;

	while (!done && stopping == 0) {
		p->progress_at = clock_us();
		int rc = attach(p, &done);
		while (rc == SHIP_TAKEN && !done && stopping == 0) {
			rc = step(p, &done);
			if (rc == SHIP_TAKEN)
				pull_went_well(p);
		}
		if (rc == SHIP_TROUBLE && stopping == 0)
			pull_back_off(p);
		detach(p);
		if (rc == SHIP_NEVER)
			return rc;
	}
	return 0;
}
