/*
 * buf.h: a byte buffer whose every append is bounds-checked.
 *
 * The buffer does not own its memory unless buf_init_heap() made it.  An append that does not fit
 * changes nothing, sets `failed` and makes every later append a no-op: write ten fields, check
 * once (sticky error).
 */
#ifndef SMTPTRAP_BUF_H
#define SMTPTRAP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool failed; /* an append did not fit, or memory ran out */
	bool grows;  /* memory is owned and grows up to max */
	size_t max;
};

/* Use the cap bytes at memory, which the caller owns and keeps as long as the buffer is used. */
void buf_init(struct buf *b, void *memory, size_t cap);

/* Own memory on the heap, none at first, at most max bytes; release with buf_fini(). */
void buf_init_heap(struct buf *b, size_t max);

/* Release owned memory; the buffer is empty and unusable afterwards. */
void buf_fini(struct buf *b);

/* Forget the content and the error, keep the memory. */
void buf_reset(struct buf *b);

/* As buf_reserve(), where there is no room yet, or no memory at all. */
uint8_t *buf_make_room(struct buf *b, size_t len);

/* Room for len bytes at the end, to be filled by the caller and counted by adding to len;
 * NULL (and `failed`) if it does not fit; perhaps NULL for no bytes. */
static inline uint8_t *buf_reserve(struct buf *b, size_t len)
{
	return !b->failed && len > 0 && len <= b->cap - b->len ? b->data + b->len
							       : buf_make_room(b, len);
}

/* Append; see `failed`. */
void buf_put(struct buf *b, const void *bytes, size_t len);

/* Inline, so that the length of a literal is known. */
static inline void buf_put_str(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

static inline void buf_put_byte(struct buf *b, uint8_t byte)
{
	uint8_t *to = buf_reserve(b, 1);

	if (to == NULL)
		return;
	*to = byte;
	b->len++;
}

/* Append a decimal number; the second with zeros before it, so that it has `width` digits (at most
 * 20) or more. */
void buf_put_u64(struct buf *b, uint64_t n);
void buf_put_digits(struct buf *b, uint64_t n, unsigned width);

/* Append len bytes as lower-case hexadecimal digits. */
void buf_put_hex(struct buf *b, const uint8_t *bytes, size_t len);

/* Append at most 511 bytes.  It costs ten times what the others do. */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
