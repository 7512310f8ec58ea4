/*
 * fuzz_record.c: fuzz target for the fields of a record as a worker sends them.
 *
 * The first byte chooses the stream, the others are wire bytes.  Properties: what is refused
 * leaves nothing behind; what is encoded is one line, is JSON for a strict reader, has the head
 * that was given, and no control character; record_scan finds in it what that reader does.
 */
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "err.h"
#include "record.h"
#include "record_line.h"
#include "record_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct items {
	const struct buf *line;
	size_t count;
};

/* The element of a list at an index, or the value itself. */
static struct record_scan_value value_at(const struct record_scan_value *v, size_t index)
{
	struct record_scan_value element = *v;
	size_t at = 0;

	for (size_t i = 0; v->kind == SCAN_LIST && i <= index; i++)
		must(record_scan_element(v, &at, &element) == 1);
	return element;
}

static int same_when_scanned(void *ctx, const struct record_item *item)
{
	struct items *items = ctx;
	struct record_scan scan;
	struct buf scratch;
	const char *text;
	size_t len;

	items->count++;
	if (item->member != NULL)
		return 0;
	record_scan_init(&scan);
	must(record_scan_want(&scan, item->name, strlen(item->name)) == 0);
	must(record_scan_line(&scan, items->line->data, items->line->len - 1) == 0);
	struct record_scan_value v = value_at(&scan.value[0], item->index);
	must((v.kind == SCAN_STRING) == item->is_string &&
	     (v.kind == SCAN_WORD) != item->is_string);
	buf_init_heap(&scratch, 16u * 1024 * 1024);
	must(record_scan_text(&v, &scratch, &text, &len) == 0);
	must(len == item->len && memcmp(text, item->text, len) == 0);
	buf_fini(&scratch);
	return 0;
}

static void check_line(const struct buf *out, const struct record_head *head)
{
	struct record_line_head got;
	struct items items = {.line = out};

	must(out->len > 2 && out->data[out->len - 1] == '\n');
	for (size_t i = 0; i + 1 < out->len; i++)
		must(out->data[i] >= 0x20 && out->data[i] != 0x7f);
	must(record_line_head(out->data, out->len - 1, &got) == 0);
	must(got.type == head->type && got.seq == head->seq);
	must(record_line_walk(out->data, out->len - 1, same_when_scanned, &items) == 0);
	must(items.count >= 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct time_cache clock = {0};
	struct record_head head = {.seq = 7, .sensor = "mx\"\xff", .clock = &clock};
	const uint8_t *value;
	size_t value_len;
	struct buf out;

	if (len == 0)
		return 0;
	head.type = data[0] & 1 ? RECORD_MESSAGE : RECORD_SESSION;
	buf_init_heap(&out, 16u * 1024 * 1024);
	buf_put_str(&out, "before");
	int rc = record_encode(&head, data + 1, len - 1, &out);
	must(rc == 0 || rc == ERR_FORMAT);
	must(out.len >= 6 && memcmp(out.data, "before", 6) == 0);
	if (rc == 0) {
		struct buf line = {.data = out.data + 6, .len = out.len - 6};

		check_line(&line, &head);
		must(record_get(data + 1, len - 1, FIELD_ID, &value, &value_len) == 1 &&
		     value_len == 16);
	} else {
		must(out.len == 6);
	}
	buf_fini(&out);
	return 0;
}
