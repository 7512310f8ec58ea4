/*
 * report_record.c: a record as the tables of a report see it.
 *
 * Input: lines of log files, which may be damaged or not ours.  Only the fields that tables asked
 * for are looked at.
 */
#include "report_record.h"

#include <string.h>

#include "conf_number.h"
#include "err.h"
#include "ip.h"
#include "log_read.h"
#include "unit.h"

#define SESSIONS_MAX UINT32_MAX /* the trap writes 65,535 at most: no sum overflows */

void report_record_init(struct report_record *r, struct report *to, struct record_scan *scan)
{
	*r = (struct report_record){
	    .tally = to->tally, .visits = &to->visits, .series = &to->series, .scan = scan};
	memset(r->slot, -1, sizeof r->slot);
	for (size_t i = 0; i < scan->count; i++)
		r->slot[scan->field[i].field] = (int8_t)i;
	for (int i = 0; i < REPORT_SCRATCHES; i++)
		buf_init_heap(&r->scratch[i], LOG_LINE_MAX);
}

void report_record_fini(struct report_record *r)
{
	for (int i = 0; i < REPORT_SCRATCHES; i++)
		buf_fini(&r->scratch[i]);
}

/* How many sessions the record stands for: more than one if it sums up those of a yakker. */
static uint64_t sessions_of(struct report_record *r)
{
	struct span text;
	uint64_t n;

	if (report_text(r, FIELD_YAKKER_SESSIONS, &text) &&
	    conf_number_parse(&n, (const char *)text.bytes, text.len, conf_units_none) == 0 &&
	    n > 0 && n <= SESSIONS_MAX)
		return n;
	return 1;
}

int report_record_read(struct report_record *r, enum report_by by, const uint8_t *line, size_t len)
{
	struct span ip;

	if (record_line_head(line, len, &r->head) != 0 ||
	    record_scan_line(r->scan, line, len) != 0 || !report_text(r, FIELD_CLIENT_IP, &ip) ||
	    ip_parse(r->ip, (const char *)ip.bytes, ip.len) != 0)
		return ERR_FORMAT;
	r->time = report_bucket(by, r->head.ts);
	r->day_key = unique_key(r->head.ts / DAY);
	r->who = (struct tally_who){.ts = r->head.ts,
				    .count = sessions_of(r),
				    .ip_key = unique_key_of_ip(r->ip),
				    .net_key = unique_key_of_net(r->ip),
				    .is_v4 = ip_is_v4(r->ip)};
	return 0;
}

/* ---- fields ---- */

static const struct record_scan_value *value_of(const struct report_record *r, enum record_field f)
{
	return &r->scan->value[r->slot[f]];
}

static bool take_text(struct report_record *r, const struct record_scan_value *v,
		      struct span *text_r)
{
	struct buf *scratch = &r->scratch[r->next_scratch];
	const char *text;

	if (v->kind == SCAN_ABSENT || record_scan_text(v, scratch, &text, &text_r->len) != 0)
		return false;
	if (v->escaped)
		r->next_scratch = (r->next_scratch + 1) % REPORT_SCRATCHES;
	text_r->bytes = (const uint8_t *)text;
	return true;
}

bool report_text(struct report_record *r, enum record_field f, struct span *text_r)
{
	return take_text(r, value_of(r, f), text_r);
}

bool report_is(struct report_record *r, enum record_field f, const char *text)
{
	const struct record_scan_value *v = value_of(r, f);

	return v->kind != SCAN_ABSENT && v->len == strlen(text) &&
	       memcmp(v->text, text, v->len) == 0;
}

bool report_true(struct report_record *r, enum record_field f)
{
	return report_is(r, f, "true");
}

bool report_is_session(const struct report_record *r)
{
	return r->head.type == RECORD_SESSION;
}

uint64_t report_ts(const struct report_record *r)
{
	return r->head.ts;
}

const uint8_t *report_ip(const struct report_record *r)
{
	return r->ip;
}

bool report_is_delivery(struct report_record *r)
{
	return r->head.type == RECORD_MESSAGE && report_is(r, FIELD_VERDICT, "accepted");
}

bool report_is_tls(struct report_record *r)
{
	return report_is(r, FIELD_TLS_OUTCOME, "negotiated");
}

/* ---- counting ---- */

static void add(struct report_record *r, unsigned section, enum tally_kind kind, struct span label)
{
	r->who.day_key = r->table->sections[section].flags & REPORT_SEEN ? r->day_key : 0;
	if (tally_add(r->tally, (uint8_t)(r->first_section + section), kind, r->time, label.bytes,
		      label.len, &r->who) != 0)
		r->no_memory = true;
}

static void count_label(struct report_record *r, unsigned section, struct span label)
{
	add(r, section, TALLY_LABEL, label);
}

static void count_total(struct report_record *r, unsigned section)
{
	add(r, section, TALLY_TOTAL, (struct span){0});
}

void report_count_span(struct report_record *r, unsigned section, struct span label)
{
	count_total(r, section);
	count_label(r, section, label);
}

void report_count(struct report_record *r, unsigned section, const char *label)
{
	report_count_span(r, section, span_text(label));
}

void report_count_field(struct report_record *r, unsigned section, enum record_field f,
			const char *absent)
{
	struct span text = {0};

	if (report_text(r, f, &text))
		report_count_span(r, section, text);
	else if (absent != NULL)
		report_count(r, section, absent);
}

/* A name counts once a record: no list of ours is longer than this. */
#define ELEMENTS_MAX 64

static bool is_new(const struct record_scan_value *seen, size_t count,
		   const struct record_scan_value *v)
{
	for (size_t i = 0; i < count; i++) {
		if (seen[i].len == v->len && memcmp(seen[i].text, v->text, v->len) == 0)
			return false;
	}
	return true;
}

/* Elements are compared as they stand in the line: their texts do not stay. */
void report_count_list(struct report_record *r, unsigned section, enum record_field f)
{
	const struct record_scan_value *list = value_of(r, f);
	struct record_scan_value seen[ELEMENTS_MAX];
	size_t at = 0, count = 0;
	struct span name;

	if (list->kind != SCAN_LIST)
		return;
	while (count < ELEMENTS_MAX && record_scan_element(list, &at, &seen[count]) == 1 &&
	       take_text(r, &seen[count], &name)) {
		if (!is_new(seen, count, &seen[count]))
			continue;
		if (count++ == 0)
			count_total(r, section);
		count_label(r, section, name);
	}
}

void report_series(struct report_record *r, int kind)
{
	uint64_t seconds = r->head.ts / 1000000;

	series_add_hour(r->series, seconds, r->who.count);
	if (kind >= 0)
		series_add(r->series, seconds, (unsigned)kind, r->who.count);
}

void report_visit(struct report_record *r, const struct visit *visit)
{
	if (visits_add(r->visits, visit) != 0)
		r->no_memory = true;
}

struct span report_pair(char buf[REPORT_PAIR_MAX], struct span a, struct span b)
{
	int la = a.len < TALLY_LABEL_MAX ? (int)a.len : TALLY_LABEL_MAX;
	int lb = b.len < TALLY_LABEL_MAX ? (int)b.len : TALLY_LABEL_MAX;

	memcpy(buf, a.bytes, (size_t)la);
	buf[la] = ' ';
	memcpy(buf + la + 1, b.bytes, (size_t)lb);
	return (struct span){(const uint8_t *)buf, (size_t)la + 1 + (size_t)lb};
}

char *report_net_text(const uint8_t ip[IP_BYTES], char text[IP_NET_TEXT_MAX])
{
	struct ip_net net = {.bits = ip_is_v4(ip) ? 120 : 64};

	memcpy(net.ip, ip, net.bits / 8);
	return ip_net_text(&net, text);
}
