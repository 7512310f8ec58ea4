/*
 * Values of fields found in lines of JSON without reading all of them.
 */
#include "record_scan.h"

#include <stdlib.h>

#include "../tap.h"
#include "err.h"

static const struct {
	const char *line, *field;
	int rc;
	const char *value; /* NULL: absent; list elements each with a bar behind */
} lines[] = {
    {"{\"helo\":\"mx\"}", "helo", 0, "mx"},
    {"{\"v\":1,\"helo\":\"\"}", "helo", 0, ""},
    {"{\"v\":12,\"helo\":\"x\"}", "v", 0, "12"},
    {"{\"esmtp\":true}", "esmtp", 0, "true"},
    {"{\"esmtp\":true}", "helo", 0, NULL},
    {"{}", "helo", 0, NULL},
    {"{\"helo\":\"a\\\"b\",\"v\":1}", "helo", 0, "a\"b"},
    {"{\"helo\":\"a\\\\\",\"v\":1}", "v", 0, "1"},
    {"{\"helo\":\"a\\\\\\\"\",\"v\":1}", "v", 0, "1"},
    {"{\"helo\":\"\\u0001\\n\\t\\b\\f\\r\\/\"}", "helo", 0, "\001\n\t\b\f\r/"},
    {"{\"helo\":\"\\u00e9\\u20AC\\ud83d\\ude00\"}", "helo", 0,
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"{\"helo\":\"\\ud83d!\"}", "helo", 0, "\xef\xbf\xbd!"},
    {"{\"helo_hex\":\"ff\",\"helo\":\"x\"}", "helo", 0, "x"},
    {"{\"helo_hex\":\"ff\",\"helo\":\"x\"}", "helo_hex", 0, "ff"},
    {"{\"rcpt_to\":[\"a\",\"b]\"],\"v\":1}", "rcpt_to", 0, "a|b]|"},
    {"{\"rcpt_to\":[],\"v\":1}", "rcpt_to", 0, ""},
    {"{\"dialogue\":[{\"us\":1,\"t\":\"]}\\\"\"},{\"l\":[2]}],\"helo\":\"x\"}", "helo", 0, "x"},
    {"{\"oddities\":[\"helo\"],\"subject\":\"\\\"helo\\\":\\\"y\\\"\"}", "helo", 0, NULL},
    {"{\"helo\":\"x\",\"v\":", "helo", 0, "x"},
    {"", "helo", ERR_FORMAT, NULL},
    {"[]", "helo", ERR_FORMAT, NULL},
    {"{", "helo", ERR_FORMAT, NULL},
    {"{\"v\"", "helo", ERR_FORMAT, NULL},
    {"{\"v\":", "helo", ERR_FORMAT, NULL},
    {"{\"v\":1", "helo", ERR_FORMAT, NULL},
    {"{\"v\":1 ,\"helo\":\"x\"}", "helo", ERR_FORMAT, NULL},
    {"{\"v\":\"x", "helo", ERR_FORMAT, NULL},
    {"{\"v\":\"x\\\"}", "helo", ERR_FORMAT, NULL},
    {"{\"v\":[1,2", "helo", ERR_FORMAT, NULL},
    {"{\"v\":[\"x", "helo", ERR_FORMAT, NULL},
    {"{v:1}", "helo", ERR_FORMAT, NULL},
};

/* The value as text: decoded, elements apart by bars. */
static void show(struct buf *to, const struct record_scan_value *v, struct buf *scratch)
{
	struct record_scan_value element;
	const char *text;
	size_t len, at = 0;

	if (v->kind != SCAN_LIST) {
		is_int(record_scan_text(v, scratch, &text, &len), 0, "its text can be had");
		buf_put(to, text, len);
		return;
	}
	while (record_scan_element(v, &at, &element) == 1) {
		show(to, &element, scratch);
		buf_put_str(to, "|");
	}
}

static void test_lines(void)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		uint8_t memory[256];
		struct buf got, scratch;
		struct record_scan s;
		/* A copy without a byte to spare, for the sanitizer to see where reading ends. */
		size_t len = strlen(lines[i].line);
		uint8_t *line = malloc(len + (len == 0));

		memcpy(line, lines[i].line, len);
		buf_init(&got, memory, sizeof memory);
		buf_init_heap(&scratch, 1024);
		record_scan_init(&s);
		is_int(record_scan_want(&s, lines[i].field, strlen(lines[i].field)), 0, "a field");
		ok(record_scan_line(&s, line, len) == lines[i].rc, "%s: %d", lines[i].line,
		   lines[i].rc);
		if (lines[i].value == NULL) {
			ok(s.value[0].kind == SCAN_ABSENT, "%s is not there", lines[i].field);
		} else {
			show(&got, &s.value[0], &scratch);
			is_mem(got.data, got.len, lines[i].value, strlen(lines[i].value),
			       "its value");
		}
		buf_fini(&scratch);
		free(line);
	}
}

static void test_bad_escapes(void)
{
	static const char *const texts[] = {"\\", "\\x", "\\u", "\\u12", "\\u12g4", "a\\"};
	struct buf scratch;
	const char *text = NULL;
	size_t len = 0;

	buf_init_heap(&scratch, 8);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct record_scan_value v = {SCAN_STRING, true, texts[i], strlen(texts[i])};

		ok(record_scan_text(&v, &scratch, &text, &len) == ERR_FORMAT, "%s is refused",
		   texts[i]);
	}
	struct record_scan_value v = {SCAN_STRING, true, "\\n12345678", 10};
	is_int(record_scan_text(&v, &scratch, &text, &len), ERR_MEMORY,
	       "a text that the scratch buffer cannot hold is told");
	ok(text == NULL && len == 0, "where there is none, nothing is given");
	buf_fini(&scratch);
}

static void test_wants(void)
{
	struct record_scan s;
	int wrong = 0, last = 0;

	record_scan_init(&s);
	is_int(record_scan_want(&s, "no_such", 7), ERR_REFUSED, "an unknown field is refused");
	is_int(record_scan_want(&s, "", 0), ERR_REFUSED, "so is an empty name");
	is_int(record_scan_want(&s, "_hex", 4), ERR_REFUSED, "and a suffix alone");
	for (int i = 0; i < FIELD_COUNT && last != ERR_FULL; i++) {
		const char *name = record_table[i].name;

		last = record_scan_want(&s, name, strlen(name));
		wrong += last != (i < RECORD_SCAN_MAX ? i : ERR_FULL);
		wrong += i < RECORD_SCAN_MAX && record_scan_want(&s, name, strlen(name)) != i;
	}
	is_int(wrong, 0, "each field has a slot of its own, the same each time");
	is_int(last, ERR_FULL, "up to the limit");
	const char *line = "{\"v\":1,\"sensor\":\"s\",\"seq\":7}";
	is_int(record_scan_line(&s, (const uint8_t *)line, strlen(line)), 0, "a line with some");
	ok(s.value[0].len == 1 && s.value[0].text[0] == '1', "the first is found");
	ok(s.value[FIELD_SEQ].len == 1 && s.value[FIELD_SEQ].text[0] == '7', "and the last");
	ok(s.value[FIELD_TS].kind == SCAN_ABSENT, "others are absent");
}

int main(void)
{
	test_lines();
	test_bad_escapes();
	test_wants();
	return tap_done();
}
