/*
 * dialect_form.c: the form of one command line: the line without its content.
 *
 * Runs in workers.  In: a line as the client sent it, any bytes.  Out: words that SMTP defines, in
 * the case in which they came, space and punctuation around them, and in braces what kind of thing
 * stood where content was.  The forms of all possible lines are finitely many and printable.
 * This follows the templates of B@bel (Stringhini et al., USENIX Security 2012), section 3.
 * doc/DIALECT.md says the same for others to implement; t/lib/Trap/Dialect.pm does.
 */
#include "dialect_form.h"

#include "path.h"

#define PARAMS_SHOWN 6 /* of MAIL or RCPT; beyond a "+" */

/* ---- bytes ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_letter(uint8_t c)
{
	return is_upper(c) || is_lower(c);
}

static bool all(struct span s, bool (*is)(uint8_t))
{
	for (size_t i = 0; i < s.len; i++)
		if (!is(s.bytes[i]))
			return false;
	return true;
}

static bool is_printable_or_space(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c <= 0x7e);
}

static bool has(struct span s, char c)
{
	return s.len > 0 && memchr(s.bytes, c, s.len) != NULL;
}

/* Take off *in the run of bytes before the first that ends a word. */
static struct span take_word(struct span *in)
{
	size_t len = 0;

	while (len < in->len && !is_space(in->bytes[len]))
		len++;
	struct span word = span_head(*in, len);
	*in = span_tail(*in, len);
	return word;
}

static struct span take_spaces(struct span *in)
{
	struct span rest = span_trim_left(*in);
	struct span spaces = span_head(*in, in->len - rest.len);

	*in = rest;
	return spaces;
}

/* ---- forms of parts ---- */

static void put_spaces(struct buf *to, struct span spaces)
{
	if (has(spaces, '\t'))
		buf_put_str(to, "\\t");
	else if (spaces.len > 0)
		buf_put_str(to, spaces.len > 1 ? "  " : " ");
}

/* WORD, word or Word as it came; any other mixture as ~WORD. */
static void put_cased(struct buf *to, struct span word, const char *upper)
{
	size_t uppers = 0, lowers = 0;

	for (size_t i = 0; i < word.len; i++) {
		uppers += is_upper(word.bytes[i]);
		lowers += is_lower(word.bytes[i]);
	}
	bool capital = uppers == 1 && word.len > 0 && is_upper(word.bytes[0]);
	if (uppers > 0 && lowers > 0 && !capital) {
		buf_put_byte(to, '~');
		buf_put_str(to, upper);
	} else {
		buf_put(to, word.bytes, word.len);
	}
}

static const char *find_word(struct span word, const char *const *words)
{
	for (; *words; words++)
		if (span_is(word, *words))
			return *words;
	return NULL;
}

/* The word if it is one of these, else what stands for others. */
static void put_known(struct buf *to, struct span word, const char *const *words, const char *other)
{
	const char *upper = find_word(word, words);

	if (upper)
		put_cased(to, word, upper);
	else
		buf_put_str(to, other);
}

/* What is left of the line: an argument, and space behind it. */
static void put_rest(struct buf *to, struct span in, const char *stands_for)
{
	struct span trimmed = span_trim_right(in);

	if (trimmed.len > 0)
		buf_put_str(to, stands_for);
	if (trimmed.len < in.len)
		buf_put_byte(to, ' ');
}

/* ---- EHLO and HELO ---- */

static bool is_ipv6_byte(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
	       c == '.';
}

static bool is_name_byte(uint8_t c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool is_visible(uint8_t c)
{
	return c > 0x20 && c < 0x7f;
}

static const char *literal_form(struct span s)
{
	if (s.len < 2 || s.bytes[s.len - 1] != ']')
		return "{[?]}";
	struct span inner = {s.bytes + 1, s.len - 2};
	if (span_starts(inner, "IPv6:"))
		return "{[6]}";
	return path_is_ipv4(inner) ? "{[4]}" : "{[?]}";
}

static const char *name_form(struct span s)
{
	bool dot_behind = s.bytes[s.len - 1] == '.';
	size_t len = s.len - dot_behind, dots = 0;

	for (size_t i = 0; i < len; i++) {
		bool dot = s.bytes[i] == '.';
		if (dot && (i == 0 || i + 1 == len || s.bytes[i + 1] == '.'))
			return "{other}";
		dots += dot;
	}
	if (len == 0)
		return "{other}";
	if (has(s, '_'))
		return "{name_}";
	return dot_behind ? "{fqdn.}" : dots > 0 ? "{fqdn}" : "{name}";
}

static const char *greeting_form(struct span s)
{
	if (s.bytes[0] == '[')
		return literal_form(s);
	if (path_is_ipv4(s))
		return "{4}";
	if (has(s, ':') && all(s, is_ipv6_byte))
		return "{6}";
	if (!all(s, is_visible))
		return all(s, is_printable_or_space) ? "{words}" : "{bytes}";
	if (span_is(s, "localhost") || span_starts(s, "localhost."))
		return "{localhost}";
	return all(s, is_name_byte) ? name_form(s) : "{other}";
}

static void put_greeting(struct buf *to, struct span in)
{
	struct span name = span_trim_right(in);

	put_rest(to, in, name.len > 0 ? greeting_form(name) : "");
}

/* ---- MAIL and RCPT ---- */

static void put_address(struct buf *to, struct span s)
{
	if (s.len > 0)
		buf_put_str(to, s.bytes[0] == '@' ? "{route}" : has(s, '@') ? "{a}" : "{l}");
}

/* A path that begins with "<"; what follows the ">" up to a space is junk. */
static void put_bracketed(struct buf *to, struct span *in)
{
	const uint8_t *end = memchr(in->bytes, '>', in->len);
	struct span inner;

	*in = span_tail(*in, 1);
	buf_put_byte(to, '<');
	if (end == NULL) {
		put_address(to, take_word(in));
		return;
	}
	inner = span_head(*in, (size_t)(end - in->bytes));
	*in = span_tail(*in, inner.len + 1);
	if (take_spaces(&inner).len > 0)
		buf_put_byte(to, ' ');
	put_address(to, span_trim_right(inner));
	if (span_trim_right(inner).len < inner.len)
		buf_put_byte(to, ' ');
	buf_put_byte(to, '>');
	if (take_word(in).len > 0)
		buf_put_str(to, "{+}");
}

static void put_param(struct buf *to, struct span param)
{
	static const char *const names[] = {"SIZE",       "BODY",        "SMTPUTF8", "AUTH",
					    "RET",        "ENVID",       "NOTIFY",   "ORCPT",
					    "REQUIRETLS", "MT-PRIORITY", "HOLDFOR",  "HOLDUNTIL",
					    "BY",         "SUBMITTER",   "TRANSID",  NULL};
	const uint8_t *equals = param.len > 0 ? memchr(param.bytes, '=', param.len) : NULL;
	struct span name = equals ? span_head(param, (size_t)(equals - param.bytes)) : param;

	put_known(to, name, names, "{p}");
	if (equals == NULL)
		return;
	struct span value = span_tail(param, name.len + 1);
	buf_put_byte(to, '=');
	if (value.len > 0)
		buf_put_str(to, all(value, is_digit) ? "{n}" : "{v}");
}

static void put_params(struct buf *to, struct span in)
{
	for (int n = 0; in.len > 0; n++) {
		put_spaces(to, take_spaces(&in));
		if (in.len == 0)
			return;
		if (n == PARAMS_SHOWN) {
			buf_put_byte(to, '+');
			return;
		}
		put_param(to, take_word(&in));
	}
}

static void put_envelope(struct buf *to, struct span in, const char *keyword)
{
	size_t len = 0;

	while (len < in.len && is_letter(in.bytes[len]))
		len++;
	if (!span_is(span_head(in, len), keyword)) {
		put_rest(to, in, "{arg}");
		return;
	}
	put_cased(to, span_head(in, len), keyword);
	in = span_tail(in, len);
	put_spaces(to, take_spaces(&in));
	if (in.len > 0 && in.bytes[0] == ':') {
		buf_put_byte(to, ':');
		in = span_tail(in, 1);
		put_spaces(to, take_spaces(&in));
	}
	if (in.len > 0 && in.bytes[0] == '<')
		put_bracketed(to, &in);
	else
		put_address(to, take_word(&in));
	put_params(to, in);
}

static void put_mail(struct buf *to, struct span in)
{
	put_envelope(to, in, "FROM");
}

static void put_rcpt(struct buf *to, struct span in)
{
	put_envelope(to, in, "TO");
}

/* ---- the others ---- */

static void put_auth(struct buf *to, struct span in)
{
	static const char *const mechanisms[] = {
	    "PLAIN",    "LOGIN",       "CRAM-MD5",      "DIGEST-MD5", "NTLM",        "GSSAPI",
	    "EXTERNAL", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2",    "OAUTHBEARER", NULL};
	struct span name = take_word(&in);

	if (name.len > 0)
		put_known(to, name, mechanisms, "{m}");
	if (span_trim_left(in).len > 0)
		buf_put_str(to, " {ir}");
}

static void put_bdat(struct buf *to, struct span in)
{
	static const char *const last[] = {"LAST", NULL};
	struct span size = take_word(&in);

	if (size.len > 0)
		buf_put_str(to, all(size, is_digit) ? "{n}" : "{arg}");
	put_spaces(to, take_spaces(&in));
	if (in.len > 0)
		put_known(to, span_trim_right(in), last, "{arg}");
	if (span_trim_right(in).len < in.len)
		buf_put_byte(to, ' ');
}

static void put_argument(struct buf *to, struct span in)
{
	put_rest(to, in, "{arg}");
}

static const struct verb {
	const char *name;
	void (*put)(struct buf *to, struct span in);
	enum dialect_kind kind;
} verbs[] = {
    {"EHLO", put_greeting, DIALECT_OTHER},    {"HELO", put_greeting, DIALECT_OTHER},
    {"LHLO", put_greeting, DIALECT_OTHER},    {"MAIL", put_mail, DIALECT_OTHER},
    {"RCPT", put_rcpt, DIALECT_RCPT},         {"DATA", put_argument, DIALECT_DATA},
    {"BDAT", put_bdat, DIALECT_DATA},         {"RSET", put_argument, DIALECT_OTHER},
    {"NOOP", put_argument, DIALECT_OTHER},    {"QUIT", put_argument, DIALECT_EXTRA},
    {"AUTH", put_auth, DIALECT_AUTH},         {"STARTTLS", put_argument, DIALECT_EXTRA},
    {"HELP", put_argument, DIALECT_OTHER},    {"VRFY", put_argument, DIALECT_OTHER},
    {"EXPN", put_argument, DIALECT_OTHER},    {"ETRN", put_argument, DIALECT_OTHER},
    {"TURN", put_argument, DIALECT_OTHER},    {"SEND", put_argument, DIALECT_OTHER},
    {"SOML", put_argument, DIALECT_OTHER},    {"SAML", put_argument, DIALECT_OTHER},
    {"XCLIENT", put_argument, DIALECT_OTHER}, {"XFORWARD", put_argument, DIALECT_OTHER},
    {"GET", put_argument, DIALECT_OTHER},     {"POST", put_argument, DIALECT_OTHER},
    {"HEAD", put_argument, DIALECT_OTHER},    {"CONNECT", put_argument, DIALECT_OTHER},
    {"OPTIONS", put_argument, DIALECT_OTHER}, {"PROXY", put_argument, DIALECT_OTHER},
};

static const struct verb *find_verb(struct span word)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (span_is(word, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static void put_eol(struct buf *to, const struct line *line)
{
	if (line->too_long)
		buf_put_str(to, "\\+");
	else if (line->eol != EOL_CRLF)
		buf_put_str(to, line->eol == EOL_LF ? "\\n" : "\\-");
}

enum dialect_kind dialect_form_put(const struct line *line, struct buf *to)
{
	struct span in = line->text;
	struct span lead = take_spaces(&in), word = take_word(&in);
	const struct verb *verb = find_verb(word);

	if (verb) {
		put_spaces(to, lead);
		put_cased(to, word, verb->name);
		if (verb->kind == DIALECT_AUTH)
			in = span_trim_right(in);
		put_spaces(to, take_spaces(&in));
		verb->put(to, in);
	} else if (word.len == 0) {
		buf_put_str(to, "{}");
	} else {
		buf_put_str(to, all(line->text, is_printable_or_space) ? "{?}" : "{bytes}");
	}
	put_eol(to, line);
	return verb ? verb->kind : DIALECT_OTHER;
}

void dialect_form_response(const struct line *line, struct buf *to)
{
	buf_put_str(to, span_is(line->text, "*") ? "*" : "{r}");
	put_eol(to, line);
}
