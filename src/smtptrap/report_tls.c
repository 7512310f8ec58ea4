/*
 * report_tls.c: table tls: who uses TLS, by connection and by message, and which version.
 */
#include "report.h"

enum { OUTCOMES, VERSIONS, DELIVERIES, MESSAGE_VERSIONS };

static const struct report_section sections[] = {
    [OUTCOMES] = {"outcomes", "outcome", "connections", "all connections", 0, 0},
    [VERSIONS] = {"versions", "version", "connections", "connections that negotiated TLS", 0, 0},
    [DELIVERIES] = {"deliveries", "delivery", "accepted messages", "all accepted messages", 0, 0},
    [MESSAGE_VERSIONS] = {"message_versions", "version", "accepted messages",
			  "accepted messages over TLS", 0, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION, FIELD_VERDICT};

static void add(struct report_record *r)
{
	bool tls = report_is_tls(r);

	if (report_is_session(r)) {
		report_count_field(r, OUTCOMES, FIELD_TLS_OUTCOME, "unknown");
		if (tls)
			report_count_field(r, VERSIONS, FIELD_TLS_VERSION, "unknown");
	} else if (report_is_delivery(r)) {
		report_count(r, DELIVERIES, tls ? "over TLS" : "in clear");
		if (tls)
			report_count_field(r, MESSAGE_VERSIONS, FIELD_TLS_VERSION, "unknown");
	}
}

const struct report_table report_tls = {"tls", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					NULL};
