/*
 * object_meta.c: what a bucket tells of an object, as anybody may have put it there.
 *
 * Run by smtptrap-ship --fetch-mail.  Input: messages of sensors, any of which may be hostile.  What is
 * taken is in a form that can do no harm in a file's name, a subject or a loop; whether it is true
 * the object's bytes show.
 */
#include "object_meta.h"

#include <stdio.h>
#include <string.h>

#include "json_paths.h"
#include "mime_code.h"

#define DIGEST_PREFIX "SHA-256="
#define DIGEST_MAX 44 /* 32 bytes in base64 */

struct reading {
	struct object_meta *m;
	const char *bucket;
	bool named, in_bucket, sized, counted, digested, linked, links_here, has_nuid;
};

static bool take_name(uint8_t id_r[UUID_BYTES], struct span text)
{
	return uuid_parse((const char *)text.bytes, text.len, id_r) == 0;
}

static void take_nuid(struct reading *r, struct span text)
{
	char *nuid = r->m->nuid;

	r->has_nuid = text.len <= OBJECT_NUID_READ_MAX;
	if (!r->has_nuid)
		return;
	memcpy(nuid, text.bytes, text.len);
	nuid[text.len] = '\0';
	r->has_nuid = strlen(nuid) == text.len && ship_is_token(nuid);
}

static void take_chunks(struct reading *r, struct span text)
{
	uint64_t n;

	r->counted = json_path_number(text, &n) == 0 && n <= UINT32_MAX;
	if (r->counted)
		r->m->chunks = (uint32_t)n;
}

static void take_digest(struct reading *r, struct span text)
{
	size_t before = strlen(DIGEST_PREFIX);
	uint8_t bytes[DIGEST_SHA256 + 3];
	struct buf to;

	r->digested = text.len > before && text.len <= before + DIGEST_MAX &&
		      memcmp(text.bytes, DIGEST_PREFIX, before) == 0;
	if (!r->digested)
		return;
	buf_init(&to, bytes, sizeof bytes);
	r->digested = mime_base64_decode(span_tail(text, before), &to) && to.len == DIGEST_SHA256;
	if (r->digested)
		memcpy(r->m->sha256, bytes, DIGEST_SHA256);
}

/* The last of several with one path counts. */
static void take_value(void *ctx, const char *path, struct span text)
{
	struct reading *r = ctx;

	if (strcmp(path, "name") == 0)
		r->named = take_name(r->m->id, text);
	else if (strcmp(path, "bucket") == 0)
		r->in_bucket = span_is(text, r->bucket);
	else if (strcmp(path, "nuid") == 0)
		take_nuid(r, text);
	else if (strcmp(path, "size") == 0)
		r->sized = json_path_number(text, &r->m->size) == 0;
	else if (strcmp(path, "chunks") == 0)
		take_chunks(r, text);
	else if (strcmp(path, "digest") == 0)
		take_digest(r, text);
	else if (strcmp(path, "deleted") == 0)
		r->m->deleted = span_is(text, "true");
	else if (strcmp(path, "options.link.bucket") == 0)
		r->links_here = span_is(text, r->bucket);
	else if (strcmp(path, "options.link.name") == 0)
		r->linked = take_name(r->m->to, text);
	r->m->is_link |= strncmp(path, "options.link.", 13) == 0;
}

/* Is that the subject of an object of this name? */
static bool has_subject(const struct object_meta *m, const char *bucket, const char *subject)
{
	struct object o = {0};
	char wanted[OBJECT_SUBJECT_MAX];

	memcpy(o.id, m->id, sizeof o.id);
	object_meta_subject(wanted, bucket, &o);
	return strcmp(wanted, subject) == 0;
}

static const char *check_whole(const struct reading *r)
{
	const struct object_meta *m = r->m;

	if (!r->sized || !r->counted || !r->has_nuid)
		return "its size, chunks or NUID are none";
	if ((m->size == 0) != (m->chunks == 0) || m->chunks > m->size / OBJECT_CHUNK_LEAST + 1)
		return "its number of chunks does not go with its size";
	return r->digested ? NULL : "it has no SHA-256";
}

const char *object_meta_read(struct object_meta *m_r, const char *bucket, const char *subject,
			     const uint8_t *text, size_t len)
{
	struct reading r = {.m = m_r, .bucket = bucket};

	*m_r = (struct object_meta){0};
	if (len > OBJECT_META_READ_MAX)
		return "its description is too long";
	if (json_paths_read(text, len, take_value, &r) != 0)
		return "its description is no object of JSON";
	if (!r.named || !has_subject(m_r, bucket, subject))
		return "its name is not the identifier of a message, or not that of its subject";
	if (!r.in_bucket)
		return "it says that it is in another bucket";
	if (m_r->deleted)
		return NULL;
	if (m_r->is_link)
		return r.linked && r.links_here ? NULL : "it is a link to no message of the bucket";
	return check_whole(&r);
}

void object_meta_chunks(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			const struct object_meta *m)
{
	snprintf(subject_r, OBJECT_SUBJECT_MAX, "$O.%s.C.%s", bucket, m->nuid);
}
