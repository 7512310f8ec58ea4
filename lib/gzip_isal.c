/*
 * gzip_isal.c: inflate with ISA-L, in half of zlib's time.
 *
 * Runs in the reader, on finished files.  Input: files that may be damaged or not ours, as for zlib;
 * ISA-L checks the header, the deflate stream, length and CRC.  A member that it refuses is damaged.
 */
#include "gzip_isal.h"

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct state {
	struct inflate_state isal;
	bool failed;
};

static void *make(void)
{
	return calloc(1, sizeof(struct state));
}

static void reset(void *state)
{
	struct state *s = state;

	isal_inflate_init(&s->isal);
	s->isal.crc_flag = ISAL_GZIP;
	s->failed = false;
}

static int run(void *state, z_stream *z)
{
	struct state *s = state;
	struct inflate_state *i = &s->isal;
	unsigned in = z->avail_in, out = z->avail_out;

	if (s->failed)
		return Z_DATA_ERROR;
	i->next_in = (uint8_t *)(uintptr_t)z->next_in; /* it only reads there */
	i->avail_in = in;
	i->next_out = z->next_out;
	i->avail_out = out;
	int rc = isal_inflate(i);
	z->next_in = i->next_in;
	z->avail_in = i->avail_in;
	z->next_out = i->next_out;
	z->avail_out = i->avail_out;
	if (rc == ISAL_DECOMP_OK && i->block_state == ISAL_BLOCK_FINISH)
		return Z_STREAM_END;
	/* Room for output and input that stays where it is: that would never end. */
	bool stuck = in > 0 && i->avail_in == in && i->avail_out == out;
	s->failed = (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT) || stuck;
	return s->failed ? Z_DATA_ERROR : Z_OK;
}

const struct gzip_engine gzip_isal = {make, free, reset, run};
#endif
