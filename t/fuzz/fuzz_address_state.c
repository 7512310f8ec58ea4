/*
 * fuzz_address_state.c: fuzz target for the file of the memory of addresses.
 *
 * The input is a file; so that the fuzzer need not compute checksums, a second try is made with
 * the right one and the right number of entries.  Properties: no byte beyond the file is read; an
 * entry that is accepted can be stored, found and written, and is then the same; the table does not
 * grow.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "address_state.h"
#include "err.h"

#define ADDRESSES 200
#define NOW 1700000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct address_entry *a, const struct address_entry *b)
{
	return a->key == b->key && a->last_s == b->last_s && a->tls_failures == b->tls_failures &&
	       a->flags == b->flags && a->idle == b->idle && a->idle_s == b->idle_s &&
	       a->thinned == b->thinned && a->thinned_offered == b->thinned_offered &&
	       a->thinned_s == b->thinned_s && a->thinned_last_s == b->thinned_last_s;
}

/* What the table holds is written and read again. */
static void round_trip(const struct address_table *t, uint32_t held)
{
	struct address_state_head head;
	struct buf out;

	buf_init_heap(&out, ADDRESS_STATE_MAX);
	address_state_encode(t, &out);
	must(!out.failed && address_state_check(out.data, out.len, &head) == 0);
	must(head.entries == held);
	for (uint32_t i = 0; i < head.entries; i++) {
		struct address_entry e;

		must(address_state_entry(out.data, i, &e) == 0);
	}
	buf_fini(&out);
}

static void take_over(const uint8_t *file, size_t len)
{
	static const struct address_within within = {.tls_s = 1000, .yakker_s = 500};
	size_t size = address_table_size(ADDRESSES);
	struct address_table *t = aligned_alloc(64, size);
	struct address_state_head head;
	uint32_t held = 0;

	must(t != NULL);
	memset(t, 0, size);
	if (address_state_check(file, len, &head) == 0) {
		address_table_init(t, ADDRESSES, head.secret);
		for (uint32_t i = 0; i < head.entries; i++) {
			struct address_entry e, got;

			if (address_state_entry(file, i, &e) != 0)
				continue;
			held += address_put(t, &e, NOW) == ADDRESS_PUT_NEW;
			must(address_get(t, e.key, &got) && same(&e, &got));
		}
		must(held <= ADDRESSES + ADDRESS_WAYS);
		round_trip(t, held);
		must(address_sweep(t, NOW, &within) <= held);
	}
	free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct address_state_head head;
	int rc = address_state_check(data, len, &head);
	uint32_t sum;

	must(rc == 0 || rc == ERR_FORMAT || rc == ERR_REFUSED || rc == ERR_CORRUPT);
	take_over(data, len);
	if (len < sizeof head + sizeof sum || len > 1 << 16)
		return 0;
	uint8_t *file = malloc(len);
	must(file != NULL);
	memcpy(file, data, len);
	memcpy(&head, file, sizeof head);
	head.entries = (uint32_t)((len - sizeof head - sizeof sum) / ADDRESS_STATE_ENTRY);
	memcpy(file, &head, sizeof head);
	len = sizeof head + (size_t)head.entries * ADDRESS_STATE_ENTRY;
	sum = (uint32_t)crc32(crc32(0, NULL, 0), file, (uInt)len);
	memcpy(file + len, &sum, sizeof sum);
	take_over(file, len + sizeof sum);
	free(file);
	return 0;
}
