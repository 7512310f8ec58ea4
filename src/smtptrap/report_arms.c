/*
 * report_arms.c: table arms: what became of the connections of each arm of an experiment.
 */
#include "report.h"

enum { CONNECTIONS, STARTED, NEGOTIATED, FAILED, DELIVERED };

#define SHARE (REPORT_BY_LABEL | REPORT_OF_LABEL | REPORT_INTERVAL)

static const struct report_section sections[] = {
    [CONNECTIONS] = {"connections", "arm", "connections", "all connections with an arm",
		     REPORT_BY_LABEL, 0},
    [STARTED] = {"started", "arm", "handshakes that were begun", "connections of the arm", SHARE,
		 CONNECTIONS},
    [NEGOTIATED] = {"negotiated", "arm", "connections that negotiated TLS",
		    "connections of the arm", SHARE, CONNECTIONS},
    [FAILED] = {"failed", "arm", "handshakes that failed", "handshakes of the arm that were begun",
		SHARE, STARTED},
    [DELIVERED] = {"delivered", "arm", "connections that delivered a message",
		   "connections of the arm", SHARE, CONNECTIONS},
};

static const enum record_field wants[] = {FIELD_ARM, FIELD_TLS_OUTCOME, FIELD_MESSAGES_ACCEPTED};

static void add(struct report_record *r)
{
	struct span arm = {0}, accepted = {0};
	bool tls = report_is_tls(r), failed = report_is(r, FIELD_TLS_OUTCOME, "failed");

	if (!report_is_session(r) || !report_text(r, FIELD_ARM, &arm))
		return;
	report_count_span(r, CONNECTIONS, arm);
	if (tls || failed)
		report_count_span(r, STARTED, arm);
	if (tls)
		report_count_span(r, NEGOTIATED, arm);
	if (failed)
		report_count_span(r, FAILED, arm);
	if (report_text(r, FIELD_MESSAGES_ACCEPTED, &accepted) && !span_is(accepted, "0"))
		report_count_span(r, DELIVERED, arm);
}

const struct report_table report_arms = {"arms", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					 NULL};
