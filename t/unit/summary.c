/*
 * What a session teaches the memory of addresses: what is a summary, and what becomes of it.
 */
#include <stdlib.h>

#include "../lib-c/address_lab.h"
#include "../tap.h"
#include "err.h"
#include "summary.h"

#define NOW 1700000000u
#define WITHIN 1000u
#define COUNT 3u

static const uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
static struct address_table *table;
static struct summary_limits limits = {.within = {.tls_s = WITHIN, .yakker_s = WITHIN},
				       .count = COUNT};
static struct summary_out out;

static struct summary summary_of(enum summary_tls tls)
{
	struct summary s = {.tls = (uint8_t)tls};

	memcpy(s.ip, ip, sizeof s.ip);
	return s;
}

static void test_decode(void)
{
	struct summary s = summary_of(SUMMARY_TLS_FAILED), got;
	uint8_t longer[sizeof s + 1] = {0};

	is_int(summary_decode(&s, sizeof s, &got), 0, "a summary is one");
	is_mem(&got, sizeof got, &s, sizeof s, "as it was sent");
	memcpy(longer, &s, sizeof s);
	is_int(summary_decode(longer, sizeof longer, &got), ERR_FORMAT, "not with a byte behind");
	is_int(summary_decode(&s, sizeof s - 1, &got), ERR_FORMAT, "nor with one less");
	is_int(summary_decode(&s, 0, &got), ERR_FORMAT, "nor with none");
	s.zero[4] = 1;
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor with what has no meaning");
	s = summary_of(SUMMARY_TLS_NOTHING);
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor if it says nothing");
	s = summary_of(SUMMARY_TLS_COUNT);
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor what nobody knows");
}

static void test_decode_yakker(void)
{
	static const struct {
		uint8_t tls, yakker, offered;
		bool good;
		const char *title;
	} cases[] = {
	    {0, SUMMARY_YAKKER_IDLE, 0, true, "a session that did nothing"},
	    {SUMMARY_TLS_FAILED, SUMMARY_YAKKER_PROGRESS, 0, true, "a failure, and progress"},
	    {0, SUMMARY_YAKKER_MARK, 0, true, "a mark"},
	    {0, SUMMARY_YAKKER_THINNED, 0, true, "a session without a record"},
	    {0, SUMMARY_YAKKER_THINNED, 1, true, "one that was offered TLS"},
	    {0, SUMMARY_YAKKER_THINNED, 2, false, "not more than once"},
	    {0, SUMMARY_YAKKER_IDLE, 1, false, "nor where a record will come"},
	    {SUMMARY_TLS_FAILED, SUMMARY_YAKKER_THINNED, 0, false, "nor a failure without one"},
	    {0, SUMMARY_YAKKER_COUNT, 0, false, "nor what nobody knows"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct summary got, s = {.tls = cases[i].tls,
					 .yakker = cases[i].yakker,
					 .offered = cases[i].offered};

		ok((summary_decode(&s, sizeof s, &got) == 0) == cases[i].good, "%s",
		   cases[i].title);
	}
}

static int teach(enum summary_tls tls, uint32_t now)
{
	struct summary s = summary_of(tls);

	return summary_apply(&s, table, now, &limits, &out);
}

static struct address_entry held(void)
{
	struct address_entry e = {0};

	address_get(table, address_key(ip), &e);
	return e;
}

static void test_failures(void)
{
	is_int(teach(SUMMARY_TLS_FAILED, NOW), 1, "a first failure is one address more");
	ok(held().tls_failures == 1 && held().last_s == NOW && held().flags == 0, "with its time");
	is_int(teach(SUMMARY_TLS_FAILED, NOW + WITHIN - 1), 0, "a second is not");
	ok(held().tls_failures == 2 && held().last_s == NOW + WITHIN - 1, "but counted");
	is_int(teach(SUMMARY_TLS_FAILED, NOW + 2 * WITHIN), 0, "one that comes too late");
	is_int(held().tls_failures, 1, "is a first one again");
	is_int(teach(SUMMARY_TLS_FAILED, NOW), 0, "one before the last: the clock went back");
	ok(held().tls_failures == 2 && held().last_s == NOW, "is counted, of the time it is now");
	for (int i = 0; i < 300; i++)
		teach(SUMMARY_TLS_FAILED, NOW);
	is_int(held().tls_failures, ADDRESS_FAILURES_MAX, "the count has an end");
	is_int(teach(SUMMARY_TLS_NEGOTIATED, NOW), -1, "a success is one address less");
	is_int(held().tls_failures, 0, "which is forgotten");
	is_int(teach(SUMMARY_TLS_NEGOTIATED, NOW), 0, "one without a failure is nothing");
	is_int(teach(SUMMARY_TLS_FAILED, 0), 1, "with a clock that shows 1970");
	is_int(held().last_s, 1, "an entry still has a time");
	teach(SUMMARY_TLS_NEGOTIATED, 1);
}

static void test_certificate(void)
{
	is_int(teach(SUMMARY_TLS_BAD_CERTIFICATE, NOW), 1, "so is a bad certificate");
	ok(held().tls_failures == 1 && held().flags == ADDRESS_BAD_CERTIFICATE,
	   "and known as such");
	is_int(teach(SUMMARY_TLS_NEGOTIATED, NOW + 10), 0,
	       "a success without the request does not clear that");
	ok(held().tls_failures == 0 && held().flags == ADDRESS_BAD_CERTIFICATE &&
	       held().last_s == NOW,
	   "but the failure, and makes it last no longer");
	teach(SUMMARY_TLS_FAILED, NOW + 20);
	ok(held().tls_failures == 1 && held().flags == ADDRESS_BAD_CERTIFICATE,
	   "another failure keeps it in mind");
	teach(SUMMARY_TLS_FAILED, NOW + 20 + WITHIN);
	ok(held().tls_failures == 1 && held().flags == 0, "time clears it");
}

/* ---- yakkers ---- */

static int yak(enum summary_yakker what, bool offered, uint32_t now)
{
	struct summary s = {.yakker = (uint8_t)what, .offered = offered};

	memcpy(s.ip, ip, sizeof s.ip);
	return summary_apply(&s, table, now, &limits, &out);
}

static bool yakker(void)
{
	return (held().flags & ADDRESS_YAKKER) != 0;
}

static void test_becomes_yakker(void)
{
	is_int(yak(SUMMARY_YAKKER_IDLE, false, NOW), 1, "a session that did nothing is remembered");
	yak(SUMMARY_YAKKER_IDLE, false, NOW + 10);
	ok(held().idle == COUNT - 1 && held().idle_s == NOW && !yakker(),
	   "one less than the count makes no yakker");
	yak(SUMMARY_YAKKER_IDLE, false, NOW + 20);
	ok(yakker() && held().idle_s == NOW + 20, "the count does, from that time on");
	is_int(yak(SUMMARY_YAKKER_PROGRESS, false, NOW + 30), -1, "progress clears it");
	is_int(out.count, 0, "with nothing to be recorded");
	yak(SUMMARY_YAKKER_IDLE, false, NOW);
	yak(SUMMARY_YAKKER_IDLE, false, NOW + WITHIN - 1);
	yak(SUMMARY_YAKKER_IDLE, false, NOW + WITHIN);
	ok(held().idle == 1 && !yakker(), "after the time, the next one is the first again");
	limits.count = 0;
	for (int i = 0; i < 300; i++)
		yak(SUMMARY_YAKKER_IDLE, false, NOW + WITHIN);
	ok(held().idle == ADDRESS_IDLE_MAX && !yakker(), "count 0 makes none; counting has an end");
	limits.count = COUNT;
	yak(SUMMARY_YAKKER_PROGRESS, false, NOW + WITHIN);
	is_int(yak(SUMMARY_YAKKER_MARK, false, NOW), 1, "a mark makes one");
	ok(yakker(), "at once");
	yak(SUMMARY_YAKKER_MARK, false, NOW + 5);
	is_int(held().idle_s, NOW, "another one does not make it last longer");
	yak(SUMMARY_YAKKER_PROGRESS, false, NOW);
}

static void test_thinned(void)
{
	yak(SUMMARY_YAKKER_MARK, false, NOW);
	yak(SUMMARY_YAKKER_THINNED, false, NOW + 1);
	yak(SUMMARY_YAKKER_THINNED, true, NOW + 7);
	ok(held().thinned == 2 && held().thinned_offered == 1 && held().thinned_s == NOW + 1 &&
	       held().thinned_last_s == NOW + 7 && held().idle_s == NOW,
	   "a yakker's sessions are counted, with the times of the first and the last");
	is_int(out.count, 0, "not recorded yet");
	yak(SUMMARY_YAKKER_PROGRESS, false, NOW + 8);
	ok(out.count == 1 && out.entry[0].thinned == 2 && out.entry[0].thinned_offered == 1,
	   "progress brings them out");
	yak(SUMMARY_YAKKER_THINNED, true, NOW + 9);
	ok(out.count == 1 && out.entry[0].thinned == 1 && out.entry[0].thinned_offered == 1 &&
	       out.entry[0].thinned_s == NOW + 9 && out.entry[0].key == address_key(ip),
	   "one of what is no yakker any more comes out at once");
	is_int(held().idle, 0, "and is not held against it");
	yak(SUMMARY_YAKKER_MARK, false, NOW);
	yak(SUMMARY_YAKKER_THINNED, false, NOW + WITHIN - 1);
	yak(SUMMARY_YAKKER_IDLE, false, NOW + WITHIN);
	ok(out.count == 1 && out.entry[0].thinned == 1 && held().thinned == 0 && held().idle == 1,
	   "so do those of one whose time is over");
	yak(SUMMARY_YAKKER_MARK, false, NOW + WITHIN);
	unsigned early = 0;
	for (uint32_t i = 1; i < ADDRESS_THINNED_MAX; i++) {
		yak(SUMMARY_YAKKER_THINNED, false, NOW + WITHIN);
		early += out.count;
	}
	is_int(early, 0, "as many as can be counted but one are kept");
	yak(SUMMARY_YAKKER_THINNED, false, NOW + WITHIN);
	ok(out.count == 1 && out.entry[0].thinned == ADDRESS_THINNED_MAX && held().thinned == 0,
	   "with the last of them all come out");
	yak(SUMMARY_YAKKER_THINNED, false, NOW + WITHIN);
	ok(out.count == 0 && held().thinned == 1, "and counting begins anew");
	is_int(teach(SUMMARY_TLS_FAILED, NOW + WITHIN), 0, "a failure");
	ok(held().tls_failures == 1 && yakker(), "stands beside it");
	is_int(teach(SUMMARY_TLS_NEGOTIATED, NOW + WITHIN), 0, "forgiving that");
	ok(yakker() && held().thinned == 1, "leaves the yakker as it was");
	is_int(yak(SUMMARY_YAKKER_PROGRESS, false, NOW + WITHIN), -1, "progress, and it is gone");
}

/* Whoever is pushed out of a full table takes no count with it. */
static void test_displaced(void)
{
	uint32_t put = 0, came_out = 0, still = 0;
	struct address_entry e;

	for (uint32_t n = 0; n < 20 * ADDRESS_MIN; n++) {
		struct summary s = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 10}};

		s.ip[14] = (uint8_t)(n >> 8);
		s.ip[15] = (uint8_t)n;
		s.yakker = SUMMARY_YAKKER_MARK;
		summary_apply(&s, table, NOW + n / 10, &limits, &out);
		for (unsigned i = 0; i < out.count; i++)
			came_out += out.entry[i].thinned;
		s.yakker = SUMMARY_YAKKER_THINNED;
		summary_apply(&s, table, NOW + n / 10, &limits, &out);
		put++;
	}
	for (size_t at = 0; address_next(table, &at, &e);)
		still += e.thinned;
	ok(came_out > 0, "20 times as many yakkers as the table holds: %u pushed out", came_out);
	is_int(came_out + still, put, "each session came out or is still counted");
}

int main(void)
{
	struct address_reader reader;

	table = address_lab(&reader);
	test_decode();
	test_decode_yakker();
	test_failures();
	test_certificate();
	address_remove(table, address_key(ip));
	test_becomes_yakker();
	test_thinned();
	test_displaced();
	free(table);
	return tap_done();
}
