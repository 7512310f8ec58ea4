/*
 * What --fetch-mail takes of what is told of an object, and the values of JSON by their paths.
 */
#include "../../src/smtptrap-ship/object_meta.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/smtptrap-ship/json_paths.h"
#include "../tap.h"
#include "err.h"

#define ID "0198c3a4-1b2c-7d3e-8f40-5162738495a6"
#define OTHER "0198c3a4-1b2c-7d3e-8f40-5162738495a7"
#define SUBJECT "$O.mail-mx1.M.MDE5OGMzYTQtMWIyYy03ZDNlLThmNDAtNTE2MjczODQ5NWE2"
#define DIGEST "\"digest\":\"SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\""
#define BEGIN "{\"name\":\"" ID "\",\"bucket\":\"mail-mx1\",\"nuid\":\"N\","
#define SIZE(size, chunks) BEGIN "\"size\":" size ",\"chunks\":" chunks "," DIGEST "}"
#define LINK(bucket, name) \
	BEGIN "\"options\":{\"link\":{\"bucket\":\"" bucket "\",\"name\":\"" name "\"}}}"

static const struct {
	const char *title, *text;
	bool taken;
} cases[] = {
    {"an object", SIZE("4", "1"), true},
    {"an empty one", SIZE("0", "0"), true},
    {"as many chunks as may be", SIZE("40960", "11"), true},
    {"one more", SIZE("40960", "12"), false},
    {"bytes without chunks", SIZE("4", "0"), false},
    {"chunks without bytes", SIZE("0", "1"), false},
    {"a size of 18 digits", SIZE("999999999999999999", "1"), true},
    {"of 19", SIZE("9999999999999999999", "1"), false},
    {"a size with a fraction", SIZE("4.0", "1"), false},
    {"chunks past 32 bits", SIZE("999999999999999999", "4294967296"), false},
    {"a link", LINK("mail-mx1", OTHER), true},
    {"a link to another bucket", LINK("mail-mx2", OTHER), false},
    {"a link to no identifier", LINK("mail-mx1", "x"), false},
    {"one that is deleted", BEGIN "\"deleted\":true}", true},
    {"a digest without its last =",
     BEGIN
     "\"size\":4,\"chunks\":1,\"digest\":\"SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"}",
     true},
    {"a name in a list does not count", "{\"x\":[{\"name\":\"" ID "\"}]}", false},
    {"nor one deeper", "{\"x\":{\"name\":\"" ID "\"}}", false},
    {"one that is cut", BEGIN, false},
    {"null", "null", false},
};

static void test_meta(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct object_meta m;
		const char *text = cases[i].text;
		const char *wrong =
		    object_meta_read(&m, "mail-mx1", SUBJECT, (const uint8_t *)text, strlen(text));
		ok((wrong == NULL) == cases[i].taken, "%s: %s", cases[i].title,
		   wrong != NULL ? wrong : "taken");
	}
}

/* Padded to a length with white space. */
static bool takes_padded(size_t len)
{
	static const char text[] = SIZE("4", "1");
	uint8_t *padded = malloc(len);
	struct object_meta m;

	memset(padded, ' ', len);
	memcpy(padded, text, sizeof text - 1);
	bool taken = object_meta_read(&m, "mail-mx1", SUBJECT, padded, len) == NULL;
	free(padded);
	return taken;
}

static void test_limits(void)
{
	struct object_meta m;
	char subject[OBJECT_SUBJECT_MAX], text[300], nuid[OBJECT_NUID_READ_MAX + 2];

	ok(takes_padded(OBJECT_META_READ_MAX), "the longest description is taken");
	ok(!takes_padded(OBJECT_META_READ_MAX + 1), "one that is longer is not");
	for (size_t len = OBJECT_NUID_READ_MAX; len <= OBJECT_NUID_READ_MAX + 1; len++) {
		memset(nuid, 'x', len);
		nuid[len] = '\0';
		int n = snprintf(text, sizeof text,
				 "{\"name\":\"" ID "\",\"bucket\":\"mail-mx1\",\"nuid\":\"%s\","
				 "\"size\":4,\"chunks\":1," DIGEST "}",
				 nuid);
		bool taken =
		    object_meta_read(&m, "mail-mx1", SUBJECT, (uint8_t *)text, (size_t)n) == NULL;
		ok(taken == (len == OBJECT_NUID_READ_MAX), "a NUID of %zu bytes", len);
		object_meta_chunks(subject, "mail-mx1", &m);
		if (taken)
			ok(strcmp(subject + strlen("$O.mail-mx1.C."), nuid) == 0,
			   "whole in the subject of its chunks");
	}
}

static void collect(void *ctx, const char *path, struct span text)
{
	buf_printf(ctx, "%s=%.*s;", path, (int)text.len, (const char *)text.bytes);
}

static void test_paths(void)
{
	static const struct {
		const char *title, *text, *values;
	} rows[] = {
	    {"values", "{\"a\":1,\"b\":\"x\\ny\",\"c\":true,\"d\":null,\"e\":{}}",
	     "a=1;b=x\ny;c=true;"},
	    {"paths", "{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":3}", "a.b.c=1;a.d=2;e=3;"},
	    {"lists are passed over", "{\"a\":[1,{\"b\":2},[3]],\"c\":4}", "c=4;"},
	    {"names with a dot", "{\"a.b\":1,\"a\":{\"c\":2}}", "a.c=2;"},
	    {"names with a NUL", "{\"a\\u0000b\":1,\"a\":2}", "a=2;"},
	    {"an object behind one that is hidden", "{\"a.b\":{\"c\":1},\"d\":{\"e\":2}}",
	     "d.e=2;"},
	    {"eight objects",
	     "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1},\"j\":2}}}}}}}}",
	     "a.b.c.d.e.f.g.j=2;"},
	};
	uint8_t room[1000];
	struct buf got;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_init(&got, room, sizeof room);
		is_int(json_paths_read((const uint8_t *)rows[i].text, strlen(rows[i].text), collect,
				       &got),
		       0, rows[i].title);
		buf_put_byte(&got, '\0');
		is_str((char *)got.data, rows[i].values, "and what they are");
	}
	buf_init(&got, room, sizeof room);
	for (const char *const *p =
		 (const char *const[]){"", "1", "[1]", "{", "{}x", "{\"a\":}", NULL};
	     *p != NULL; p++)
		is_int(json_paths_read((const uint8_t *)*p, strlen(*p), collect, &got), ERR_FORMAT,
		       *p);
}

int main(void)
{
	test_meta();
	test_limits();
	test_paths();
	return tap_done();
}
