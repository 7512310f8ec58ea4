/*
 * setup.c: smtptrap-ship --setup: the stream is there, and as the configuration says; and the
 * buckets of raw messages.
 *
 * A stream that is not there is made.  One that is there is compared field by field; what differs
 * is told, and nothing is changed: another may have had a reason, and a change can delete records.
 * Servers that have no leader yet are asked again for WAIT_US.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "log.h"
#include "nats_link.h"
#include "object.h"
#include "output.h"
#include "record.h"

#define WAIT_US 30000000 /* an election takes some seconds, a cluster's start 10 */
#define AGAIN_US 250000
#define REQUEST_MS 5000
#define US_NS 1000
#define SUBJECTS 2 /* of a stream: of records, or of chunks and what tells of them */
_Static_assert(SUBJECTS == RECORD_TYPE_COUNT, "a subject for each type");

/* A stream as the configuration wants it, and the room for its names. */
struct wanted {
	jsStreamConfig config;
	char name[OBJECT_STREAM_MAX];
	char text[SUBJECTS][NATS_SUBJECT_MAX];
	const char *list[SUBJECTS];
};

/* What streams of records and buckets have in common. */
static void begin_config(struct wanted *w, const struct ship_conf *conf, const char *name)
{
	jsStreamConfig *c = &w->config;

	jsStreamConfig_Init(c);
	for (int i = 0; i < SUBJECTS; i++)
		w->list[i] = w->text[i];
	c->Name = name;
	c->Subjects = w->list;
	c->SubjectsLen = SUBJECTS;
	c->Storage = js_FileStorage;
	c->Retention = js_LimitsPolicy;
	c->Replicas = conf->setup.replicas;
	c->Duplicates = (int64_t)(conf->setup.duplicate_window_us * US_NS);
}

static int64_t bytes_limit(uint64_t bytes)
{
	return bytes == 0 ? -1 : (int64_t)bytes;
}

/* The stream of records: subjects of all sensors. */
static int want_records(struct wanted *w, const struct ship_conf *conf)
{
	begin_config(w, conf, conf->nats.stream);
	w->config.Discard = js_DiscardOld;
	w->config.MaxAge = (int64_t)(conf->setup.max_age_us * US_NS);
	w->config.MaxBytes = bytes_limit(conf->setup.max_bytes);
	for (int i = 0; i < SUBJECTS; i++)
		if (nats_subject(w->text[i], conf, "*", record_type_name((enum record_type)i)) != 0)
			return -1;
	return 0;
}

/* The bucket of a sensor, as all clients of object stores make it: full is full, since what is
 * removed would be parts of objects. */
static void want_bucket(struct wanted *w, const struct ship_conf *conf, const char *sensor)
{
	char bucket[OBJECT_BUCKET_MAX];

	object_bucket(bucket, conf, sensor);
	object_stream(w->name, bucket);
	begin_config(w, conf, w->name);
	w->config.Discard = js_DiscardNew;
	w->config.MaxAge = (int64_t)(conf->setup.mail_max_age_us * US_NS);
	w->config.MaxBytes = bytes_limit(conf->setup.mail_max_bytes);
	w->config.AllowRollup = true;
	snprintf(w->text[0], NATS_SUBJECT_MAX, "$O.%s.C.>", bucket);
	snprintf(w->text[1], NATS_SUBJECT_MAX, "$O.%s.M.>", bucket);
}

/* ---- comparing ---- */

static void put_list(struct buf *to, const jsStreamConfig *c)
{
	for (int i = 0; i < c->SubjectsLen; i++)
		buf_printf(to, "%s%s", i > 0 ? " " : "", c->Subjects[i]);
}

static bool has_subject(const jsStreamConfig *c, const char *subject)
{
	for (int i = 0; i < c->SubjectsLen; i++) {
		if (strcmp(c->Subjects[i], subject) == 0)
			return true;
	}
	return false;
}

static unsigned compare_subjects(const jsStreamConfig *is, const jsStreamConfig *wanted)
{
	char a[4096], b[4096];
	struct buf ba, bb;
	bool same = is->SubjectsLen == wanted->SubjectsLen;

	for (int i = 0; same && i < wanted->SubjectsLen; i++)
		same = has_subject(is, wanted->Subjects[i]);
	if (same)
		return 0;
	buf_init(&ba, a, sizeof a);
	buf_init(&bb, b, sizeof b);
	put_list(&ba, is);
	put_list(&bb, wanted);
	warn("stream %s: subjects: is \"%.*s\", configured \"%.*s\"", wanted->Name, (int)ba.len, a,
	     (int)bb.len, b);
	return 1;
}

static unsigned compare_number(const char *stream, const char *field, int64_t is, int64_t wanted)
{
	if (is == wanted || (is <= 0 && wanted <= 0)) /* 0 and -1: no limit */
		return 0;
	warn("stream %s: %s: is %" PRId64 ", configured %" PRId64, stream, field, is, wanted);
	return 1;
}

static unsigned compare(const jsStreamConfig *is, const jsStreamConfig *wanted)
{
	const struct {
		const char *field;
		int64_t is, wanted;
	} rows[] = {
	    {"replicas", is->Replicas, wanted->Replicas},
	    {"max-age (ns)", is->MaxAge, wanted->MaxAge},
	    {"max-bytes", is->MaxBytes, wanted->MaxBytes},
	    {"duplicate-window (ns)", is->Duplicates, wanted->Duplicates},
	    {"most messages", is->MaxMsgs, wanted->MaxMsgs},
	    {"most messages of a subject", is->MaxMsgsPerSubject, wanted->MaxMsgsPerSubject},
	    {"largest message", is->MaxMsgSize, wanted->MaxMsgSize},
	    {"storage (0: file, 1: memory)", is->Storage, wanted->Storage},
	    {"retention (0: limits)", is->Retention, wanted->Retention},
	    {"discard (0: old, 1: new)", is->Discard, wanted->Discard},
	    {"no acknowledgements", is->NoAck, wanted->NoAck},
	    {"sealed", is->Sealed, wanted->Sealed},
	    {"roll-ups allowed", is->AllowRollup, wanted->AllowRollup},
	};
	unsigned differ = compare_subjects(is, wanted);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		differ += compare_number(wanted->Name, rows[i].field, rows[i].is, rows[i].wanted);
	return differ;
}

/* ---- asking ---- */

/* Have the stream's description, made if there was none.  A failure may pass. */
static natsStatus ask(jsStreamInfo **info_r, bool *made_r, struct nats_link *link,
		      jsStreamConfig *wanted, struct buf *why)
{
	jsOptions o;

	jsOptions_Init(&o);
	o.Wait = REQUEST_MS;
	natsStatus s = js_GetStreamInfo(info_r, link->js, wanted->Name, &o, NULL);
	if (s == NATS_NOT_FOUND) {
		s = js_AddStream(info_r, link->js, wanted, &o, NULL);
		*made_r = s == NATS_OK;
	}
	if (s != NATS_OK) {
		buf_reset(why);
		nats_link_why(why, wanted->Name, s);
	}
	return s;
}

static void ignore_closed(void *ctx)
{
	(void)ctx;
}

/* What is not allowed will not be: no use in asking again. */
static volatile sig_atomic_t refused;

static void tell_refused(void *ctx, const char *text)
{
	(void)ctx;
	warn("the server says: %s", text);
	refused = 1;
}

static const struct nats_link_events events = {ignore_closed, tell_refused, NULL};

/* Connect and ask until that goes well, or WAIT_US passed. */
static int ask_patiently(jsStreamInfo **info_r, bool *made_r, const struct ship_conf *conf,
			 jsStreamConfig *wanted, struct buf *why)
{
	uint64_t end = clock_us() + WAIT_US;
	struct nats_link link;
	int rc;

	do {
		buf_reset(why);
		rc = nats_link_open(&link, conf, &events, NULL, why);
		if (rc == SHIP_TAKEN && ask(info_r, made_r, &link, wanted, why) != NATS_OK)
			rc = SHIP_TROUBLE;
		nats_link_close(&link);
		if (rc == SHIP_TROUBLE)
			usleep(AGAIN_US);
	} while (rc == SHIP_TROUBLE && refused == 0 && clock_us() < end);
	return rc;
}

static int tell(const jsStreamInfo *info, bool made, const jsStreamConfig *wanted)
{
	unsigned differ = compare(info->Config, wanted);

	if (differ > 0) {
		warn("stream %s: not changed; %u of its settings are not as configured",
		     wanted->Name, differ);
		return 1;
	}
	printf("stream %s: %s; %" PRIu64 " messages, %" PRIu64 " bytes\n", wanted->Name,
	       made ? "made" : "as configured", info->State.Msgs, info->State.Bytes);
	return 0;
}

/* Have one stream there; 0, or 1 after saying why not. */
static int set_up(struct wanted *w, const struct ship_conf *conf)
{
	char text[1024];
	struct buf why;
	jsStreamInfo *info = NULL;
	bool made = false;

	buf_init(&why, text, sizeof text);
	int rc = ask_patiently(&info, &made, conf, &w->config, &why);
	if (rc == SHIP_TAKEN)
		rc = tell(info, made, &w->config);
	else
		warn("%.*s", (int)why.len, text);
	jsStreamInfo_Destroy(info);
	return rc == 0 ? 0 : 1;
}

static int usage(const char *what)
{
	fprintf(stderr, "usage: smtptrap-ship --setup [SENSOR ...]%s\n", what);
	return 2;
}

int command_setup(const struct ship_conf *conf, int argc, char **argv)
{
	struct wanted wanted = {0};
	int status = 0;

	if (argc > 0 && *conf->mail.bucket == '\0')
		return usage(": no bucket is configured");
	for (int i = 0; i < argc; i++)
		if (!ship_is_token(argv[i]))
			return usage(": letters, digits, - and _");
	if (want_records(&wanted, conf) != 0)
		return usage(": the subject is too long");
	status = set_up(&wanted, conf);
	for (int i = 0; *conf->mail.bucket != '\0' && (i < argc || i == 0); i++) {
		want_bucket(&wanted, conf, argc > 0 ? argv[i] : conf->sensor);
		status |= set_up(&wanted, conf);
	}
	return status;
}
