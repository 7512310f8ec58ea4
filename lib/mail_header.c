/*
 * mail_header.c: what the header of a received message says, without trusting it.
 *
 * Runs in a worker when a message has ended.  Input is the message as the client sent it (any
 * bytes, lines ended by CRLF or bare LF), output a struct of fixed size.  One pass over the
 * header and no further than MAIL_HEADER_SCAN_MAX bytes.  There are no errors: whatever does
 * not look like RFC 5322 is noted as an oddity, and reading goes on with the next line.
 */
#include "mail_header.h"

#include "span.h"

#define LINE_MAX_BYTES 998 /* RFC 5322, 2.1.1, without the line end */

struct reader {
	struct mail_header *header;
	const uint8_t *start;
	const uint8_t *at, *end; /* what is left to read */
};

typedef void field_fn(struct mail_header *header, struct span value, enum mail_header_field f);
static field_fn keep_value, count_received, keep_dkim;

static const struct field {
	const char *name;
	field_fn *handle;
	enum mail_header_field kept;
} fields[] = {
    {"From", keep_value, MAIL_HEADER_FROM},
    {"To", keep_value, MAIL_HEADER_TO},
    {"Subject", keep_value, MAIL_HEADER_SUBJECT},
    {"Message-ID", keep_value, MAIL_HEADER_MESSAGE_ID},
    {"Date", keep_value, MAIL_HEADER_DATE},
    {"X-Mailer", keep_value, MAIL_HEADER_X_MAILER},
    {"User-Agent", keep_value, MAIL_HEADER_USER_AGENT},
    {"Received", count_received, MAIL_HEADER_FIELD_COUNT},
    {"DKIM-Signature", keep_dkim, MAIL_HEADER_FIELD_COUNT},
};

static const struct {
	const char *name, *doc;
} oddities[MAIL_ODDITY_COUNT] = {
#define HEADER_ODDITY(sym, name, doc) {name, doc},
#include "header_oddity.def"
#undef HEADER_ODDITY
};

const char *mail_header_oddity_name(enum mail_header_oddity oddity)
{
	return oddities[oddity].name;
}

const char *mail_header_oddity_doc(enum mail_header_oddity oddity)
{
	return oddities[oddity].doc;
}

const struct mail_header_value *mail_header_mailer(const struct mail_header *h)
{
	const struct mail_header_value *mailer = &h->value[MAIL_HEADER_X_MAILER];

	if (!mailer->present)
		mailer = &h->value[MAIL_HEADER_USER_AGENT];
	return mailer->present ? mailer : NULL;
}

static void note(struct mail_header *header, enum mail_header_oddity oddity, bool seen)
{
	header->oddities |= (uint32_t)seen << oddity;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_fold(uint8_t c)
{
	return is_space(c) || c == '\r' || c == '\n';
}

/* ---- fields ---- */

/* Append the bytes of one line to value, as far as they fit. */
static void append(struct mail_header_value *value, const uint8_t *bytes, size_t len)
{
	size_t room = MAIL_HEADER_VALUE_MAX - value->len;

	if (len > room) {
		value->cut = true;
		len = room;
	}
	memcpy(value->bytes + value->len, bytes, len);
	value->len = (uint16_t)(value->len + len);
}

/* RFC 5322, 2.2.3: take each line end away, keep the white space behind it. */
static void unfold(struct mail_header_value *value, struct span raw)
{
	while (raw.len > 0 && is_fold(raw.bytes[raw.len - 1]))
		raw.len--;
	while (raw.len > 0 && is_fold(*raw.bytes))
		raw.bytes++, raw.len--;
	while (raw.len > 0 && !value->cut) {
		const uint8_t *lf = memchr(raw.bytes, '\n', raw.len);
		size_t used = lf == NULL ? raw.len : (size_t)(lf - raw.bytes) + 1;
		size_t line = lf == NULL ? used : used - 1;
		if (lf != NULL && line > 0 && raw.bytes[line - 1] == '\r')
			line--;
		append(value, raw.bytes, line);
		raw.bytes += used;
		raw.len -= used;
	}
}

static void keep_value(struct mail_header *header, struct span value, enum mail_header_field f)
{
	struct mail_header_value *to = &header->value[f];

	note(header, MAIL_ODDITY_REPEATED, to->present);
	if (to->present)
		return;
	to->present = true;
	unfold(to, value);
}

static void count_received(struct mail_header *header, struct span value, enum mail_header_field f)
{
	(void)value, (void)f;
	header->received_count++;
}

/* If tag is "d=DOMAIN", keep the domain; returns whether it is.  White space may stand around
 * both, RFC 6376, 3.2. */
static bool keep_domain(struct mail_header *header, struct span tag)
{
	struct mail_header_domain *to = &header->dkim_domain[header->dkim_count];
	const uint8_t *p = tag.bytes, *end = tag.bytes + tag.len;

	while (p < end && is_fold(*p))
		p++;
	if (p == end || *p++ != 'd')
		return false;
	while (p < end && is_fold(*p))
		p++;
	if (p == end || *p++ != '=')
		return false;
	for (; p < end && to->len < MAIL_HEADER_DOMAIN_MAX; p++)
		if (!is_fold(*p))
			to->bytes[to->len++] = *p;
	header->dkim_count += to->len > 0;
	return true;
}

static void keep_dkim(struct mail_header *header, struct span value, enum mail_header_field f)
{
	(void)f;
	header->has_dkim = true;
	if (header->dkim_count == MAIL_HEADER_DKIM_MAX)
		return;
	while (value.len > 0) {
		const uint8_t *semicolon = memchr(value.bytes, ';', value.len);
		size_t len = semicolon == NULL ? value.len : (size_t)(semicolon - value.bytes);
		if (keep_domain(header, (struct span){value.bytes, len}))
			return;
		len += semicolon != NULL;
		value.bytes += len;
		value.len -= len;
	}
}

/* One field, from its name to the end of its last line. */
static void read_field(struct mail_header *header, struct span field, size_t colon)
{
	size_t name_len = colon;
	bool bad = false;

	while (name_len > 0 && is_space(field.bytes[name_len - 1]))
		name_len--;
	note(header, MAIL_ODDITY_SPACE_COLON, name_len < colon);
	for (size_t i = 0; i < name_len; i++)
		bad = bad || field.bytes[i] < 33 || field.bytes[i] > 126;
	note(header, MAIL_ODDITY_BAD_NAME, bad || name_len == 0);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct span value = {field.bytes + colon + 1, field.len - colon - 1};
		if (strlen(fields[i].name) == name_len &&
		    strncasecmp(fields[i].name, (const char *)field.bytes, name_len) == 0)
			fields[i].handle(header, value, fields[i].kept);
	}
}

/* ---- lines ---- */

static void note_bytes(struct mail_header *header, struct span line)
{
	uint8_t high = 0;

	for (size_t i = 0; i < line.len; i++)
		high |= line.bytes[i];
	note(header, MAIL_ODDITY_8BIT, high & 0x80);
	note(header, MAIL_ODDITY_NUL, memchr(line.bytes, '\0', line.len) != NULL);
	note(header, MAIL_ODDITY_BARE_CR, memchr(line.bytes, '\r', line.len) != NULL);
	note(header, MAIL_ODDITY_LONG_LINE, line.len > LINE_MAX_BYTES);
}

/* Take the next line, without its end; returns false if there is none. */
static bool next_line(struct reader *r, struct span *line_r)
{
	if (r->at == r->end)
		return false;
	const uint8_t *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));
	const uint8_t *stop = lf == NULL ? r->end : lf;
	*line_r = (struct span){r->at, (size_t)(stop - r->at)};
	r->at = lf == NULL ? r->end : lf + 1;
	if (lf != NULL && line_r->len > 0 && stop[-1] == '\r')
		line_r->len--;
	else
		note(r->header, MAIL_ODDITY_BARE_LF, lf != NULL);
	note_bytes(r->header, *line_r);
	return true;
}

static void note_first_line(struct mail_header *header, struct span line, size_t colon)
{
	static const char mbox[] = "From ";
	size_t len = sizeof mbox - 1;

	note(header, MAIL_ODDITY_FOLDED_NOTHING, line.len > 0 && is_space(*line.bytes));
	while (len < line.len && is_space(line.bytes[len]))
		len++;
	note(header, MAIL_ODDITY_MBOX_FROM,
	     len <= line.len && len != colon && memcmp(line.bytes, mbox, sizeof mbox - 1) == 0);
}

/* A line and those that continue it. */
static void read_lines(struct reader *r, struct span first)
{
	const uint8_t *colon = memchr(first.bytes, ':', first.len);
	size_t colon_at = colon == NULL ? first.len : (size_t)(colon - first.bytes);
	struct span more = first;

	if (first.bytes == r->start)
		note_first_line(r->header, first, colon_at);
	while (r->at < r->end && is_space(*r->at))
		next_line(r, &more);
	if (colon == NULL) {
		note(r->header, MAIL_ODDITY_NO_COLON, !is_space(*first.bytes));
		return;
	}
	size_t len = (size_t)(more.bytes - first.bytes) + more.len;
	read_field(r->header, (struct span){first.bytes, len}, colon_at);
}

void mail_header_read(struct mail_header *header_r, const uint8_t *message, size_t len)
{
	size_t scan = len < MAIL_HEADER_SCAN_MAX ? len : MAIL_HEADER_SCAN_MAX;
	const uint8_t *start = len == 0 ? (const uint8_t *)"" : message;
	struct reader r = {header_r, start, start, start + scan};
	struct span line;
	bool ended = false;

	memset(header_r, 0, sizeof *header_r);
	while (!ended && next_line(&r, &line)) {
		ended = line.len == 0;
		if (!ended)
			read_lines(&r, line);
	}
	header_r->body_offset = ended ? (size_t)(r.at - start) : len;
	note(header_r, MAIL_ODDITY_NO_BODY, !ended && scan == len);
	note(header_r, MAIL_ODDITY_TOO_LONG, !ended && scan < len);
	note(header_r, MAIL_ODDITY_NO_FROM, !header_r->value[MAIL_HEADER_FROM].present);
	note(header_r, MAIL_ODDITY_NO_DATE, !header_r->value[MAIL_HEADER_DATE].present);
}
