/*
 * fuzz_checkpoint.c: fuzz target for the shipper's checkpoint.
 *
 * Properties: what is accepted is written back as the same bytes, and its file names are those of
 * finished files of their stream.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/smtptrap-ship/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Give the text the checksum that it should have, so that more than the checksum is tried. */
static void try_with_sum(const uint8_t *data, size_t len)
{
	uint8_t text[CHECKPOINT_MAX + 64];
	struct checkpoint c;
	struct buf b;

	buf_init(&b, text, sizeof text);
	buf_put(&b, data, len);
	if (b.failed)
		return;
	buf_printf(&b, "sum %08lx\n", crc32(0, data, (uInt)len));
	(void)!checkpoint_parse(&c, b.data, b.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t text[CHECKPOINT_MAX];
	struct checkpoint c;
	struct log_name name;
	struct buf b;

	try_with_sum(data, len);
	if (checkpoint_parse(&c, data, len) != 0)
		return 0;
	buf_init(&b, text, sizeof text);
	checkpoint_format(&c, &b);
	must(!b.failed && b.len == len && memcmp(b.data, data, len) == 0);
	for (unsigned s = 0; s < SHIP_STREAMS; s++)
		must(c.stream[s].place.file[0] == '\0' ||
		     (log_name_parse(c.stream[s].place.file, &name) == 0 && name.stream == s &&
		      !name.part));
	return 0;
}
