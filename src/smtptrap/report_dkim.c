/*
 * report_dkim.c: table dkim: messages that bear a DKIM signature, which is not verified.
 */
#include "report.h"

enum { SIGNED, BY_TLS, SIGNED_BY_TLS, DOMAINS };

static const struct report_section sections[] = {
    [SIGNED] = {"signed", "DKIM-Signature", "accepted messages", "all accepted messages", 0, 0},
    [BY_TLS] = {"by_tls", "TLS", "accepted messages", "all accepted messages", 0, 0},
    [SIGNED_BY_TLS] = {"signed_by_tls", "TLS", "accepted messages with a signature",
		       "accepted messages with the same TLS", REPORT_OF_LABEL, BY_TLS},
    [DOMAINS] = {"domains", "signing domain", "accepted messages",
		 "accepted messages with a signature that names a domain", REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_TLS_VERSION, FIELD_VERDICT,
					  FIELD_HAS_DKIM, FIELD_DKIM_DOMAINS};

static void add(struct report_record *r)
{
	struct span version = span_text("in clear");
	bool signature = report_true(r, FIELD_HAS_DKIM);

	if (!report_is_delivery(r))
		return;
	if (report_is_tls(r) && !report_text(r, FIELD_TLS_VERSION, &version))
		version = span_text("unknown");
	report_count(r, SIGNED, signature ? "there" : "none");
	report_count_span(r, BY_TLS, version);
	if (!signature)
		return;
	report_count_span(r, SIGNED_BY_TLS, version);
	report_count_list(r, DOMAINS, FIELD_DKIM_DOMAINS);
}

const struct report_table report_dkim = {"dkim", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					 NULL};
