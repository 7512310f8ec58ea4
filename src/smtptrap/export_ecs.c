/*
 * export_ecs.c: records as lines of JSON after the Elastic Common Schema, nested.
 *
 * The names are those that record.def has.  A field that has none stands under smtptrap, by its own
 * name; the dialogue is left out.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "export.h"
#include "json_text.h"
#include "span.h"
#include "time_text.h"

#define ECS_VERSION "8.11.0"
#define PATH_MAX_LEN 96 /* of a name: those of ECS and ours are shorter */
#define MEMBERS_MAX (2 * FIELD_COUNT + 32)

/* A value of the object: a dotted path and its JSON. */
struct member {
	char path[PATH_MAX_LEN];
	size_t at, len; /* in the buffer of values */
};

struct object {
	struct buf json; /* the values, one after the other */
	size_t count;
	struct member member[MEMBERS_MAX];
};

static struct member *add(struct object *o, const char *path, size_t path_len)
{
	struct member *m = &o->member[o->count++];

	snprintf(m->path, sizeof m->path, "%.*s", (int)path_len, path);
	m->at = o->json.len;
	return m;
}

static void end(struct object *o, struct member *m)
{
	m->len = o->json.len - m->at;
	if (m->len == 0)
		o->count--;
}

static void put_span(struct buf *json, struct span s)
{
	json_put_string(json, s.bytes, s.len);
}

static void add_text(struct object *o, const char *path, const char *text)
{
	struct member *m = add(o, path, strlen(path));

	put_span(&o->json, span_text(text));
	end(o, m);
}

static void add_list(struct object *o, const char *path, const char *const *texts)
{
	struct member *m = add(o, path, strlen(path));

	for (size_t i = 0; texts[i] != NULL; i++) {
		buf_put_byte(&o->json, i > 0 ? ',' : '[');
		put_span(&o->json, (struct span){(const uint8_t *)texts[i], strlen(texts[i])});
	}
	buf_put_byte(&o->json, ']');
	end(o, m);
}

/* ---- values that are not as they stand in the record; nothing appended: there is none ---- */

typedef void (*put_fn)(const struct export_record *r, enum record_field f, struct buf *json);

static void put_dataset(const struct export_record *r, enum record_field f, struct buf *json)
{
	struct span s = export_value(r, f);

	buf_printf(json, "\"smtptrap.%.*s\"", (int)s.len, (const char *)s.bytes);
}

static void put_nanoseconds(const struct export_record *r, enum record_field f, struct buf *json)
{
	buf_put_u64(json, export_number(r, f) * 1000);
}

static void put_established(const struct export_record *r, enum record_field f, struct buf *json)
{
	buf_put_str(json, export_is(r, f, "negotiated") ? "true" : "false");
}

static void put_outcome(const struct export_record *r, enum record_field f, struct buf *json)
{
	buf_put_str(json, export_is(r, f, "accepted") ? "\"success\"" : "\"failure\"");
}

static void put_upper(const struct export_record *r, enum record_field f, struct buf *json)
{
	struct span s = export_value(r, f);

	buf_put_byte(json, '"');
	for (size_t i = 0; i < s.len; i++)
		buf_put_byte(json, s.bytes[i] >= 'a' ? (uint8_t)(s.bytes[i] - 32) : s.bytes[i]);
	buf_put_byte(json, '"');
}

static void put_addresses(const struct export_record *r, enum record_field f, struct buf *json)
{
	struct span address;
	size_t at = 0, n = 0;

	while (export_address(export_value(r, f), &at, &address) == 1) {
		buf_put_byte(json, n++ > 0 ? ',' : '[');
		put_span(json, address);
	}
	if (n > 0)
		buf_put_byte(json, ']');
}

static void put_first(const struct export_record *r, enum record_field f, struct buf *json)
{
	put_span(json, export_value(r, f));
}

/* "TLSv1.2": the protocol, or the version of it. */
static void put_protocol(const struct export_record *r, enum record_field f, struct buf *json)
{
	buf_put_str(json, span_starts(export_value(r, f), "SSL") ? "\"ssl\"" : "\"tls\"");
}

static void put_version(const struct export_record *r, enum record_field f, struct buf *json)
{
	struct span s = export_value(r, f);

	if (s.len < 5)
		return;
	s = span_tail(s, 4);
	buf_printf(json, s.len == 1 ? "\"%.*s.0\"" : "\"%.*s\"", (int)s.len, (const char *)s.bytes);
}

/* A date of a header (RFC 5322, 3.3), if it is one. */
static void put_date(const struct export_record *r, enum record_field f, struct buf *json)
{
	static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z",
					    "%a, %d %b %Y %H:%M %z"};
	struct span s = export_value(r, f);
	char text[64], shown[TIME_TEXT_MAX];

	if (s.len >= sizeof text)
		return;
	memcpy(text, s.bytes, s.len);
	text[s.len] = '\0';
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm tm = {0};
		const char *rest = strptime(text, forms[i], &tm);
		long zone = tm.tm_gmtoff;
		int64_t seconds = rest != NULL ? (int64_t)timegm(&tm) - zone : -1;

		if (rest == NULL || (*rest != '\0' && *rest != ' ') || seconds < 0 ||
		    time_format(NULL, (uint64_t)seconds * 1000000, shown) != 0)
			continue;
		buf_printf(json, "\"%s\"", shown);
		return;
	}
}

static const struct {
	enum record_field field;
	const char *path; /* NULL: each name of the field */
	put_fn put;
} special[] = {
    {FIELD_TYPE, NULL, put_dataset},
    {FIELD_DURATION_US, NULL, put_nanoseconds},
    {FIELD_TLS_OUTCOME, NULL, put_established},
    {FIELD_VERDICT, NULL, put_outcome},
    {FIELD_TLS_CERTIFICATE, NULL, put_upper},
    {FIELD_CLIENT_CERT_SHA256, NULL, put_upper},
    {FIELD_HEADER_FROM, NULL, put_addresses},
    {FIELD_HEADER_TO, NULL, put_addresses},
    {FIELD_RDNS_VERIFIED, NULL, put_first},
    {FIELD_TLS_VERSION, "tls.version", put_version},
    {FIELD_TLS_VERSION, "tls.version_protocol", put_protocol},
    {FIELD_DATE, NULL, put_date},
};

/* ---- values as they stand ---- */

static bool is_quoted(enum record_kind kind)
{
	return kind != RECORD_U64 && kind != RECORD_BOOL;
}

static void put_value(enum record_kind kind, struct span s, struct buf *json)
{
	if (is_quoted(kind))
		put_span(json, s);
	else
		buf_put(json, s.bytes, s.len);
}

static void put_plain(const struct export_record *r, enum record_field f, struct buf *json)
{
	enum record_kind kind = record_table[f].kind;
	bool list = kind == RECORD_STRINGS || kind == RECORD_NAMES;

	if (!list) {
		put_value(kind, export_value(r, f), json);
		return;
	}
	for (size_t n = 0; n < r->field[f].count; n++) {
		buf_put_byte(json, n > 0 ? ',' : '[');
		put_value(kind, export_element(r, f, n), json);
	}
	buf_put_byte(json, ']');
}

static put_fn put_of(enum record_field f, const char *path, size_t len)
{
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
		const char *of = special[i].path;

		if (special[i].field == f &&
		    (of == NULL || (strlen(of) == len && memcmp(of, path, len) == 0)))
			return special[i].put;
	}
	return put_plain;
}

/* The field under each of its names in ECS; without one, and where the name says less than the
 * field, under its own. */
static void add_field(struct object *o, const struct export_record *r, enum record_field f)
{
	const char *names = record_table[f].ecs;
	char own[PATH_MAX_LEN];
	struct member *m;

	while (names[0] != '\0') {
		size_t len = strcspn(names, ",");

		m = add(o, names, len);
		put_of(f, names, len)(r, f, &o->json);
		end(o, m);
		names += len;
		names += strspn(names, ", ");
	}
	if (record_table[f].ecs[0] != '\0' && put_of(f, names, 0) == put_plain &&
	    f != FIELD_TLS_VERSION)
		return;
	if (f == FIELD_V || f == FIELD_TYPE || f == FIELD_DURATION_US)
		return;
	snprintf(own, sizeof own, "smtptrap.%s", record_table[f].name);
	m = add(o, own, strlen(own));
	put_plain(r, f, &o->json);
	end(o, m);
}

/* ---- what ECS wants of every event ---- */

static const char *session_outcome(const struct export_record *r)
{
	if (export_number(r, FIELD_MESSAGES_ACCEPTED) > 0)
		return "success";
	if (export_is(r, FIELD_TLS_OUTCOME, "failed") ||
	    export_is(r, FIELD_END_REASON, "rejected") ||
	    export_is(r, FIELD_END_REASON, "too_many_errors") ||
	    export_is(r, FIELD_END_REASON, "too_many_sessions"))
		return "failure";
	return "unknown";
}

static void add_event(struct object *o, const struct export_record *r)
{
	static const char *const session_types[] = {"connection", "end", "protocol", NULL};
	static const char *const message_types[] = {"info", NULL};
	static const char *const network[] = {"network", NULL}, *const email[] = {"email", NULL};
	bool session = r->head.type == RECORD_SESSION;
	struct span ip = export_value(r, FIELD_CLIENT_IP);

	add_text(o, "ecs.version", ECS_VERSION);
	add_text(o, "event.kind", "event");
	add_list(o, "event.category", session ? network : email);
	add_list(o, "event.type", session ? session_types : message_types);
	if (session)
		add_text(o, "event.outcome", session_outcome(r));
	add_text(o, "network.transport", "tcp");
	add_text(o, "network.protocol", "smtp");
	if (ip.len > 0)
		add_text(o, "network.type", memchr(ip.bytes, ':', ip.len) ? "ipv6" : "ipv4");
}

/* ---- nesting ---- */

/* A dot sorts before all else, so what is within an object is together. */
static int compare(const void *a, const void *b)
{
	const char *p = ((const struct member *)a)->path, *q = ((const struct member *)b)->path;

	while (*p == *q && *p != '\0') {
		p++;
		q++;
	}
	return (*p == '.' ? 1 : (uint8_t)*p) - (*q == '.' ? 1 : (uint8_t)*q);
}

/* How many bytes of whole components, dots included, two paths share. */
static size_t shared(const char *a, const char *b)
{
	size_t n = 0;

	for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++) {
		if (a[i] == '.')
			n = i + 1;
	}
	return n;
}

static unsigned dots(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '.';
	return n;
}

static void put_nested(const struct object *o, struct buf *line)
{
	const char *last = "";
	bool first = true;

	buf_put_byte(line, '{');
	for (size_t i = 0; i < o->count; i++) {
		const char *path = o->member[i].path;
		size_t keep = shared(last, path);

		for (unsigned n = dots(last + keep); n > 0; n--)
			buf_put_byte(line, '}');
		if (!first)
			buf_put_byte(line, ',');
		for (const char *p = path + keep; p != NULL;) {
			size_t len = strcspn(p, ".");

			buf_printf(line, "\"%.*s\":", (int)len, p);
			p = p[len] == '.' ? p + len + 1 : NULL;
			if (p != NULL)
				buf_put_byte(line, '{');
		}
		buf_put(line, o->json.data + o->member[i].at, o->member[i].len);
		last = path;
		first = false;
	}
	for (unsigned n = dots(last) + 1; n > 0; n--)
		buf_put_byte(line, '}');
	buf_put_byte(line, '\n');
}

static bool ecs_begin(struct export *e)
{
	(void)e;
	return true;
}

static int ecs_put(struct export *e)
{
	struct object *o = calloc(1, sizeof *o);
	struct buf line;
	int written = 1;

	buf_init_heap(&line, REDACT_OUT_MAX);
	if (o != NULL) {
		buf_init_heap(&o->json, REDACT_OUT_MAX);
		add_event(o, &e->record);
		for (unsigned f = 0; f < FIELD_COUNT; f++) {
			if (e->record.field[f].count > 0)
				add_field(o, &e->record, (enum record_field)f);
		}
		qsort(o->member, o->count, sizeof o->member[0], compare);
		put_nested(o, &line);
	}
	if (o == NULL || o->json.failed || line.failed) {
		export_refuse(e, "no memory");
		written = ERR_MEMORY;
	} else {
		fwrite(line.data, 1, line.len, stdout);
	}
	if (o != NULL)
		buf_fini(&o->json);
	free(o);
	buf_fini(&line);
	return written;
}

const struct export_format export_ecs = {"ecs", false, ecs_begin, ecs_put, NULL};
