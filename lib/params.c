/*
 * params.c: the ESMTP parameters of MAIL and RCPT.
 *
 * Runs in the workers.  A table has a row for each parameter: whose it is, which extension
 * brings it, and the function that checks its value.  It cannot fail: what is wrong is flagged
 * and not taken, and who calls it refuses as the strictness says.
 */
#include "params.h"

#include "path.h"

#define SIZE_DIGITS_MAX 20 /* RFC 1870 3 */
#define ENVID_MAX 100      /* RFC 3461 4.4 */
#define ORCPT_MAX 500      /* RFC 3461 4.2 */
#define MAIL_AUTH_MAX 500  /* RFC 4954 3 */

/* Take `value` if it is good; returns whether it is. */
typedef bool param_fn(struct params *p, struct span value, unsigned offered);

static bool is_upper_hex(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F');
}

/* RFC 3461 4; with utf8 also the characters that RFC 6533 3 adds for the utf-8 address type. */
static bool is_xtext(struct span s, bool utf8)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] == '+') {
			if (s.len - i < 3 || !is_upper_hex(s.bytes[i + 1]) ||
			    !is_upper_hex(s.bytes[i + 2]))
				return false;
			i += 2;
		} else if (s.bytes[i] >= 0x80
			       ? !utf8
			       : s.bytes[i] < '!' || s.bytes[i] > '~' || s.bytes[i] == '=') {
			return false;
		}
	}
	return !utf8 || path_is_utf8(s);
}

static bool take_size(struct params *p, struct span value, unsigned offered)
{
	uint64_t size = 0;

	(void)offered;
	if (value.len == 0 || value.len > SIZE_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = value.bytes[i] - (unsigned)'0';
		if (digit > 9)
			return false;
		/* 20 digits may pass 2^64: that is beyond any limit, so let it saturate. */
		size = size > (UINT64_MAX - digit) / 10 ? UINT64_MAX : size * 10 + digit;
	}
	p->size = size;
	return true;
}

static bool take_body(struct params *p, struct span value, unsigned offered)
{
	if (span_is(value, "7BIT"))
		p->body = BODY_7BIT;
	else if (span_is(value, "8BITMIME"))
		p->body = BODY_8BITMIME;
	else if (span_is(value, "BINARYMIME") && (offered & EXT_BINARYMIME))
		p->body = BODY_BINARYMIME;
	else
		return false;
	return true;
}

static bool take_nothing(struct params *p, struct span value, unsigned offered)
{
	(void)p;
	(void)offered;
	return value.len == 0;
}

static bool take_auth(struct params *p, struct span value, unsigned offered)
{
	(void)offered;
	if (value.len == 0 || value.len > MAIL_AUTH_MAX || !is_xtext(value, false))
		return false;
	p->auth = value;
	return true;
}

static bool take_ret(struct params *p, struct span value, unsigned offered)
{
	(void)offered;
	if (span_is(value, "FULL"))
		p->ret = RET_FULL;
	else if (span_is(value, "HDRS"))
		p->ret = RET_HDRS;
	else
		return false;
	return true;
}

static bool take_envid(struct params *p, struct span value, unsigned offered)
{
	(void)offered;
	if (value.len == 0 || value.len > ENVID_MAX || !is_xtext(value, false))
		return false;
	p->envid = value;
	return true;
}

static unsigned notify_bit(struct span word)
{
	static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};

	for (unsigned i = 0; i < 4; i++)
		if (span_is(word, words[i]))
			return 1u << i;
	return 0;
}

/* RFC 3461 4.1: NEVER alone, or a list of the others. */
static bool take_notify(struct params *p, struct span value, unsigned offered)
{
	unsigned bits = 0;

	(void)offered;
	for (;;) {
		const uint8_t *comma = value.len ? memchr(value.bytes, ',', value.len) : NULL;
		struct span word =
		    span_head(value, comma ? (size_t)(comma - value.bytes) : value.len);
		unsigned bit = notify_bit(word);
		if (bit == 0)
			return false;
		bits |= bit;
		if (comma == NULL)
			break;
		value = span_tail(value, word.len + 1);
	}
	if ((bits & NOTIFY_NEVER) && bits != NOTIFY_NEVER)
		return false;
	p->notify = bits;
	return true;
}

/* RFC 3461 4.2: address type, semicolon, xtext. */
static bool take_orcpt(struct params *p, struct span value, unsigned offered)
{
	const uint8_t *semicolon = value.len ? memchr(value.bytes, ';', value.len) : NULL;

	if (semicolon == NULL || semicolon == value.bytes || value.len > ORCPT_MAX)
		return false;
	struct span type = span_head(value, (size_t)(semicolon - value.bytes));
	bool utf8 = (offered & EXT_SMTPUTF8) && span_is(type, "utf-8");
	if (!is_xtext(type, false) || !is_xtext(span_tail(value, type.len + 1), utf8))
		return false;
	p->orcpt = value;
	return true;
}

static const struct param_row {
	const char *name;
	enum params_of of;
	enum smtp_extension extension;
	param_fn *take;
	bool has_value;
} rows[PARAM_COUNT] = {
    [PARAM_SIZE] = {"SIZE", PARAMS_OF_MAIL, EXT_SIZE, take_size, true},
    [PARAM_BODY] = {"BODY", PARAMS_OF_MAIL, EXT_8BITMIME, take_body, true},
    [PARAM_SMTPUTF8] = {"SMTPUTF8", PARAMS_OF_MAIL, EXT_SMTPUTF8, take_nothing, false},
    [PARAM_AUTH] = {"AUTH", PARAMS_OF_MAIL, EXT_AUTH, take_auth, true},
    [PARAM_RET] = {"RET", PARAMS_OF_MAIL, EXT_DSN, take_ret, true},
    [PARAM_ENVID] = {"ENVID", PARAMS_OF_MAIL, EXT_DSN, take_envid, true},
    [PARAM_NOTIFY] = {"NOTIFY", PARAMS_OF_RCPT, EXT_DSN, take_notify, true},
    [PARAM_ORCPT] = {"ORCPT", PARAMS_OF_RCPT, EXT_DSN, take_orcpt, true},
};

static enum param find(struct span name, enum params_of of, unsigned offered)
{
	for (unsigned i = 0; i < PARAM_COUNT; i++)
		if (span_is(name, rows[i].name))
			return rows[i].of == of && (rows[i].extension & offered) ? (enum param)i
										 : PARAM_COUNT;
	return PARAM_COUNT;
}

static void take_word(struct params *p, struct span word, enum params_of of, unsigned offered)
{
	const uint8_t *equals = memchr(word.bytes, '=', word.len);
	struct span name = span_head(word, equals ? (size_t)(equals - word.bytes) : word.len);
	struct span value = span_tail(word, equals ? name.len + 1 : word.len);
	enum param param = find(name, of, offered);

	if (param == PARAM_COUNT)
		p->oddities |= ODDITY_BIT(UNKNOWN_PARAMETER);
	else if (p->seen & 1u << param)
		p->oddities |= ODDITY_BIT(DUPLICATE_PARAMETER);
	else if ((equals != NULL) == rows[param].has_value && rows[param].take(p, value, offered))
		p->seen |= 1u << param;
	else
		p->oddities |= ODDITY_BIT(BAD_PARAMETER);
}

void params_parse(struct span in, enum params_of of, unsigned offered, struct params *params_r)
{
	*params_r = (struct params){0};
	for (in = span_trim_left(in); in.len > 0; in = span_trim_left(in)) {
		size_t len = 0;
		while (len < in.len && in.bytes[len] != ' ' && in.bytes[len] != '\t')
			len++;
		take_word(params_r, span_head(in, len), of, offered);
		in = span_tail(in, len);
	}
}
