/*
 * fuzz_json_check.c: fuzz target for what the shipper takes for a whole JSON object.
 *
 * Properties: what is taken yajl takes too, as an object; what yajl takes is, if it is ASCII, has
 * no blanks, and not so many brackets that it could be too deep.
 */
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Where the outermost object ends. */
struct outermost {
	yajl_handle parser;
	unsigned depth;
	size_t end; /* bytes; 0: it does not */
};

static int on_start(void *ctx)
{
	struct outermost *o = ctx;

	o->depth++;
	return 1;
}

static int on_end(void *ctx)
{
	struct outermost *o = ctx;

	if (--o->depth == 0)
		o->end = yajl_get_bytes_consumed(o->parser);
	return 1;
}

/* Behind an object yajl takes a string that does not end, too: so it must end where the text does. */
static bool yajl_takes(const uint8_t *data, size_t len)
{
	const yajl_callbacks callbacks = {.yajl_start_map = on_start, .yajl_end_map = on_end};
	struct outermost o = {0};

	o.parser = yajl_alloc(&callbacks, NULL, &o);
	bool yes = yajl_parse(o.parser, data, len) == yajl_status_ok &&
		   yajl_complete_parse(o.parser) == yajl_status_ok;
	yajl_free(o.parser);
	return yes && len > 0 && data[0] == '{' && o.end == len;
}

/* Could nothing but form be wrong with it? */
static bool is_simple(const uint8_t *data, size_t len)
{
	unsigned brackets = 0;

	for (size_t i = 0; i < len; i++) {
		if (data[i] <= ' ' || data[i] >= 0x80)
			return false;
		brackets += data[i] == '{' || data[i] == '[';
	}
	return brackets <= JSON_CHECK_DEPTH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	bool ours = json_is_object(data, len), theirs = yajl_takes(data, len);

	if (ours && !theirs)
		abort();
	if (theirs && !ours && is_simple(data, len))
		abort();
	return 0;
}
