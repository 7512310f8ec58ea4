/*
 * fuzz_summary.c: fuzz target for the summaries that workers send.
 *
 * The input is a run of summaries, each behind a byte that moves the clock, forward or back.
 * Properties: only what has meaning is accepted; whatever they say, the table does not grow beyond
 * its size, its entries are as many as was told, a reader finds what the writer holds, and each
 * session without a record is counted in the table or came out of it.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "summary.h"

#define ADDRESSES 21

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct address_table *t, const struct address_reader *r, int64_t held,
		  uint64_t thinned)
{
	struct address_entry e, got;

	for (size_t at = 0; address_next(t, &at, &e); held--) {
		bool yakker = e.flags & ADDRESS_YAKKER;

		must(e.last_s != 0 || e.idle != 0);
		must((e.flags & ~ADDRESS_FLAGS) == 0 && (!yakker || e.idle > 0));
		must(e.thinned == 0 || (yakker && e.thinned_offered <= e.thinned));
		must((e.idle > 0) == (e.idle_s > 0));
		thinned -= e.thinned;
		must(address_find(r, e.key, &got) == 1 && got.last_s == e.last_s);
	}
	must(held == 0 && thinned == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t secret[ADDRESS_SECRET] = "an open secret.";
	size_t size = address_table_size(ADDRESSES);
	struct address_table *t = aligned_alloc(64, size);
	struct address_reader r;
	struct summary s;
	uint32_t now = 1000;
	int64_t held = 0;
	uint64_t thinned = 0;
	const struct summary_limits limits = {.within = {.tls_s = 100, .yakker_s = 60}, .count = 3};

	must(t != NULL);
	memset(t, 0, size);
	address_table_init(t, ADDRESSES, secret);
	must(address_reader_init(&r, t, size) == 0);
	must(len == sizeof s || summary_decode(data, len, &s) == ERR_FORMAT);
	while (len > sizeof s) {
		now = (uint32_t)((int64_t)now + (int8_t)data[0]);
		if (summary_decode(data + 1, sizeof s, &s) == 0) {
			struct summary_out out;

			must(s.tls < SUMMARY_TLS_COUNT && s.yakker < SUMMARY_YAKKER_COUNT);
			thinned += s.yakker == SUMMARY_YAKKER_THINNED;
			held += summary_apply(&s, t, now, &limits, &out);
			must(out.count <= sizeof out.entry / sizeof *out.entry);
			for (unsigned i = 0; i < out.count; i++)
				thinned -= out.entry[i].thinned;
			must(held >= 0 && held <= ADDRESSES);
		}
		data += 1 + sizeof s;
		len -= 1 + sizeof s;
	}
	check(t, &r, held, thinned);
	free(t);
	return 0;
}
