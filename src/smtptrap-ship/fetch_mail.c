/*
 * fetch_mail.c: smtptrap-ship --fetch-mail: the raw messages of the sensors' buckets, as files.
 *
 * What tells of objects is asked for one by one, in the order in which it was stored, and then the
 * chunks of each (object_get.c); what has the size and the SHA-256 that were told gets its name
 * (fetch_mail_files.c).  How far that is is kept beside the files, and only behind what is on disk.
 * Input: buckets of sensors, each of which its sensor, or whoever took that over, can fill with
 * anything: what is no whole message is told, counted and left out.  Memory: one message of a
 * stream, whatever the size of an object.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "digest.h"
#include "err.h"
#include "fetch_mail_files.h"
#include "log.h"
#include "object_get.h"
#include "object_meta.h"
#include "output.h"
#include "pull.h"

#define KEEP_EVERY 100 /* objects: so many are looked at again after a crash */
#define PART_MAX \
	(128u << 20) /* bytes of a message of a stream: twice what servers can be told to take */
#define AGAIN_US 5000000 /* with --follow, between looks */

struct fetch_mail {
	const struct ship_conf *conf;
	const struct pull_arguments *arguments;
	struct mail_files files;
	struct pull pull;
	char bucket[OBJECT_BUCKET_MAX], stream[OBJECT_STREAM_MAX];
	struct object_part part;
	const char *wrong; /* why the present object is left out; NULL */
	bool again;        /* there was trouble with a bucket */
	uint64_t fetched, there, left_out;
};

/* The file system fails: that is no matter of this message. */
static int fail(struct fetch_mail *f)
{
	buf_printf(&f->pull.why, "%s: %m", f->arguments->directory);
	return SHIP_NEVER;
}

/* The present object is none that can be had. */
static int refuse(struct fetch_mail *f, const char *wrong)
{
	f->wrong = wrong;
	return SHIP_REJECTED;
}

/* ---- the bytes ---- */

/* All chunks into the new file.  SHIP_TAKEN, and their digest; SHIP_REJECTED; SHIP_TROUBLE;
 * SHIP_NEVER. */
static int copy_chunks(struct fetch_mail *f, const struct object_meta *m, struct digest_stream *d)
{
	char subject[OBJECT_SUBJECT_MAX];

	object_meta_chunks(subject, f->bucket, m);
	f->part.seq = 0;
	for (uint32_t n = 0; n < m->chunks; n++) {
		int rc = object_get(&f->part, &f->pull.link, f->stream, subject, f->part.seq + 1,
				    &f->pull.why);
		const struct buf *b = &f->part.bytes;

		if (rc != 1)
			return rc == 0 ? refuse(f, "chunks of it are missing") : rc;
		if (b->len == 0 || b->len > m->size - f->files.size)
			return refuse(f, "its chunks are not of its size");
		if (mail_files_add(&f->files, b->data, b->len) != 0)
			return fail(f);
		if (digest_stream_add(d, b->data, b->len) != 0)
			return fail(f);
	}
	return f->files.size == m->size ? SHIP_TAKEN : refuse(f, "its chunks are not of its size");
}

static int copy_bytes(struct fetch_mail *f, const struct object_meta *m)
{
	struct digest_stream *d;
	uint8_t digest[DIGEST_SHA256];

	if (mail_files_begin(&f->files) != 0 || digest_stream_begin(&d) != 0)
		return fail(f);
	int rc = copy_chunks(f, m, d);
	digest_stream_end(&d, digest);
	if (rc == SHIP_TAKEN && memcmp(digest, m->sha256, sizeof digest) != 0)
		rc = refuse(f, "its bytes do not have its SHA-256");
	return rc;
}

/* Fetch the object's bytes, as a message of this identifier. */
static int take_bytes(struct fetch_mail *f, const struct object_meta *m, const uint8_t *id)
{
	if (m->size > f->conf->mail.size)
		return refuse(f, "it is larger than size");
	int rc = copy_bytes(f, m);
	if (rc == SHIP_TAKEN && mail_files_finish(&f->files, id) != 0)
		rc = fail(f);
	mail_files_drop(&f->files);
	f->fetched += rc == SHIP_TAKEN;
	return rc;
}

/* ---- links ---- */

/* What tells of the object that a link leads to, which must have bytes. */
static int follow_link(struct fetch_mail *f, const struct object_meta *link,
		       struct object_meta *to_r)
{
	char subject[OBJECT_SUBJECT_MAX];
	struct object to = {0};

	memcpy(to.id, link->to, sizeof to.id);
	object_meta_subject(subject, f->bucket, &to);
	int rc = object_get(&f->part, &f->pull.link, f->stream, subject, 1, &f->pull.why);
	if (rc < 0)
		return rc;
	if (rc == 0 ||
	    object_meta_read(to_r, f->bucket, subject, f->part.bytes.data, f->part.bytes.len) !=
		NULL ||
	    to_r->deleted || to_r->is_link)
		return refuse(f, "the message that has its bytes is not there");
	return SHIP_TAKEN;
}

static int take_link(struct fetch_mail *f, const struct object_meta *m)
{
	struct object_meta to;

	if (mail_files_have(&f->files, m->to)) {
		f->fetched++;
		return mail_files_link(&f->files, m->to, m->id) == 0 ? SHIP_TAKEN : fail(f);
	}
	int rc = follow_link(f, m, &to);
	return rc == SHIP_TAKEN ? take_bytes(f, &to, m->id) : rc;
}

/* ---- objects ---- */

/* What f->part tells of. */
static int take_object(struct fetch_mail *f)
{
	struct object_meta m;
	const char *wrong =
	    object_meta_read(&m, f->bucket, f->part.subject, f->part.bytes.data, f->part.bytes.len);

	if (wrong != NULL)
		return refuse(f, wrong);
	if (m.deleted)
		return SHIP_TAKEN;
	if (mail_files_have(&f->files, m.id)) {
		f->there++;
		return SHIP_TAKEN;
	}
	return m.is_link ? take_link(f, &m) : take_bytes(f, &m, m.id);
}

/* Nothing of the object's own words is told: they can be long, and lie. */
static void leave_out(struct fetch_mail *f, uint64_t seq)
{
	warn("object at message %" PRIu64 " of stream %s: left out: %s", seq, f->stream, f->wrong);
	f->left_out++;
}

/* ---- buckets ---- */

/* The next object behind p->seq, which moves on.  1; 0: there is none; SHIP_TROUBLE; SHIP_NEVER. */
static int take_next(struct fetch_mail *f, const char *subject, struct mail_place *p)
{
	int rc = object_get(&f->part, &f->pull.link, f->stream, subject, p->seq + 1, &f->pull.why);

	if (rc != 1)
		return rc;
	uint64_t seq = f->part.seq;
	rc = take_object(f);
	if (rc == SHIP_REJECTED)
		leave_out(f, seq);
	else if (rc != SHIP_TAKEN)
		return rc;
	p->seq = seq;
	return 1;
}

/* All of the bucket, from the place on. */
static int take_objects(struct fetch_mail *f, struct mail_place *p)
{
	char subject[OBJECT_SUBJECT_MAX];
	int rc = 1;

	snprintf(subject, sizeof subject, "$O.%s.M.>", f->bucket);
	while (rc == 1 && !pull_is_stopping()) {
		uint64_t n = 0;

		while (n < KEEP_EVERY && !pull_is_stopping() &&
		       (rc = take_next(f, subject, p)) == 1)
			n++;
		if (n > 0 && mail_files_keep(&f->files, p) != 0)
			return fail(f);
	}
	return rc == 1 ? SHIP_TAKEN : rc;
}

/* Go to the place that was kept; to the start where the bucket was made anew, or lost what it had. */
static int find_place(struct fetch_mail *f, struct mail_place *p_r)
{
	jsStreamInfo *info = NULL;
	natsStatus s = js_GetStreamInfo(&info, f->pull.link.js, f->stream, NULL, NULL);

	if (s != NATS_OK) {
		nats_link_why(&f->pull.why, f->stream, s);
		return SHIP_TROUBLE;
	}
	mail_files_place_of(&f->files, p_r);
	if (p_r->created != info->Created || p_r->seq > info->State.LastSeq)
		p_r->seq = 0;
	p_r->created = info->Created;
	jsStreamInfo_Destroy(info);
	return SHIP_TAKEN;
}

static int take_bucket(struct fetch_mail *f, const char *sensor)
{
	struct mail_place place;
	int rc = pull_connect(&f->pull);

	object_bucket(f->bucket, f->conf, sensor);
	object_stream(f->stream, f->bucket);
	if (rc == SHIP_TAKEN && mail_files_sensor(&f->files, sensor) != 0)
		rc = fail(f);
	if (rc == SHIP_TAKEN)
		rc = find_place(f, &place);
	return rc == SHIP_TAKEN ? take_objects(f, &place) : rc;
}

/* Trouble does not hold up the buckets that come: it is waited, and all are looked at again.  SHIP_TAKEN,
 * or SHIP_NEVER. */
static int settle(struct fetch_mail *f, int rc)
{
	f->again |= rc == SHIP_TROUBLE;
	if (rc == SHIP_TROUBLE && !pull_is_stopping())
		pull_back_off(&f->pull);
	return rc == SHIP_NEVER ? rc : SHIP_TAKEN;
}

static int visit(struct fetch_mail *f, const char *sensor)
{
	int rc = take_bucket(f, sensor);

	if (rc == SHIP_TAKEN)
		pull_went_well(&f->pull);
	return settle(f, rc);
}

/* The sensor whose bucket the stream is; NULL: it is none. */
static const char *sensor_of(const struct fetch_mail *f, const char *stream)
{
	char prefix[OBJECT_STREAM_MAX];
	int len = snprintf(prefix, sizeof prefix, "OBJ_%s-", f->conf->mail.bucket);
	const char *sensor = stream + len;

	return strncmp(stream, prefix, (size_t)len) == 0 && ship_is_token(sensor) ? sensor : NULL;
}

static int list_streams(struct fetch_mail *f, jsStreamNamesList **list_r)
{
	int rc = pull_connect(&f->pull);

	if (rc != SHIP_TAKEN)
		return rc;
	natsStatus s = js_StreamNames(list_r, f->pull.link.js, NULL, NULL);
	if (s == NATS_OK || s == NATS_NOT_FOUND)
		return SHIP_TAKEN;
	nats_link_why(&f->pull.why, "ask for the buckets", s);
	return SHIP_TROUBLE;
}

/* The buckets that are there. */
static int visit_all(struct fetch_mail *f)
{
	jsStreamNamesList *list = NULL;
	int rc = settle(f, list_streams(f, &list));

	for (int i = 0; list != NULL && i < list->Count && rc != SHIP_NEVER && !pull_is_stopping();
	     i++) {
		const char *sensor = sensor_of(f, list->List[i]);
		if (sensor != NULL)
			rc = visit(f, sensor);
	}
	jsStreamNamesList_Destroy(list);
	return rc;
}

/* The buckets of the sensors that are named. */
static int visit_named(struct fetch_mail *f)
{
	int rc = SHIP_TAKEN;

	for (int i = 0; rc != SHIP_NEVER && i < f->arguments->nsensor && !pull_is_stopping(); i++)
		rc = visit(f, f->arguments->sensor[i]);
	return rc;
}

/* All buckets, again where that is needed; with --follow for ever: a sensor may be new.  0, or SHIP_NEVER
 * with why. */
static int run(struct fetch_mail *f)
{
	for (;;) {
		f->again = false;
		int rc = f->arguments->nsensor > 0 ? visit_named(f) : visit_all(f);
		if (rc == SHIP_NEVER)
			return rc;
		if (pull_is_stopping() || (!f->again && !f->arguments->follow))
			return 0;
		if (!f->again)
			usleep(AGAIN_US);
	}
}

/* ---- the command ---- */

static bool are_sensors(const struct pull_arguments *a)
{
	for (int i = 0; i < a->nsensor; i++)
		if (!ship_is_token(a->sensor[i]))
			return false;
	return true;
}

static int usage(const char *what)
{
	fprintf(stderr, "usage: smtptrap-ship --fetch-mail DIRECTORY [--follow] [SENSOR ...]%s\n",
		what);
	return 2;
}

static bool open_all(struct fetch_mail *f)
{
	int rc = mail_files_open(&f->files, f->arguments->directory);

	if (rc == ERR_REFUSED)
		buf_printf(&f->pull.why, "%s: another process fetches into it",
			   f->arguments->directory);
	else if (rc != 0)
		(void)fail(f);
	return rc == 0;
}

int command_fetch_mail(const struct ship_conf *conf, int argc, char **argv)
{
	struct pull_arguments a;
	struct fetch_mail f = {.conf = conf, .arguments = &a};

	if (!pull_take_arguments(&a, argc, argv) || a.consumer != NULL)
		return usage("");
	if (!are_sensors(&a))
		return usage(": letters, digits, - and _");
	if (*conf->mail.bucket == '\0')
		return usage(": no bucket is configured");
	pull_init(&f.pull, conf, &a);
	buf_init_heap(&f.part.bytes, PART_MAX);
	pull_catch_signals();
	bool good = open_all(&f) && run(&f) == 0;
	if (!good)
		warn("%s", pull_take_why(&f.pull));
	printf("%" PRIu64 " messages fetched, %" PRIu64 " that were there already, %" PRIu64
	       " left out\n",
	       f.fetched, f.there, f.left_out);
	mail_files_close(&f.files);
	buf_fini(&f.part.bytes);
	pull_end(&f.pull);
	return good && f.left_out == 0 ? 0 : 1;
}
