/*
 * report_growth.c: table growth: connections and messages by day.
 */
#include "report.h"
#include "time_text.h"

enum { CONNECTIONS, TLS, MESSAGES, TLS_MESSAGES };

static const struct report_section sections[] = {
    [CONNECTIONS] = {"connections", "day", "connections", "all connections", REPORT_BY_LABEL, 0},
    [TLS] = {"tls", "day", "connections that negotiated TLS", "connections of the day",
	     REPORT_BY_LABEL | REPORT_OF_LABEL, CONNECTIONS},
    [MESSAGES] = {"messages", "day", "accepted messages", "all accepted messages", REPORT_BY_LABEL,
		  0},
    [TLS_MESSAGES] = {"tls_messages", "day", "accepted messages over TLS",
		      "accepted messages of the day", REPORT_BY_LABEL | REPORT_OF_LABEL, MESSAGES},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_VERDICT};

static void add(struct report_record *r)
{
	char day[TIME_TEXT_MAX];
	bool session = report_is_session(r);

	if ((!session && !report_is_delivery(r)) || time_format(NULL, report_ts(r), day) != 0)
		return;
	day[sizeof "2025-11-22" - 1] = '\0';
	report_count(r, session ? CONNECTIONS : MESSAGES, day);
	if (report_is_tls(r))
		report_count(r, session ? TLS : TLS_MESSAGES, day);
}

const struct report_table report_growth = {"growth", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					   add, NULL};
