/*
 * gzip_isal_deflate.c: deflate with ISA-L, in a quarter of zlib's instructions.
 *
 * Runs in the logger.  Input: records, of which nothing is assumed; output: raw deflate (RFC 1951) with
 * points to flush at as zlib's, an empty stored block each, so that readers and repair see no difference.
 */
#include "gzip_isal_deflate.h"

#ifdef HAVE_ISAL
#include <assert.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

/* ISA-L's own.  Levels 1 and 2 need half as much, but of messages with the same body, as spam is, make
 * up to four times as much: they forget where in a long match they have been. */
#define LEVEL 3

struct state {
	struct isal_zstream isal;
	uint8_t memory[ISAL_DEF_LVL3_DEFAULT];
};

static void *make(void)
{
	struct state *s = malloc(sizeof *s);

	if (s == NULL)
		return NULL;
	isal_deflate_init(&s->isal);
	s->isal.level = LEVEL;
	s->isal.level_buf = s->memory;
	s->isal.level_buf_size = sizeof s->memory;
	return s;
}

static void reset(void *state)
{
	struct state *s = state;

	isal_deflate_reset(&s->isal);
	s->isal.end_of_stream = 0;
}

static void run(void *state, z_stream *z, int flush)
{
	struct isal_zstream *i = &((struct state *)state)->isal;

	i->next_in = (uint8_t *)(uintptr_t)z->next_in; /* it only reads there */
	i->avail_in = z->avail_in;
	i->next_out = z->next_out;
	i->avail_out = z->avail_out;
	i->flush = flush == Z_SYNC_FLUSH ? SYNC_FLUSH : NO_FLUSH;
	i->end_of_stream = flush == Z_FINISH;
	int rc = isal_deflate(i);
	assert(rc == COMP_OK); /* the others are wrong settings */
	(void)rc;
	z->next_in = i->next_in;
	z->avail_in = i->avail_in;
	z->next_out = i->next_out;
	z->avail_out = i->avail_out;
}

static uint32_t crc(uint32_t before, const void *bytes, size_t len)
{
	return crc32_gzip_refl(before, bytes, len);
}

const struct gzip_deflater gzip_isal_deflater = {make, free, reset, run, crc};
#endif
