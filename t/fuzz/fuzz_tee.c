/*
 * fuzz_tee.c: any bytes in any pieces pass the tee unchanged, and what it tells of them does not
 * depend on the pieces.
 *
 * The first byte of the input gives the size of the pieces, the second where tee_stop() comes.
 */
#include <assert.h>
#include <string.h>

#include "tls_tee.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[TEE_SIZE];

static void feed(struct tls_tee *t, const uint8_t *bytes, size_t len, size_t chunk, size_t stop)
{
	size_t in = 0, out = 0;

	tee_init(t, memory);
	while (in < len) {
		size_t room, n = len - in < chunk ? len - in : chunk;
		if (in >= stop)
			tee_stop(t);
		uint8_t *to = tee_room(t, &room);
		assert(room > 0 && to >= memory && to + room <= memory + sizeof memory);
		if (n > room)
			n = room;
		memcpy(to, bytes + in, n);
		tee_fill(t, n);
		in += n;
		uint8_t piece[61];
		for (size_t got; (got = tee_take(t, piece, sizeof piece)) > 0; out += got)
			assert(memcmp(piece, bytes + out, got) == 0);
		assert(out == in && tee_unread(t) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_tee whole, pieces;
	size_t len;

	if (size < 2)
		return 0;
	const uint8_t *bytes = data + 2;
	size_t total = size - 2;
	feed(&whole, bytes, total, total + 1, SIZE_MAX);
	const uint8_t *kept = tee_hello(&whole, &len);
	assert(len == (total < TEE_KEEP ? total : TEE_KEEP));
	assert(len == 0 || memcmp(kept, bytes, len) == 0);
	feed(&pieces, bytes, total, data[0] + 1u, SIZE_MAX);
	assert(pieces.kind == whole.kind && pieces.lost == whole.lost &&
	       pieces.alert == whole.alert && pieces.alert_level == whole.alert_level &&
	       pieces.alert_number == whole.alert_number && pieces.records == whole.records);
	assert(tee_format(&pieces) == tee_format(&whole));
	feed(&pieces, bytes, total, data[0] + 1u, data[1]);
	return 0;
}
