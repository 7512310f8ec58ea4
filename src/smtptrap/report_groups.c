/*
 * report_groups.c: table groups: groups of the key exchange, negotiated and offered.
 */
#include "report.h"

enum { NEGOTIATED, OFFERED };

static const struct report_section sections[] = {
    [NEGOTIATED] = {"negotiated", "group", "connections", "connections that negotiated TLS", 0, 0},
    [OFFERED] = {"offered", "group", "connections",
		 "connections whose ClientHello lists groups by name", 0, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_GROUP,
					  FIELD_HELLO_GROUP_NAMES};

static void add(struct report_record *r)
{
	if (!report_is_session(r))
		return;
	if (report_is_tls(r))
		report_count_field(r, NEGOTIATED, FIELD_TLS_GROUP, "none");
	report_count_list(r, OFFERED, FIELD_HELLO_GROUP_NAMES);
}

const struct report_table report_groups = {"groups", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					   add, NULL};
