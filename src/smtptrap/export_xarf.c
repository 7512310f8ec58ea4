/*
 * export_xarf.c: reports of abuse in XARF 4 (xarf.org), a line of JSON each.
 *
 * An accepted message that was kept is reported as messaging/spam with the message as evidence, a
 * session with attempts at AUTH as connection/login_attack.  Of other records there is no report.
 * What is shared is redacted, the message part by part; where that is not certain there is no report.
 */
#include <inttypes.h>
#include <string.h>

#include "conf_number.h"
#include "digest.h"
#include "err.h"
#include "export.h"
#include "json_text.h"
#include "mime_code.h"
#include "span.h"
#include "time_text.h"
#include "uuid.h"

#define XARF_VERSION "4.0.0"
#define EVIDENCE_DEFAULT (256u * 1024)
#define EVIDENCE_MAX 5242880u           /* xarf-core.json: size of an evidence_item */
#define MESSAGE_MAX (32u * 1024 * 1024) /* longer messages are not redacted: it takes minutes */
#define REPORT_MAX (64u * 1024 * 1024)
#define ORG_MAX 200 /* these from xarf-core.json and messaging-spam.json */
#define SUBJECT_MAX 500
#define SHORT_MAX 200
#define NO_ADDRESS "none@reverse-path.invalid"

/* ---- options ---- */

static bool take_contact(struct export_contact *c, const struct export_contact *instead,
			 const char *who)
{
	if (c->org == NULL)
		c->org = instead->org;
	if (c->contact == NULL)
		c->contact = instead->contact;
	const char *at = c->contact != NULL ? strrchr(c->contact, '@') : NULL;
	if (c->domain == NULL && at != NULL)
		c->domain = at + 1;
	if (c->org == NULL || at == NULL || at == c->contact || c->domain == NULL ||
	    c->domain[0] == '\0') {
		complain("a report needs --%s-org NAME and --%s-contact ADDRESS", who, who);
		return false;
	}
	if (strlen(c->org) <= ORG_MAX)
		return true;
	complain("--%s-org: more than %d bytes", who, ORG_MAX);
	return false;
}

/* Does who reports give the trap away? */
static bool is_hidden(struct export *e, const struct export_contact *c, const char *who)
{
	const char *const texts[] = {c->org, c->contact, c->domain};

	for (size_t i = 0; e->redact != NULL && i < sizeof texts / sizeof texts[0]; i++) {
		if (redact_finds(e->redact, texts[i], strlen(texts[i])) == 0)
			continue;
		complain("--%s-*: '%s' gives the trap away", who, texts[i]);
		return false;
	}
	return true;
}

static bool xarf_begin(struct export *e)
{
	static const struct export_contact none;

	if (!take_contact(&e->reporter, &none, "reporter") ||
	    !take_contact(&e->sender, &e->reporter, "sender") ||
	    !is_hidden(e, &e->reporter, "reporter") || !is_hidden(e, &e->sender, "sender"))
		return false;
	e->evidence_max = EVIDENCE_DEFAULT;
	if (e->evidence_max_text == NULL)
		return true;
	const char *text = e->evidence_max_text;
	if (conf_number_parse(&e->evidence_max, text, strlen(text), conf_units_size) == 0 &&
	    e->evidence_max <= EVIDENCE_MAX)
		return true;
	complain("--evidence-max: '%s' is no size up to 5m", text);
	return false;
}

/* ---- parts of a report ---- */

static void put_text(struct buf *out, const char *name, struct span text, size_t max)
{
	buf_printf(out, ",\"%s\":", name);
	if (text.len > max) { /* whole characters of UTF-8 */
		text.len = max;
		while (text.len > 0 && (text.bytes[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	json_put_string(out, text.bytes, text.len);
}

static void put_literal(struct buf *out, const char *name, const char *text)
{
	put_text(out, name, span_text(text), SIZE_MAX);
}

static void put_contact(struct buf *out, const char *name, const struct export_contact *c)
{
	buf_printf(out, ",\"%s\":{\"org\":", name);
	json_put_string(out, (const uint8_t *)c->org, strlen(c->org));
	put_literal(out, "contact", c->contact);
	put_literal(out, "domain", c->domain);
	buf_put_byte(out, '}');
}

/* The report's identifier: UUID version 5 (RFC 9562, 5.5) of the record's, so the same each time. */
static void put_report_id(struct buf *out, const uint8_t id[UUID_BYTES])
{
	uint8_t name[2 * UUID_BYTES] = {
	    0xcf, 0x38, 0x9a, 0xf4, 0xb8, 0x85, 0x48, 0x7f,
	    0xa9, 0x14, 0x2f, 0x72, 0x35, 0xe1, 0x3c, 0x1d}; /* a name space of our own */
	uint8_t digest[DIGEST_SHA1] = {0};
	char text[UUID_TEXT];

	memcpy(name + UUID_BYTES, id, UUID_BYTES);
	out->failed |= digest_sha1(name, sizeof name, digest) != 0;
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	uuid_format(digest, text);
	put_literal(out, "report_id", text);
}

static void put_time(struct buf *out, const char *name, uint64_t us)
{
	char text[TIME_TEXT_MAX];

	if (time_format(NULL, us, text) == 0)
		put_literal(out, name, text);
}

static void put_port(struct buf *out, const char *name, uint64_t port)
{
	if (port > 0)
		buf_printf(out, ",\"%s\":%" PRIu64, name, port);
}

/* What all reports have. */
static void put_core(const struct export *e, const char *category, const char *type,
		     const char *source, struct buf *out)
{
	const struct export_record *r = &e->record;

	buf_put_str(out, "{\"xarf_version\":\"" XARF_VERSION "\"");
	put_report_id(out, r->head.id);
	put_time(out, "timestamp", r->head.ts);
	put_contact(out, "reporter", &e->reporter);
	put_contact(out, "sender", &e->sender);
	put_text(out, "source_identifier", export_value(r, FIELD_CLIENT_IP), SIZE_MAX);
	put_port(out, "source_port", export_number(r, FIELD_CLIENT_PORT));
	put_literal(out, "category", category);
	put_literal(out, "type", type);
	put_literal(out, "evidence_source", source);
}

/* An item of evidence; what is over the limit is cut, and the description says so. */
static void put_evidence(const struct export *e, const char *type, const char *what,
			 struct span bytes, struct buf *out)
{
	uint8_t digest[DIGEST_SHA256] = {0};
	struct span kept = {bytes.bytes,
			    bytes.len < e->evidence_max ? bytes.len : (size_t)e->evidence_max};

	buf_printf(out, ",\"evidence\":[{\"content_type\":\"%s\",\"description\":\"%s", type, what);
	if (kept.len < bytes.len)
		buf_printf(out, "; truncated: the first %zu of %zu bytes", kept.len, bytes.len);
	buf_put_str(out, "\",\"payload\":\"");
	mime_base64_encode(kept, false, true, out);
	out->failed |= digest_sha256(kept.bytes, kept.len, digest) != 0;
	buf_put_str(out, "\",\"hash\":\"sha256:");
	buf_put_hex(out, digest, sizeof digest);
	buf_printf(out, "\",\"size\":%zu}]", kept.len);
}

/* ---- a message ---- */

/* Append trace header and message as they were stored.  NULL, or what is wrong. */
static const char *read_message(struct export *e, const struct message_info *info, struct buf *raw)
{
	struct mail_head head;
	struct mail_check check;
	const uint8_t *bytes;
	size_t len;
	const char *wrong = mail_whole_find(e->store, info, &head), *broken = NULL;

	if (wrong != NULL || (wrong = mail_check_begin(&check)) != NULL)
		return wrong;
	buf_put(raw, head.trace, head.trace_len);
	while (mail_whole_data(e->store, &bytes, &len, &broken) == 1) {
		buf_put(raw, bytes, len);
		mail_check_data(&check, bytes, len);
	}
	wrong = mail_check_end(&check, info, head.size);
	if (broken != NULL)
		return broken;
	return raw->failed ? "its message is too long to be redacted" : wrong;
}

/* The record's message, redacted, at the end of out.  NULL, or why not. */
static const char *put_message(struct export *e, const struct message_info *info, struct buf *out)
{
	struct redact_count count = {0};
	struct buf raw;
	int rc = 0;

	buf_init_heap(&raw, MESSAGE_MAX);
	const char *wrong = read_message(e, info, &raw);
	if (wrong == NULL && e->redact == NULL)
		buf_put(out, raw.data, raw.len);
	else if (wrong == NULL)
		rc = redact_message(e->redact, raw.data, raw.len, out, &count);
	buf_fini(&raw);
	if (rc == ERR_REFUSED)
		return "not exported: redaction of its message is not certain";
	return rc != 0 ? err_text(rc) : wrong;
}

/* Is it an address as JSON schemas' format email has it, more or less?  Only plain ones are. */
static bool is_plain_address(struct span s)
{
	size_t signs = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.bytes[i];

		signs += c == '@';
		if (c <= ' ' || c >= 0x7f || strchr("\"(),:;<>[\\]", c) != NULL ||
		    (c == '.' && (i == 0 || i + 1 == s.len || s.bytes[i - 1] == '.' ||
				  s.bytes[i - 1] == '@' || s.bytes[i + 1] == '@')))
			return false;
	}
	const uint8_t *at = s.len > 0 ? memchr(s.bytes, '@', s.len) : NULL;
	return signs == 1 && at > s.bytes && at - s.bytes <= 64 && at + 1 < s.bytes + s.len;
}

static void put_address(struct buf *out, const char *name, struct span address, const char *instead)
{
	if (is_plain_address(address))
		put_text(out, name, address, SIZE_MAX);
	else if (instead != NULL)
		put_literal(out, name, instead);
}

static void put_optional(struct buf *out, const char *name, struct span text, size_t max)
{
	if (text.len > 0)
		put_text(out, name, text, max);
}

static void put_tls_tag(const struct export_record *r, struct buf *out)
{
	struct span version = export_value(r, FIELD_TLS_VERSION);

	buf_put_str(out, ",\"tags\":[\"tls:");
	if (export_is(r, FIELD_TLS_OUTCOME, "negotiated") && version.len > 0) {
		for (size_t i = 0; i < version.len; i++)
			buf_put_byte(out, (uint8_t)(version.bytes[i] | 0x20));
	} else {
		buf_put_str(out, "none");
	}
	buf_put_str(out, "\"]");
}

static int spam_report(struct export *e, struct span message, struct buf *out)
{
	const struct export_record *r = &e->record;

	put_core(e, "messaging", "spam", "spamtrap", out);
	put_literal(out, "protocol", "smtp");
	put_address(out, "smtp_from", export_value(r, FIELD_MAIL_FROM), NO_ADDRESS);
	put_address(out, "smtp_to", export_value(r, FIELD_RCPT_TO), NULL);
	put_optional(out, "subject", export_value(r, FIELD_SUBJECT), SUBJECT_MAX);
	put_optional(out, "message_id", export_value(r, FIELD_MESSAGE_ID), SHORT_MAX);
	put_optional(out, "user_agent", export_value(r, FIELD_X_MAILER), SHORT_MAX);
	buf_printf(out, ",\"recipient_count\":%zu", r->field[FIELD_RCPT_TO].count);
	put_tls_tag(r, out);
	put_evidence(e, "message/rfc822",
		     e->redact != NULL
			 ? "the message as received, addresses of the recipient redacted"
			 : "the message as received",
		     message, out);
	buf_put_str(out, "}\n");
	return 1;
}

/* ---- a session ---- */

/* The attempts at AUTH as lines: MECHANISM verdict identity, without the secret. */
static void put_attempts(const struct export_record *r, struct buf *out)
{
	for (size_t n = 0; n < r->field[FIELD_AUTH].count; n++) {
		struct span s = export_element(r, FIELD_AUTH, n);
		size_t len = 0;

		for (int words = 0; len < s.len; len++) {
			words += s.bytes[len] == ' ';
			if (words == 3)
				break;
		}
		buf_put_str(out, "AUTH ");
		buf_put(out, s.bytes, len);
		buf_put_str(out, "\r\n");
	}
}

static int login_report(struct export *e, struct buf *out)
{
	const struct export_record *r = &e->record;
	struct buf attempts;

	put_core(e, "connection", "login_attack", "honeypot", out);
	put_literal(out, "protocol", "tcp");
	put_port(out, "destination_port", export_number(r, FIELD_LOCAL_PORT));
	put_time(out, "first_seen", r->head.ts);
	put_time(out, "last_seen", r->head.ts + export_number(r, FIELD_DURATION_US));
	put_tls_tag(r, out);
	buf_init_heap(&attempts, REPORT_MAX);
	put_attempts(r, &attempts);
	put_evidence(e, "text/plain", "attempts to log in over SMTP in one connection",
		     (struct span){attempts.data, attempts.len}, out);
	out->failed |= attempts.failed;
	buf_fini(&attempts);
	buf_put_str(out, "}\n");
	return 1;
}

/* ---- both ---- */

/* Make the report of the record.  1, 0 if there is none, or a negative error (said). */
static int make_report(struct export *e, struct buf *out)
{
	const struct export_record *r = &e->record;
	struct message_info info;
	struct buf message;
	int made;

	if (r->head.type == RECORD_SESSION)
		return r->field[FIELD_AUTH].count > 0 ? login_report(e, out) : 0;
	if (message_info_read(e->line, e->line_len, &info) != 0 || !info.accepted || !info.has_mail)
		return 0;
	buf_init_heap(&message, REDACT_OUT_MAX);
	const char *wrong = put_message(e, &info, &message);
	if (wrong != NULL) {
		export_refuse(e, wrong);
		made = ERR_REFUSED;
	} else {
		made = spam_report(e, (struct span){message.data, message.len}, out);
	}
	buf_fini(&message);
	return made;
}

static int xarf_put(struct export *e)
{
	struct buf report;

	buf_init_heap(&report, REPORT_MAX);
	int made = make_report(e, &report);
	if (made == 1 && report.failed) {
		export_refuse(e, "no memory");
		made = ERR_MEMORY;
	}
	if (made == 1 && e->redact != NULL &&
	    redact_finds(e->redact, report.data, report.len) != 0) {
		export_refuse(e, "not exported: redaction of its report is not certain");
		made = ERR_REFUSED;
	}
	if (made == 1)
		fwrite(report.data, 1, report.len, stdout);
	buf_fini(&report);
	return made;
}

static void xarf_end(struct export *e)
{
	complain("%" PRIu64 " reports; %" PRIu64 " records give none", e->written, e->skipped);
}

const struct export_format export_xarf = {"xarf", true, xarf_begin, xarf_put, xarf_end};
