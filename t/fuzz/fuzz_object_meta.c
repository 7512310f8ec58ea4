/*
 * fuzz_object_meta.c: fuzz target for what --fetch-mail reads of an object.  Input: the subject, a line feed,
 * the description.
 *
 * Properties: what is taken has its own subject, a subject of chunks without a wildcard, and chunks and size
 * that go together.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/smtptrap-ship/object_meta.h"

#define BUCKET "mail-mx1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct object_meta *m, const char *subject)
{
	char again[OBJECT_SUBJECT_MAX];
	struct object o = {0};

	memcpy(o.id, m->id, sizeof o.id);
	object_meta_subject(again, BUCKET, &o);
	must(strcmp(again, subject) == 0);
	if (m->deleted || m->is_link)
		return;
	object_meta_chunks(again, BUCKET, m);
	must(strncmp(again, "$O." BUCKET ".C.", strlen("$O." BUCKET ".C.")) == 0);
	must(ship_is_token(again + strlen("$O." BUCKET ".C.")));
	must((m->size == 0) == (m->chunks == 0) && m->chunks <= m->size / OBJECT_CHUNK_LEAST + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char subject[OBJECT_SUBJECT_MAX];
	const uint8_t *lf = len > 0 ? memchr(data, '\n', len) : NULL;
	struct object_meta m;

	if (lf == NULL || (size_t)(lf - data) >= sizeof subject)
		return 0;
	size_t n = (size_t)(lf - data);
	memcpy(subject, data, n);
	subject[n] = '\0';
	if (object_meta_read(&m, BUCKET, subject, lf + 1, len - n - 1) == NULL)
		check(&m, subject);
	return 0;
}
