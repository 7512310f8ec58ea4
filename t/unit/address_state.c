/*
 * The file of the memory of addresses: what is written is read again, and nothing else is taken
 * for it.
 */
#include <stdlib.h>

#include "../lib-c/address_lab.h"
#include "../tap.h"
#include "address_state.h"
#include "err.h"

#define NOW 1700000000u
#define ENTRIES 40

static struct address_entry entry_number(uint32_t n)
{
	return (struct address_entry){.key = n * UINT64_C(0x0102030405060708),
				      .last_s = NOW + n,
				      .tls_failures = (uint8_t)(n % 3),
				      .flags = n % 2 ? ADDRESS_YAKKER : ADDRESS_BAD_CERTIFICATE,
				      .idle = (uint8_t)(n % 2),
				      .idle_s = n % 2 ? NOW + n : 0,
				      .thinned = n % 2 ? 300 : 0,
				      .thinned_offered = n % 2 ? 299 : 0,
				      .thinned_s = n % 2 ? NOW + 2 * n : 0,
				      .thinned_last_s = n % 2 ? NOW + 3 * n : 0};
}

static void state_make(struct buf *out)
{
	struct address_table *t = address_lab_table(ADDRESS_MIN);

	for (uint32_t n = 0; n < ENTRIES; n++) {
		struct address_entry e = entry_number(n);
		address_put(t, &e, NOW);
	}
	buf_init_heap(out, ADDRESS_STATE_MAX);
	address_state_encode(t, out);
	free(t);
}

static void test_round(const struct buf *state)
{
	struct address_state_head head;
	unsigned right = 0;

	is_int(address_state_check(state->data, state->len, &head), 0, "what was written is good");
	is_int(head.entries, ENTRIES, "has all entries");
	is_mem(head.secret, sizeof head.secret, address_lab_secret, sizeof address_lab_secret,
	       "and the secret");
	for (uint32_t i = 0; i < ENTRIES; i++) {
		struct address_entry e, want;

		if (address_state_entry(state->data, i, &e) != 0)
			continue;
		want = entry_number((uint32_t)(e.last_s - NOW));
		right += e.key == want.key && e.tls_failures == want.tls_failures &&
			 e.flags == want.flags && e.idle == want.idle && e.idle_s == want.idle_s &&
			 e.thinned == want.thinned && e.thinned_offered == want.thinned_offered &&
			 e.thinned_s == want.thinned_s && e.thinned_last_s == want.thinned_last_s;
	}
	is_int(right, ENTRIES, "each as it was");
}

static void test_cut(const struct buf *state)
{
	struct address_state_head head;
	unsigned good = 0, foreign = 0, damaged = 0;

	for (size_t len = 0; len < state->len; len++) {
		int rc = address_state_check(state->data, len, &head);

		good += rc == 0;
		foreign += rc == ERR_FORMAT;
		damaged += rc == ERR_CORRUPT;
	}
	is_int(good, 0, "no shorter file is good");
	is_int(foreign, 8, "one without its first bytes is none of ours");
	is_int(damaged, (int64_t)state->len - 8, "all others are damaged");
}

static void test_changed(const struct buf *state)
{
	struct address_state_head head;
	unsigned good = 0;

	for (size_t bit = 0; bit < state->len * 8; bit++) {
		state->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		good += address_state_check(state->data, state->len, &head) == 0;
		state->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	is_int(good, 0, "no file with one bit changed is good");
	state->data[offsetof(struct address_state_head, version)]++;
	is_int(address_state_check(state->data, state->len, &head), ERR_REFUSED,
	       "one of another version is known as such");
	state->data[offsetof(struct address_state_head, version)]--;
}

static void test_entry(struct buf *state)
{
	uint8_t *e = state->data + sizeof(struct address_state_head);
	struct address_entry got;

	is_int(address_state_entry(state->data, 0, &got), 0, "an entry is good");
	e[13] ^= 0x80;
	is_int(address_state_entry(state->data, 0, &got), ERR_FORMAT,
	       "not with a flag there is not");
	e[13] ^= 0x80;
	e[15] = 1;
	is_int(address_state_entry(state->data, 0, &got), ERR_FORMAT, "nor with a byte behind");
	e[15] = 0;
	memset(e + 8, 0, 4);
	is_int(address_state_entry(state->data, 0, &got), ERR_FORMAT, "nor without a time");
}

static void test_yakker_entries(struct buf *state)
{
	static const struct {
		struct address_entry e;
		bool good;
		const char *title;
	} cases[] = {
	    {{.idle = 1, .idle_s = NOW}, true, "a session that did nothing, and no failure"},
	    {{.idle = 1}, false, "not without a time"},
	    {{.last_s = NOW, .tls_failures = 1, .idle_s = NOW},
	     false,
	     "nor a time without sessions"},
	    {{.idle = 1, .idle_s = NOW, .tls_failures = 1}, false, "nor a failure without a time"},
	    {{.last_s = NOW, .flags = ADDRESS_YAKKER}, false, "nor a yakker of no sessions"},
	    {{.idle = 1, .idle_s = NOW, .thinned = 1, .thinned_s = NOW},
	     false,
	     "nor sessions without records of one that is no yakker"},
	    {{.flags = ADDRESS_YAKKER,
	      .idle = 1,
	      .idle_s = NOW,
	      .thinned = 65535,
	      .thinned_offered = 65535,
	      .thinned_s = 1},
	     true,
	     "of a yakker, as many as there may be"},
	    {{.flags = ADDRESS_YAKKER,
	      .idle = 1,
	      .idle_s = NOW,
	      .thinned = 1,
	      .thinned_offered = 2,
	      .thinned_s = 1},
	     false,
	     "nor more that were offered TLS than there are"},
	    {{.flags = ADDRESS_YAKKER, .idle = 1, .idle_s = NOW, .thinned = 1},
	     false,
	     "nor without the time of the first"},
	};
	struct address_table *t = address_lab_table(ADDRESS_MIN);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address_entry got, e = cases[i].e;

		e.key = 77;
		address_put(t, &e, NOW);
		buf_reset(state);
		address_state_encode(t, state);
		ok((address_state_entry(state->data, 0, &got) == 0) == cases[i].good, "%s",
		   cases[i].title);
	}
	free(t);
}

static void test_full(void)
{
	struct address_table *t = address_lab_table(ADDRESS_MIN);
	struct buf out;

	for (uint32_t n = 1; n < 20 * ADDRESS_MIN; n++) {
		struct address_entry e = {.key = n, .last_s = NOW, .tls_failures = 1};
		address_put(t, &e, NOW);
	}
	buf_init_heap(&out, ADDRESS_STATE_MAX);
	address_state_encode(t, &out);
	ok(!out.failed && out.len <= 32 * (ADDRESS_MIN + ADDRESS_WAYS) + 64,
	   "a full table takes 32 bytes an address (%zu)", out.len);
	buf_fini(&out);
	uint8_t little[100];
	buf_init(&out, little, sizeof little);
	address_state_encode(t, &out);
	ok(out.failed, "and says so where it does not fit");
	free(t);
}

int main(void)
{
	struct buf state;

	state_make(&state);
	test_round(&state);
	test_cut(&state);
	test_changed(&state);
	test_entry(&state);
	test_yakker_entries(&state);
	buf_fini(&state);
	test_full();
	return tap_done();
}
