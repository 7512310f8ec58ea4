/*
 * fuzz_data.c: fuzz target for lib/data.
 *
 * The first byte is the size of the chunks.  Properties: what comes out, and where it ends, is
 * what a plain reading of RFC 5321 4.5.2 of the whole input gives, whatever the chunks.
 */
#include <stdlib.h>

#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct result {
	uint8_t *out;
	size_t len, consumed;
	bool ended;
	uint64_t bare_cr, bare_lf;
};

static bool at_line_start(const uint8_t *in, size_t i)
{
	return i == 0 || (i >= 2 && in[i - 2] == '\r' && in[i - 1] == '\n');
}

/* The reference: look at each byte with all of its neighbours at hand. */
static void read_plainly(const uint8_t *in, size_t len, struct result *r)
{
	for (size_t i = 0; i < len; i++) {
		if (in[i] == '.' && at_line_start(in, i)) {
			r->ended = len - i >= 3 && in[i + 1] == '\r' && in[i + 2] == '\n';
			r->consumed = i + 3;
			if (r->ended)
				return;
			continue;
		}
		r->bare_cr += in[i] == '\r' && i + 1 < len && in[i + 1] != '\n';
		r->bare_lf += in[i] == '\n' && (i == 0 || in[i - 1] != '\r');
		r->out[r->len++] = in[i];
	}
	r->consumed = len;
}

static void read_in_chunks(const uint8_t *in, size_t len, size_t chunk, struct result *r)
{
	struct data_reader d = {0};
	size_t end = 0;

	while (end < len && !r->ended) {
		end = len - end < chunk ? len : end + chunk;
		enum data_event event;
		do {
			struct span run;
			size_t used;
			event = data_next(&d, in + r->consumed, end - r->consumed, &run, &used);
			must(used <= end - r->consumed);
			r->consumed += used;
			if (event == DATA_RUN) {
				must(run.len > 0 && run.len <= len - r->len);
				memcpy(r->out + r->len, run.bytes, run.len);
				r->len += run.len;
			}
			must(event != DATA_NEED || r->consumed == end);
		} while (event == DATA_RUN);
		r->ended = event == DATA_END;
	}
	must(d.size == r->len && d.raw == r->consumed);
	r->bare_cr = d.bare_cr;
	r->bare_lf = d.bare_lf;
	/* What is held back at the end of input is data but for the dot, which may be one. */
	struct span held = data_held(&d);
	must(held.len <= 2 && (!r->ended || held.len == 0));
	if (held.len == 2)
		r->out[r->len++] = '\r';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	const uint8_t *in = data + 1;
	size_t in_len = len - 1;
	size_t chunks[] = {1, 2, 3, (size_t)data[0] + 1, len};
	struct result plain = {.out = malloc(len)};

	must(plain.out != NULL);
	read_plainly(in, in_len, &plain);
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		struct result r = {.out = malloc(len)};
		must(r.out != NULL);
		read_in_chunks(in, in_len, chunks[i], &r);
		must(r.ended == plain.ended && r.consumed == plain.consumed);
		must(r.len == plain.len && memcmp(r.out, plain.out, r.len) == 0);
		must(r.bare_cr == plain.bare_cr && r.bare_lf == plain.bare_lf);
		free(r.out);
	}
	free(plain.out);
	return 0;
}
