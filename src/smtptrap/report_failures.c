/*
 * report_failures.c: table failures: handshakes that failed: why, where, with which alert, whose.
 */
#include "ip.h"
#include "report.h"

enum { HANDSHAKES, REASONS, STAGES, ALERTS, NETWORKS, ADDRESSES, JA4 };

#define OF_FAILED "handshakes that failed"

static const struct report_section sections[] = {
    [HANDSHAKES] = {"handshakes", "outcome", "handshakes", "handshakes that were begun", 0, 0},
    [REASONS] = {"reasons", "reason", "handshakes", OF_FAILED, 0, 0},
    [STAGES] = {"stages", "last message received", "handshakes", OF_FAILED, 0, 0},
    [ALERTS] = {"alerts", "alert", "handshakes", OF_FAILED, 0, 0},
    [NETWORKS] = {"networks", "network", "handshakes", OF_FAILED, REPORT_SEEN, 0},
    [ADDRESSES] = {"addresses", "address", "handshakes", OF_FAILED, REPORT_SEEN, 0},
    [JA4] = {"ja4", "JA4", "handshakes", "handshakes that failed and have a JA4", REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_FAILURE, FIELD_TLS_STAGE,
					  FIELD_TLS_ALERT, FIELD_JA4};

static void add(struct report_record *r)
{
	char net[IP_NET_TEXT_MAX], ip[IP_TEXT_MAX];
	bool failed = report_is(r, FIELD_TLS_OUTCOME, "failed");

	if (!report_is_session(r) || (!failed && !report_is_tls(r)))
		return;
	report_count_field(r, HANDSHAKES, FIELD_TLS_OUTCOME, NULL);
	if (!failed)
		return;
	report_count_field(r, REASONS, FIELD_TLS_FAILURE, "unknown");
	report_count_field(r, STAGES, FIELD_TLS_STAGE, "none");
	report_count_field(r, ALERTS, FIELD_TLS_ALERT, "none");
	report_count(r, NETWORKS, report_net_text(report_ip(r), net));
	report_count(r, ADDRESSES, ip_text(report_ip(r), ip));
	report_count_field(r, JA4, FIELD_JA4, NULL);
}

const struct report_table report_failures = {"failures", REPORT_ARRAY(sections),
					     REPORT_ARRAY(wants), add, NULL};
