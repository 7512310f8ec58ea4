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

/* Append; see `failed`. */
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_put_str(struct buf *b, const char *text);
void buf_put_byte(struct buf *b, uint8_t byte);
void buf_put_hex(struct buf *b, const uint8_t *bytes, size_t len); /* 2 * len digits, hex.h */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for len bytes at the end, to be filled by the caller and counted by adding to len;
 * NULL (and `failed`) if it does not fit. */
uint8_t *buf_reserve(struct buf *b, size_t len);

#endif
