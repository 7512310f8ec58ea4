/*
 * report_helo.c: table helo: how clients greet and what they call themselves.
 */
#include "ip.h"
#include "report.h"

enum { GREETINGS, FORMS, NAMES };

static const struct report_section sections[] = {
    [GREETINGS] = {"greetings", "greeting", "connections", "all connections", 0, 0},
    [FORMS] = {"forms", "form of the argument", "connections", "connections with EHLO or HELO", 0,
	       0},
    [NAMES] = {"names", "argument", "connections", "connections with EHLO or HELO", REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_HELO, FIELD_ESMTP};

/* The form of an argument (RFC 5321, 4.1.1.1 wants a domain or an address literal). */
static const char *form_of(struct span helo)
{
	uint8_t ip[IP_BYTES];

	if (helo.len == 0)
		return "empty";
	if (helo.bytes[0] == '[')
		return "address literal";
	if (ip_parse(ip, (const char *)helo.bytes, helo.len) == 0)
		return "bare address";
	if (span_is(helo, "localhost") || span_starts(helo, "localhost."))
		return "localhost";
	return memchr(helo.bytes, '.', helo.len) != NULL ? "domain" : "word without a dot";
}

static void add(struct report_record *r)
{
	struct span helo = {0};

	if (!report_is_session(r))
		return;
	if (!report_text(r, FIELD_HELO, &helo)) {
		report_count(r, GREETINGS, "none");
		return;
	}
	report_count(r, GREETINGS, report_true(r, FIELD_ESMTP) ? "EHLO" : "HELO");
	report_count(r, FORMS, form_of(helo));
	report_count_span(r, NAMES, helo);
}

const struct report_table report_helo = {"helo", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					 NULL};
