/*
 * fuzz_client_hello.c: whatever a client begins with is read within its bytes, the same way from
 * the tee in any pieces, and gives fields that the logger takes.
 */
#include <assert.h>
#include <string.h>

#include "hello_put.h"
#include "tls_tee.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t joined[CLIENT_HELLO_JOIN];
static struct hello_scratch scratch;

static void check_prints(const struct client_hello *h, const struct hello_prints *p)
{
	bool wanted = h->kind == HELLO_CLIENT && h->whole && h->format != TEE_FORMAT_SSLV2;

	assert(p->has_ja3 == wanted && p->has_ja4 == wanted);
	assert(!wanted || strlen(p->ja4) == JA4_TEXT - 1);
	assert(h->whole || h->kind != HELLO_CLIENT || h->fault != HELLO_SOUND);
	assert(h->kind == HELLO_CLIENT || (h->fault == HELLO_SOUND && !h->whole));
}

/* The tee tells the format by the same bytes, but gives up at an odd record, and does not look at
 * the length that the message announces. */
static void check_format(const struct client_hello *h, const uint8_t *data, size_t size)
{
	static uint8_t memory[TEE_SIZE];
	struct tls_tee tee;
	size_t room;

	tee_init(&tee, memory);
	memcpy(tee_room(&tee, &room), data, size);
	tee_fill(&tee, size);
	if (!tee.lost && h->format != TEE_FORMAT_NONE)
		assert(tee_format(&tee) == h->format);
}

static void check_record(const struct client_hello *h, const struct hello_prints *p,
			 enum hello_detail detail)
{
	static uint8_t memory[HELLO_FIELDS_MAX + 64], text[16 * HELLO_FIELDS_MAX];
	static const uint8_t id[16];
	const struct record_head head = {.type = RECORD_SESSION, .seq = 1, .sensor = "s"};
	struct buf fields, out;

	buf_init(&fields, memory, HELLO_FIELDS_MAX);
	hello_put(h, p, RECORD_SESSION, detail, &fields);
	assert(!fields.failed);
	fields.cap = sizeof memory;
	record_put_uuid(&fields, FIELD_ID, id);
	record_put_time(&fields, FIELD_TS, 0);
	buf_init(&out, text, sizeof text);
	assert(record_encode(&head, fields.data, fields.len, &out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello_prints prints;
	struct client_hello h;

	if (size > TEE_KEEP)
		return 0; /* the tee keeps no more */
	client_hello_parse(&h, (struct span){data, size}, joined);
	hello_prints_make(&prints, &h, &scratch);
	check_prints(&h, &prints);
	check_format(&h, data, size);
	for (int detail = HELLO_DETAIL_NONE; detail <= HELLO_DETAIL_FULL; detail++)
		check_record(&h, &prints, (enum hello_detail)detail);
	return 0;
}
