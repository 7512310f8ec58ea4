/*
 * report_times.c: table times: versions of TLS over time, and connections by the hour of the week.
 *
 * The steps of time are chosen by the span (lib/series.h); --by makes them longer, not shorter.
 */
#include "report_times.h"

#include <stdio.h>

#include "report.h"

enum { COURSE, WEEK };

static const struct report_section sections[] = {
    [COURSE] = {"course", "version", "connections that negotiated TLS",
		"connections that negotiated TLS in that time",
		REPORT_BY_LABEL | REPORT_PLAIN | REPORT_TIMED, 0},
    [WEEK] = {"week", "hour of the week (UTC)", "connections", "all connections",
	      REPORT_BY_LABEL | REPORT_PLAIN | REPORT_TIMELESS, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION};

const char *const report_times_versions[SERIES_KINDS] = {"SSLv3",   "TLSv1.0", "TLSv1.1",
							 "TLSv1.2", "TLSv1.3", "unknown"};

static void add(struct report_record *r)
{
	int kind = 0;

	if (!report_is_session(r))
		return;
	while (kind < SERIES_KINDS - 1 &&
	       !report_is(r, FIELD_TLS_VERSION, report_times_versions[kind]))
		kind++;
	report_series(r, report_is_tls(r) ? kind : -1);
}

static int count(struct report *r, unsigned section, uint64_t time, const char *label, uint64_t n)
{
	struct tally_who who = {.ts = time * 1000000, .count = n};

	return n > 0 ? tally_add_plain(r->tally, (uint8_t)section, time, label, &who) : 0;
}

static int finish_week(struct report *r, unsigned section)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	char label[sizeof "1 Mon 00"];
	int rc = 0;

	for (unsigned h = 0; rc == 0 && h < SERIES_HOURS; h++) {
		snprintf(label, sizeof label, "%u %s %02u", h / 24 % 7 + 1, days[h / 24], h % 24);
		rc = count(r, section, 0, label, r->series.hour[h]);
	}
	return rc;
}

static int finish(struct report *r, unsigned first_section)
{
	const struct series *s = &r->series;
	int rc = finish_week(r, first_section + WEEK);

	for (uint32_t i = 0; i < s->used; i++) {
		for (int k = 0; rc == 0 && k < SERIES_KINDS; k++) {
			rc = count(r, first_section + COURSE, series_start(s, i),
				   report_times_versions[k], s->count[i][k]);
		}
	}
	return rc;
}

const struct report_table report_times = {"times", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					  finish};
