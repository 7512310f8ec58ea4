/*
 * talk.h: a client of the SMTP machine for the tests of lib/smtp.
 *
 * A script is lines separated by newlines.  Those that begin with '!' are what the caller of the
 * machine does: !greeting !tls !chunk !stored !nospace !failed !toobig !aborted !shutdown
 * !timeout; before a line, "~" says that more is buffered behind it, "%" that space is short,
 * "^" that it ends with LF alone, "@" that TLS is not available.
 */
#ifndef SMTPTRAP_TALK_H
#define SMTPTRAP_TALK_H

#include <string.h>

#include "smtp.h"

#define TALK_ARENA 4096

struct talk {
	struct smtp s;
	struct smtp_policy policy;
	struct smtp_verdict v;
	uint8_t arena[TALK_ARENA];
};

__attribute__((unused)) static void talk_start(struct talk *t, enum strictness mode)
{
	t->policy = (struct smtp_policy){.hostname = "mx.example",
					 .banner = "ESMTP",
					 .extensions = EXT_ALL,
					 .strictness = mode,
					 .auth_secrets = true,
					 .max_message_size = 1000};
	memset(&t->v, 0, sizeof t->v);
	smtp_init(&t->s, &t->policy, t->arena, sizeof t->arena);
}

/* One line of len bytes, flags as in a script. */
__attribute__((unused)) static void talk_line(struct talk *t, const char *line, size_t len)
{
	struct smtp_input in = {.line = {.eol = EOL_CRLF}};

	for (; len > 0 && strchr("~%^@", line[0]) != NULL && line[0] != '\0'; line++, len--) {
		in.more_buffered = in.more_buffered || line[0] == '~';
		in.out_of_space = in.out_of_space || line[0] == '%';
		in.tls_unavailable = in.tls_unavailable || line[0] == '@';
		in.line.eol = line[0] == '^' ? EOL_LF : in.line.eol;
	}
	in.line.text = (struct span){(const uint8_t *)line, len};
	for (size_t i = 0; i < len; i++)
		in.line.bare_cr += line[i] == '\r';
	if (len > smtp_line_limit(&t->s)) {
		in.line.text.len = smtp_line_limit(&t->s);
		in.line.too_long = true;
		in.line.eol = EOL_NONE;
	}
	smtp_command(&t->s, &in, &t->v);
}

static const struct talk_act {
	const char *name;
	enum smtp_stored stored;
} talk_ends[] = {
    {"!stored", SMTP_STORED},  {"!nospace", SMTP_NO_SPACE}, {"!failed", SMTP_FAILED},
    {"!toobig", SMTP_TOO_BIG}, {"!aborted", SMTP_ABORTED},
};

__attribute__((unused)) static void talk_act(struct talk *t, struct span act)
{
	for (size_t i = 0; i < sizeof talk_ends / sizeof *talk_ends; i++)
		if (span_is(act, talk_ends[i].name))
			smtp_message_end(&t->s, talk_ends[i].stored, "ID1", &t->v);
	if (span_is(act, "!greeting"))
		smtp_greeting(&t->s, &t->v);
	if (span_is(act, "!chunk"))
		smtp_chunk_end(&t->s, &t->v);
	if (span_is(act, "!shutdown"))
		smtp_close(&t->s, SMTP_END_SHUTDOWN, &t->v);
	if (span_is(act, "!crowd"))
		smtp_close(&t->s, SMTP_END_TOO_MANY_SESSIONS, &t->v);
	if (span_is(act, "!timeout"))
		smtp_close(&t->s, SMTP_END_TIMEOUT, &t->v);
	if (span_is(act, "!tls")) {
		smtp_tls_started(&t->s);
		memset(&t->v, 0, sizeof t->v);
		t->v.reply = "(tls)";
		t->v.reply_len = 5;
	}
}

/* Run a script; each is called after each line, and may be NULL. */
__attribute__((unused)) static void talk_script(struct talk *t, const char *script,
						void (*each)(struct talk *t, void *with),
						void *with)
{
	while (*script != '\0') {
		size_t len = strcspn(script, "\n");
		if (script[0] == '!')
			talk_act(t, (struct span){(const uint8_t *)script, len});
		else
			talk_line(t, script, len);
		if (each != NULL)
			each(t, with);
		script += len + (script[len] == '\n');
	}
}

/* What is wrong with the replies that v holds, by RFC 5321 4.2; NULL if nothing. */
__attribute__((unused)) static const char *talk_illegal(const struct smtp_verdict *v)
{
	const char *p = v->reply, *end = v->reply + v->reply_len;
	char code[4] = "";

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL || lf == p || lf[-1] != '\r')
			return "a line without CRLF";
		size_t len = (size_t)(lf - 1 - p);
		if (len + 2 > SMTP_REPLY_LINE_MAX)
			return "a line of more than 512 octets";
		for (const char *c = p; c < lf - 1; c++)
			if (*c < ' ' || *c > '~')
				return "a byte that is not printable ASCII";
		if (len < 4 || strspn(p, "0123456789") != 3 || p[0] < '2' || p[0] > '5')
			return "no reply code";
		if (code[0] != '\0' && memcmp(code, p, 3) != 0)
			return "codes differ";
		memcpy(code, p, 3);
		if (p[3] != (lf + 1 < end ? '-' : ' '))
			return "a wrong separator behind the code";
		p = lf + 1;
	}
	return NULL;
}

__attribute__((unused)) static const char *talk_state_name(enum smtp_state state)
{
	static const char *const names[SMTP_STATE_COUNT] = {
	    "CONNECTED", "READY",   "MAIL",     "RCPT",    "CHUNKS", "SPOILT",
	    "AUTH",      "PAYLOAD", "STARTTLS", "REFUSED", "CLOSED",
	};

	return names[state];
}

#endif
