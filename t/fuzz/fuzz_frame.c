/*
 * fuzz_frame.c: fuzz target for frames that come through the results pipe.
 *
 * The input is a packet.  Properties: the header that is accepted is one that may be; its payload
 * is the rest of the packet, all of it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frame_header h;
	const uint8_t *payload = NULL;
	int rc = frame_decode(data, len, &h, &payload);

	must(rc == 0 || rc == ERR_FORMAT);
	if (rc != 0)
		return 0;
	must(len <= FRAME_MAX && h.magic == FRAME_MAGIC && h.version == FRAME_VERSION);
	must(h.type > 0 && h.type < FRAME_TYPE_COUNT);
	must(payload == data + sizeof h && h.length == len - sizeof h);
	must(memcmp(&h, data, sizeof h) == 0);
	return 0;
}
