/*
 * Lines of JSON read as records, and records chosen by time and field.
 */
#include "record_line.h"

#include "../tap.h"
#include "err.h"
#include "record_select.h"

#define ID "019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11"
#define HEAD                                         \
	"{\"v\":1,\"type\":\"message\",\"id\":\"" ID \
	"\",\"seq\":42,\"ts\":\"2025-11-22T10:30:00.123456Z\""
#define TS UINT64_C(1763807400123456)

static const struct {
	const char *line;
	int rc;
} heads[] = {
    {HEAD "}", 0},
    {HEAD ",\"sensor\":\"x\"}", 0},
    {"", ERR_FORMAT},
    {"{}", ERR_FORMAT},
    {"{\"v\":2,\"type\":\"message\",\"id\":\"" ID "\",\"seq\":1,\"ts\":\"2025-11-22\"", ERR_FORMAT},
    {"{\"v\":1,\"type\":\"messages\",\"id\":\"" ID "\",\"seq\":1,\"ts\":\"2025-11-22\"",
     ERR_FORMAT},
    {"{\"v\":1,\"type\":\"sessio\",\"id\":\"" ID "\",\"seq\":1,\"ts\":\"2025-11-22\"", ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"" ID "\",\"seq\":1,\"ts\":\"2025-11-22\"", 0},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"x\",\"seq\":1,\"ts\":\"2025-11-22\"", ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"" ID "\",\"seq\":,\"ts\":\"2025-11-22\"", ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"" ID "\",\"seq\":-1,\"ts\":\"2025-11-22\"",
     ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"" ID
     "\",\"seq\":99999999999999999999999,\"ts\":\"2025-11-22\"",
     ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"id\":\"" ID "\",\"seq\":1,\"ts\":\"never\"", ERR_FORMAT},
    {"{\"v\":1,\"type\":\"session\",\"seq\":1,\"id\":\"" ID "\",\"ts\":\"2025-11-22\"", ERR_FORMAT},
};

static void test_head(void)
{
	struct record_line_head h;
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		int rc =
		    record_line_head((const uint8_t *)heads[i].line, strlen(heads[i].line), &h);
		ok(rc == heads[i].rc, "%s: %s", rc == 0 ? "read" : "refused", heads[i].line);
	}
	is_int(record_line_head((const uint8_t *)HEAD, strlen(HEAD), &h), 0, "a head is read");
	ok(h.type == RECORD_MESSAGE && h.seq == 42 && h.ts == TS && h.id[15] == 0x11,
	   "with its values");
	for (size_t len = 0; len < strlen(HEAD); len++)
		wrong += record_line_head((const uint8_t *)HEAD, len, &h) != ERR_FORMAT;
	is_int(wrong, 0, "no shorter part of it is one");
}

/* Writes what a walk gives as text. */
static int note(void *ctx, const struct record_item *item)
{
	struct buf *b = ctx;

	buf_printf(b, "%s%s%s%s%zu%s%.*s;", item->name, item->member ? "." : "",
		   item->member ? item->member : "", item->in_list ? "#" : "@", item->index,
		   item->is_string ? "=" : ":", (int)item->len, item->text);
	return item->len == 4 && memcmp(item->text, "stop", 4) == 0 ? 7 : 0;
}

static const struct {
	const char *line;
	int rc;
	const char *items;
} walks[] = {
    {"{}", 0, ""},
    {"{\"a\":1,\"b\":\"x\\u0001\",\"c\":true}", 0, "a@0:1;b@0=x\x01;c@0:true;"},
    {"{\"l\":[\"x\",\"y\",3],\"m\":\"z\"}", 0, "l#0=x;l#1=y;l#2:3;m@0=z;"},
    {"{\"l\":[],\"m\":\"z\"}", 0, "m@0=z;"},
    {"{\"d\":[{\"us\":1,\"t\":\"x\"},{\"us\":2}],\"e\":false}", 0,
     "d.us#0:1;d.t#0=x;d.us#1:2;e@0:false;"},
    {"{\"a\":\"stop\",\"b\":1}", 7, "a@0=stop;"},
    {"{\"a\":null}", ERR_FORMAT, ""},
    {"{\"a\":{}}", ERR_FORMAT, ""},
    {"{\"a\":[[]]}", ERR_FORMAT, ""},
    {"{\"a\":[{\"b\":[]}]}", ERR_FORMAT, ""},
    {"{\"a\":[{\"b\":{}}]}", ERR_FORMAT, ""},
    {"{\"0123456789012345678901234567890123456789012345678901234567890123\":1}", ERR_FORMAT, ""},
    {"{\"012345678901234567890123456789012345678901234567890123456789012\":1}", 0,
     "012345678901234567890123456789012345678901234567890123456789012@0:1;"},
    {"[]", ERR_FORMAT, ""},
    {"1", ERR_FORMAT, ""},
    {"\"x\"", ERR_FORMAT, ""},
    {"", ERR_FORMAT, ""},
    {"{\"a\":1", ERR_FORMAT, "a@0:1;"},
    {"{\"a\":1}}", ERR_FORMAT, "a@0:1;"},
    {"{\"a\":1}{\"a\":2}", ERR_FORMAT, "a@0:1;"},
    {"{\"a\":\"\xff\"}", ERR_FORMAT, ""},
    {"{\"a\":01}", ERR_FORMAT, NULL},
};

static void test_walk(void)
{
	uint8_t memory[256];
	struct buf b;

	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++) {
		const char *line = walks[i].line, *items = walks[i].items;

		buf_init(&b, memory, sizeof memory);
		int rc = record_line_walk((const uint8_t *)line, strlen(line), note, &b);
		ok(rc == walks[i].rc, "%s gives %d", line, walks[i].rc);
		if (items != NULL)
			is_mem(b.data, b.len, items, strlen(items), "and its values");
	}
}

#define LINE                                                                       \
	HEAD ",\"helo\":\"a=b\",\"helo_hex\":\"61ff\",\"size\":12,\"esmtp\":true," \
	     "\"rcpt_to\":[\"x@y\",\"z\\\"\"],\"subject\":\"\\\"verdict\\\":\\\"accepted\\\"\"}"

static const struct {
	const char *fields[3];
	int chosen;
} choices[] = {
    {{NULL}, 1},
    {{"helo=a=b"}, 1},
    {{"helo=a"}, 0},
    {{"helo_hex=61ff"}, 1},
    {{"size=12"}, 1},
    {{"size=1"}, 0},
    {{"esmtp=true"}, 1},
    {{"esmtp=false"}, 0},
    {{"rcpt_to=x@y"}, 1},
    {{"rcpt_to=z\""}, 1},
    {{"rcpt_to=z"}, 0},
    {{"rcpt_to=x@y", "size=12"}, 1},
    {{"rcpt_to=x@y", "size=13"}, 0},
    {{"verdict=accepted"}, 0},
    {{"type=message"}, 1},
    {{"seq=42"}, 1},
    {{"mail_from="}, 0},
};

static void test_select(void)
{
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		struct record_select s;

		record_select_init(&s);
		for (size_t f = 0; f < 3 && choices[i].fields[f] != NULL; f++)
			is_int(record_select_add(&s, choices[i].fields[f]), 0,
			       choices[i].fields[f]);
		is_int(record_select_match(&s, (const uint8_t *)LINE, strlen(LINE)),
		       choices[i].chosen, "chooses as it should");
		record_select_fini(&s);
	}
}

static void test_select_limits(void)
{
	struct record_select s;
	const uint8_t *line = (const uint8_t *)LINE;

	record_select_init(&s);
	is_int(record_select_add(&s, "helo"), ERR_FORMAT, "a field without a value is refused");
	is_int(record_select_add(&s, "hello=x"), ERR_REFUSED, "so is an unknown field");
	is_int(record_select_add(&s, "=x"), ERR_REFUSED, "one without a name");
	is_int(record_select_add(&s, "_hex=x"), ERR_REFUSED, "one of a suffix alone");
	is_int(record_select_add(&s, "dialogue=x"), ERR_REFUSED, "and the dialogue");
	s.since = TS;
	is_int(record_select_match(&s, line, strlen(LINE)), 1, "since counts the time itself");
	s.since = TS + 1;
	is_int(record_select_match(&s, line, strlen(LINE)), 0, "and nothing before it");
	s.since = 0;
	s.until = TS;
	is_int(record_select_match(&s, line, strlen(LINE)), 0,
	       "until does not count the time itself");
	s.until = TS + 1;
	is_int(record_select_match(&s, line, strlen(LINE)), 1, "but all before it");
	is_int(record_select_match(&s, line, 20), ERR_FORMAT, "what is no record is told");
	for (int i = 0; i < RECORD_SELECT_MAX; i++)
		record_select_add(&s, "size=12");
	is_int(record_select_add(&s, "size=12"), ERR_FULL, "there is a limit to fields");
	is_int(record_select_match(&s, line, strlen(LINE)), 1, "at which all are compared");
	record_select_fini(&s);
}

int main(void)
{
	test_head();
	test_walk();
	test_select();
	test_select_limits();
	return tap_done();
}
