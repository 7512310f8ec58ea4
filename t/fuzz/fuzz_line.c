/*
 * fuzz_line.c: fuzz target for lib/line and the machine of lib/smtp, with lib/data between.
 *
 * The first byte chooses the policy, the second the size of the chunks; the rest is what a client
 * sends.  Properties: replies are legal, verdicts make sense, spans lie where they must, and the
 * whole conversation is the same in any chunking.
 */
#include <stdlib.h>

#include "../talk.h"
#include "data.h"

#define ARENA_MAX 512
#define CLIENT_US UINT64_C(1795359044000000) /* 2026-11-22T14:50:44Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

enum reading { READING_LINE, READING_DATA, READING_CHUNK, READING_NOTHING };

/* The server side as a worker does it, but that input comes from memory. */
struct server {
	struct smtp s;
	struct smtp_policy policy;
	struct smtp_verdict v;
	struct line_reader lines;
	struct data_reader data;
	enum reading reading;
	uint64_t chunk_left;
	bool chunk_last, chunk_discard;
	uint64_t hash; /* of all that happened */
	uint8_t arena[ARENA_MAX];
};

static void note(struct server *x, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		x->hash = (x->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static void note_number(struct server *x, uint64_t n)
{
	note(x, &n, sizeof n);
}

static void start(struct server *x, uint8_t choice)
{
	static const uint8_t ip[IP_BYTES] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	memset(x, 0, sizeof *x);
	x->policy = (struct smtp_policy){
	    .hostname = "mx.example",
	    .banner = choice & 1 ? NULL : "ESMTP",
	    .look = (enum smtp_look)(choice % SMTP_LOOK_COUNT),
	    .extensions = choice & 0x80 ? EXT_SIZE : EXT_ALL,
	    .strictness = (enum strictness)(choice % 3),
	    .auth = choice & 4 ? SMTP_AUTH_ACCEPT : SMTP_AUTH_REFUSE,
	    .auth_secrets = choice & 8,
	    .max_message_size = 100,
	    .max_line = choice & 16 ? 40 : 0,
	    .max_errors = choice & 32 ? 5 : 0,
	    .max_recipients = choice & 64 ? 2 : 0,
	};
	smtp_init(&x->s, &x->policy, x->arena, choice & 16 ? 40 : sizeof x->arena);
	smtp_client(&x->s, ip, CLIENT_US);
}

static void check_envelope(struct server *x)
{
	const struct smtp_envelope *e = &x->s.envelope;
	struct smtp_recipient r;
	unsigned count = 0;
	size_t at = 0;

	must(e->arena_len <= e->arena_cap);
	for (; smtp_recipient_next(e, &at, &r); count++) {
		must(r.address.len > 0 && r.address.bytes >= x->arena &&
		     r.params.bytes + r.params.len <= x->arena + e->arena_len);
		note(x, r.address.bytes, r.address.len);
	}
	must(count == e->recipients);
	if (e->reverse_path.len > 0)
		note(x, e->reverse_path.bytes, e->reverse_path.len);
}

/* The states from which each `next` can come, and the other way round. */
static bool state_fits(const struct server *x)
{
	switch (x->v.next) {
	case SMTP_NEXT_COMMAND:
		return x->s.state <= SMTP_STATE_SPOILT;
	case SMTP_NEXT_AUTH:
		return x->s.state == SMTP_STATE_AUTH;
	case SMTP_NEXT_DATA:
	case SMTP_NEXT_CHUNK:
		return x->s.state == SMTP_STATE_PAYLOAD;
	case SMTP_NEXT_STARTTLS:
		return x->s.state == SMTP_STATE_STARTTLS;
	default:
		return x->s.state == SMTP_STATE_CLOSED;
	}
}

static void check_verdict(struct server *x)
{
	const struct smtp_verdict *v = &x->v;

	must(talk_illegal(v) == NULL);
	must((v->reply_len == 0) == (v->code == 0));
	must(v->reply_len > 0 || v->next == SMTP_NEXT_CHUNK || v->next == SMTP_NEXT_CLOSE);
	must((v->code == 421 || v->code == 221) <= (v->next == SMTP_NEXT_CLOSE));
	must((v->code == 354) == (v->next == SMTP_NEXT_DATA));
	must((v->code == 334) == (v->next == SMTP_NEXT_AUTH));
	must(state_fits(x));
	must((v->next == SMTP_NEXT_COMMAND) | v->flush);
	must(x->s.helo_len <= SMTP_HELO_MAX);
	must((v->oddities & ~x->s.oddities) == 0);
	if (v->auth != NULL)
		must(v->auth->secret.len == 0 || x->policy.auth_secrets);
	check_envelope(x);
	note(x, v->reply, v->reply_len);
	note_number(x, v->next);
	note_number(x, v->oddities);
	note_number(x, v->secret_at);
	note_number(x, v->message_over);
}

/* After each verdict: what is to be read next. */
static void go_on(struct server *x)
{
	check_verdict(x);
	x->reading = READING_LINE;
	switch (x->v.next) {
	case SMTP_NEXT_DATA:
		x->data = (struct data_reader){0};
		x->reading = READING_DATA;
		break;
	case SMTP_NEXT_CHUNK:
		x->chunk_left = x->v.chunk_size;
		x->chunk_last = x->v.chunk_last;
		x->chunk_discard = x->v.chunk_discard;
		x->reading = READING_CHUNK;
		break;
	case SMTP_NEXT_STARTTLS:
		/* A worker drops what is buffered; here that would depend on the chunks. */
		line_reset(&x->lines);
		smtp_tls_started(&x->s);
		must(x->s.state == SMTP_STATE_CONNECTED && x->s.envelope.recipients == 0);
		break;
	case SMTP_NEXT_CLOSE:
		x->reading = READING_NOTHING;
		break;
	default:
		break;
	}
}

static void take_line(struct server *x, struct line line, bool more)
{
	struct smtp_input in = {
	    .line = line, .more_buffered = more, .out_of_space = line.text.len % 7 == 5};

	note(x, line.text.bytes, line.text.len);
	note_number(x, line.eol);
	smtp_command(&x->s, &in, &x->v);
	must(x->v.secret_at == SMTP_NO_SECRET || x->v.secret_at <= line.text.len);
	go_on(x);
}

static size_t read_line(struct server *x, const uint8_t *in, size_t len, size_t behind,
			bool *need_r)
{
	struct line line;
	size_t used, limit = smtp_line_limit(&x->s);
	int got = line_read(&x->lines, in, len, limit, &line, &used);

	must(used <= len);
	*need_r = got == 0;
	if (got == 0)
		return used;
	must(line.text.len <= limit && line.text.len <= used);
	must(line.text.bytes >= in && line.text.bytes + line.text.len <= in + used);
	must(line.eol != EOL_NONE || line.too_long);
	take_line(x, line, len - used + behind > 0);
	return used;
}

static size_t read_data(struct server *x, const uint8_t *in, size_t len, bool *need_r)
{
	struct span run;
	size_t used;
	enum data_event event = data_next(&x->data, in, len, &run, &used);

	*need_r = event == DATA_NEED;
	if (event == DATA_RUN)
		note(x, run.bytes, run.len);
	if (event != DATA_END)
		return used;
	smtp_message_end(&x->s, (enum smtp_stored)(x->data.size % 4), "id", &x->v);
	go_on(x);
	return used;
}

static size_t read_chunk(struct server *x, const uint8_t *in, size_t len, bool *need_r)
{
	size_t used = len < x->chunk_left ? len : (size_t)x->chunk_left;

	(void)in;
	x->chunk_left -= used;
	*need_r = x->chunk_left > 0;
	if (*need_r)
		return used;
	if (x->chunk_discard || !x->chunk_last)
		smtp_chunk_end(&x->s, &x->v);
	else
		smtp_message_end(&x->s, SMTP_STORED, "id", &x->v);
	go_on(x);
	return used;
}

static void finish(struct server *x, const uint8_t *in, size_t len)
{
	struct line line;

	if (x->reading == READING_LINE && line_finish(&x->lines, in, len, &line) == 1)
		take_line(x, line, false);
	else if (x->reading != READING_NOTHING)
		smtp_close(&x->s, len % 2 ? SMTP_END_TIMEOUT : SMTP_END_CLIENT_CLOSED, &x->v);
	must(x->s.state == SMTP_STATE_CLOSED && !x->s.message_begun);
	note_number(x, x->s.count.commands);
	note_number(x, x->s.count.errors);
	note_number(x, x->s.count.messages_accepted);
	note_number(x, x->s.count.messages_rejected);
	note_number(x, x->lines.bare_cr);
	note_number(x, x->lines.bare_lf);
}

/* The whole conversation; returns its hash. */
static uint64_t converse(const uint8_t *in, size_t len, uint8_t choice, size_t chunk)
{
	static struct server x;
	size_t at = 0, end = 0;

	start(&x, choice);
	smtp_greeting(&x.s, &x.v);
	must(talk_illegal(&x.v) == NULL && x.v.code == 220);
	do {
		bool need = false;
		end = len - end < chunk ? len : end + chunk;
		while (!need && x.reading != READING_NOTHING) {
			const uint8_t *from = in + at;
			if (x.reading == READING_LINE)
				at += read_line(&x, from, end - at, len - end, &need);
			else if (x.reading == READING_DATA)
				at += read_data(&x, from, end - at, &need);
			else
				at += read_chunk(&x, from, end - at, &need);
		}
	} while (end < len && x.reading != READING_NOTHING);
	finish(&x, in + at, len - at);
	return x.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	uint64_t whole = converse(data + 2, len - 2, data[0], len);

	must(converse(data + 2, len - 2, data[0], 1) == whole);
	must(converse(data + 2, len - 2, data[0], (size_t)data[1] + 2) == whole);
	return 0;
}
