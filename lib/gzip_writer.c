/*
 * gzip_writer.c: a gzip file of many members, written so that a failed write can be undone.
 *
 * Runs in the logger, one writer a stream, and in smtptrap-ship, which writes what it fetches.  Input: records; output: compressed bytes in a buffer
 * of the caller, who does the I/O and says with a mark what is safely stored.  The state that a
 * mark keeps (lengths and CRC) is kept here, not in zlib, which is why zlib (or what is
 * used in its place) makes raw deflate only.  The one error is a buffer that is too small.
 */
#include "gzip_writer.h"

#include <assert.h>
#include <string.h>

#include "err.h"
#include "wire.h"

#define FLAG_EXTRA 4
#define OS_UNIX 3
#define EXTRA_DATA 16              /* two numbers */
#define EXTRA_LEN (4 + EXTRA_DATA) /* with the subfield's own header */
/* 192 KiB a stream.  zlib walks its hash table for each 32 KiB of input: with the default, 8, which has
 * a table of twice the size, records cost a tenth more and become no smaller. */
#define MEMORY_LEVEL 7

/* All of a header but the two numbers (RFC 1952, 2.3); no time, so that equal records make equal
 * files. */
static const uint8_t signature[GZIP_SIGNATURE] = {
    0x1f, 0x8b,    Z_DEFLATED, FLAG_EXTRA, 0,   0,   0,          0,
    0,    OS_UNIX, EXTRA_LEN,  0,          'S', 'T', EXTRA_DATA, 0,
};

void gzip_end_bytes(uint32_t crc, uint64_t member_raw, uint8_t end_r[GZIP_END])
{
	end_r[0] = 0x03; /* last block, fixed Huffman codes, end of block at once */
	end_r[1] = 0x00;
	wire_store(end_r + 2, crc, 4);
	wire_store(end_r + 6, member_raw, 4);
}

int gzip_member_parse(const uint8_t *bytes, size_t len, struct gzip_member *m_r)
{
	if (len < GZIP_HEADER || memcmp(bytes, signature, GZIP_SIGNATURE) != 0)
		return ERR_FORMAT;
	const uint8_t *at = bytes + GZIP_SIGNATURE, *end = bytes + GZIP_HEADER;
	int rc = wire_get(&at, end, &m_r->first_seq, 8);
	return rc == 0 ? wire_get(&at, end, &m_r->raw_offset, 8) : rc;
}

/* ---- zlib; its state is the writer's z ---- */

static void zlib_free(void *state)
{
	deflateEnd(state);
}

static void zlib_reset(void *state)
{
	deflateReset(state);
}

static void zlib_deflate(void *state, z_stream *z, int flush)
{
	(void)state;
	deflate(z, flush);
}

static uint32_t zlib_crc(uint32_t crc, const void *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc, bytes, len);
}

static const struct gzip_deflater zlib = {
    .free = zlib_free, .reset = zlib_reset, .deflate = zlib_deflate, .crc = zlib_crc};

/* ---- the writer ---- */

int gzip_writer_init(struct gzip_writer *w, struct buf *out, int level, uint64_t size, uint64_t raw)
{
	*w = (struct gzip_writer){
	    .at = {.size = size, .raw = raw}, .out = out, .deflater = &zlib, .state = &w->z};
	assert(level >= 0 && level <= 9);
	if (deflateInit2(&w->z, level, Z_DEFLATED, -MAX_WBITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return ERR_MEMORY;
	return 0;
}

int gzip_writer_use(struct gzip_writer *w, const struct gzip_deflater *deflater)
{
	void *state = deflater->make();

	if (state == NULL)
		return ERR_MEMORY;
	w->deflater->free(w->state);
	w->deflater = deflater;
	w->state = state;
	return 0;
}

void gzip_writer_fini(struct gzip_writer *w)
{
	w->deflater->free(w->state);
	*w = (struct gzip_writer){0};
}

static int put(struct gzip_writer *w, const void *bytes, size_t len)
{
	buf_put(w->out, bytes, len);
	if (w->out->failed)
		return ERR_FULL;
	w->at.size += len;
	return 0;
}

/* Run deflate until it has nothing more to give. */
static int deflate_all(struct gzip_writer *w, int flush)
{
	do {
		uint8_t *to = buf_reserve(w->out, GZIP_OUT_ROOM);

		if (to == NULL)
			return ERR_FULL;
		w->z.next_out = to;
		w->z.avail_out = GZIP_OUT_ROOM;
		w->deflater->deflate(w->state, &w->z, flush);
		w->out->len += GZIP_OUT_ROOM - w->z.avail_out;
		w->at.size += GZIP_OUT_ROOM - w->z.avail_out;
	} while (w->z.avail_out == 0);
	return 0;
}

static int open_member(struct gzip_writer *w, uint64_t seq)
{
	uint8_t header[GZIP_HEADER];
	uint64_t at = w->at.size;

	memcpy(header, signature, GZIP_SIGNATURE);
	wire_store(header + GZIP_SIGNATURE, seq, 8);
	wire_store(header + GZIP_SIGNATURE + 8, w->at.raw, 8);
	if (put(w, header, sizeof header) != 0)
		return ERR_FULL;
	w->at.member_at = at;
	w->at.member_raw = 0;
	w->at.crc = 0; /* of no bytes */
	w->at.open = true;
	w->pending = false;
	w->deflater->reset(w->state);
	return 0;
}

int gzip_writer_close(struct gzip_writer *w)
{
	uint8_t end[GZIP_END];

	if (!w->at.open)
		return 0;
	if (deflate_all(w, Z_FINISH) != 0)
		return ERR_FULL;
	gzip_end_bytes(w->at.crc, w->at.member_raw, end);
	if (put(w, end + 2, sizeof end - 2) != 0)
		return ERR_FULL;
	w->at.open = false;
	return 0;
}

int gzip_writer_record(struct gzip_writer *w, uint64_t seq)
{
	if (w->at.open && w->at.member_raw < GZIP_MEMBER_RAW)
		return 0;
	if (gzip_writer_close(w) != 0)
		return ERR_FULL;
	return open_member(w, seq);
}

int gzip_writer_append(struct gzip_writer *w, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	assert(w->at.open);
	while (len > 0) {
		uInt step = len > UINT32_MAX ? UINT32_MAX : (uInt)len;

		w->z.next_in = p;
		w->z.avail_in = step;
		if (deflate_all(w, Z_NO_FLUSH) != 0)
			return ERR_FULL;
		w->at.crc = w->deflater->crc(w->at.crc, p, step);
		w->at.member_raw += step;
		w->at.raw += step;
		w->pending = true;
		p += step;
		len -= step;
	}
	return 0;
}

int gzip_writer_flush(struct gzip_writer *w)
{
	if (!w->at.open || !w->pending)
		return 0;
	if (deflate_all(w, Z_SYNC_FLUSH) != 0)
		return ERR_FULL;
	w->pending = false;
	return 0;
}

int gzip_writer_rollback(struct gzip_writer *w, const struct gzip_mark *mark)
{
	uint8_t end[GZIP_END];

	buf_reset(w->out);
	w->at = *mark;
	w->at.open = false;
	w->pending = false;
	w->deflater->reset(w->state);
	if (!mark->open)
		return 0;
	gzip_end_bytes(mark->crc, mark->member_raw, end);
	return put(w, end, sizeof end);
}
