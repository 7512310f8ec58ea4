/*
 * report_fingerprints.c: table fingerprints: JA3, JA4, SYN and dialect: how often, since when, and
 * which are seen together.
 */
#include "report.h"

enum { JA3, JA4, SYN, DIALECT, JA4_DIALECT, SYN_JA4, JA3_JA4, SYN_DIALECT };

static const struct report_section sections[] = {
    [JA3] = {"ja3", "JA3", "connections", "connections with a JA3", REPORT_SEEN, 0},
    [JA4] = {"ja4", "JA4", "connections", "connections with a JA4", REPORT_SEEN, 0},
    [SYN] = {"tcp_syn", "SYN", "connections", "connections with a signature of the SYN",
	     REPORT_SEEN, 0},
    [DIALECT] = {"dialect", "dialect", "connections", "connections with a dialect", REPORT_SEEN, 0},
    [JA4_DIALECT] = {"ja4_dialect", "JA4 and dialect", "connections", "connections with both",
		     REPORT_SEEN, 0},
    [SYN_JA4] = {"syn_ja4", "SYN and JA4", "connections", "connections with both", REPORT_SEEN, 0},
    [JA3_JA4] = {"ja3_ja4", "JA3 and JA4", "connections", "connections with both", REPORT_SEEN, 0},
    [SYN_DIALECT] = {"syn_dialect", "SYN and dialect", "connections", "connections with both",
		     REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_JA3, FIELD_JA4, FIELD_TCP_SYN, FIELD_DIALECT};

static void add_pair(struct report_record *r, unsigned section, enum record_field a,
		     enum record_field b)
{
	struct span x = {0}, y = {0};
	char pair[REPORT_PAIR_MAX];

	if (report_text(r, a, &x) && report_text(r, b, &y))
		report_count_span(r, section, report_pair(pair, x, y));
}

static void add(struct report_record *r)
{
	if (!report_is_session(r))
		return;
	report_count_field(r, JA3, FIELD_JA3, NULL);
	report_count_field(r, JA4, FIELD_JA4, NULL);
	report_count_field(r, SYN, FIELD_TCP_SYN, NULL);
	report_count_field(r, DIALECT, FIELD_DIALECT, NULL);
	add_pair(r, JA4_DIALECT, FIELD_JA4, FIELD_DIALECT);
	add_pair(r, SYN_JA4, FIELD_TCP_SYN, FIELD_JA4);
	add_pair(r, JA3_JA4, FIELD_JA3, FIELD_JA4);
	add_pair(r, SYN_DIALECT, FIELD_TCP_SYN, FIELD_DIALECT);
}

const struct report_table report_fingerprints = {"fingerprints", REPORT_ARRAY(sections),
						 REPORT_ARRAY(wants), add, NULL};
