/*
 * report_times.c: table times: versions of TLS over time, and connections by the hour of the week.
 *
 * The steps of time are chosen by the span (lib/series.h); --by makes them longer, not shorter.
 */
#include <stdio.h>

#include "report.h"
#include "time_text.h"

enum { COURSE, WEEK };

static const struct report_section sections[] = {
    [COURSE] = {"course", "version", "connections that negotiated TLS",
		"connections that negotiated TLS in that time",
		REPORT_BY_LABEL | REPORT_PLAIN | REPORT_TIMED, 0},
    [WEEK] = {"week", "hour of the week (UTC)", "connections", "all connections",
	      REPORT_BY_LABEL | REPORT_PLAIN | REPORT_TIMELESS, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION};

static const char *const versions[SERIES_KINDS] = {"SSLv3",   "TLSv1.0", "TLSv1.1",
						   "TLSv1.2", "TLSv1.3", "unknown"};

static void add(struct report_record *r)
{
	static const char *const days[] = {"7 Sun", "1 Mon", "2 Tue", "3 Wed",
					   "4 Thu", "5 Fri", "6 Sat"};
	struct time_parts t;
	unsigned kind = 0;
	char label[sizeof "1 Mon 00"];

	if (!report_is_session(r) || report_ts(r) / 1000000 >= TIME_SECONDS_END)
		return;
	t = time_split(report_ts(r) / 1000000);
	snprintf(label, sizeof label, "%s %02u", days[t.weekday % 7], t.hour % 24);
	report_count_plain(r, WEEK, label);
	if (!report_is_tls(r))
		return;
	while (kind < SERIES_KINDS - 1 && !report_is(r, FIELD_TLS_VERSION, versions[kind]))
		kind++;
	report_series(r, kind);
}

static int count(struct report *r, unsigned section, uint64_t time, const char *label, uint64_t n)
{
	struct tally_who who = {.ts = time * 1000000, .count = n};

	return n > 0 ? tally_add_plain(r->tally, (uint8_t)section, time, label, &who) : 0;
}

static int finish(struct report *r, unsigned first_section)
{
	const struct series *s = &r->series;
	int rc = 0;

	for (uint32_t i = 0; i < s->used; i++) {
		for (int k = 0; rc == 0 && k < SERIES_KINDS; k++) {
			rc = count(r, first_section + COURSE, series_start(s, i), versions[k],
				   s->count[i][k]);
		}
	}
	return rc;
}

const struct report_table report_times = {"times", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					  finish};
