/*
 * smtp_reply.c: the replies of the SMTP machine.
 *
 * Runs in the workers.  Nothing that a peer sent ever gets into a reply of the trap's own (into
 * those of smtp_look.c, some does), and what comes from the configuration is shown as printable
 * ASCII, so that each line is legal (RFC 5321 4.2).  A judge's lines are the caller's, who answers
 * for the same.
 */
#include "smtp_int.h"

#include <assert.h>

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

/* EHLO's reply: each line so far ends in CRLF and begins with "250-"; the last gets "250 ". */
static void put_ehlo(struct buf *b, const struct smtp *s)
{
	const char *template = smtp_look_template(s->policy->look, REPLY_EHLO);
	size_t last = 0;

	if (template != NULL) {
		smtp_look_put(b, s, template, NULL);
		b->data[3] = '-';
	} else {
		buf_put(b, "250-", 4);
		put_text(b, s->policy->hostname, HOSTNAME_MAX);
	}
	buf_put(b, "\r\n", 2);
	smtp_ehlo_put(b, s);
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

/* The reply in the words of the policy's look, NULL where it is the trap's own: a banner of its
 * own is no look's. */
static const char *find_template(const struct smtp *s, enum smtp_reply_id id)
{
	if (id == REPLY_GREETING && s->policy->banner != NULL)
		return NULL;
	return smtp_look_template(s->policy->look, id);
}

static int code_of(const char *reply)
{
	return (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0');
}

void smtp_reply_put(struct smtp *s, enum smtp_reply_id id, const char *more, struct smtp_verdict *v)
{
	bool plain = v->verb == SMTP_EHLO || v->verb == SMTP_HELO;
	const char *template = find_template(s, id);
	struct buf b;

	buf_init(&b, s->reply, sizeof s->reply);
	if (id == REPLY_JUDGED) {
		buf_put(&b, s->judged.reply.bytes, s->judged.reply.len);
	} else if (id == REPLY_EHLO) {
		put_ehlo(&b, s);
	} else if (template != NULL) {
		smtp_look_put(&b, s, template, more);
		buf_put(&b, "\r\n", 2);
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
	v->code = id == REPLY_JUDGED ? s->judged.code
		  : template != NULL ? code_of(template)
				     : rows[id].code;
}

struct span smtp_stored_reply(struct smtp *s, const char *id)
{
	struct smtp_verdict v = {.verb = SMTP_DATA};

	smtp_reply_put(s, REPLY_STORED, id, &v);
	return (struct span){(const uint8_t *)v.reply, v.reply_len - 2};
}
