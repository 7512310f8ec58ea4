/*
 * gzip_reader.c: read a gzip file of many members, finished, torn or still growing.
 *
 * Runs in the logger (at its start), the reader and the shipper.  Input: a file that a crash, a full
 * disk or bad memory may have damaged; every byte goes through zlib, or the engine that takes its
 * place, which checks it.  Any gzip file is read, not only those of gzip_writer.c.  Memory is fixed:
 * two buffers and a window.
 */
#include "gzip_reader.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "file_io.h"

#define STEP (64u * 1024)
#define MARGIN 4u      /* bytes of the input before, so that a flush marker can be seen whole */
#define UNUSED_BITS 63 /* z_stream.data_type, see inflate() in zlib.h */
#define LAST_BLOCK 64
#define END_OF_BLOCK 128

int gzip_reader_open(struct gzip_reader *r, int fd, uint64_t offset, bool blocks)
{
	*r = (struct gzip_reader){.fd = fd, .blocks = blocks};
	r->in = calloc(1, MARGIN + STEP);
	r->out = malloc(STEP);
	if (r->in == NULL || r->out == NULL || inflateInit2(&r->z, MAX_WBITS + 16) != Z_OK) {
		free(r->in);
		free(r->out);
		*r = (struct gzip_reader){0};
		return ERR_MEMORY;
	}
	gzip_reader_seek(r, offset);
	return 0;
}

int gzip_reader_use(struct gzip_reader *r, const struct gzip_engine *engine)
{
	void *state = engine->make();

	if (state == NULL)
		return ERR_MEMORY;
	r->engine = engine;
	r->engine_state = state;
	return 0;
}

void gzip_reader_close(struct gzip_reader *r)
{
	if (r->engine != NULL)
		r->engine->free(r->engine_state);
	if (r->in != NULL)
		inflateEnd(&r->z);
	free(r->in);
	free(r->out);
	*r = (struct gzip_reader){0};
}

void gzip_reader_seek(struct gzip_reader *r, uint64_t offset)
{
	r->next = offset;
	r->member_at = offset;
	r->raw = 0;
	r->inside = false;
	r->member_ended = false;
	r->at_flush = false;
	r->z.next_in = r->in + MARGIN;
	r->z.avail_in = 0;
}

uint64_t gzip_reader_at(const struct gzip_reader *r)
{
	return r->next - r->z.avail_in;
}

static int refill(struct gzip_reader *r)
{
	size_t got, want = STEP;

	if (r->limit > 0 && (r->next >= r->limit || r->limit - r->next < STEP))
		want = r->next >= r->limit ? 0 : (size_t)(r->limit - r->next);
	memmove(r->in, r->z.next_in - MARGIN, MARGIN);
	if (file_read_at(r->fd, r->in + MARGIN, want, r->next, &got) != 0)
		return ERR_SYSTEM;
	r->next += got;
	r->z.next_in = r->in + MARGIN;
	r->z.avail_in = (uInt)got;
	return 0;
}

/* A flush is an empty stored block that ends at a byte: 00 00 FF FF.  Not if it is the member's
 * last: the trailer follows then, and no other block can. */
static void note_block(struct gzip_reader *r, size_t len)
{
	static const uint8_t marker[MARGIN] = {0x00, 0x00, 0xff, 0xff};
	bool block_ended = r->z.data_type & END_OF_BLOCK;

	r->block_has_output |= len > 0;
	r->at_flush = block_ended && (r->z.data_type & (UNUSED_BITS | LAST_BLOCK)) == 0 &&
		      !r->block_has_output && memcmp(r->z.next_in - MARGIN, marker, MARGIN) == 0;
	if (block_ended)
		r->block_has_output = false;
}

static void begin_member(struct gzip_reader *r)
{
	if (r->engine != NULL)
		r->engine->reset(r->engine_state);
	else
		inflateReset(&r->z);
	r->member_at = gzip_reader_at(r);
	r->inside = true;
	r->block_has_output = false;
}

/* One call of inflate(): GZIP_DATA, GZIP_MEMBER, GZIP_TORN if it wants more, or an error. */
static int inflate_some(struct gzip_reader *r, size_t *len_r)
{
	r->z.next_out = r->out;
	r->z.avail_out = STEP;
	int rc = r->engine != NULL ? r->engine->inflate(r->engine_state, &r->z)
				   : inflate(&r->z, r->blocks ? Z_BLOCK : Z_NO_FLUSH);
	size_t len = STEP - r->z.avail_out;

	*len_r = len;
	r->raw += len;
	if (r->blocks)
		note_block(r, len);
	if (rc == Z_STREAM_END) {
		r->inside = false;
		r->member_ended = len > 0;
		return len > 0 ? GZIP_DATA : GZIP_MEMBER;
	}
	if (rc == Z_MEM_ERROR)
		return ERR_MEMORY;
	if (rc != Z_OK && rc != Z_BUF_ERROR)
		return len > 0 ? GZIP_DATA : ERR_CORRUPT;
	return len > 0 || r->at_flush ? GZIP_DATA : GZIP_TORN;
}

int gzip_reader_next(struct gzip_reader *r, const uint8_t **bytes_r, size_t *len_r)
{
	*bytes_r = r->out;
	*len_r = 0;
	if (r->member_ended) {
		r->member_ended = false;
		return GZIP_MEMBER;
	}
	for (;;) {
		if (r->z.avail_in == 0 && refill(r) != 0)
			return ERR_SYSTEM;
		bool starved = r->z.avail_in == 0;
		if (!r->inside && starved)
			return GZIP_EOF;
		if (!r->inside)
			begin_member(r);
		int event = inflate_some(r, len_r);
		if (event != GZIP_TORN || starved)
			return event;
	}
}
