/*
 * A client's TLS as fields of a record.
 */
#include "../../src/tls.h"
#include "../tap.h"

#include "hello_mend.h"

/* Does the record of this type hold the field with this text?  NULL: it does not hold it. */
static bool has(const struct tls_info *info, enum record_type type, enum record_field f,
		const char *text)
{
	uint8_t memory[4096];
	const uint8_t *value;
	struct buf b;
	size_t len;

	buf_init(&b, memory, sizeof memory);
	tls_info_put(info, type, &b);
	if (b.failed)
		return false;
	int there = record_get(b.data, b.len, f, &value, &len);
	if (text == NULL)
		return there == 0;
	return there == 1 && len == strlen(text) && memcmp(value, text, len) == 0;
}

/* Both kinds of record take all that is put. */
static bool encodes(const struct tls_info *info, enum record_type type, const char *expected)
{
	uint8_t memory[4096], json[8192];
	struct buf b, out;
	const uint8_t uuid[16] = {1};

	buf_init(&b, memory, sizeof memory);
	buf_init(&out, json, sizeof json);
	record_put_uuid(&b, FIELD_ID, uuid);
	record_put_time(&b, FIELD_TS, 1);
	tls_info_put(info, type, &b);
	const struct record_head head = {.type = type, .seq = 1, .sensor = "t"};
	int r = record_encode(&head, b.data, b.len, &out);
	buf_put_byte(&out, 0);
	bool good = r == 0 && strstr((char *)json, expected) != NULL;
	if (!good)
		printf("# %d %s\n", r, r == 0 ? (char *)json : "");
	return good;
}

static void check_negotiated(void)
{
	struct tls_info i = {.outcome = TLS_NEGOTIATED,
			     .version = TLS_1_3,
			     .cipher = "TLS_AES_128_GCM_SHA256",
			     .group = "x25519",
			     .sni = "mx.test",
			     .sni_len = 7,
			     .handshake_us = 5,
			     .hello_format = TEE_FORMAT_TLS,
			     .hello_bytes = 300};

	ok(has(&i, RECORD_SESSION, FIELD_TLS_OUTCOME, "negotiated"), "the outcome is there");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_VERSION, "TLSv1.3"), "the version");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_CIPHER, "TLS_AES_128_GCM_SHA256"), "the cipher");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_GROUP, "x25519"), "the group");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_SNI, "mx.test"), "the server name");
	ok(has(&i, RECORD_SESSION, FIELD_HELLO_FORMAT, "TLS"), "the hello's format");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_FAILURE, NULL), "no failure");
	ok(has(&i, RECORD_SESSION, FIELD_CLIENT_CERT_SHA256, NULL), "no certificate");
	ok(encodes(&i, RECORD_SESSION, "\"hello_bytes\":300"), "a session record takes it");
	ok(has(&i, RECORD_MESSAGE, FIELD_HELLO_BYTES, NULL), "hello_bytes is in no message");
	ok(encodes(&i, RECORD_MESSAGE, "\"tls_resumed\":false"), "a message record takes the rest");
	i.resumed = i.implicit = i.renegotiation = true;
	ok(encodes(&i, RECORD_SESSION,
		   "\"tls_resumed\":true,\"tls_implicit\":true,\"handshake_us\":5"),
	   "what was so is true");
	ok(encodes(&i, RECORD_SESSION, "\"tls_renegotiation\":true"), "renegotiation too");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_MENDED, NULL), "nothing was mended");
	i.mended = HELLO_MEND_BIT(SERVER_NAME) | HELLO_MEND_BIT(RECORD_VERSION);
	ok(encodes(&i, RECORD_SESSION, "\"tls_mended\":[\"server_name\",\"record_version\"]") &&
	       encodes(&i, RECORD_MESSAGE, "\"tls_mended\":[\"server_name\",\"record_version\"]"),
	   "what was mended has its names in both records");
}

static void check_certificate(void)
{
	uint8_t subject[] = "CN=a", issuer[] = "CN=b";
	struct tls_info i = {.outcome = TLS_NEGOTIATED,
			     .cert = {.present = true,
				      .readable = true,
				      .chain = 2,
				      .sha256 = {0xab},
				      .subject = subject,
				      .subject_len = 4,
				      .issuer = issuer,
				      .issuer_len = 4,
				      .not_before_us = 1000000,
				      .not_after_us = 2000000,
				      .verify = "unknown_issuer,expired"}};

	ok(has(&i, RECORD_SESSION, FIELD_CLIENT_CERT_SUBJECT, "CN=a") &&
	       has(&i, RECORD_SESSION, FIELD_CLIENT_CERT_ISSUER, "CN=b") &&
	       has(&i, RECORD_SESSION, FIELD_CLIENT_CERT_VERIFY, "unknown_issuer,expired"),
	   "a certificate's names and what is against it are there");
	ok(encodes(&i, RECORD_SESSION, "\"client_cert_sha256\":\"ab00"), "its hash");
	ok(encodes(&i, RECORD_MESSAGE, "\"client_cert_chain\":2"),
	   "and its chain, in messages too");
	i.cert.readable = false;
	ok(has(&i, RECORD_SESSION, FIELD_CLIENT_CERT_SUBJECT, NULL) &&
	       encodes(&i, RECORD_SESSION, "\"client_cert_sha256\":\"ab00"),
	   "of one that does not parse the hash alone");
}

static void check_failed(void)
{
	struct tls_info i = {.outcome = TLS_FAILED,
			     .failure = TLS_FAILURE_CLIENT_ALERT,
			     .alert = {true, false, 2, 48},
			     .stage = "client_hello",
			     .error = "-12 A TLS fatal alert has been received."};

	ok(has(&i, RECORD_SESSION, FIELD_TLS_OUTCOME, "failed") &&
	       has(&i, RECORD_SESSION, FIELD_TLS_FAILURE, "client_alert"),
	   "a failure has its reason");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_ALERT, "received 48 unknown_ca"), "the alert");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_STAGE, "client_hello"), "the stage");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_ERROR, i.error), "the library's text");
	ok(has(&i, RECORD_SESSION, FIELD_TLS_RESUMED, NULL) &&
	       has(&i, RECORD_SESSION, FIELD_TLS_VERSION, NULL),
	   "and nothing of what was not negotiated");
	ok(has(&i, RECORD_SESSION, FIELD_HELLO_FORMAT, "none"), "but a hello's format: none");
	i.alert = (struct tls_alert){true, true, 2, 200};
	ok(has(&i, RECORD_SESSION, FIELD_TLS_ALERT, "sent 200 unassigned"),
	   "an alert without a name has its number");
	ok(encodes(&i, RECORD_MESSAGE, "\"tls_failure\":\"client_alert\""),
	   "a message record takes it");
}

static void check_none(void)
{
	static const struct {
		enum tls_outcome outcome;
		const char *name;
	} cases[] = {{TLS_NOT_OFFERED, "not_offered"},
		     {TLS_OFFERED_UNUSED, "offered_unused"},
		     {TLS_REFUSED_BY_RULE, "refused_by_rule"}};

	for (size_t c = 0; c < 3; c++) {
		const struct tls_info i = {.outcome = cases[c].outcome};
		ok(has(&i, RECORD_SESSION, FIELD_TLS_OUTCOME, cases[c].name) &&
		       has(&i, RECORD_SESSION, FIELD_HELLO_FORMAT, NULL),
		   "%s stands alone", cases[c].name);
	}
}

int main(void)
{
	check_negotiated();
	check_certificate();
	check_failed();
	check_none();
	return tap_done();
}
