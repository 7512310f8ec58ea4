/*
 * smtp_reply.c: the replies of the SMTP machine.
 *
 * Runs in the workers.  Nothing that a peer sent ever gets into a reply, and what comes from the
 * configuration is shown as printable ASCII, so that each line is legal (RFC 5321 4.2).  A judge's
 * lines are the caller's, who answers for the same.
 */
#include "smtp_int.h"

#include <assert.h>

#include "buf.h"

#define HOSTNAME_MAX 255 /* RFC 5321 4.5.3.1.2 */
#define BANNER_MAX 200

static const struct reply_row {
	int code;
	const char *code_text;
	const char *enhanced;
	const char *text;
	bool host;
} rows[REPLY_COUNT] = {
#define REPLY(sym, code, enhanced, host, text) [REPLY_##sym] = {code, #code, enhanced, text, host},
#include "smtp_reply.def"
#undef REPLY
};

int smtp_reply_code(enum smtp_reply_id id)
{
	return rows[id].code;
}

/* Append at most max bytes of text of ours, printable. */
static void put_text(struct buf *b, const char *text, size_t max)
{
	for (size_t i = 0; text[i] != '\0' && i < max; i++)
		buf_put_byte(b, text[i] >= ' ' && text[i] <= '~' ? (uint8_t)text[i] : '?');
}

static void put_extensions(struct buf *b, const struct smtp *s)
{
	static const char *const auth[] = {"AUTH PLAIN LOGIN", "AUTH PLAIN", "AUTH LOGIN",
					   "AUTH PLAIN LOGIN"}; /* by enum smtp_mechanism */
	const struct {
		enum smtp_extension extension;
		const char *line;
	} lines[] = {
	    {EXT_PIPELINING, "PIPELINING"},
	    {EXT_8BITMIME, "8BITMIME"},
	    {EXT_SMTPUTF8, "SMTPUTF8"},
	    {EXT_CHUNKING, "CHUNKING"},
	    {EXT_BINARYMIME, "BINARYMIME"},
	    {EXT_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"},
	    {EXT_DSN, "DSN"},
	    {EXT_STARTTLS, "STARTTLS"},
	    {EXT_AUTH, auth[s->policy->mechanisms & 3]},
	};
	unsigned offered = s->policy->extensions & ~(s->tls ? (unsigned)EXT_STARTTLS : 0u);

	if (offered & EXT_SIZE)
		buf_printf(b, "250-SIZE %llu\r\n", (unsigned long long)s->policy->max_message_size);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (!(offered & lines[i].extension))
			continue;
		buf_put(b, "250-", 4);
		buf_put_str(b, lines[i].line);
		buf_put(b, "\r\n", 2);
	}
}

/* EHLO's reply: each line so far ends in CRLF and begins with "250-"; the last gets "250 ". */
static void put_ehlo(struct buf *b, const struct smtp *s)
{
	size_t last = 0;

	buf_put(b, "250-", 4);
	put_text(b, s->policy->hostname, HOSTNAME_MAX);
	buf_put(b, "\r\n", 2);
	put_extensions(b, s);
	for (size_t i = 2; i < b->len; i++)
		if (b->data[i - 1] == '\n')
			last = i;
	b->data[last + 3] = ' ';
}

static void put_line(struct buf *b, const struct smtp *s, enum smtp_reply_id id, bool enhanced)
{
	const struct reply_row *row = &rows[id];

	buf_put(b, row->code_text, 3);
	buf_put(b, " ", 1);
	if (enhanced && row->enhanced[0] != '\0') {
		buf_put(b, row->enhanced, 5);
		buf_put(b, " ", 1);
	}
	if (row->host) {
		put_text(b, s->policy->hostname, HOSTNAME_MAX);
		if (row->text[0] != '\0')
			buf_put(b, " ", 1);
	}
	buf_put_str(b, row->text);
}

void smtp_reply_put(struct smtp *s, enum smtp_reply_id id, const char *more, struct smtp_verdict *v)
{
	bool plain = v->verb == SMTP_EHLO || v->verb == SMTP_HELO;
	struct buf b;

	buf_init(&b, s->reply, sizeof s->reply);
	if (id == REPLY_JUDGED) {
		buf_put(&b, s->judged.reply.bytes, s->judged.reply.len);
	} else if (id == REPLY_EHLO) {
		put_ehlo(&b, s);
	} else if (id != REPLY_NONE) {
		put_line(&b, s, id, !plain && (s->policy->extensions & EXT_ENHANCEDSTATUSCODES));
		if (id == REPLY_GREETING && more != NULL && more[0] != '\0')
			buf_put(&b, " ", 1);
		if (more != NULL)
			put_text(&b, more, id == REPLY_GREETING ? BANNER_MAX : SMTP_ID_MAX);
		buf_put(&b, "\r\n", 2);
	}
	assert(!b.failed);
	v->reply = s->reply;
	v->reply_len = s->reply_len = b.len;
	v->code = id == REPLY_JUDGED ? s->judged.code : rows[id].code;
}

struct span smtp_stored_reply(struct smtp *s, const char *id)
{
	struct smtp_verdict v = {.verb = SMTP_DATA};

	smtp_reply_put(s, REPLY_STORED, id, &v);
	return (struct span){(const uint8_t *)v.reply, v.reply_len - 2};
}
