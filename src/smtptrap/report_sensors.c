/*
 * report_sensors.c: table sensors: what each trap of a fleet saw, beside each other.
 */
#include "report.h"

enum { CONNECTIONS, STARTED, NEGOTIATED, FAILED, VERSIONS, DELIVERIES, DELIVERIES_TLS };

#define SHARE (REPORT_BY_LABEL | REPORT_OF_LABEL)

static const struct report_section sections[] = {
    [CONNECTIONS] = {"connections", "sensor", "connections", "all connections",
		     REPORT_BY_LABEL | REPORT_SEEN, 0},
    [STARTED] = {"started", "sensor", "handshakes that were begun", "connections of the sensor",
		 SHARE, CONNECTIONS},
    [NEGOTIATED] = {"negotiated", "sensor", "connections that negotiated TLS",
		    "connections of the sensor", SHARE, CONNECTIONS},
    [FAILED] = {"failed", "sensor", "handshakes that failed",
		"handshakes of the sensor that were begun", SHARE, STARTED},
    [VERSIONS] = {"versions", "sensor and version", "connections that negotiated TLS",
		  "connections that negotiated TLS", REPORT_BY_LABEL, 0},
    [DELIVERIES] = {"deliveries", "sensor", "accepted messages", "all accepted messages",
		    REPORT_BY_LABEL, 0},
    [DELIVERIES_TLS] = {"deliveries_tls", "sensor", "accepted messages over TLS",
			"accepted messages of the sensor", SHARE, DELIVERIES},
};

static const enum record_field wants[] = {FIELD_SENSOR, FIELD_TLS_OUTCOME, FIELD_TLS_VERSION,
					  FIELD_VERDICT};

static void add_session(struct report_record *r, struct span sensor)
{
	bool tls = report_is_tls(r), failed = report_is(r, FIELD_TLS_OUTCOME, "failed");
	struct span version = span_text("unknown");
	char pair[REPORT_PAIR_MAX];

	report_count_span(r, CONNECTIONS, sensor);
	if (tls || failed)
		report_count_span(r, STARTED, sensor);
	if (failed)
		report_count_span(r, FAILED, sensor);
	if (!tls)
		return;
	report_count_span(r, NEGOTIATED, sensor);
	report_text(r, FIELD_TLS_VERSION, &version);
	report_count_span(r, VERSIONS, report_pair(pair, sensor, version));
}

static void add(struct report_record *r)
{
	struct span sensor = span_text("unknown");

	report_text(r, FIELD_SENSOR, &sensor);
	if (report_is_session(r))
		add_session(r, sensor);
	else if (report_is_delivery(r)) {
		report_count_span(r, DELIVERIES, sensor);
		if (report_is_tls(r))
			report_count_span(r, DELIVERIES_TLS, sensor);
	}
}

const struct report_table report_sensors = {"sensors", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					    add, NULL};
