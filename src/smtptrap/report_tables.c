/*
 * report_tables.c: the tables of a report, and the times that rows can be told apart by.
 */
#include <string.h>

#include "report.h"

/* The order counts in partial reports: new tables go to the end, and REPORT_VERSION stays. */
const struct report_table *const report_tables[REPORT_TABLES] = {
    &report_tls,          &report_failures, &report_ciphers, &report_groups, &report_certificates,
    &report_fingerprints, &report_helo,     &report_dkim,    &report_arms,   &report_journeys,
    &report_mailers,      &report_senders,  &report_growth,  &report_paths,  &report_times,
    &report_rules,        &report_yakkers,  &report_sensors,
};

const char *const report_about[REPORT_TABLES] = {
    "Who uses TLS, by connection and by message, and which version.",
    "Handshakes that failed: why, where, with which alert, whose.",
    "Cipher suites that were negotiated.",
    "Groups of the key exchange, negotiated and offered.",
    "What clients showed as their certificate.",
    "What clients look like: hello, SYN, dialect.",
    "How clients greeted.",
    "Messages with a DKIM signature, which is not verified.",
    "The arms of the experiment, compared.",
    "What an address did after a handshake that failed.",
    "Which software headers and dialects suggest; all of it can be forged.",
    "Who delivers most, and over TLS.",
    "Connections and messages by day.",
    "How far connections came, by what became of TLS.",
    "Versions of TLS over time, and the hours of the week.",
    "What the operator's rules decided.",
    "Addresses that come again and again, and do nothing.",
    "The traps of a fleet, beside each other.",
};

size_t report_table_find(const char *name)
{
	size_t i = 0;

	while (i < REPORT_TABLES && strcmp(report_tables[i]->name, name) != 0)
		i++;
	return i;
}

const char *const report_by_names[REPORT_BY_COUNT] = {
    [REPORT_ALL] = "all", [REPORT_HOUR] = "hour", [REPORT_DAY] = "day", [REPORT_WEEK] = "week"};

uint64_t report_bucket(enum report_by by, uint64_t ts)
{
	static const uint64_t length[REPORT_BY_COUNT] = {0, 3600, 86400, 7 * 86400};
	uint64_t seconds = ts / 1000000;
	uint64_t thursday =
	    by == REPORT_WEEK ? 3 * 86400 : 0; /* 1970 began on one; weeks on Monday */

	if (by == REPORT_ALL)
		return 0;
	uint64_t into = (seconds + thursday) % length[by];
	return seconds > into ? seconds - into : 0;
}

static void want(struct record_scan *scan, enum record_field f)
{
	const char *name = record_table[f].name;

	record_scan_want(scan, name, strlen(name));
}

void report_want(const struct report *r, struct record_scan *scan)
{
	static const enum record_field always[] = {FIELD_CLIENT_IP, FIELD_YAKKER_SESSIONS};

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		want(scan, always[i]);
	for (size_t i = 0; i < REPORT_TABLES; i++) {
		const struct report_table *t = report_tables[i];

		for (size_t w = 0; r->tables[i] && w < t->want_count; w++)
			want(scan, t->wants[w]);
	}
}
