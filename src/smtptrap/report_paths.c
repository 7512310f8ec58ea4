/*
 * report_paths.c: table paths: how far connections of each TLS outcome and version came.
 */
#include "report.h"

enum { PATHS };

static const struct report_section sections[] = {
    [PATHS] = {"paths", "TLS and what was delivered", "connections", "all connections",
	       REPORT_BY_LABEL, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION,
					  FIELD_MESSAGES_ACCEPTED};

static void add(struct report_record *r)
{
	struct span tls = span_text("unknown"), version = span_text("unknown"), messages = {0};
	char tls_text[REPORT_PAIR_MAX], text[REPORT_PAIR_MAX];

	if (!report_is_session(r))
		return;
	report_text(r, FIELD_TLS_OUTCOME, &tls);
	if (report_is_tls(r)) {
		report_text(r, FIELD_TLS_VERSION, &version);
		tls = report_pair(tls_text, tls, version);
	}
	bool delivered =
	    report_text(r, FIELD_MESSAGES_ACCEPTED, &messages) && !span_is(messages, "0");
	report_count_span(
	    r, PATHS, report_pair(text, tls, span_text(delivered ? PATH_DELIVERED : PATH_NOTHING)));
}

const struct report_table report_paths = {"paths", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					  NULL};
