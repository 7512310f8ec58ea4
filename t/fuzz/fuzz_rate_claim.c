/*
 * fuzz_rate_claim.c: fuzz target for what workers claim about rates.
 *
 * The input is a claim, behind four bytes of time.  Properties: what is accepted is within its
 * limits, and counted once for each of its rates where a reader looks for it.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "rate_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct rate_table table;
	struct rate_claim claim;
	uint32_t now;
	uint64_t before, after;

	if (len < sizeof now)
		return 0;
	memcpy(&now, data, sizeof now);
	int rc = rate_claim_decode(data + sizeof now, len - sizeof now, &claim);
	must(rc == 0 || rc == ERR_FORMAT);
	for (uint32_t i = 0; rc == 0 && i < claim.count; i++) {
		const struct rate_of *r = &claim.rate[i];

		must(r->window_s > 0 && r->bits4 <= 32 && r->bits6 <= 128);
		must(rate_count(&table, r, claim.ip, now, &before) == 0);
		rate_add(&table, r, claim.ip, now);
		must(rate_count(&table, r, claim.ip, now, &after) == 0 && after == before + 1);
	}
	return 0;
}
