/*
 * smtp_look.c: presets of replies: the SMTP machine in the words of another mail server.
 *
 * Runs in the workers.  Replies are templates, data of smtp_look.def; the machine stays the same.
 * Where such a server repeats what the client said, so do we, within these limits: printable
 * ASCII alone, other bytes as '?', cut where the line would be too long for RFC 5321, and of AUTH
 * nothing but the verb, for a secret may follow it.
 */
#include "hex.h"
#include "smtp_int.h"
#include "time_text.h"

#define NAME_MAX_SHOWN 255 /* RFC 5321 4.5.3.1.2 */
#define WORD_MAX_SHOWN 64
#define LINE_MAX_SHOWN 200
#define ID_DIGITS 32 /* of a UUID */

static const char *const templates[SMTP_LOOK_COUNT][REPLY_COUNT] = {
#define LOOK(sym, postfix, exim, sendmail, exchange) [REPLY_##sym] = postfix,
    [SMTP_LOOK_POSTFIX] =
	{
#include "smtp_look.def"
	},
#undef LOOK
#define LOOK(sym, postfix, exim, sendmail, exchange) [REPLY_##sym] = exim,
    [SMTP_LOOK_EXIM] =
	{
#include "smtp_look.def"
	},
#undef LOOK
#define LOOK(sym, postfix, exim, sendmail, exchange) [REPLY_##sym] = sendmail,
    [SMTP_LOOK_SENDMAIL] =
	{
#include "smtp_look.def"
	},
#undef LOOK
#define LOOK(sym, postfix, exim, sendmail, exchange) [REPLY_##sym] = exchange,
    [SMTP_LOOK_EXCHANGE] =
	{
#include "smtp_look.def"
	},
#undef LOOK
};

const char *smtp_look_template(enum smtp_look look, enum smtp_reply_id id)
{
	return templates[look][id];
}

/* ---- EHLO ---- */

#define LINES(...)                                               \
	{                                                        \
		.line = (const uint8_t[]){__VA_ARGS__},          \
		.count = sizeof((const uint8_t[]){__VA_ARGS__}), \
	}

static const struct smtp_ehlo orders[SMTP_LOOK_COUNT] = {
    [SMTP_LOOK_NONE] =
	LINES(SMTP_EHLO_SIZE, SMTP_EHLO_PIPELINING, SMTP_EHLO_8BITMIME, SMTP_EHLO_SMTPUTF8,
	      SMTP_EHLO_CHUNKING, SMTP_EHLO_BINARYMIME, SMTP_EHLO_ENHANCEDSTATUSCODES,
	      SMTP_EHLO_DSN, SMTP_EHLO_STARTTLS, SMTP_EHLO_AUTH),
    [SMTP_LOOK_POSTFIX] =
	LINES(SMTP_EHLO_PIPELINING, SMTP_EHLO_SIZE, SMTP_EHLO_VRFY, SMTP_EHLO_ETRN,
	      SMTP_EHLO_STARTTLS, SMTP_EHLO_AUTH, SMTP_EHLO_ENHANCEDSTATUSCODES, SMTP_EHLO_8BITMIME,
	      SMTP_EHLO_DSN, SMTP_EHLO_SMTPUTF8, SMTP_EHLO_CHUNKING),
    [SMTP_LOOK_EXIM] = LINES(SMTP_EHLO_SIZE, SMTP_EHLO_8BITMIME, SMTP_EHLO_VRFY,
			     SMTP_EHLO_PIPELINING, SMTP_EHLO_AUTH, SMTP_EHLO_CHUNKING,
			     SMTP_EHLO_STARTTLS, SMTP_EHLO_SMTPUTF8, SMTP_EHLO_HELP),
    [SMTP_LOOK_SENDMAIL] =
	LINES(SMTP_EHLO_ENHANCEDSTATUSCODES, SMTP_EHLO_PIPELINING, SMTP_EHLO_8BITMIME,
	      SMTP_EHLO_SIZE, SMTP_EHLO_DSN, SMTP_EHLO_ETRN, SMTP_EHLO_AUTH, SMTP_EHLO_STARTTLS,
	      SMTP_EHLO_DELIVERBY, SMTP_EHLO_HELP),
    [SMTP_LOOK_EXCHANGE] =
	LINES(SMTP_EHLO_SIZE, SMTP_EHLO_PIPELINING, SMTP_EHLO_DSN, SMTP_EHLO_ENHANCEDSTATUSCODES,
	      SMTP_EHLO_STARTTLS, SMTP_EHLO_AUTH, SMTP_EHLO_8BITMIME, SMTP_EHLO_BINARYMIME,
	      SMTP_EHLO_CHUNKING, SMTP_EHLO_SMTPUTF8),
};

static const struct {
	unsigned extension; /* 0: nothing comes of it */
	const char *text;
} lines[SMTP_EHLO_COUNT] = {
    [SMTP_EHLO_SIZE] = {EXT_SIZE, "SIZE "},
    [SMTP_EHLO_PIPELINING] = {EXT_PIPELINING, "PIPELINING"},
    [SMTP_EHLO_8BITMIME] = {EXT_8BITMIME, "8BITMIME"},
    [SMTP_EHLO_SMTPUTF8] = {EXT_SMTPUTF8, "SMTPUTF8"},
    [SMTP_EHLO_CHUNKING] = {EXT_CHUNKING, "CHUNKING"},
    [SMTP_EHLO_ENHANCEDSTATUSCODES] = {EXT_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"},
    [SMTP_EHLO_DSN] = {EXT_DSN, "DSN"},
    [SMTP_EHLO_STARTTLS] = {EXT_STARTTLS, "STARTTLS"},
    [SMTP_EHLO_AUTH] = {EXT_AUTH, "AUTH"},
    [SMTP_EHLO_BINARYMIME] = {EXT_BINARYMIME, "BINARYMIME"},
    [SMTP_EHLO_VRFY] = {0, "VRFY"},
    [SMTP_EHLO_EXPN] = {0, "EXPN"},
    [SMTP_EHLO_ETRN] = {0, "ETRN"},
    [SMTP_EHLO_HELP] = {0, "HELP"},
    [SMTP_EHLO_DELIVERBY] = {0, "DELIVERBY"},
};

const struct smtp_ehlo *smtp_look_ehlo(enum smtp_look look)
{
	return &orders[look];
}

unsigned smtp_ehlo_extensions(const struct smtp_ehlo *ehlo)
{
	unsigned extensions = 0;

	for (size_t i = 0; i < ehlo->count; i++)
		extensions |= lines[ehlo->line[i]].extension;
	return extensions;
}

void smtp_ehlo_put(struct buf *b, const struct smtp *s)
{
	static const char *const auth[] = {" PLAIN LOGIN", " PLAIN", " LOGIN",
					   " PLAIN LOGIN"}; /* by enum smtp_mechanism */
	const struct smtp_policy *policy = s->policy;
	const struct smtp_ehlo *ehlo = policy->ehlo.line ? &policy->ehlo : &orders[policy->look];
	unsigned offered = policy->extensions & ~(s->tls ? (unsigned)EXT_STARTTLS : 0u);

	for (size_t i = 0; i < ehlo->count; i++) {
		unsigned extension = lines[ehlo->line[i]].extension;
		if (extension & ~offered)
			continue;
		buf_put_str(b, "250-");
		buf_put_str(b, lines[ehlo->line[i]].text);
		if (extension == EXT_SIZE)
			buf_put_u64(b, policy->max_message_size);
		if (extension == EXT_AUTH)
			buf_put_str(b, auth[policy->mechanisms & 3]);
		buf_put(b, "\r\n", 2);
	}
}

/* ---- queue identifiers, made of the message's own, which is a UUIDv7 ---- */

/* The hexadecimal digits from..to of the UUID's 32 as a number; what is no digit counts as 0. */
static uint64_t id_number(const char *id, unsigned from, unsigned to)
{
	uint64_t n = 0;
	unsigned at = 0;

	for (; *id != '\0' && at < to; id++) {
		int digit = hex_value(*id);

		if (*id == '-')
			continue;
		if (at++ >= from)
			n = n << 4 | (unsigned)(digit < 0 ? 0 : digit);
	}
	return n;
}

/* The second in which the message began. */
static uint64_t id_second(const char *id)
{
	uint64_t second = id_number(id, 0, 12) / 1000;

	return second < TIME_SECONDS_END ? second : 0;
}

static void put_base62(struct buf *b, uint64_t n, unsigned width)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char text[8];

	for (unsigned i = width; i-- > 0; n /= 62)
		text[i] = digits[n % 62];
	buf_put(b, text, width);
}

/* The inode and microsecond of a queue file. */
static void put_id_postfix(struct buf *b, const char *id)
{
	buf_printf(b, "%010llX", (unsigned long long)id_number(id, 22, ID_DIGITS));
}

/* Second, process (of 22 bits), fraction of the second (of 1/2000). */
static void put_id_exim(struct buf *b, const char *id)
{
	put_base62(b, id_second(id), 6);
	buf_put_byte(b, '-');
	put_base62(b, id_number(id, 20, 26) >> 2, 6);
	buf_put_byte(b, '-');
	put_base62(b, id_number(id, 26, ID_DIGITS) % 2000, 2);
}

/* A character each for year, month, day, hour, minute, second; two that count; process. */
static void put_id_sendmail(struct buf *b, const char *id)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx";
	struct time_parts t = time_split(id_second(id));
	const unsigned part[] = {(t.year - 1900) % 60,
				 t.month - 1,
				 t.day,
				 t.hour,
				 t.minute,
				 t.second % 60,
				 (unsigned)(id_number(id, 16, 20) % 60),
				 (unsigned)(id_number(id, 20, 24) % 60)};

	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		buf_put_byte(b, (uint8_t)digits[part[i]]);
	buf_put_digits(b, id_number(id, 24, ID_DIGITS) % 1000000, 6);
}

/* A row of the mailbox database. */
static void put_id_exchange(struct buf *b, const char *id)
{
	buf_put_u64(b, id_number(id, 21, ID_DIGITS));
}

static void put_queue_id(struct buf *b, enum smtp_look look, const char *id)
{
	static void (*const forms[SMTP_LOOK_COUNT])(struct buf *, const char *) = {
	    [SMTP_LOOK_POSTFIX] = put_id_postfix,
	    [SMTP_LOOK_EXIM] = put_id_exim,
	    [SMTP_LOOK_SENDMAIL] = put_id_sendmail,
	    [SMTP_LOOK_EXCHANGE] = put_id_exchange,
	};

	forms[look](b, id);
}

/* ---- templates ---- */

/* Printable ASCII of what a client sent, or of our own, at most max bytes. */
static void put_shown(struct buf *b, struct span s, size_t max)
{
	for (size_t i = 0; i < s.len && i < max; i++)
		buf_put_byte(b, s.bytes[i] >= ' ' && s.bytes[i] <= '~' ? s.bytes[i] : '?');
}

static struct span first_word(struct span s)
{
	size_t len = 0;

	while (len < s.len && s.bytes[len] != ' ' && s.bytes[len] != '\t')
		len++;
	return span_head(s, len);
}

static struct span last_word(struct span s)
{
	size_t at = s.len;

	while (at > 0 && s.bytes[at - 1] != ' ' && s.bytes[at - 1] != '\t')
		at--;
	return span_tail(s, at);
}

static struct span up_to_equals(struct span s)
{
	const uint8_t *equals = s.len > 0 ? memchr(s.bytes, '=', s.len) : NULL;

	return equals == NULL ? s : span_head(s, (size_t)(equals - s.bytes));
}

/* What stands for %w, %o, %q, %l, %v, %k and %a: of the command that is answered. */
static void put_command(struct buf *b, const struct smtp_call *c, char what)
{
	struct span verb = span_text(c->row->name);
	bool auth = c->row->verb == SMTP_AUTH;

	switch (what) {
	case 'w':
		put_shown(b, first_word(c->args), WORD_MAX_SHOWN);
		break;
	case 'o':
		put_shown(b, auth ? verb : last_word(c->args), WORD_MAX_SHOWN);
		break;
	case 'q':
		put_shown(b, auth ? verb : up_to_equals(last_word(c->args)), WORD_MAX_SHOWN);
		break;
	case 'l':
		put_shown(b, auth ? verb : c->in->line.text, LINE_MAX_SHOWN);
		break;
	case 'k':
		buf_put_str(b, c->row->verb == SMTP_RCPT ? "RCPT TO" : "MAIL FROM");
		break;
	case 'a':
		put_shown(b, c->path, NAME_MAX_SHOWN);
		break;
	default:
		put_shown(b, verb, WORD_MAX_SHOWN);
	}
}

static void put_field(struct buf *b, const struct smtp *s, char what, const char *id)
{
	switch (what) {
	case 'h':
		put_shown(b, span_text(s->policy->hostname), NAME_MAX_SHOWN);
		break;
	case 'p':
		buf_printf(b, "[%s]", s->client);
		break;
	case 'b':
		buf_put_str(b, s->client);
		break;
	case 'n':
		put_shown(b, (struct span){s->helo, s->helo_len}, NAME_MAX_SHOWN);
		break;
	case 'd':
		time_put_mail(b, s->client_us);
		break;
	case 'g':
		time_put_mail(b, s->client_us);
		b->len -= sizeof "+0000" - 1;
		buf_put_str(b, "GMT");
		break;
	case 'i':
		put_queue_id(b, s->policy->look, id ? id : "");
		break;
	case 'u':
		put_shown(b, span_text(id ? id : ""), SMTP_ID_MAX);
		break;
	case 'c':
		buf_put_u64(b, s->chunk_size);
		break;
	case 'z':
		buf_put_u64(b, s->policy->max_message_size);
		break;
	default:
		if (s->call)
			put_command(b, s->call, what);
	}
}

void smtp_look_put(struct buf *b, const struct smtp *s, const char *template, const char *id)
{
	size_t begin = b->len;

	for (const char *at = template; *at != '\0'; at++) {
		if (*at == '%')
			put_field(b, s, *++at, id);
		else
			buf_put_byte(b, (uint8_t)*at);
		if (*at == '\n')
			begin = b->len;
	}
	if (b->len - begin > SMTP_REPLY_LINE_MAX - 2)
		b->len = begin + SMTP_REPLY_LINE_MAX - 2;
}
