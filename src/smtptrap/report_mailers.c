/*
 * report_mailers.c: table mailers: the programs that headers and dialects suggest.
 *
 * The header's claim is x_mailer up to its version, the dialect's that of the header of the first
 * message (doc/DIALECT.md), the greeting's its argument without the digits that tell machines
 * apart; all can be forged.
 */
#include "report.h"

enum { CLAIMED, HEADERS, SPEECHES, CLAIMED_DIALECT, GREETINGS };

static const struct report_section sections[] = {
    [CLAIMED] = {"claimed", "X-Mailer or User-Agent", "accepted messages", "all accepted messages",
		 REPORT_SEEN, 0},
    [HEADERS] = {"headers", "header in the dialect", "connections",
		 "connections whose dialect has a header", REPORT_SEEN, 0},
    [SPEECHES] = {"speeches", "speech in the dialect", "connections", "connections with a dialect",
		  REPORT_SEEN, 0},
    [CLAIMED_DIALECT] = {"claimed_dialect", "X-Mailer or User-Agent, and dialect",
			 "accepted messages", "accepted messages with a dialect", REPORT_SEEN, 0},
    [GREETINGS] = {"greetings", "argument of the greeting, digits as #", "connections",
		   "connections with EHLO or HELO", REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_X_MAILER, FIELD_VERDICT, FIELD_DIALECT_STRING,
					  FIELD_DIALECT, FIELD_HELO};

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
	struct span mailer = span_text("none"), dialect = {0};
	char pair[REPORT_PAIR_MAX];

	if (!report_is_delivery(r))
		return;
	if (report_text(r, FIELD_X_MAILER, &mailer))
		mailer = name_of(mailer);
	report_count_span(r, CLAIMED, mailer);
	if (report_text(r, FIELD_DIALECT, &dialect))
		report_count_span(r, CLAIMED_DIALECT, report_pair(pair, mailer, dialect));
}

/* Each run of digits as one #. */
static struct span pattern_of(struct span helo, char buf[TALLY_LABEL_MAX + 1])
{
	bool before = false, digit;
	size_t len = 0;

	for (size_t i = 0; i < helo.len && len <= TALLY_LABEL_MAX; i++, before = digit) {
		digit = helo.bytes[i] >= '0' && helo.bytes[i] <= '9';
		if (!digit)
			buf[len++] = (char)helo.bytes[i];
		else if (!before)
			buf[len++] = '#';
	}
	return (struct span){(const uint8_t *)buf, len};
}

static void add_greeting(struct report_record *r)
{
	char buf[TALLY_LABEL_MAX + 1];
	struct span helo = {0};

	if (report_text(r, FIELD_HELO, &helo))
		report_count_span(r, GREETINGS, pattern_of(helo, buf));
}

static void add_session(struct report_record *r)
{
	struct span text = {0};

	add_greeting(r);
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
