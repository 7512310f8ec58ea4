/*
 * tls_info.c: a client's TLS as fields of a record, and the names that stand there.
 *
 * Runs in a worker.  What the client chose (SNI, names in its certificate) goes out as bytes; the
 * encoder escapes it.
 */
#include <stdio.h>
#include <string.h>

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

static void put_nonempty(struct buf *to, enum record_field f, const char *text)
{
	if (text[0] != '\0')
		record_put_text(to, f, text);
}

static void put_failure(const struct tls_info *info, struct buf *to)
{
	char alert[64];

	record_put_text(to, FIELD_TLS_FAILURE, tls_failure_name(info->failure));
	if (info->alert.seen) {
		snprintf(alert, sizeof alert, "%s %u %s", info->alert.sent ? "sent" : "received",
			 info->alert.number, tls_alert_name(info->alert.number));
		record_put_text(to, FIELD_TLS_ALERT, alert);
	}
	put_nonempty(to, FIELD_TLS_STAGE, info->stage);
	put_nonempty(to, FIELD_TLS_ERROR, info->error);
}

static void put_cert(const struct tls_client_cert *cert, struct buf *to)
{
	if (!cert->present)
		return;
	if (cert->readable) {
		record_put_string(to, FIELD_CLIENT_CERT_SUBJECT, cert->subject, cert->subject_len);
		record_put_string(to, FIELD_CLIENT_CERT_ISSUER, cert->issuer, cert->issuer_len);
	}
	record_put_hex(to, FIELD_CLIENT_CERT_SHA256, cert->sha256, sizeof cert->sha256);
	if (cert->readable) {
		record_put_time(to, FIELD_CLIENT_CERT_NOT_BEFORE, cert->not_before_us);
		record_put_time(to, FIELD_CLIENT_CERT_NOT_AFTER, cert->not_after_us);
		record_put_text(to, FIELD_CLIENT_CERT_VERIFY, cert->verify);
	}
	record_put_u64(to, FIELD_CLIENT_CERT_CHAIN, cert->chain);
}

void tls_info_put(const struct tls_info *info, enum record_type type, struct buf *to)
{
	record_put_text(to, FIELD_TLS_OUTCOME, tls_outcome_name(info->outcome));
	if (info->outcome < TLS_FAILED)
		return;
	if (info->outcome == TLS_FAILED)
		put_failure(info, to);
	if (info->version != TLS_NO_VERSION)
		record_put_text(to, FIELD_TLS_VERSION, tls_version_name(info->version));
	put_nonempty(to, FIELD_TLS_CIPHER, info->cipher);
	put_nonempty(to, FIELD_TLS_GROUP, info->group);
	if (info->sni_len > 0)
		record_put_string(to, FIELD_TLS_SNI, info->sni, info->sni_len);
	if (info->outcome == TLS_NEGOTIATED)
		record_put_bool(to, FIELD_TLS_RESUMED, info->resumed);
	record_put_bool(to, FIELD_TLS_IMPLICIT, info->implicit);
	record_put_u64(to, FIELD_HANDSHAKE_US, info->handshake_us);
	record_put_text(to, FIELD_HELLO_FORMAT, tee_format_name(info->hello_format));
	if (type == RECORD_SESSION)
		record_put_u64(to, FIELD_HELLO_BYTES, info->hello_bytes);
	put_cert(&info->cert, to);
	if (info->renegotiation)
		record_put_bool(to, FIELD_TLS_RENEGOTIATION, true);
}
