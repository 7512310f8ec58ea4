/*
 * fuzz_hello_mend.c: in whatever bytes a hello is, only whole types and cipher suites within it are
 * overwritten, once is enough, and headers of records come out the same in any pieces.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client_hello.h"
#include "hello_mend.h"
#include "tls_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SERVED 0x0304

static void check_plan(const uint8_t *data, size_t size)
{
	uint8_t *body = malloc(size), *before = malloc(size);
	struct client_hello h = {0};
	struct hello_mends m, again;

	memcpy(body, data, size);
	memcpy(before, data, size);
	bool any = hello_mend_plan(&m, (struct span){body, size}, SERVED);
	assert(any == (m.count > 0) && any == (m.set != 0));
	hello_mend_apply(&m, body, size);
	for (size_t i = 0; i < m.count; i++) {
		assert(m.at[i] <= size - 2);
		before[m.at[i]] = before[m.at[i] + 1] = HELLO_GREASE & 0xff;
	}
	assert(memcmp(body, before, size) == 0);
	client_hello_read_body(&h, (struct span){body, size}, 0);
	assert(!any || h.whole);
	assert(!any || !hello_mend_plan(&again, (struct span){body, size}, SERVED));
	free(body);
	free(before);
}

static void check_headers(const uint8_t *data, size_t size)
{
	struct tls_header whole = {0}, pieces = {0};
	uint8_t *one = malloc(size), *many = malloc(size);
	size_t chunk = data[size - 1] % 7 + 1u;
	bool mended = false;

	memcpy(one, data, size);
	memcpy(many, data, size);
	bool at_once = tls_header_pass(&whole, one, size);
	for (size_t at = 0; at < size; at += chunk)
		mended |=
		    tls_header_pass(&pieces, many + at, size - at < chunk ? size - at : chunk);
	assert(at_once == mended && memcmp(one, many, size) == 0);
	assert(at_once == (memcmp(one, data, size) != 0));
	free(one);
	free(many);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_plan(data, size);
	check_headers(data, size);
	return 0;
}
