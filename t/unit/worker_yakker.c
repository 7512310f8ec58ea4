/*
 * Who is a yakker for a worker, and what it tells of a session.
 */
#include <stdlib.h>

#include "../../src/worker_yakker.h"
#include "../lib-c/address_lab.h"
#include "../tap.h"

#define NOW 1700000000u
#define WITHIN 1000u

static const uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
static struct address_table *table;
static struct address_reader reader;

static void hold(uint8_t flags, uint8_t idle)
{
	struct address_entry e = {
	    .key = address_key(ip), .flags = flags, .idle = idle, .idle_s = NOW};

	address_remove(table, e.key);
	if (idle > 0)
		address_put(table, &e, NOW);
}

static bool under(uint32_t now)
{
	struct yakker y;

	yakker_begin(&y, &reader, ip, WITHIN, now);
	return y.under;
}

static void test_begin(void)
{
	hold(0, 0);
	ok(!under(NOW), "an address that is not known is no yakker");
	hold(0, 4);
	ok(!under(NOW), "nor one of which only some sessions did nothing");
	hold(ADDRESS_YAKKER, 5);
	ok(under(NOW), "one that is marked as such is");
	ok(under(NOW + WITHIN - 1), "to its last second");
	ok(!under(NOW + WITHIN), "and no longer");
	for (uint32_t i = 0; i < table->buckets; i++)
		atomic_store(&table->bucket[i].sequence, 1);
	ok(!under(NOW), "nor is anybody while the memory cannot be read");
	for (uint32_t i = 0; i < table->buckets; i++)
		atomic_store(&table->bucket[i].sequence, 2);
}

static void test_lesson(void)
{
	static const struct {
		const char *title;
		bool under, marked, off, failed, negotiated, ours, held;
		enum conf_phase wanted;
		enum smtp_phase phase;
		enum summary_yakker lesson;
	} rows[] = {
	    {.title = "EHLO alone is nothing done",
	     .wanted = CONF_PHASE_MAIL,
	     .phase = SMTP_PHASE_HELO,
	     .lesson = SUMMARY_YAKKER_IDLE},
	    {.title = "nor if TLS went well",
	     .wanted = CONF_PHASE_MAIL,
	     .phase = SMTP_PHASE_HELO,
	     .negotiated = true,
	     .lesson = SUMMARY_YAKKER_IDLE},
	    {.title = "unless no more is wanted",
	     .wanted = CONF_PHASE_HELO,
	     .phase = SMTP_PHASE_HELO},
	    {.title = "for helo a connection alone is too little",
	     .wanted = CONF_PHASE_HELO,
	     .lesson = SUMMARY_YAKKER_IDLE},
	    {.title = "for message one must be stored",
	     .wanted = CONF_PHASE_MESSAGE,
	     .phase = SMTP_PHASE_DATA,
	     .lesson = SUMMARY_YAKKER_IDLE},
	    {.title = "one that is says nothing",
	     .wanted = CONF_PHASE_MESSAGE,
	     .phase = SMTP_PHASE_MESSAGE},
	    {.title = "but where something is held against the address",
	     .wanted = CONF_PHASE_MAIL,
	     .phase = SMTP_PHASE_MAIL,
	     .held = true,
	     .lesson = SUMMARY_YAKKER_PROGRESS},
	    {.title = "a handshake that failed says nothing",
	     .wanted = CONF_PHASE_MAIL,
	     .failed = true},
	    {.title = "nor what the trap is to blame for", .wanted = CONF_PHASE_MAIL, .ours = true},
	    {.title = "count 0: nothing is counted", .wanted = CONF_PHASE_MAIL, .off = true},
	    {.title = "a yakker that does nothing is not recorded",
	     .wanted = CONF_PHASE_MAIL,
	     .under = true,
	     .lesson = SUMMARY_YAKKER_THINNED},
	    {.title = "also one that a rule made, with count 0",
	     .wanted = CONF_PHASE_MAIL,
	     .off = true,
	     .under = true,
	     .lesson = SUMMARY_YAKKER_THINNED},
	    {.title = "but if TLS failed",
	     .wanted = CONF_PHASE_MAIL,
	     .under = true,
	     .failed = true},
	    {.title = "or went well", .wanted = CONF_PHASE_MAIL, .under = true, .negotiated = true},
	    {.title = "a rule's mark comes before all",
	     .wanted = CONF_PHASE_MAIL,
	     .phase = SMTP_PHASE_MESSAGE,
	     .marked = true,
	     .lesson = SUMMARY_YAKKER_MARK},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf conf = {
		    .yakkers = {.count = rows[i].off ? 0 : 3, .phase = rows[i].wanted}};
		struct yakker y = {.begun = true, .under = rows[i].under, .marked = rows[i].marked};
		struct yakker_end end = {.conf = &conf,
					 .memory = &reader,
					 .ip = ip,
					 .phase = rows[i].phase,
					 .tls_failed = rows[i].failed,
					 .tls_negotiated = rows[i].negotiated,
					 .ours = rows[i].ours};

		hold(0, rows[i].held);
		is_int(yakker_lesson(&y, &end), rows[i].lesson, rows[i].title);
	}
}

int main(void)
{
	table = address_lab(&reader);
	test_begin();
	test_lesson();
	free(table);
	return tap_done();
}
