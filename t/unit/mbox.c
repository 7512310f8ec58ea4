/*
 * mboxrd: quoting, unquoting in every chunking, the From_ line, the trace header.
 */
#include "mbox.h"

#include <stdlib.h>

#include "../tap.h"
#include "err.h"

static const struct {
	const char *raw, *stored; /* stored: with the end that mbox_quote_end() adds */
} cases[] = {
    {"", "\n"},
    {"a\r\n", "a\r\n\n"},
    {"a", "a\n\n"},
    {"a\r", "a\r\n\n"},
    {"From x\r\n", ">From x\r\n\n"},
    {"From ", ">From \n\n"},
    {"From", "From\n\n"},
    {"Fro", "Fro\n\n"},
    {"From\r\n", "From\r\n\n"},
    {"from x\n", "from x\n\n"},
    {"From: x\n", "From: x\n\n"},
    {" From x\n", " From x\n\n"},
    {">From x\n", ">>From x\n\n"},
    {">>>From x\n", ">>>>From x\n\n"},
    {">>>Frox\n", ">>>Frox\n\n"},
    {"> From x\n", "> From x\n\n"},
    {">>>", ">>>\n\n"},
    {">>Fr", ">>Fr\n\n"},
    {"a\nFrom x", "a\n>From x\n\n"},
    {"a\rFrom x\r\n", "a\rFrom x\r\n\n"},
    {"a\n\nFrom \nFrom \n", "a\n\n>From \n>From \n\n"},
    {"FFrom x\nFrFrom x\n", "FFrom x\nFrFrom x\n\n"},
    {">F>From x\n", ">F>From x\n\n"},
    {"\n", "\n\n"},
};

/* Run a filter over the input in pieces of `step` bytes. */
static void filter(int (*f)(struct mbox_filter *, const void *, size_t, struct buf *),
		   int (*end)(struct mbox_filter *, struct buf *), const void *in, size_t len,
		   size_t step, struct buf *out)
{
	struct mbox_filter state = {0};

	buf_reset(out);
	for (size_t at = 0; at < len; at += step)
		f(&state, (const char *)in + at, len - at < step ? len - at : step, out);
	end(&state, out);
}

static void test_cases(void)
{
	uint8_t memory[256], back_memory[256];
	struct buf out, back;

	buf_init(&out, memory, sizeof memory);
	buf_init(&back, back_memory, sizeof back_memory);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].raw);
		unsigned wrong = 0;

		filter(mbox_quote, mbox_quote_end, cases[i].raw, len, 256, &out);
		is_mem(out.data, out.len, cases[i].stored, strlen(cases[i].stored), "quoted");
		for (size_t step = 1; step < 12; step++) {
			filter(mbox_quote, mbox_quote_end, cases[i].raw, len, step, &out);
			wrong += out.len != strlen(cases[i].stored) ||
				 memcmp(out.data, cases[i].stored, out.len) != 0;
			filter(mbox_unquote, mbox_unquote_end, out.data, out.len, step, &back);
			wrong += back.len < len || memcmp(back.data, cases[i].raw, len) != 0;
		}
		is_int(wrong, 0, "in every chunking, and back to the exact bytes");
	}
}

/* Messages of the letters that matter. */
static void test_random(void)
{
	static const char letters[] = ">>From \n\n\rFrom";
	uint8_t memory[512], back_memory[512];
	struct buf out, back;
	unsigned wrong = 0, separators = 0;

	srandom(3);
	buf_init(&out, memory, sizeof memory);
	buf_init(&back, back_memory, sizeof back_memory);
	for (int n = 0; n < 50000; n++) {
		char raw[64];
		size_t len = (size_t)random() % sizeof raw;

		for (size_t i = 0; i < len; i++)
			raw[i] = random() & 1 ? letters[random() % 13] : "From "[i % 5];
		filter(mbox_quote, mbox_quote_end, raw, len, 1 + (size_t)random() % 9, &out);
		separators += out.len >= 5 && memcmp(out.data, "From ", 5) == 0;
		separators += memmem(out.data, out.len, "\nFrom ", 6) != NULL;
		filter(mbox_unquote, mbox_unquote_end, out.data, out.len, 1 + (size_t)random() % 9,
		       &back);
		wrong += back.len < len || memcmp(back.data, raw, len) != 0;
	}
	is_int(wrong, 0, "50,000 messages come back to the byte");
	is_int(separators, 0, "none holds a line that begins with From_");
}

static void test_small_buffer(void)
{
	struct mbox_filter f = {0};
	uint8_t memory[5];
	struct buf out;

	buf_init(&out, memory, sizeof memory);
	is_int(mbox_quote(&f, "From x", 6, &out), ERR_FULL, "a full buffer is told when quoting");
	f = (struct mbox_filter){.unended = true};
	buf_init(&out, memory, 1);
	is_int(mbox_quote_end(&f, &out), ERR_FULL, "and at the end");
}

static void test_separator(void)
{
	uint8_t memory[128];
	struct buf out;

	buf_init(&out, memory, sizeof memory);
	mbox_put_separator(&out, 1763807400);
	is_mem(out.data, out.len, "From MAILER-DAEMON Sat Nov 22 10:30:00 2025\n", 44,
	       "the From_ line has asctime()'s form");
	buf_reset(&out);
	mbox_put_separator(&out, 0);
	is_mem(out.data, out.len, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n", 44,
	       "with a blank before a day of one digit");
	buf_reset(&out);
	mbox_put_separator(&out, UINT64_MAX);
	ok(!out.failed && out.len == 44, "a time past all years is cut to the last");
}

#define ID "X-Trap-Id: 019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11\r\n"

static const struct {
	const char *title, *text;
	int rc;
	size_t len;
	uint64_t size;
} traces[] = {
    {"the shortest trace header", ID "X-Trap-Size: 7\r\nSubject", 1, 65, 7},
    {"one with other fields", "Return-Path: <>\r\nReceived: a\r\n\tb\r\n" ID "X-Trap-Size: 0\r\n",
     1, 99, 0},
    {"8-bit text", "Return-Path: <\xc3\xa9@x>\r\n" ID "X-Trap-Size: 0\r\n", 1, 86, 0},
    {"one that is not all there", ID "X-Trap-Size: 7\r", 0, 0, 0},
    {"nothing", "", 0, 0, 0},
    {"no identifier", "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"two identifiers", ID ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a wrong identifier", "X-Trap-Id: 7\r\nX-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"no size", ID "X-Trap-Size: \r\n", ERR_FORMAT, 0, 0},
    {"a negative size", ID "X-Trap-Size: -1\r\n", ERR_FORMAT, 0, 0},
    {"a size of 19 digits", ID "X-Trap-Size: 1000000000000000000\r\n", ERR_FORMAT, 0, 0},
    {"a line that ends in LF", "Return-Path: <>\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a line with CR inside", "Return-Path: <\r>\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"an empty line", "\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a From_ line", "From x: y\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a line without a colon", "Received\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a line without a name", ": x\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
    {"a continuation of nothing", " x\r\n" ID "X-Trap-Size: 7\r\n", ERR_FORMAT, 0, 0},
};

static void test_trace(void)
{
	struct mbox_trace t;

	for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
		const uint8_t *text = (const uint8_t *)traces[i].text;
		int rc = mbox_trace_parse(text, strlen(traces[i].text), &t);

		ok(rc == traces[i].rc &&
		       (rc != 1 ||
			(t.len == traces[i].len && t.size == traces[i].size && t.id[15] == 0x11)),
		   "%s: %s", traces[i].title,
		   rc == 1   ? "read"
		   : rc == 0 ? "wants more"
			     : "refused");
	}
	static const char nul[] = "Return-Path: <\0>\r\n" ID "X-Trap-Size: 7\r\n";
	is_int(mbox_trace_parse((const uint8_t *)nul, sizeof nul - 1, &t), ERR_FORMAT,
	       "a NUL in a line is refused");
}

static void test_long_trace(void)
{
	static uint8_t text[MBOX_TRACE_MAX + 1];
	struct mbox_trace t;

	memset(text, 'a', sizeof text);
	memcpy(text, "Received: ", 10);
	is_int(mbox_trace_parse(text, MBOX_TRACE_MAX - 1, &t), 0, "a long line wants more");
	is_int(mbox_trace_parse(text, MBOX_TRACE_MAX, &t), ERR_FORMAT, "but not without end");
}

/* The trace header of a copy leads back to the one it was made of. */
static void test_copy_trace(void)
{
	static const char trace[] = "Return-Path: <>\r\n" ID "X-Trap-Size: 1234\r\n",
			  copy[] = "Return-Path: <>\r\n" ID
				   "X-Trap-Copy-Of: 00000000-0000-0000-0000-000000000000\r\n"
				   "X-Trap-Size: 56\r\n";
	uint8_t id[UUID_BYTES] = {0}, room[512], again[512];
	struct mbox_trace t;
	struct buf out, back;

	buf_init(&out, room, sizeof room);
	mbox_put_copy_trace(&out, (const uint8_t *)trace, strlen(trace), id, 56);
	is_mem(out.data, out.len, copy, strlen(copy), "the trace header of a copy names the other");
	ok(mbox_trace_parse(out.data, out.len, &t) == 1 && t.size == 56 && t.len == out.len,
	   "and is one");
	ok(out.len - strlen(trace) <= MBOX_COPY_MAX, "not longer than is said");
	buf_init(&back, again, sizeof again);
	mbox_put_whole_trace(&back, out.data, out.len, 1234);
	is_mem(back.data, back.len, trace, strlen(trace), "the way back gives what was there");
	buf_reset(&back);
	mbox_put_whole_trace(&back, (const uint8_t *)trace, strlen(trace), 1234);
	is_mem(back.data, back.len, trace, strlen(trace), "also of one that is no copy's");
	out.len = 0;
	out.failed = false;
	out.cap = 60;
	mbox_put_copy_trace(&out, (const uint8_t *)trace, strlen(trace), id, UINT64_MAX);
	ok(out.failed, "without room it fails");
}

int main(void)
{
	test_cases();
	test_random();
	test_small_buffer();
	test_separator();
	test_trace();
	test_long_trace();
	test_copy_trace();
	return tap_done();
}
