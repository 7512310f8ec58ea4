/*
 * tls_failure.c: say why a handshake failed.
 *
 * Runs in a worker.  In: the library's number, what ended the transport, what the tee saw.  Out:
 * one reason of the closed list in tls_failure.def, the alert, the stage.  The library's number
 * alone tells little: the same one means another thing in another message, and an alert in clear
 * under TLS 1.3 looks to it like a record that does not decrypt.  `internal` is only for numbers
 * that are known to be our own failures; any other is the client's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tls_internal.h"

#define ALERT_WARNING 1
#define ALERT_FATAL 2

/* Those that are not here are failures to read the message that came last. */
static const struct {
	int code;
	enum tls_failure failure;
} codes[] = {
    {GNUTLS_E_UNSUPPORTED_VERSION_PACKET, TLS_FAILURE_NO_SHARED_VERSION},
    {GNUTLS_E_UNKNOWN_CIPHER_SUITE, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_NO_CIPHER_SUITES, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_NO_COMMON_KEY_SHARE, TLS_FAILURE_NO_SHARED_GROUP},
    {GNUTLS_E_INSUFFICIENT_CREDENTIALS, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_UNWANTED_ALGORITHM, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_ECC_NO_SUPPORTED_CURVES, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_ECC_UNSUPPORTED_CURVE, TLS_FAILURE_NO_SHARED_CIPHER},
    {GNUTLS_E_DH_PRIME_UNACCEPTABLE, TLS_FAILURE_NO_SHARED_GROUP},
    {GNUTLS_E_RECEIVED_DISALLOWED_NAME, TLS_FAILURE_UNSUPPORTED_SNI},
    {GNUTLS_E_UNRECOGNIZED_NAME, TLS_FAILURE_UNSUPPORTED_SNI},
    {GNUTLS_E_INAPPROPRIATE_FALLBACK, TLS_FAILURE_DOWNGRADE},
    {GNUTLS_E_DECRYPTION_FAILED, TLS_FAILURE_BAD_RECORD},
    {GNUTLS_E_DECOMPRESSION_FAILED, TLS_FAILURE_BAD_RECORD},
    {GNUTLS_E_RECORD_OVERFLOW, TLS_FAILURE_BAD_RECORD},
    {GNUTLS_E_RECORD_LIMIT_REACHED, TLS_FAILURE_BAD_RECORD},
    {GNUTLS_E_TOO_MANY_EMPTY_PACKETS, TLS_FAILURE_BAD_RECORD},
    {GNUTLS_E_UNEXPECTED_PACKET, TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET, TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS, TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_E_GOT_APPLICATION_DATA, TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_E_REHANDSHAKE, TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_E_ERROR_IN_FINISHED_PACKET, TLS_FAILURE_BAD_FINISHED},
    {GNUTLS_E_PK_SIG_VERIFY_FAILED, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_CERTIFICATE_ERROR, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_NO_CERTIFICATE_FOUND, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_CERTIFICATE_REQUIRED, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_KEY_USAGE_VIOLATION, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_INCOMPATIBLE_SIG_WITH_KEY, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_UNKNOWN_PK_ALGORITHM, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_X509_UNSUPPORTED_OID, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_CONSTRAINT_ERROR, TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_E_MISSING_EXTENSION, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_RECEIVED_ILLEGAL_EXTENSION, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_UNEXPECTED_EXTENSIONS_LENGTH, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_SAFE_RENEGOTIATION_FAILED, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_NO_COMPRESSION_ALGORITHMS, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_UNKNOWN_COMPRESSION_ALGORITHM, TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_E_HANDSHAKE_TOO_LARGE, TLS_FAILURE_MESSAGE_TOO_LARGE},
    {GNUTLS_E_PK_DECRYPTION_FAILED, TLS_FAILURE_KEY_EXCHANGE},
    /* Nobody but us can be the cause of these. */
    {GNUTLS_E_MEMORY_ERROR, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_INTERNAL_ERROR, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_INVALID_REQUEST, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_INVALID_SESSION, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_RANDOM_FAILED, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_HASH_FAILED, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_ENCRYPTION_FAILED, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_PK_SIGN_FAILED, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_NO_PRIORITIES_WERE_SET, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_LIB_IN_ERROR_STATE, TLS_FAILURE_INTERNAL},
    {GNUTLS_E_LARGE_PACKET, TLS_FAILURE_INTERNAL},
};

/* Messages of a client: the name for the record, and what it means if one of them is wrong. */
static const struct {
	int message;
	const char *name;
	enum tls_failure failure;
} stages[] = {
    {-1, "", TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_HANDSHAKE_CLIENT_HELLO, "client_hello", TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_HANDSHAKE_CLIENT_HELLO_V2, "client_hello_v2", TLS_FAILURE_UNREADABLE_HELLO},
    {GNUTLS_HANDSHAKE_CERTIFICATE_PKT, "certificate", TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY, "certificate_verify", TLS_FAILURE_CLIENT_CERTIFICATE},
    {GNUTLS_HANDSHAKE_CLIENT_KEY_EXCHANGE, "client_key_exchange", TLS_FAILURE_KEY_EXCHANGE},
    {GNUTLS_HANDSHAKE_END_OF_EARLY_DATA, "end_of_early_data", TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_HANDSHAKE_KEY_UPDATE, "key_update", TLS_FAILURE_UNEXPECTED_MESSAGE},
    {GNUTLS_HANDSHAKE_FINISHED, "finished", TLS_FAILURE_BAD_FINISHED},
};
#define STAGES (sizeof stages / sizeof *stages)

static size_t stage_find(gnutls_session_t session)
{
	int message = session ? (int)gnutls_handshake_get_last_in(session) : -1;

	for (size_t i = 0; i < STAGES; i++)
		if (stages[i].message == message)
			return i;
	return 0;
}

static bool is_asn1_error(int code)
{
	return (code <= GNUTLS_E_ASN1_ELEMENT_NOT_FOUND && code >= GNUTLS_E_ASN1_DER_OVERFLOW) ||
	       code == GNUTLS_E_ASN1_TIME_ERROR;
}

/* The message that came last was a hello, and we have answered it: what is wrong came later. */
static bool is_answered(const struct tls_session *s, size_t stage)
{
	return s->pushed && stages[stage].failure == TLS_FAILURE_UNREADABLE_HELLO;
}

/* In TLS 1.3 the client's share is in its hello, and is looked at when the suite is chosen. */
static bool is_key_share(const struct tls_session *s, size_t stage)
{
	return s->info.version == TLS_1_3 && !s->pushed &&
	       stages[stage].message == GNUTLS_HANDSHAKE_CLIENT_HELLO;
}

static enum tls_failure by_stage(const struct tls_session *s, size_t stage)
{
	if (is_answered(s, stage))
		return TLS_FAILURE_UNEXPECTED_MESSAGE;
	return is_key_share(s, stage) ? TLS_FAILURE_KEY_EXCHANGE : stages[stage].failure;
}

static enum tls_failure by_code(const struct tls_session *s, int code, size_t stage)
{
	if (is_asn1_error(code))
		return TLS_FAILURE_CLIENT_CERTIFICATE;
	if (code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET && is_answered(s, stage))
		return TLS_FAILURE_BAD_RECORD;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == code)
			return codes[i].failure;
	return by_stage(s, stage);
}

static bool is_gone(const struct tls_session *s, int code)
{
	return s->end == TLS_END_EOF || code == GNUTLS_E_PREMATURE_TERMINATION ||
	       code == GNUTLS_E_SESSION_EOF ||
	       (s->end == TLS_END_ERROR && (s->io_errno == ECONNRESET || s->io_errno == EPIPE));
}

static bool is_alert_code(int code)
{
	return code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/* The alert that the client sent, in clear or not. */
static bool read_alert(struct tls_session *s, int code)
{
	struct tls_alert *a = &s->info.alert;

	if (s->tee.alert) {
		*a = (struct tls_alert){true, false, s->tee.alert_level, s->tee.alert_number};
	} else if (is_alert_code(code)) {
		uint8_t level = code == GNUTLS_E_FATAL_ALERT_RECEIVED ? ALERT_FATAL : ALERT_WARNING;
		*a = (struct tls_alert){true, false, level, (uint8_t)gnutls_alert_get(s->gnutls)};
	}
	return a->seen;
}

/* Did the client end it with this alert?  After a warning it may go on. */
static bool is_last_word(const struct tls_alert *a, int code, bool gone)
{
	return a->level == ALERT_FATAL || a->number == GNUTLS_A_CLOSE_NOTIFY || gone ||
	       is_alert_code(code);
}

static enum tls_failure of_transport(const struct tls_session *s)
{
	if (s->io_errno == ECANCELED)
		return TLS_FAILURE_SHUTDOWN;
	return s->io_errno == ETIMEDOUT ? TLS_FAILURE_TIMEOUT : TLS_FAILURE_CLIENT_CLOSED;
}

static enum tls_failure of_the_hello(const struct tls_session *s, enum tls_failure failure)
{
	if (failure == TLS_FAILURE_NO_SHARED_VERSION || failure == TLS_FAILURE_NO_SHARED_CIPHER)
		return tls_shared_missing(s, failure);
	return failure;
}

/* The reasons in the order in which one hides the next. */
static enum tls_failure reason(struct tls_session *s, int code, size_t stage)
{
	bool alert = read_alert(s, code), gone = is_gone(s, code);

	if (s->server->client.failed)
		return TLS_FAILURE_KEYHOLDER;
	if (s->tee.kind > TEE_SSLV2)
		return TLS_FAILURE_NOT_TLS;
	if (alert && is_last_word(&s->info.alert, code, gone))
		return TLS_FAILURE_CLIENT_ALERT;
	if (gone)
		return TLS_FAILURE_CLIENT_CLOSED;
	if (s->end == TLS_END_ERROR)
		return of_transport(s);
	if (code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET && tee_format(&s->tee) == TEE_FORMAT_NONE)
		return TLS_FAILURE_BAD_RECORD;
	if (s->tee.lost && code == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)
		return TLS_FAILURE_BAD_RECORD;
	return of_the_hello(s, by_code(s, code, stage));
}

/* The library's alert for its number; not to one who has gone or has sent one. */
static void send_alert(struct tls_session *s, int code)
{
	int level, number = gnutls_error_to_alert(code, &level);

	if (s->end != TLS_END_NONE || s->info.failure == TLS_FAILURE_CLIENT_ALERT || number < 0)
		return;
	if (gnutls_alert_send(s->gnutls, (gnutls_alert_level_t)level,
			      (gnutls_alert_description_t)number) < 0 ||
	    tls_transport_flush(s) < 0)
		return;
	s->info.alert = (struct tls_alert){true, true, (uint8_t)level, (uint8_t)number};
}

static void put_error(struct tls_session *s, int code)
{
	struct tls_info *info = &s->info;

	snprintf(info->error, sizeof info->error, "%d %s", code, gnutls_strerror(code));
	size_t len = strlen(info->error);
	char *end = info->error + len;
	if (info->failure == TLS_FAILURE_NOT_TLS)
		snprintf(end, sizeof info->error - len, " (the first bytes are %s)",
			 tee_kind_name(s->tee.kind));
	else if (s->end == TLS_END_ERROR)
		snprintf(end, sizeof info->error - len, " (%s)", strerror(s->io_errno));
}

void tls_fail(struct tls_session *s, int code)
{
	if (s->pushed_error && is_gone(s, code))
		tls_transport_drain(s);
	size_t stage = stage_find(s->gnutls);
	s->info.failure = reason(s, code, stage);
	strlcpy(s->info.stage, stages[stage].name, sizeof s->info.stage);
	put_error(s, code);
	/* An alert within a hello may have the rest behind it; one alone has nothing. */
	if (s->info.failure != TLS_FAILURE_CLIENT_ALERT || s->tee.head_len > 0)
		tls_transport_read_on(s);
	if (s->gnutls)
		send_alert(s, code);
}
