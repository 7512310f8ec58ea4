/*
 * object_get.c: messages of a bucket's stream, one by one.
 *
 * Run by smtptrap-ship --fetch-mail.  Each is asked for by its subject and the number behind the last one,
 * which costs a round trip, but never brings more than was asked for; libnats 3.4.1 has no call for it.
 * A consumer would be of no use: those of nats-server 2.9.10 pass over what they have not had when
 * a roll-up, as of an object that is put again, removes other messages of the stream (nats-server's pull
 * request 3838 of 2023).  Input: the servers' answers, with bytes of sensors in base64.
 */
#include "object_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "json_paths.h"
#include "mime_code.h"
#include "output.h"

#define REQUEST_MS 5000
#define REQUEST_MAX 512 /* a subject, and some 60 bytes */

struct answer {
	struct object_part *part;
	uint64_t code; /* of an error */
	bool numbered, whole;
	char text[200]; /* of an error */
};

/* No subject of an object of ours is as long, or has a NUL. */
static void take_subject(struct object_part *part, struct span text)
{
	bool fits = text.len < sizeof part->subject && memchr(text.bytes, '\0', text.len) == NULL;

	if (fits)
		memcpy(part->subject, text.bytes, text.len);
	part->subject[fits ? text.len : 0] = '\0';
}

static void take_value(void *ctx, const char *path, struct span text)
{
	struct answer *a = ctx;

	if (strcmp(path, "message.seq") == 0) {
		a->numbered = json_path_number(text, &a->part->seq) == 0;
	} else if (strcmp(path, "message.subject") == 0) {
		take_subject(a->part, text);
	} else if (strcmp(path, "message.data") == 0) {
		buf_reset(&a->part->bytes);
		a->whole = mime_base64_decode(text, &a->part->bytes) && !a->part->bytes.failed;
	} else if (strcmp(path, "error.err_code") == 0) {
		(void)json_path_number(text, &a->code);
	} else if (strcmp(path, "error.description") == 0) {
		snprintf(a->text, sizeof a->text, "%.*s", (int)text.len, (const char *)text.bytes);
	}
}

static int read_answer(struct object_part *part_r, const natsMsg *reply, struct buf *why)
{
	/* a message of no bytes has no data */
	struct answer a = {.part = part_r, .whole = true};
	const char *text = natsMsg_GetData(reply);
	int rc = json_paths_read((const uint8_t *)text, (size_t)natsMsg_GetDataLength(reply),
				 take_value, &a);

	if (rc == 0 && a.code == JSNoMessageFoundErr)
		return 0;
	if (rc == 0 && a.numbered && a.whole)
		return 1;
	buf_printf(why, "%s", a.text[0] != '\0' ? a.text : "an answer that cannot be read");
	return SHIP_TROUBLE;
}

int object_get(struct object_part *part_r, const struct nats_link *link, const char *stream,
	       const char *subject, uint64_t from, struct buf *why)
{
	char to[NATS_SUBJECT_MAX], request[REQUEST_MAX];
	natsMsg *reply = NULL;

	snprintf(to, sizeof to, "$JS.API.STREAM.MSG.GET.%s", stream);
	int len = snprintf(request, sizeof request, "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s\"}",
			   from, subject);
	buf_reset(&part_r->bytes);
	part_r->subject[0] = '\0';
	natsStatus s = natsConnection_Request(&reply, link->nc, to, request, len, REQUEST_MS);
	int rc = SHIP_TROUBLE;
	if (s == NATS_OK)
		rc = read_answer(part_r, reply, why);
	else
		nats_link_why(why, stream, s);
	natsMsg_Destroy(reply);
	return rc;
}
