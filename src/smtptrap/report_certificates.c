/*
 * report_certificates.c: table certificates: what clients show as their certificate.
 */
#include "report.h"
#include "time_text.h"

enum { SHOWN, VALIDITY, VERIFY, ISSUERS, FAILURES };

#define OF_SHOWN "connections with a client certificate"

static const struct report_section sections[] = {
    [SHOWN] = {"shown", "client certificate", "connections", "connections that negotiated TLS", 0,
	       0},
    [VALIDITY] = {"validity", "validity at the time", "connections", OF_SHOWN, 0, 0},
    [VERIFY] = {"verify", "verification", "connections", OF_SHOWN, 0, 0},
    [ISSUERS] = {"issuers", "issuer", "connections", OF_SHOWN, REPORT_SEEN, 0},
    [FAILURES] = {"failures", "reason", "handshakes",
		  "handshakes that failed after a client certificate came", 0, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME,           FIELD_TLS_FAILURE,
					  FIELD_CLIENT_CERT_ISSUER,    FIELD_CLIENT_CERT_NOT_BEFORE,
					  FIELD_CLIENT_CERT_NOT_AFTER, FIELD_CLIENT_CERT_VERIFY,
					  FIELD_CLIENT_CERT_SHA256};

static bool time_of(struct report_record *r, enum record_field f, uint64_t *us_r)
{
	struct span text = {0};

	return report_text(r, f, &text) &&
	       time_parse((const char *)text.bytes, text.len, us_r) == 0;
}

static const char *validity(struct report_record *r)
{
	uint64_t before, after;

	if (!time_of(r, FIELD_CLIENT_CERT_NOT_BEFORE, &before) ||
	    !time_of(r, FIELD_CLIENT_CERT_NOT_AFTER, &after))
		return "unknown";
	if (report_ts(r) < before)
		return "not yet valid";
	return report_ts(r) > after ? "expired" : "valid";
}

static void add(struct report_record *r)
{
	struct span digest = {0};
	bool shown = report_text(r, FIELD_CLIENT_CERT_SHA256, &digest);

	if (!report_is_session(r))
		return;
	if (report_is(r, FIELD_TLS_OUTCOME, "failed") && shown)
		report_count_field(r, FAILURES, FIELD_TLS_FAILURE, "unknown");
	if (!report_is_tls(r))
		return;
	report_count(r, SHOWN, shown ? "shown" : "none");
	if (!shown)
		return;
	report_count(r, VALIDITY, validity(r));
	report_count_field(r, VERIFY, FIELD_CLIENT_CERT_VERIFY, "unknown");
	report_count_field(r, ISSUERS, FIELD_CLIENT_CERT_ISSUER, "unknown");
}

const struct report_table report_certificates = {"certificates", REPORT_ARRAY(sections),
						 REPORT_ARRAY(wants), add, NULL};
