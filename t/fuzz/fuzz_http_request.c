/*
 * fuzz_http_request.c: fuzz target for lib/http_request.
 *
 * Properties: what is told lies within the bytes and the limits; a shorter prefix either asks for
 * more or gives the same; what stands behind the head changes nothing.
 */
#include "http_request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct http_request *a, const struct http_request *b)
{
	return a->method == b->method && a->method_len == b->method_len && a->target == b->target &&
	       a->target_len == b->target_len && a->openmetrics == b->openmetrics &&
	       a->http10 == b->http10 && a->has_body == b->has_body;
}

static void check_request(const struct http_request *r, const uint8_t *data, size_t len)
{
	const char *end = (const char *)data + len;

	must(r->method == (const char *)data && r->method_len > 0);
	must(r->target > r->method && r->target_len <= (size_t)(end - r->target));
	must(r->target_len > 0 && r->target_len <= HTTP_TARGET_MAX && r->target[0] == '/');
	char *path = strndup(r->target, r->target_len);
	must(path != NULL && strlen(path) == r->target_len);
	must(http_request_is_for(r, path));
	path[strcspn(path, "?")] = '\0';
	must(http_request_is_for(r, path));
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_request whole, part;
	int result = http_request_parse(data, len, &whole);

	must(result == 1 || result == 0 || result == -1);
	must(result != 0 || len < HTTP_REQUEST_MAX);
	if (result == 1)
		check_request(&whole, data, len);
	for (size_t n = 0; n < len && n < HTTP_REQUEST_MAX; n += 1 + n / 64) {
		int early = http_request_parse(data, n, &part);

		must(early == 0 || early == result);
		must(early != 1 || same(&part, &whole));
	}
	return 0;
}
