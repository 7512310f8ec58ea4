/*
 * path.c: the reverse-path and forward-path of MAIL and RCPT.
 *
 * Runs in the workers.  Input: what stands behind the colon, of which no byte is trusted;
 * output: spans into it and a set of oddities.  Its only error is that no address can be
 * understood; who calls it answers that, and refuses oddities as the strictness says.
 */
#include "path.h"

#include <arpa/inet.h>

#include "json_text.h"

#define LABEL_MAX 63    /* RFC 1035 2.3.4 */
#define ADDRESS_TEXT 45 /* the longest IPv6 address as text */

enum char_class {
	ATEXT = 1,  /* RFC 5322 3.2.3, and RFC 6531's UTF8-non-ascii */
	LETDIG = 2, /* the ends of a label; U-labels too */
	LDH = 4,    /* within a label */
	QTEXT = 8,  /* qtextSMTP of RFC 5321 4.1.2, and UTF8-non-ascii */
	DTEXT = 16, /* dcontent of RFC 5321 4.1.3 */
};

#define PRINTABLE (QTEXT | DTEXT)
#define SYMBOL (ATEXT | QTEXT | DTEXT)
#define ALNUM (ATEXT | LETDIG | LDH | QTEXT | DTEXT)

static const uint8_t class_of[256] = {
    [' '] = QTEXT,
    ['!'] = SYMBOL,
    ['"'] = DTEXT,
    ['#' ... '\''] = SYMBOL,
    ['(' ... ')'] = PRINTABLE,
    ['*' ... '+'] = SYMBOL,
    [','] = PRINTABLE,
    ['-'] = SYMBOL | LDH,
    ['.'] = PRINTABLE,
    ['/'] = SYMBOL,
    ['0' ... '9'] = ALNUM,
    [':' ... '<'] = PRINTABLE,
    ['='] = SYMBOL,
    ['>'] = PRINTABLE,
    ['?'] = SYMBOL,
    ['@'] = PRINTABLE,
    ['A' ... 'Z'] = ALNUM,
    ['['] = QTEXT,
    [']'] = QTEXT,
    ['^' ... '`'] = SYMBOL,
    ['a' ... 'z'] = ALNUM,
    ['{' ... '~'] = SYMBOL,
    [0x80 ... 0xff] = ATEXT | LETDIG | LDH | QTEXT,
};

static bool is_class(uint8_t byte, enum char_class class)
{
	return (class_of[byte] & class) != 0;
}

static bool all_class(struct span s, enum char_class class)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_class(s.bytes[i], class))
			return false;
	return true;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* What a search outside of quotes looks for. */
enum target { CLOSING_BRACKET = '>', AT_SIGN = '@', BLANK = ' ' };

static bool is_target(uint8_t byte, enum target target)
{
	return target == BLANK ? is_blank(byte) : byte == (uint8_t)target;
}

/* Where the first target outside of double quotes stands; s.len if nowhere.  Quotes that do not
 * close quote nothing. */
static size_t find_unquoted(struct span s, enum target target)
{
	size_t opened = s.len, inside = s.len;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t byte = s.bytes[i];
		if (opened < s.len && byte == '\\') {
			i++;
			continue;
		}
		if (byte == '"') {
			opened = opened < s.len ? s.len : i;
			inside = s.len;
			continue;
		}
		if (!is_target(byte, target))
			continue;
		if (opened == s.len)
			return i;
		if (inside == s.len)
			inside = i;
	}
	return opened < s.len ? inside : s.len;
}

bool path_is_ipv4(struct span s)
{
	unsigned parts = 0, digits = 0, number = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] == '.') {
			if (digits == 0 || ++parts > 3)
				return false;
			digits = number = 0;
			continue;
		}
		if (s.bytes[i] < '0' || s.bytes[i] > '9' || ++digits > 3)
			return false;
		number = number * 10 + s.bytes[i] - '0';
		if (number > 255)
			return false;
	}
	return parts == 3 && digits > 0;
}

static bool is_ipv6(struct span s)
{
	char text[ADDRESS_TEXT + 1] = "";
	struct in6_addr address;

	if (s.len > ADDRESS_TEXT || s.len == 0 || memchr(s.bytes, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.bytes, s.len);
	return inet_pton(AF_INET6, text, &address) == 1;
}

bool path_is_address(struct span s)
{
	return path_is_ipv4(s) || is_ipv6(s);
}

/* RFC 5321 4.1.3; s is what stands between the brackets. */
static bool is_literal(struct span s)
{
	if (span_starts(s, "IPv6:"))
		return is_ipv6(span_tail(s, 5));
	const uint8_t *colon = s.len ? memchr(s.bytes, ':', s.len) : NULL;
	if (colon == NULL)
		return path_is_ipv4(s);
	struct span tag = span_head(s, (size_t)(colon - s.bytes));
	struct span content = span_tail(s, tag.len + 1);
	return tag.len > 0 && all_class(tag, LDH) && is_class(tag.bytes[tag.len - 1], LETDIG) &&
	       content.len > 0 && all_class(content, DTEXT);
}

static bool is_label(struct span s)
{
	return s.len > 0 && s.len <= LABEL_MAX && is_class(s.bytes[0], LETDIG) &&
	       is_class(s.bytes[s.len - 1], LETDIG) && all_class(s, LDH);
}

static bool is_domain(struct span s)
{
	for (;;) {
		const uint8_t *dot = s.len ? memchr(s.bytes, '.', s.len) : NULL;
		struct span label = span_head(s, dot ? (size_t)(dot - s.bytes) : s.len);
		if (!is_label(label))
			return false;
		if (dot == NULL)
			return true;
		s = span_tail(s, label.len + 1);
	}
}

uint64_t path_check_domain(struct span domain)
{
	uint64_t oddities = 0;

	if (domain.len > 0 && domain.bytes[0] == '[') {
		if (domain.bytes[domain.len - 1] == ']' &&
		    is_literal(span_tail(span_head(domain, domain.len - 1), 1)))
			return 0;
		return ODDITY_BIT(DOMAIN_LITERAL_BAD);
	}
	if (domain.len > 1 && domain.bytes[domain.len - 1] == '.') {
		oddities = ODDITY_BIT(DOMAIN_TRAILING_DOT);
		domain.len--;
	}
	if (!is_domain(domain))
		oddities |= ODDITY_BIT(DOMAIN_BAD);
	return oddities;
}

/* Quoted-string of RFC 5321 4.1.2. */
static bool is_quoted(struct span s)
{
	if (s.len < 2 || s.bytes[0] != '"' || s.bytes[s.len - 1] != '"')
		return false;
	s = span_tail(span_head(s, s.len - 1), 1);
	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] == '\\') {
			if (++i == s.len || s.bytes[i] < ' ' || s.bytes[i] > '~')
				return false;
		} else if (!is_class(s.bytes[i], QTEXT)) {
			return false;
		}
	}
	return true;
}

/* Dot-string of RFC 5321 4.1.2. */
static bool is_dot_string(struct span s)
{
	bool dot_before = true;

	for (size_t i = 0; i < s.len; i++) {
		bool dot = s.bytes[i] == '.';
		if (dot ? dot_before : !is_class(s.bytes[i], ATEXT))
			return false;
		dot_before = dot;
	}
	return !dot_before;
}

bool path_is_utf8(struct span s)
{
	for (size_t n; s.len > 0; s = span_tail(s, n))
		if ((n = utf8_length(s.bytes, s.bytes + s.len)) == 0)
			return false;
	return true;
}

static bool has_non_ascii(struct span s)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < s.len; i++)
		bits |= s.bytes[i];
	return (bits & 0x80) != 0;
}

/* A path that begins with an angle bracket; returns what is between the two. */
static struct span take_bracketed(struct span s, struct path *path)
{
	s = span_tail(s, 1);
	size_t close = find_unquoted(s, CLOSING_BRACKET);
	if (close < s.len) {
		path->rest = span_tail(s, close + 1);
		if (path->rest.len > 0 && !is_blank(path->rest.bytes[0]))
			path->oddities |= ODDITY_BIT(JUNK_AFTER_PATH);
		return span_head(s, close);
	}
	path->oddities |= ODDITY_BIT(ANGLE_BRACKET_UNCLOSED);
	close = find_unquoted(s, BLANK);
	path->rest = span_tail(s, close);
	return span_head(s, close);
}

/* A path that does not: `name <address>`, or a bare address up to the next space. */
static struct span take_bare(struct span s, struct path *path)
{
	const uint8_t *open = memchr(s.bytes, '<', s.len);

	/* "a@b AUTH=<>" has its bracket in a parameter. */
	if (open != NULL && open[-1] != '=') {
		path->oddities |= ODDITY_BIT(DISPLAY_NAME);
		return take_bracketed(span_tail(s, (size_t)(open - s.bytes)), path);
	}
	path->oddities |= ODDITY_BIT(NO_ANGLE_BRACKETS);
	size_t end = find_unquoted(s, BLANK);
	path->rest = span_tail(s, end);
	return span_head(s, end);
}

/* "@a,@b" without its colon, RFC 5321 4.1.2 A-d-l. */
static bool is_route(struct span s)
{
	while (s.len > 0 && s.bytes[0] == '@') {
		const uint8_t *comma = memchr(s.bytes, ',', s.len);
		size_t len = comma ? (size_t)(comma - s.bytes) : s.len;
		if (path_check_domain(span_tail(span_head(s, len), 1)) != 0)
			return false;
		if (comma == NULL)
			return true;
		s = span_tail(s, len + 1);
	}
	return false;
}

/* Split a source route off; the colon that ends it is not one within a literal. */
static struct span drop_route(struct span s, struct path *path)
{
	bool literal = false;

	if (s.len == 0 || s.bytes[0] != '@')
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] == '[')
			literal = true;
		if (s.bytes[i] == ']')
			literal = false;
		if (s.bytes[i] != ':' || literal)
			continue;
		path->route = span_head(s, i + 1);
		path->oddities |= ODDITY_BIT(SOURCE_ROUTE);
		if (!is_route(span_head(s, i)) || i + 1 == s.len)
			path->oddities |= ODDITY_BIT(SOURCE_ROUTE_BAD);
		return span_tail(s, i + 1);
	}
	return s;
}

/* Divide the address at its last @ outside of quotes. */
static void split_at(struct path *path)
{
	struct span rest = path->address;
	size_t at = find_unquoted(rest, AT_SIGN), count = 0;

	path->local = path->address;
	while (at < rest.len) {
		rest = span_tail(rest, at + 1);
		count++;
		at = find_unquoted(rest, AT_SIGN);
	}
	if (count > 1)
		path->oddities |= ODDITY_BIT(SEVERAL_AT);
	if (count > 0) {
		path->domain = rest;
		path->local.len = path->address.len - rest.len - 1;
	}
}

static void check_local(struct path *path)
{
	if (path->local.len == 0)
		path->oddities |= ODDITY_BIT(LOCAL_PART_MISSING);
	else if (!is_dot_string(path->local) && !is_quoted(path->local))
		path->oddities |= ODDITY_BIT(LOCAL_PART_BAD);
}

static void check_domain(struct path *path, enum path_kind kind)
{
	if (path->domain.len > 0) {
		path->oddities |= path_check_domain(path->domain);
		path->literal = path->domain.bytes[0] == '[';
	} else if (kind == PATH_REVERSE || !span_is(path->address, "postmaster")) {
		path->oddities |= ODDITY_BIT(DOMAIN_MISSING);
	}
}

static void check_address(struct path *path)
{
	path->non_ascii = has_non_ascii(path->address);
	if (path->non_ascii && !path_is_utf8(path->address))
		path->oddities |= ODDITY_BIT(NOT_UTF8);
	if (path->local.len > PATH_LOCAL_MAX || path->domain.len > PATH_DOMAIN_MAX ||
	    path->address.len + 2 > PATH_MAX_OCTETS)
		path->oddities |= ODDITY_BIT(PATH_TOO_LONG);
}

int path_parse(struct span in, enum path_kind kind, struct path *path_r)
{
	struct span s = span_trim_left(in);
	struct path *path = path_r;

	*path = (struct path){.oddities = s.len < in.len ? ODDITY_BIT(SPACE_AFTER_COLON) : 0};
	if (s.len == 0) {
		path->oddities |= ODDITY_BIT(EMPTY_PATH);
		return kind == PATH_REVERSE ? 1 : -1;
	}
	struct span inside = s.bytes[0] == '<' ? take_bracketed(s, path) : take_bare(s, path);
	struct span trimmed = span_trim_right(span_trim_left(inside));
	if (trimmed.len < inside.len)
		path->oddities |= ODDITY_BIT(SPACE_IN_PATH);
	path->address = drop_route(trimmed, path);
	if (path->address.len == 0)
		return kind == PATH_REVERSE ? 1 : -1;
	split_at(path);
	check_local(path);
	check_domain(path, kind);
	check_address(path);
	return 1;
}
