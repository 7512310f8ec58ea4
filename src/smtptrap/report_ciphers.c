/*
 * report_ciphers.c: table ciphers: cipher suites that were negotiated, by connection and message.
 */
#include "report.h"

enum { SUITES, VERSION_SUITES, MESSAGE_SUITES };

static const struct report_section sections[] = {
    [SUITES] = {"suites", "cipher suite", "connections", "connections that negotiated TLS", 0, 0},
    [VERSION_SUITES] = {"version_suites", "version and cipher suite", "connections",
			"connections that negotiated TLS", 0, 0},
    [MESSAGE_SUITES] = {"message_suites", "cipher suite", "accepted messages",
			"accepted messages over TLS", 0, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION, FIELD_TLS_CIPHER,
					  FIELD_VERDICT};

static void add(struct report_record *r)
{
	struct span version = {0}, cipher = {0};
	char pair[REPORT_PAIR_MAX];

	if (!report_is_tls(r) || !report_text(r, FIELD_TLS_VERSION, &version) ||
	    !report_text(r, FIELD_TLS_CIPHER, &cipher))
		return;
	if (report_is_session(r)) {
		report_count_span(r, SUITES, cipher);
		report_count_span(r, VERSION_SUITES, report_pair(pair, version, cipher));
	} else if (report_is_delivery(r)) {
		report_count_span(r, MESSAGE_SUITES, cipher);
	}
}

const struct report_table report_ciphers = {"ciphers", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					    add, NULL};
