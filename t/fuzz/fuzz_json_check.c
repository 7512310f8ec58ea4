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

static bool yajl_takes(const uint8_t *data, size_t len)
{
	yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
	bool yes = yajl_parse(parser, data, len) == yajl_status_ok &&
		   yajl_complete_parse(parser) == yajl_status_ok;

	yajl_free(parser);
	return yes && len > 0 && data[0] == '{';
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
