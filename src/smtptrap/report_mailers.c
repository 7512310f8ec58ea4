/*
 * report_mailers.c: table mailers: the programs that headers and dialects suggest.
 *
 * The header's claim is x_mailer up to its version, the dialect's that of the header of the first
 * message (doc/DIALECT.md); both can be forged.
 */
#include "report.h"

enum { CLAIMED, HEADERS, SPEECHES };

static const struct report_section sections[] = {
    [CLAIMED] = {"claimed", "X-Mailer or User-Agent", "accepted messages", "all accepted messages",
		 0, REPORT_SEEN},
    [HEADERS] = {"headers", "header in the dialect", "connections",
		 "connections whose dialect has a header", 0, REPORT_SEEN},
    [SPEECHES] = {"speeches", "speech in the dialect", "connections", "connections with a dialect",
		  0, REPORT_SEEN},
};

static const enum record_field wants[] = {FIELD_X_MAILER, FIELD_VERDICT, FIELD_DIALECT_STRING};

/* The name before a version: up to the first digit, blanks, slashes and brackets before it off. */
static struct span name_of(struct span mailer)
{
	size_t len = 0;

	while (len < mailer.len && !(mailer.bytes[len] >= '0' && mailer.bytes[len] <= '9'))
		len++;
	while (len > 0 && memchr(" /([-", mailer.bytes[len - 1], 5) != NULL)
		len--;
	return len > 0 ? span_head(mailer, len) : mailer;
}

static void add_message(struct report_record *r)
{
	struct span mailer = {0};

	if (!report_is_delivery(r))
		return;
	if (report_text(r, FIELD_X_MAILER, &mailer))
		report_count_span(r, CLAIMED, name_of(mailer));
	else
		report_count(r, CLAIMED, "none");
}

static void add_session(struct report_record *r)
{
	struct span text = {0};

	if (!report_text(r, FIELD_DIALECT_STRING, &text))
		return;
	const uint8_t *speech_end = memchr(text.bytes, ';', text.len);
	size_t len = speech_end != NULL ? (size_t)(speech_end - text.bytes) : text.len;
	report_count_span(r, SPEECHES, span_head(text, len));
	if (speech_end == NULL)
		return;
	struct span header = span_tail(text, len + 1);
	const uint8_t *end = memchr(header.bytes, ';', header.len);
	if (end != NULL && end > header.bytes)
		report_count_span(r, HEADERS, span_head(header, (size_t)(end - header.bytes)));
}

static void add(struct report_record *r)
{
	if (report_is_session(r))
		add_session(r);
	else
		add_message(r);
}

const struct report_table report_mailers = {"mailers", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					    add, NULL};
