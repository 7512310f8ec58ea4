/*
 * logger_unique.c: which messages are copies of what is stored (store unique, unique-body).
 *
 * Runs in the logger.  Input: the bytes of messages as they come, and the digests in the fields of
 * their records, which a worker made.  Those decide nothing: a message of which a worker says
 * something else than its bytes do is stored whole, and no copy will refer to it.
 */
#include "logger_unique.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "record.h"

static void show(const struct unique *u)
{
	u->ack->store_index = store_index_count(&u->index);
	u->ack->store_index_max = u->index.size;
}

static void digest_drop(struct unique *u)
{
	uint8_t unused[DIGEST_SHA256];

	if (u->digest != NULL)
		digest_stream_end(&u->digest, unused);
}

void unique_init(struct unique *u, const struct conf *conf, int dir, struct ack_board *ack)
{
	*u = (struct unique){.conf = conf, .dir = dir, .ack = ack};
	buf_init_heap(&u->held, UNIQUE_HELD_MAX);
	unique_configure(u);
}

void unique_fini(struct unique *u)
{
	digest_drop(u);
	store_index_fini(&u->index);
	buf_fini(&u->held);
}

void unique_configure(struct unique *u)
{
	uint32_t size = u->conf->log.store == CONF_STORE_ALL ? 0 : u->conf->log.store_index;
	struct store_index next = {0};
	uint64_t secret;

	if (size == u->index.size)
		return;
	arc4random_buf(&secret, sizeof secret);
	if (size > 0 && store_index_init(&next, size, secret) < 0) {
		warn("store-index: no memory for %u messages: it stays as it is", size);
		return;
	}
	store_index_copy(&next, &u->index);
	store_index_fini(&u->index);
	u->index = next;
	show(u);
}

/* Whoever reads a copy finds the other message by the identifier in its trace header. */
static bool same_id(const struct unique_message *m)
{
	const uint8_t *id;
	size_t len;

	return record_get(m->fields, m->fields_len, FIELD_ID, &id, &len) == 1 &&
	       len == UUID_BYTES && memcmp(id, m->trace->id, UUID_BYTES) == 0;
}

bool unique_begin(struct unique *u, const struct unique_message *m)
{
	digest_drop(u);
	buf_reset(&u->held);
	u->body = u->conf->log.store == CONF_STORE_UNIQUE_BODY;
	u->known = u->held_whole = u->copy = false;
	u->digested = 0;
	u->start = (struct body_start){0};
	u->entry = (struct stored){0};
	memcpy(u->entry.id, m->trace->id, UUID_BYTES);
	if (u->index.size == 0 || !same_id(m) || m->trace->len > MBOX_TRACE_MAX - MBOX_COPY_MAX ||
	    digest_stream_begin(&u->digest) < 0)
		return false;
	u->known = true;
	u->held_whole = m->trace->size <= UNIQUE_HELD_MAX;
	return u->held_whole;
}

bool unique_is_streamed(const struct unique *u)
{
	return u->digest != NULL && !u->held_whole;
}

void unique_data(struct unique *u, const uint8_t *bytes, size_t len)
{
	if (u->digest == NULL)
		return;
	size_t header = u->body ? body_start_feed(&u->start, bytes, len) : 0;

	/* What may have to be stored beside a reference; a header without end is not needed. */
	if (u->held_whole || u->start.at <= UNIQUE_HELD_MAX)
		buf_put(&u->held, bytes, u->held_whole ? len : header);
	if (u->held.failed || digest_stream_add(u->digest, bytes + header, len - header) < 0)
		u->known = false;
	u->digested += len - header;
}

/* Is there nothing against it that the worker said? */
static bool agrees(const struct unique *u, const uint8_t *fields, size_t len)
{
	const uint8_t *said;
	size_t said_len;

	if (record_get(fields, len, u->body ? FIELD_BODY_SHA256 : FIELD_SHA256, &said, &said_len) !=
	    1)
		return false;
	if (said_len == DIGEST_SHA256 && memcmp(said, u->entry.digest, DIGEST_SHA256) == 0)
		return true;
	warn("a message has another SHA-256 than its record says: no copy will refer to it");
	return false;
}

/* Retention, or somebody else, may have removed it. */
static bool is_there(const struct unique *u, const struct stored *s)
{
	struct log_name name = {.stream = LOG_MAIL, .time = s->file_time, .seq = s->file_seq};
	char text[LOG_NAME_MAX];
	struct stat st;

	for (int part = 0; part < 2; part++) {
		name.part = part;
		if (log_name_format(&name, text) == 0 &&
		    fstatat(u->dir, text, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

const struct stored *unique_end(struct unique *u, const uint8_t *fields, size_t len)
{
	const struct stored *found;

	if (u->digest == NULL)
		return NULL;
	digest_stream_end(&u->digest, u->entry.digest);
	/* Of nothing, nothing is saved. */
	u->known =
	    u->known && u->digested > 0 && (!u->body || u->start.found) && agrees(u, fields, len);
	u->entry.from = u->body ? (uint32_t)u->start.at : 0;
	if (!u->known)
		return NULL;
	found = store_index_find(&u->index, u->entry.digest, u->body);
	if (found == NULL || !is_there(u, found))
		return NULL;
	u->known = false;
	u->copy = true;
	u->first = *found;
	return &u->first;
}

struct unique_bytes unique_held(const struct unique *u)
{
	return (struct unique_bytes){u->held.data, u->held.len};
}

struct unique_bytes unique_own(const struct unique *u)
{
	return (struct unique_bytes){u->held.data, u->entry.from};
}

bool unique_is_first(const struct unique *u)
{
	return u->known;
}

void unique_remember(struct unique *u)
{
	if (u->copy) {
		u->copies.count++;
		u->copies.bytes += u->digested;
	}
	if (u->known)
		store_index_add(&u->index, &u->entry);
	u->known = u->copy = false;
}

static void forget_copies(struct unique *u)
{
	u->copies.count = u->copies.bytes = 0;
}

void unique_commit(struct unique *u)
{
	store_index_commit(&u->index);
	u->ack->copies += u->copies.count;
	u->ack->copies_bytes += u->copies.bytes;
	forget_copies(u);
	show(u);
}

void unique_undo(struct unique *u)
{
	store_index_undo(&u->index);
	forget_copies(u);
}
