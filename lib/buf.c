/*
 * buf.c: a byte buffer whose every append is bounds-checked.
 *
 * Runs in every process.  Callers trust nothing but `failed`: after any number of appends it
 * says whether all of them fitted.
 */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hex.h"

#define BUF_FIRST_ALLOCATION 512
#define BUF_DIGITS_MAX 20 /* UINT64_MAX has as many */

void buf_init(struct buf *b, void *memory, size_t cap)
{
	*b = (struct buf){.data = memory, .cap = cap, .max = cap};
}

void buf_init_heap(struct buf *b, size_t max)
{
	*b = (struct buf){.grows = true, .max = max};
}

void buf_fini(struct buf *b)
{
	if (b->grows)
		free(b->data);
	*b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static bool buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_ALLOCATION;

	while (cap - b->len < need && cap < b->max)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	if (cap < b->len || cap - b->len < need)
		return false;
	uint8_t *data = realloc(b->data, cap);
	if (data == NULL)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

uint8_t *buf_make_room(struct buf *b, size_t len)
{
	if (b->failed)
		return NULL;
	if (len > b->cap - b->len && !(b->grows && buf_grow(b, len))) {
		b->failed = true;
		return NULL;
	}
	return b->data == NULL ? NULL : b->data + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
	uint8_t *to = len > 0 ? buf_reserve(b, len) : NULL;

	if (to == NULL)
		return;
	memcpy(to, bytes, len);
	b->len += len;
}

void buf_put_digits(struct buf *b, uint64_t n, unsigned width)
{
	char text[BUF_DIGITS_MAX];
	size_t at = sizeof text;

	assert(width <= BUF_DIGITS_MAX);
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0 || sizeof text - at < width);
	buf_put(b, text + at, sizeof text - at);
}

void buf_put_u64(struct buf *b, uint64_t n)
{
	buf_put_digits(b, n, 1);
}

void buf_put_hex(struct buf *b, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return;
	uint8_t *to = buf_reserve(b, len > SIZE_MAX / 2 ? SIZE_MAX : 2 * len);
	if (to == NULL)
		return;
	hex_write(to, bytes, len);
	b->len += 2 * len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		b->failed = true;
	else
		buf_put(b, text, (size_t)n);
}
