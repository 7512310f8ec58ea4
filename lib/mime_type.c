/*
 * mime_type.c: what the header of an entity says of its body (RFC 2045).
 *
 * Runs in the reader.  Input: bytes of strangers.  Where readers of mail differ in what they make of
 * them, `unclear` says so.
 */
#include "mime_type.h"

#include <ctype.h>
#include <string.h>

#include "buf.h"

#define VALUE_MAX 4096 /* bytes of a Content- field that are read; longer ones are unclear */

/* Behind the next LF, or the end. */
static size_t line_length(struct span s)
{
	const uint8_t *lf = s.len > 0 ? memchr(s.bytes, '\n', s.len) : NULL;

	return lf != NULL ? (size_t)(lf - s.bytes) + 1 : s.len;
}

static bool is_empty_line(struct span line)
{
	return line.len > 0 && (line.bytes[0] == '\n' ||
				(line.len == 2 && line.bytes[0] == '\r' && line.bytes[1] == '\n'));
}

/* Does this line begin a field, or go on with one? */
static bool is_of_header(struct span line, bool first)
{
	size_t i = 0;

	if (line.bytes[0] == ' ' || line.bytes[0] == '\t')
		return !first;
	while (i < line.len && line.bytes[i] > ' ' && line.bytes[i] != ':' && line.bytes[i] < 0x7f)
		i++;
	if (i > 0 && i < line.len && line.bytes[i] == ':')
		return true;
	return first && (span_starts(line, "From ") || span_starts(line, ">From "));
}

struct mime_split mime_split(struct span entity)
{
	struct mime_split s = {.header = {entity.bytes, 0}};
	struct span rest = entity;

	while (rest.len > 0) {
		struct span line = span_head(rest, line_length(rest));

		if (is_empty_line(line)) {
			s.gap = line;
			rest = span_tail(rest, line.len);
			break;
		}
		if (!is_of_header(line, s.header.len == 0))
			break;
		s.header.len += line.len;
		rest = span_tail(rest, line.len);
	}
	s.body = rest;
	return s;
}

struct span mime_next_field(struct span *header)
{
	struct span rest = *header;
	size_t len = line_length(rest);

	while (len > 0 && len < rest.len && (rest.bytes[len] == ' ' || rest.bytes[len] == '\t'))
		len += line_length(span_tail(rest, len));
	*header = span_tail(rest, len);
	return span_head(rest, len);
}

static bool field_is(struct span field, const char *name)
{
	size_t len = strlen(name);

	return span_starts(field, name) && field.len > len && field.bytes[len] == ':';
}

/* The field's value without comments, line ends and white space at its ends. */
static bool value_of(struct span field, struct buf *value)
{
	unsigned comment = 0;
	bool quoted = false;
	const uint8_t *colon = memchr(field.bytes, ':', field.len);
	struct span s = span_tail(field, (size_t)(colon - field.bytes) + 1);

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.bytes[i];

		if (quoted && c == '\\' && i + 1 < s.len) {
			buf_put_byte(value, c);
			c = s.bytes[++i];
		} else if (c == '"' && comment == 0) {
			quoted = !quoted;
		}
		comment += !quoted && c == '(';
		if (comment == 0 && c != '\r' && c != '\n')
			buf_put_byte(value, c == '\t' ? ' ' : c);
		comment -= !quoted && c == ')' && comment > 0;
	}
	return !value->failed && !quoted && comment == 0;
}

/* Copy in lower case; false if it does not fit. */
static bool copy_lower(char *to, size_t room, struct span from)
{
	if (from.len >= room || memchr(from.bytes, '\0', from.len) != NULL)
		return false;
	for (size_t i = 0; i < from.len; i++)
		to[i] = (char)tolower(from.bytes[i]);
	to[from.len] = '\0';
	return true;
}

/* A parameter's value at the start of *s, quoted or not; *s moves behind it. */
static void take_value(struct span *s, struct buf *value)
{
	bool quoted = s->len > 0 && s->bytes[0] == '"';

	*s = span_tail(*s, quoted);
	while (s->len > 0) {
		uint8_t c = s->bytes[0];

		if (quoted ? c == '"' : c == ';' || c == ' ')
			break;
		if (quoted && c == '\\' && s->len > 1)
			*s = span_tail(*s, 1);
		buf_put_byte(value, s->bytes[0]);
		*s = span_tail(*s, 1);
	}
	const uint8_t *next = s->len > 0 ? memchr(s->bytes, ';', s->len) : NULL;
	*s = span_tail(*s, next != NULL ? (size_t)(next - s->bytes) : s->len);
}

static void put_boundary(struct mime_info *info, const struct buf *value)
{
	info->unclear |= info->boundary_len > 0 || value->len >= sizeof info->boundary ||
			 (value->len > 0 && memchr(value->data, '\0', value->len) != NULL);
	if (info->unclear || value->len == 0)
		return;
	memcpy(info->boundary, value->data, value->len);
	info->boundary_len = value->len;
}

static void put_parameter(struct mime_info *info, struct span name, const struct buf *value)
{
	if (span_starts(name, "boundary*") || span_starts(name, "charset*"))
		info->unclear = true;
	else if (span_is(name, "boundary"))
		put_boundary(info, value);
	else if (span_is(name, "charset") && value->len > 0 &&
		 !copy_lower(info->charset, sizeof info->charset,
			     (struct span){value->data, value->len}))
		strlcpy(info->charset, "?", sizeof info->charset);
}

static void read_parameters(struct mime_info *info, struct span s)
{
	uint8_t memory[VALUE_MAX];
	struct buf value;

	while (s.len > 0) {
		size_t n = 0;

		s = span_trim_left(span_tail(s, s.bytes[0] == ';'));
		while (n < s.len && s.bytes[n] != '=' && s.bytes[n] != ';')
			n++;
		struct span name = span_trim_right(span_head(s, n));
		buf_init(&value, memory, sizeof memory);
		s = span_trim_left(span_tail(s, n + (n < s.len && s.bytes[n] == '=')));
		if (n > 0 || s.len > 0)
			take_value(&s, &value);
		put_parameter(info, name, &value);
	}
}

static void read_type(struct mime_info *info, struct span value)
{
	const uint8_t *semicolon = value.len > 0 ? memchr(value.bytes, ';', value.len) : NULL;
	size_t len = semicolon != NULL ? (size_t)(semicolon - value.bytes) : value.len;
	struct span type = span_trim_right(span_trim_left(span_head(value, len)));
	const char *slash;

	if (copy_lower(info->type, sizeof info->type, type) &&
	    (slash = strchr(info->type, '/')) != NULL && slash != info->type && slash[1] != '\0')
		info->has_type = true;
	else
		strlcpy(info->type, "text/plain", sizeof info->type);
	read_parameters(info, span_tail(value, len));
}

static void read_encoding(struct mime_info *info, struct span value)
{
	static const struct {
		const char *name;
		enum mime_encoding encoding;
	} names[] = {{"7bit", MIME_PLAIN},
		     {"8bit", MIME_PLAIN},
		     {"binary", MIME_PLAIN},
		     {"", MIME_PLAIN},
		     {"quoted-printable", MIME_QUOTED},
		     {"base64", MIME_BASE64}};
	struct span s = span_trim_right(span_trim_left(value));

	info->has_encoding = true;
	info->encoding = MIME_UNKNOWN;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (span_is(s, names[i].name))
			info->encoding = names[i].encoding;
	}
}

void mime_info_read(struct mime_info *info_r, struct span header)
{
	uint8_t memory[VALUE_MAX];
	unsigned types = 0, encodings = 0;

	*info_r = (struct mime_info){.type = "text/plain"};
	while (header.len > 0) {
		struct span field = mime_next_field(&header);
		bool type = field_is(field, "Content-Type");
		bool encoding = field_is(field, "Content-Transfer-Encoding");
		struct buf value;

		if (!type && !encoding)
			continue;
		buf_init(&value, memory, sizeof memory);
		info_r->unclear |= !value_of(field, &value);
		if (type && types++ == 0)
			read_type(info_r, (struct span){value.data, value.len});
		if (encoding && encodings++ == 0)
			read_encoding(info_r, (struct span){value.data, value.len});
	}
	info_r->unclear |= types > 1 || encodings > 1;
}

/* Does the name begin with one of these? */
static bool is_one_of(const char *name, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
			return true;
	}
	return false;
}

bool mime_charset_is_ascii(const char *charset)
{
	static const char *const known[] = {
	    "us-ascii",  "ascii",    "utf-8",  "utf8",    "utf-7",     "iso-8859-", "iso8859",
	    "iso_8859",  "windows-", "cp125",  "koi8-",   "gb2312",    "gbk",       "gb18030",
	    "big5",      "euc-",     "shift",  "sjis",    "iso-2022-", "ks_c_",     "tis-620",
	    "macintosh", "x-mac",    "latin",  "ansi_x3", "cp437",     "ibm437",    "cp850",
	    "cp866",     "hz-gb",    "x-sjis", "viscii",  NULL};

	return charset[0] == '\0' || is_one_of(charset, known);
}

bool mime_charset_is_wide(const char *charset)
{
	static const char *const known[] = {"utf-16", "utf16",   "utf-32",        "utf32", "ucs-2",
					    "ucs-4",  "unicode", "iso-10646-ucs", NULL};

	return is_one_of(charset, known);
}
