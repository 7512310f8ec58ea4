/*
 * tls_names.c: the names that records use for outcomes, failures and alerts.
 *
 * Runs in a worker.  (The names of versions stand with their priorities, in tls_priority.c.)
 */
#include "tls.h"

static const char *const outcome_names[TLS_OUTCOME_COUNT] = {
    [TLS_NOT_OFFERED] = "not_offered",         [TLS_OFFERED_UNUSED] = "offered_unused",
    [TLS_REFUSED_BY_RULE] = "refused_by_rule", [TLS_FAILED] = "failed",
    [TLS_NEGOTIATED] = "negotiated",
};

static const char *const failure_names[TLS_FAILURE_COUNT] = {
#define TLS_FAILURE(sym, name, doc) name,
#include "tls_failure.def"
#undef TLS_FAILURE
};

/* TLS Alerts, in the registry of IANA; 41 is of SSLv3, 60 was export_restriction. */
static const struct {
	uint8_t number;
	const char *name;
} alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {52, "too_many_cids_requested"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
    {121, "ech_required"},
};

const char *tls_outcome_name(enum tls_outcome outcome)
{
	return outcome_names[outcome];
}

const char *tls_failure_name(enum tls_failure failure)
{
	return failure_names[failure];
}

const char *tls_alert_name(uint8_t number)
{
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i].number == number)
			return alerts[i].name;
	return "unassigned";
}
