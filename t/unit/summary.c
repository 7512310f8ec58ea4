/*
 * What a session teaches the memory of addresses: what is a summary, and what becomes of it.
 */
#include <stdlib.h>

#include "../tap.h"
#include "err.h"
#include "summary.h"

#define NOW 1700000000u
#define WITHIN 1000u

static const uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
static struct address_table *table;

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
	s.zero[6] = 1;
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor with what has no meaning");
	s = summary_of(SUMMARY_TLS_NOTHING);
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor if it says nothing");
	s = summary_of(SUMMARY_TLS_COUNT);
	is_int(summary_decode(&s, sizeof s, &got), ERR_FORMAT, "nor what nobody knows");
}

static int teach(enum summary_tls tls, uint32_t now)
{
	struct summary s = summary_of(tls);

	return summary_apply(&s, table, now, WITHIN);
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

int main(void)
{
	static const uint8_t secret[ADDRESS_SECRET] = "an open secret.";
	size_t size = address_table_size(ADDRESS_MIN);

	table = aligned_alloc(64, size);
	if (table == NULL)
		return 99;
	memset(table, 0, size);
	address_table_init(table, ADDRESS_MIN, secret);
	test_decode();
	test_failures();
	test_certificate();
	free(table);
	return tap_done();
}
