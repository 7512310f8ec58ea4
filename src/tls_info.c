/*
 * tls_info.c: a client's TLS as fields of a record.
 *
 * Runs in a worker.  What the client chose (SNI, names in its certificate) goes out as bytes; the
 * encoder escapes it.
 */
#include <stdio.h>

#include "hello_mend.h"
#include "tls.h"

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
	if (info->certificate_sent)
		record_put_hex(to, FIELD_TLS_CERTIFICATE, info->certificate,
			       sizeof info->certificate);
	if (info->outcome == TLS_NEGOTIATED)
		record_put_bool(to, FIELD_TLS_RESUMED, info->resumed);
	record_put_bool(to, FIELD_TLS_IMPLICIT, info->implicit);
	record_put_u64(to, FIELD_HANDSHAKE_US, info->handshake_us);
	record_put_text(to, FIELD_HELLO_FORMAT, tee_format_name(info->hello_format));
	if (type == RECORD_SESSION)
		record_put_u64(to, FIELD_HELLO_BYTES, info->hello_bytes);
	for (int i = 0; i < HELLO_MEND_COUNT; i++)
		if (info->mended >> i & 1)
			record_put_text(to, FIELD_TLS_MENDED, hello_mend_name((enum hello_mend)i));
	put_cert(&info->cert, to);
	if (info->renegotiation)
		record_put_bool(to, FIELD_TLS_RENEGOTIATION, true);
}
