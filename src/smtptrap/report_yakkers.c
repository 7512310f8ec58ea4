/*
 * report_yakkers.c: table yakkers: connections of addresses that were held as clients that do
 * nothing: how many, whose, what was counted of them, and what those did that went on.
 *
 * A record that sums up connections counts as so many; of an IPv6 address it names the /64.
 */
#include "ip.h"
#include "report.h"

enum { HELD, COUNTED, ADDRESSES, NETWORKS, PROGRESS, PROGRESS_TLS };

#define OF_HELD "connections of yakkers"
#define OF_OWN "connections of yakkers with a record of their own"

static const struct report_section sections[] = {
    [HELD] = {"held", "connections", "connections", "all connections", 0, 0},
    [COUNTED] = {"counted", "TLS", "connections",
		 "connections of yakkers that were counted, not recorded", 0, 0},
    [ADDRESSES] = {"addresses", "address", "connections", OF_HELD, REPORT_SEEN, 0},
    [NETWORKS] = {"networks", "network", "connections", OF_HELD, REPORT_SEEN, 0},
    [PROGRESS] = {"progress", "phase reached", "connections", OF_OWN, REPORT_SEEN, 0},
    [PROGRESS_TLS] = {"progress_tls", "TLS", "connections", OF_OWN, REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_YAKKER, FIELD_TLS_OUTCOME, FIELD_PHASE};

static void add(struct report_record *r)
{
	char ip[IP_TEXT_MAX], net[IP_NET_TEXT_MAX];
	struct span sessions = {0};

	if (!report_is_session(r))
		return;
	if (!report_true(r, FIELD_YAKKER)) {
		report_count(r, HELD, "of others");
		return;
	}
	report_count(r, ADDRESSES, ip_text(report_ip(r), ip));
	report_count(r, NETWORKS, report_net_text(report_ip(r), net));
	if (report_text(r, FIELD_YAKKER_SESSIONS, &sessions)) {
		report_count(r, HELD, "of yakkers, counted");
		report_count_field(r, COUNTED, FIELD_TLS_OUTCOME, "unknown");
		return;
	}
	report_count(r, HELD, "of yakkers, recorded");
	report_count_field(r, PROGRESS, FIELD_PHASE, "unknown");
	report_count_field(r, PROGRESS_TLS, FIELD_TLS_OUTCOME, "unknown");
}

const struct report_table report_yakkers = {"yakkers", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					    add, NULL};
