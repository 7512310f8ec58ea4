/*
 * Whole JSON objects and what is none: cases, parts, depth, changed bytes; yajl is the judge.
 */
#include "json_check.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "../tap.h"

static const char record[] =
    "{\"v\":1,\"type\":\"session\",\"id\":\"019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11\",\"seq\":42,"
    "\"helo\":\"a\\u0001\\\"\\\\b\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z\",\"esmtp\":true,\"list\":[]"
    ","
    "\"more\":[\"x\",\"\",-1.5e+3,0],\"dialogue\":[{\"us\":1,\"c\":\"EHLO\"},{\"us\":20,\"e\":{}}],"
    "\"last\":false}";

static const struct {
	const char *text;
	bool yes;
} cases[] = {
    {"{}", true},
    {"{\"a\":1}", true},
    {"{\"a\":[[],{},[{}]]}", true},
    {"{\"a\":null}", true},
    {"{\"a\":-0}", true},
    {"{\"a\":0.5}", true},
    {"{\"a\":10E5}", true},
    {"{\"\":\"\\/\\b\\f\\n\\r\\t\\uD83d\"}", true},
    {"{\"a\":\"\x7f\"}", true},
    {"", false},
    {"{", false},
    {"[]", false},
    {"\"a\"", false},
    {"1", false},
    {"{}{}", false},
    {"{} ", false},
    {" {}", false},
    {"{\"a\":1 }", false},
    {"{\"a\"}", false},
    {"{\"a\":}", false},
    {"{\"a\":1,}", false},
    {"{,\"a\":1}", false},
    {"{\"a\":1\"b\":2}", false},
    {"{\"a\":[1,]}", false},
    {"{\"a\":[}]", false},
    {"{\"a\":[1}", false},
    {"{\"a\":{1}}", false},
    {"{a:1}", false},
    {"{1:1}", false},
    {"{\"a\":01}", false},
    {"{\"a\":-}", false},
    {"{\"a\":1.}", false},
    {"{\"a\":.5}", false},
    {"{\"a\":1e}", false},
    {"{\"a\":+1}", false},
    {"{\"a\":tru}", false},
    {"{\"a\":True}", false},
    {"{\"a\":\"\\x\"}", false},
    {"{\"a\":\"\\u12g4\"}", false},
    {"{\"a\":\"\\u123\"}", false},
    {"{\"a\":\"\t\"}", false},
    {"{\"a\":\"\n\"}", false},
    {"{\"a\":\"\xff\"}", false},
    {"{\"a\":\"\xc3\"}", false},
    {"{\"a\":\"\xed\xa0\x80\"}", false},
    {"{\"a\":\"12345678\x01\"}", false},
    {"{\"a\":\"12345678", false},
};

static bool is_object(const char *text, size_t len)
{
	/* at the end of what may be read, so that a sanitizer sees each step past it */
	uint8_t *copy = malloc(len + 1);

	memcpy(copy + 1, text, len);
	bool yes = json_is_object(copy + 1, len);
	free(copy);
	return yes;
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(is_object(cases[i].text, strlen(cases[i].text)) == cases[i].yes, "%s: %s",
		   cases[i].yes ? "an object" : "none", cases[i].text);
	ok(!is_object("{\"a\":\"\0\"}", 9), "none: with a NUL in it");
}

static void test_parts(void)
{
	size_t len = strlen(record);
	unsigned wrong = 0;

	ok(is_object(record, len), "a record is an object");
	for (size_t n = 0; n < len; n++)
		wrong += is_object(record, n);
	is_int(wrong, 0, "no shorter part of it is one");
	for (size_t n = 1; n < len; n++)
		wrong += is_object(record + n, len - n) && record[n] != '{';
	is_int(wrong, 0, "nor its end");
}

/* {"a":{"a":...[[]]...}} as deep as that. */
static bool deep(unsigned depth)
{
	char text[1000] = "";
	unsigned lists = depth / 2, objects = depth - lists;

	for (unsigned i = 0; i < objects; i++)
		strcat(text, i + 1 < objects || lists > 0 ? "{\"a\":" : "{");
	for (unsigned i = 0; i < lists; i++)
		strcat(text, "[");
	for (unsigned i = 0; i < lists; i++)
		strcat(text, "]");
	for (unsigned i = 0; i < objects; i++)
		strcat(text, "}");
	return is_object(text, strlen(text));
}

static void test_depth(void)
{
	ok(deep(1) && deep(2) && deep(JSON_CHECK_DEPTH), "an object is taken up to the depth");
	ok(!deep(JSON_CHECK_DEPTH + 1), "and not past it");
}

static bool yajl_takes(const char *text, size_t len)
{
	yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
	bool yes = yajl_parse(parser, (const uint8_t *)text, len) == yajl_status_ok &&
		   yajl_complete_parse(parser) == yajl_status_ok;

	yajl_free(parser);
	return yes && text[0] == '{';
}

/* Each byte of the record as each other byte.  yajl lets blanks pass, and takes too much for UTF-8. */
static void test_changed(void)
{
	size_t len = strlen(record);
	unsigned lax = 0, strict = 0, taken = 0;
	char text[sizeof record];

	memcpy(text, record, sizeof record);
	for (size_t i = 0; i < len; i++) {
		for (int c = 0; c < 256; c++) {
			text[i] = (char)c;
			bool ours = is_object(text, len), theirs = yajl_takes(text, len);
			taken += ours;
			lax += ours && !theirs;
			strict += theirs && !ours && c < 0x80 && strchr(" \t\r\n\v\f", c) == NULL &&
				  (uint8_t)record[i] < 0x80;
		}
		text[i] = record[i];
	}
	is_int(lax, 0, "with any byte changed, what is taken yajl takes");
	is_int(strict, 0, "and what yajl takes is, but for blanks and UTF-8");
	ok(taken > len, "%u of these are objects", taken);
}

int main(void)
{
	test_cases();
	test_parts();
	test_depth();
	test_changed();
	return tap_done();
}
