/*
 * fuzz_mbox.c: fuzz target for mboxrd quoting and trace headers.
 *
 * The first two bytes choose the sizes of the pieces, the others are a message.  Properties:
 * quoting in any pieces gives the same; the quoted form holds no line that begins with From_;
 * unquoting in any pieces gives the message; a trace header that is accepted holds no line that
 * could end the message before it.
 */
#include <stdlib.h>
#include <string.h>

#include "mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void quote(const uint8_t *in, size_t len, size_t step, struct buf *out)
{
	struct mbox_filter f = {0};

	for (size_t at = 0; at < len; at += step)
		must(mbox_quote(&f, in + at, len - at < step ? len - at : step, out) == 0);
	must(mbox_quote_end(&f, out) == 0);
}

static void unquote(const struct buf *in, size_t step, struct buf *out)
{
	struct mbox_filter f = {0};

	for (size_t at = 0; at < in->len; at += step)
		must(mbox_unquote(&f, in->data + at, in->len - at < step ? in->len - at : step,
				  out) == 0);
	must(mbox_unquote_end(&f, out) == 0);
}

static bool has_from_line(const uint8_t *bytes, size_t len)
{
	return (len >= 5 && memcmp(bytes, "From ", 5) == 0) ||
	       memmem(bytes, len, "\nFrom ", 6) != NULL;
}

static void check_trace(const uint8_t *bytes, size_t len)
{
	struct mbox_trace t;

	if (mbox_trace_parse(bytes, len, &t) != 1)
		return;
	must(t.len <= len && !has_from_line(bytes, t.len));
	must(memmem(bytes, t.len, "\n\n", 2) == NULL && memchr(bytes, '\0', t.len) == NULL);
	for (size_t less = 0; less < t.len; less++)
		must(mbox_trace_parse(bytes, less, &t) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf whole, pieces, back;

	if (len < 2)
		return 0;
	size_t in_step = (size_t)data[0] + 1, out_step = (size_t)data[1] + 1;
	data += 2;
	len -= 2;
	check_trace(data, len);
	buf_init_heap(&whole, SIZE_MAX / 2);
	buf_init_heap(&pieces, SIZE_MAX / 2);
	buf_init_heap(&back, SIZE_MAX / 2);
	quote(data, len, len + 1, &whole);
	quote(data, len, in_step, &pieces);
	must(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
	must(!has_from_line(whole.data, whole.len));
	must(whole.len <= len + len / 6 + 6);
	unquote(&whole, out_step, &back);
	must(back.len > len && back.len <= len + 2 &&
	     (len == 0 || memcmp(back.data, data, len) == 0));
	buf_fini(&whole);
	buf_fini(&pieces);
	buf_fini(&back);
	return 0;
}
