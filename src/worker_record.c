/*
 * worker_record.c: what a session leaves behind: dialogue, records, trace header.
 *
 * Runs in workers.  Everything is gathered as fields (record.h); the logger makes JSON of them and
 * checks them.  Only the trace header is text made here, and what the peer said is stripped of
 * control bytes before it goes into it.
 */
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "ip.h"
#include "log.h"
#include "record.h"
#include "time_text.h"
#include "worker_session.h"

#define TRACE_TAIL 4096 /* of the trace header, kept free for what follows the recipients */

static const char *const end_names[END_COUNT] = {
    [END_NONE] = "client_closed",
    [END_QUIT] = "quit",
    [END_CLIENT_CLOSED] = "client_closed",
    [END_TIMEOUT] = "timeout",
    [END_TOO_MANY_ERRORS] = "too_many_errors",
    [END_LIMIT] = "limit",
    [END_REJECTED] = "rejected",
    [END_SHUTDOWN] = "shutdown",
    [END_TOO_MANY_SESSIONS] = "too_many_sessions",
};

static const char *const verdict_names[] = {
    [VERDICT_ACCEPTED] = "accepted",
    [VERDICT_REJECTED] = "rejected",
    [VERDICT_TEMPFAILED] = "tempfailed",
    [VERDICT_ABORTED] = "aborted",
};

/* ---- dialogue ---- */

static void dialogue_add(struct session *s, struct dialogue_entry *e)
{
	size_t before = s->dialogue.len;

	e->us = clock_us() - s->client.started_us;
	if (!s->dialogue.failed)
		record_put_dialogue(&s->dialogue, e);
	if (s->dialogue.failed) {
		/* Full: from here on all is left out, so that nothing looks complete. */
		s->dialogue.len = before;
		s->client.dialogue_cut += e->len + e->body;
	}
}

void dialogue_client(struct session *s, const struct line *line, size_t secret_at)
{
	struct dialogue_entry e = {.dir = DIALOGUE_CLIENT,
				   .eol = line->eol,
				   .text = line->text.bytes,
				   .len = line->text.len};
	bool secret = !s->conf->auth.auth_secrets && secret_at < e.len;

	if (secret)
		e.len = secret_at;
	dialogue_add(s, &e);
	if (secret)
		dialogue_event(s, "secret left out");
	if (line->too_long)
		dialogue_event(s, "line too long, rest left out");
}

void dialogue_server(struct session *s, const char *reply, size_t len)
{
	struct dialogue_entry e = {
	    .dir = DIALOGUE_SERVER, .text = (const uint8_t *)reply, .len = len};

	if (e.len >= 2 && memcmp(reply + len - 2, "\r\n", 2) == 0)
		e.len -= 2;
	dialogue_add(s, &e);
}

void dialogue_body(struct session *s, uint64_t raw)
{
	struct dialogue_entry e = {.dir = DIALOGUE_CLIENT, .body = raw};

	if (raw > 0)
		dialogue_add(s, &e);
}

void dialogue_event(struct session *s, const char *text)
{
	struct dialogue_entry e = {
	    .dir = DIALOGUE_EVENT, .text = (const uint8_t *)text, .len = strlen(text)};

	dialogue_add(s, &e);
}

/* ---- fields ---- */

/* Add what fits. */
static void put_cut(struct buf *to, struct span s)
{
	size_t room = to->cap - to->len;

	buf_put(to, s.bytes, s.len < room ? s.len : room);
}

void record_auth(struct session *s, const struct smtp_auth_attempt *a)
{
	uint8_t text[1000];
	struct buf b;

	if (s->client.auths++ >= SESSION_AUTHS)
		return;
	buf_init(&b, text, sizeof text);
	buf_put(&b, a->mechanism.bytes, a->mechanism.len);
	buf_put_byte(&b, ' ');
	buf_put_str(&b, smtp_auth_verdict_name(a->verdict));
	buf_put_byte(&b, ' ');
	put_cut(&b, a->identity);
	if (s->conf->auth.auth_secrets && b.len < b.cap) {
		buf_put_byte(&b, ' ');
		put_cut(&b, a->secret);
	}
	record_put_string(&s->auth, FIELD_AUTH, text, b.len);
}

static void put_addresses(struct session *s, struct buf *to)
{
	const struct session_client *c = &s->client;

	record_put_ip(to, FIELD_CLIENT_IP, c->ip);
	record_put_u64(to, FIELD_CLIENT_PORT, c->port);
	record_put_ip(to, FIELD_LOCAL_IP, c->local_ip);
	record_put_u64(to, FIELD_LOCAL_PORT, c->local_port);
	record_put_text(to, FIELD_LISTENER, c->listener->name);
	if (c->identity != NULL)
		record_put_text(to, FIELD_IDENTITY, c->identity->name);
	if (c->proxied)
		record_put_ip(to, FIELD_PROXY_IP, c->proxy_ip);
}

static void put_greeting(struct session *s, struct buf *to)
{
	if (s->smtp.helo_len > 0)
		record_put_string(to, FIELD_HELO, s->smtp.helo, s->smtp.helo_len);
	record_put_bool(to, FIELD_ESMTP, s->smtp.esmtp);
}

static void put_oddities(uint64_t set, struct buf *to)
{
	for (int i = 0; i < ODDITY_COUNT; i++)
		if (set & UINT64_C(1) << i)
			record_put_text(to, FIELD_ODDITIES, oddity_table[i].name);
}

static void put_tls(struct session *s, enum record_type type, struct buf *to)
{
	static const struct tls_info none = {.outcome = TLS_NOT_OFFERED};

	if (s->tls == NULL) {
		tls_info_put(&none, type, to);
		return;
	}
	struct tls_info *info = tls_session_info(s->tls);
	if (info->outcome == TLS_NOT_OFFERED && s->client.starttls_offered)
		info->outcome = TLS_OFFERED_UNUSED;
	if (info->outcome == TLS_NOT_OFFERED && s->client.offer.refused_by_rule)
		info->outcome = TLS_REFUSED_BY_RULE;
	tls_info_put(info, type, to);
	if (s->client.offer.memory != OFFER_MEMORY_NOTHING)
		record_put_text(to, FIELD_TLS_MEMORY, offer_memory_name(s->client.offer.memory));
	buf_put(to, s->hello[type].data, s->hello[type].len);
}

static void put_yakker(const struct yakker *y, struct buf *to)
{
	if (y->under)
		record_put_bool(to, FIELD_YAKKER, true);
}

/* Who takes part in an experiment, also where no TLS came of it. */
static void put_arm(const struct offer *offer, struct buf *to)
{
	if (offer->arm != NULL)
		record_put_text(to, FIELD_ARM, offer->arm->name);
	if (offer->profile != NULL)
		record_put_text(to, FIELD_TLS_PROFILE, offer->profile->name);
}

static void put_counters(struct session *s, struct buf *to)
{
	const struct smtp_counters *n = &s->smtp.count;

	record_put_u64(to, FIELD_COMMANDS, n->commands);
	record_put_u64(to, FIELD_ERRORS, n->errors);
	record_put_u64(to, FIELD_MESSAGES_ACCEPTED, n->messages_accepted);
	record_put_u64(to, FIELD_MESSAGES_REJECTED, n->messages_rejected);
	record_put_u64(to, FIELD_RECIPIENTS_ACCEPTED, n->recipients_accepted);
	record_put_u64(to, FIELD_RECIPIENTS_REJECTED, n->recipients_rejected);
}

static void put_habits(struct session *s, struct buf *to)
{
	uint64_t odd = s->smtp.oddities;

	buf_put(to, s->auth.data, s->auth.len);
	record_put_bool(to, FIELD_EARLY_TALK, odd & ODDITY_BIT(EARLY_TALK));
	record_put_bool(to, FIELD_PIPELINED_EARLY, odd & ODDITY_BIT(PIPELINED_EARLY));
	record_put_bool(to, FIELD_TLS_INJECTED,
			s->client.injected || (odd & ODDITY_BIT(TLS_INJECTED)));
	record_put_u64(to, FIELD_BARE_CR, s->lines.bare_cr);
	record_put_u64(to, FIELD_BARE_LF, s->lines.bare_lf);
	put_oddities(odd, to);
}

void record_session(struct session *s)
{
	const struct session_client *c = &s->client;
	struct buf *to = &s->fields;

	buf_reset(to);
	record_put_uuid(to, FIELD_ID, c->id);
	record_put_time(to, FIELD_TS, c->accepted_us);
	put_addresses(s, to);
	record_put_u64(to, FIELD_DURATION_US, c->closed_us - c->started_us);
	record_put_u64(to, FIELD_BYTES_IN, s->conn.bytes_in);
	record_put_u64(to, FIELD_BYTES_OUT, s->conn.bytes_out);
	put_greeting(s, to);
	record_put_text(to, FIELD_PHASE, smtp_phase_name(s->smtp.phase));
	record_put_text(to, FIELD_END_REASON, end_names[c->end]);
	put_counters(s, to);
	put_habits(s, to);
	put_yakker(&c->yakker, to);
	put_arm(&c->offer, to);
	put_tls(s, RECORD_SESSION, to);
	who_put_session(s, to);
	worker_dns_put(s, RECORD_SESSION, to);
	worker_rules_put(s, RECORD_SESSION, to);
	if (c->dialogue_cut + s->lines.skipped > 0)
		record_put_u64(to, FIELD_DIALOGUE_BYTES_CUT, c->dialogue_cut + s->lines.skipped);
	buf_put(to, s->dialogue.data, s->dialogue.len);
	struct iovec part = {.iov_base = to->data, .iov_len = to->len};
	if (to->failed || results_send(&s->results, FRAME_SESSION, &part, 1, false) != ACK_STORED)
		warn("a session record could not be handed to the logger");
}

/* ---- messages ---- */

static void put_header_value(const struct mail_header *h, enum mail_header_field from,
			     enum record_field field, struct buf *to)
{
	if (h->value[from].present)
		record_put_string(to, field, h->value[from].bytes, h->value[from].len);
}

/* What the header of the message says, without trusting it. */
static void put_header(struct session *s, struct buf *to)
{
	struct mail_header *h = &s->header;

	put_header_value(h, MAIL_HEADER_FROM, FIELD_HEADER_FROM, to);
	put_header_value(h, MAIL_HEADER_TO, FIELD_HEADER_TO, to);
	put_header_value(h, MAIL_HEADER_SUBJECT, FIELD_SUBJECT, to);
	put_header_value(h, MAIL_HEADER_MESSAGE_ID, FIELD_MESSAGE_ID, to);
	put_header_value(h, MAIL_HEADER_DATE, FIELD_DATE, to);
	record_put_bool(to, FIELD_HAS_DKIM, h->has_dkim);
	for (uint32_t i = 0; i < h->dkim_count; i++)
		record_put_string(to, FIELD_DKIM_DOMAINS, h->dkim_domain[i].bytes,
				  h->dkim_domain[i].len);
	record_put_u64(to, FIELD_RECEIVED_COUNT, h->received_count);
	for (int i = 0; i < MAIL_ODDITY_COUNT; i++)
		if (h->oddities & UINT32_C(1) << i)
			record_put_text(to, FIELD_HEADER_ODDITIES,
					mail_header_oddity_name((enum mail_header_oddity)i));
}

static void put_digest(enum record_field field, const uint8_t *bytes, size_t len, struct buf *to)
{
	uint8_t digest[32];

	if (digest_sha256(bytes, len, digest) == 0)
		record_put_hex(to, field, digest, sizeof digest);
}

static void put_recipients(struct session *s, struct buf *to)
{
	struct smtp_recipient r;
	size_t at = 0;
	bool any = false;

	while (smtp_recipient_next(&s->smtp.envelope, &at, &r)) {
		record_put_string(to, FIELD_RCPT_TO, r.address.bytes, r.address.len);
		any |= r.params.len > 0;
	}
	for (at = 0; any && smtp_recipient_next(&s->smtp.envelope, &at, &r);)
		record_put_string(to, FIELD_RCPT_PARAMS, r.params.bytes, r.params.len);
}

static void put_content(struct session *s, struct buf *to)
{
	const struct message_store *store = &s->store;

	mail_header_read(&s->header, store->bytes, store->len);
	if (store->size == store->len) {
		size_t body = s->header.body_offset;

		put_digest(FIELD_SHA256, store->bytes, store->len, to);
		put_digest(FIELD_BODY_SHA256, store->bytes + body, store->len - body, to);
	}
	put_header(s, to);
}

static void message_fields(struct session *s, enum message_verdict verdict, enum message_keep keep,
			   struct span reply)
{
	const struct session_message *m = &s->client.message;
	const struct smtp_envelope *e = &s->smtp.envelope;
	struct buf *to = &s->fields;

	buf_reset(to);
	record_put_uuid(to, FIELD_ID, m->id);
	record_put_time(to, FIELD_TS, m->ts_us);
	record_put_uuid(to, FIELD_SESSION_ID, s->client.id);
	put_addresses(s, to);
	put_greeting(s, to);
	put_yakker(&s->client.yakker, to);
	put_arm(&s->client.offer, to);
	put_tls(s, RECORD_MESSAGE, to);
	worker_dns_put(s, RECORD_MESSAGE, to);
	record_put_string(to, FIELD_MAIL_FROM, e->reverse_path.bytes, e->reverse_path.len);
	if (e->mail_params.len > 0)
		record_put_string(to, FIELD_MAIL_PARAMS, e->mail_params.bytes, e->mail_params.len);
	put_recipients(s, to);
	record_put_u64(to, FIELD_SIZE, s->store.size);
	record_put_u64(to, FIELD_BARE_CR, m->bare_cr);
	record_put_u64(to, FIELD_BARE_LF, m->bare_lf);
	put_oddities(e->oddities, to);
	if (e->chunked)
		record_put_bool(to, FIELD_CHUNKED, true);
	record_put_text(to, FIELD_VERDICT, verdict_names[verdict]);
	if (reply.len > 0)
		record_put_string(to, FIELD_REPLY, reply.bytes, reply.len);
	if (verdict == VERDICT_ACCEPTED && keep != KEEP_ALL)
		record_put_bool(to, FIELD_KEPT, false);
	worker_rules_put(s, RECORD_MESSAGE, to);
	put_content(s, to);
	who_put_message(s, to);
}

/* ---- trace header ---- */

/* Bytes of the peer in a header of ours: printable, on one line. */
static void put_clean(struct buf *to, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_put_byte(to, bytes[i] < 0x20 || bytes[i] == 0x7f ? '?' : bytes[i]);
}

/* RFC 3848 and RFC 6531, 4.3. */
static const char *with_protocol(const struct session *s)
{
	static const char *const names[2][2][2] = {
	    {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
	    {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}},
	};

	if (!s->smtp.esmtp && !s->smtp.tls)
		return "SMTP";
	return names[s->smtp.envelope.smtputf8][s->smtp.tls][s->smtp.authenticated];
}

static void trace_received(struct session *s, struct buf *to)
{
	const struct session_client *c = &s->client;
	char ip[IP_TEXT_MAX], id[UUID_TEXT];

	uuid_format(c->message.id, id);
	buf_put_str(to, "Received: from ");
	put_clean(to, s->smtp.helo_len ? s->smtp.helo : (const uint8_t *)"unknown",
		  s->smtp.helo_len ? s->smtp.helo_len : 7);
	buf_put_str(to, ip_is_v4(c->ip) ? " ([" : " ([IPv6:");
	buf_put_str(to, ip_text(c->ip, ip));
	buf_put_str(to, "]:");
	buf_put_u64(to, c->port);
	buf_put_str(to, ")\r\n\tby ");
	buf_put_str(to, s->smtp.policy->hostname);
	buf_put_str(to, " with ");
	buf_put_str(to, with_protocol(s));
	buf_put_str(to, " id ");
	buf_put_str(to, id);
	if (s->smtp.tls) {
		const struct tls_info *t = tls_session_info(s->tls);

		buf_printf(to, "\r\n\t(version=%s cipher=%s)", tls_version_name(t->version),
			   t->cipher);
	}
	buf_put_str(to, ";\r\n\t");
	time_put_mail(to, c->message.ts_us);
	buf_put_str(to, "\r\n");
}

static void trace_make(struct session *s)
{
	struct buf *to = &s->trace;
	const struct smtp_envelope *e = &s->smtp.envelope;
	struct smtp_recipient r;
	char id[UUID_TEXT];
	size_t at = 0;

	buf_reset(to);
	buf_put_str(to, "Return-Path: <");
	put_clean(to, e->reverse_path.bytes, e->reverse_path.len);
	buf_put_str(to, ">\r\n");
	while (smtp_recipient_next(e, &at, &r) && r.address.len + TRACE_TAIL < to->cap - to->len) {
		buf_put_str(to, "Delivered-To: ");
		put_clean(to, r.address.bytes, r.address.len);
		buf_put_str(to, "\r\n");
	}
	trace_received(s, to);
	uuid_format(s->client.message.id, id);
	buf_put_str(to, "X-Trap-Id: ");
	buf_put_str(to, id);
	buf_put_str(to, "\r\nX-Trap-Size: ");
	buf_put_u64(to, s->store.len);
	buf_put_str(to, "\r\n");
}

enum ack_code record_message(struct session *s, enum message_verdict verdict,
			     enum message_keep keep, struct span reply)
{
	bool whole = keep == KEEP_ALL;
	struct frame_message head = {0};

	message_fields(s, verdict, keep, reply);
	if (whole)
		trace_make(s);
	if (s->fields.failed || (whole && s->trace.failed)) {
		warn("a message record is too long to be stored");
		return ACK_FAILED;
	}
	head.fields_len = (uint32_t)s->fields.len;
	head.trace_len = whole ? (uint32_t)s->trace.len : 0;
	head.data_len = whole ? s->store.len : 0;
	const struct iovec parts[4] = {
	    {.iov_base = &head, .iov_len = sizeof head},
	    {.iov_base = s->fields.data, .iov_len = head.fields_len},
	    {.iov_base = s->trace.data, .iov_len = head.trace_len},
	    {.iov_base = s->store.bytes, .iov_len = head.data_len},
	};
	return results_send(&s->results, FRAME_MESSAGE, parts, 4, keep != KEEP_NOTE);
}

/* ---- board ---- */

void record_board(struct session *s)
{
	const struct session_client *c = &s->client;
	struct board_slot *b = s->board;
	size_t helo = s->smtp.helo_len < BOARD_HELO_MAX - 1 ? s->smtp.helo_len : BOARD_HELO_MAX - 1;

	b->since_us = c->accepted_us;
	memcpy(b->session_id, c->id, sizeof b->session_id);
	memcpy(b->client_ip, c->ip, IP_BYTES);
	memcpy(b->local_ip, c->local_ip, IP_BYTES);
	b->client_port = c->port;
	b->local_port = c->local_port;
	b->listener = c->listener_index;
	b->phase = (uint8_t)s->smtp.phase;
	b->tls = s->smtp.tls;
	b->tls_memory = (uint8_t)s->client.offer.memory;
	strlcpy(b->tls_version,
		s->smtp.tls ? tls_version_name(tls_session_info(s->tls)->version) : "",
		sizeof b->tls_version);
	memcpy(b->helo, s->smtp.helo, helo);
	b->helo[helo] = '\0';
	b->commands = (uint32_t)s->smtp.count.commands;
	b->errors = (uint32_t)s->smtp.count.errors;
	b->messages_accepted = (uint32_t)s->smtp.count.messages_accepted;
	b->messages_rejected = (uint32_t)s->smtp.count.messages_rejected;
	b->recipients_accepted = (uint32_t)s->smtp.count.recipients_accepted;
	b->recipients_rejected = (uint32_t)s->smtp.count.recipients_rejected;
	b->bytes_in = s->conn.bytes_in;
	b->bytes_out = s->conn.bytes_out;
}
