/*
 * record_json.c: make one line of JSON of the fields of a record.
 *
 * Runs in the logger, once a record.  Input: wire bytes from a worker, of which nothing is
 * trusted; they are checked whole before a byte is written.  Output: a line that is valid JSON
 * and UTF-8 whatever came in.  Errors go to the caller, who drops the record and says so.
 */
#include <string.h>

#include "err.h"
#include "ip.h"
#include "json_text.h"
#include "record.h"
#include "record_wire.h"
#include "uuid.h"

/* ,"name": and ,"name_hex": ready to be copied */
struct field_key {
	const char *key, *hex_key;
	uint8_t key_len, hex_key_len;
};

#define KEY(name) ",\"" name "\":"
#define FIELD(sym, name, kind, streams, unit, doc, zeek, ecs)               \
	[FIELD_##sym] = {KEY(name), KEY(name "_hex"), sizeof KEY(name) - 1, \
			 sizeof KEY(name "_hex") - 1},
static const struct field_key field_keys[FIELD_COUNT] = {
#include "record.def"
};
#undef FIELD

static const char *const dialogue_dirs[DIALOGUE_DIR_COUNT] = {"c", "s", "e"};
static const char *const dialogue_eols[EOL_COUNT] = {"crlf", "lf", "none"};

/* What was seen in a record's fields. */
struct survey {
	bool seen[FIELD_COUNT];
	const uint8_t *id;
	uint64_t ts;
};

static bool is_list(enum record_field f)
{
	enum record_kind kind = record_table[f].kind;

	return kind == RECORD_STRINGS || kind == RECORD_DIALOGUE;
}

/* The logger alone knows these. */
static bool is_head(enum record_field f)
{
	return f == FIELD_V || f == FIELD_TYPE || f == FIELD_SEQ || f == FIELD_SENSOR;
}

static bool is_of_stream(enum record_field f, enum record_type type)
{
	return type == RECORD_SESSION ? record_table[f].in_session : record_table[f].in_message;
}

/* Check all fields; 0 or ERR_FORMAT. */
static int survey_fields(enum record_type type, struct record_cursor c, struct survey *s)
{
	unsigned last = FIELD_COUNT;
	struct record_value v;
	int got;

	while ((got = record_next(&c, &v)) == 1) {
		bool goes_on = is_list(v.field) && v.field == last;

		if (is_head(v.field) || !is_of_stream(v.field, type))
			return ERR_FORMAT;
		if (s->seen[v.field] && !goes_on)
			return ERR_FORMAT;
		s->seen[v.field] = true;
		last = v.field;
		if (v.field == FIELD_ID)
			s->id = v.bytes;
		if (v.field == FIELD_TS)
			s->ts = record_wire_u64(v.bytes);
	}
	if (got == 0 && !(s->seen[FIELD_ID] && s->seen[FIELD_TS]))
		return ERR_FORMAT;
	return got;
}

static void put_uuid(struct buf *out, const uint8_t uuid[UUID_BYTES])
{
	char text[UUID_TEXT];

	uuid_format(uuid, text);
	buf_put_byte(out, '"');
	buf_put(out, text, UUID_TEXT - 1);
	buf_put_byte(out, '"');
}

static void put_time(struct buf *out, struct time_cache *clock, uint64_t us)
{
	char text[TIME_TEXT_MAX];

	if (time_format(clock, us, text) != 0) {
		out->failed = true; /* record_next() let it pass: cannot be */
		return;
	}
	buf_put_byte(out, '"');
	buf_put_str(out, text);
	buf_put_byte(out, '"');
}

static void put_ip(struct buf *out, const uint8_t ip[IP_BYTES])
{
	char text[IP_TEXT_MAX];

	buf_put_byte(out, '"');
	buf_put_str(out, ip_text(ip, text));
	buf_put_byte(out, '"');
}

static void put_key(struct buf *out, enum record_field f)
{
	buf_put(out, field_keys[f].key, field_keys[f].key_len);
}

static void put_hex_key(struct buf *out, enum record_field f)
{
	buf_put(out, field_keys[f].hex_key, field_keys[f].hex_key_len);
}

static void put_head(struct buf *out, const struct record_head *head, const struct survey *s)
{
	buf_put_str(out, "{\"v\":1,\"type\":\"");
	buf_put_str(out, record_type_name(head->type));
	buf_put_byte(out, '"');
	put_key(out, FIELD_ID);
	put_uuid(out, s->id);
	put_key(out, FIELD_SEQ);
	json_put_u64(out, head->seq);
	put_key(out, FIELD_TS);
	put_time(out, head->clock, s->ts);
	put_key(out, FIELD_SENSOR);
	json_put_string(out, (const uint8_t *)head->sensor, strlen(head->sensor));
}

static void put_string(struct buf *out, const struct record_value *v)
{
	if (json_put_string(out, v->bytes, v->len))
		return;
	put_hex_key(out, v->field);
	json_put_hex(out, v->bytes, v->len);
}

static bool string_is_exact(const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = bytes + len;
	size_t n = 1;

	for (; p < end && *p != 0 && n > 0; p += n)
		n = utf8_length(p, end);
	return p == end && n > 0;
}

/* Where the run of values of v's field that begins with v ends; v was taken from *c. */
static const uint8_t *list_end(struct record_cursor c, const struct record_value *v)
{
	const uint8_t *end = c.p;
	struct record_value next;

	while (record_next(&c, &next) == 1 && next.field == v->field)
		end = c.p;
	return end;
}

static void put_hex_list(struct buf *out, struct record_cursor list)
{
	struct record_value v;
	const char *sep = "";

	while (record_next(&list, &v) == 1) {
		buf_put_str(out, sep);
		if (string_is_exact(v.bytes, v.len))
			buf_put_str(out, "\"\"");
		else
			json_put_hex(out, v.bytes, v.len);
		sep = ",";
	}
}

static void put_strings(struct buf *out, struct record_cursor list, enum record_field f)
{
	struct record_cursor c = list;
	struct record_value v;
	bool exact = true;
	const char *sep = "";

	buf_put_byte(out, '[');
	while (record_next(&c, &v) == 1) {
		buf_put_str(out, sep);
		exact = json_put_string(out, v.bytes, v.len) && exact;
		sep = ",";
	}
	buf_put_byte(out, ']');
	if (exact)
		return;
	put_hex_key(out, f);
	buf_put_byte(out, '[');
	put_hex_list(out, list);
	buf_put_byte(out, ']');
}

static void put_dialogue_entry(struct buf *out, const struct dialogue_entry *e)
{
	buf_put_str(out, "{\"us\":");
	json_put_u64(out, e->us);
	buf_put_str(out, ",\"dir\":\"");
	buf_put_str(out, dialogue_dirs[e->dir]);
	buf_put_byte(out, '"');
	if (e->len > 0 || e->body == 0) {
		buf_put_str(out, ",\"text\":");
		if (!json_put_string(out, e->text, e->len)) {
			buf_put_str(out, ",\"hex\":");
			json_put_hex(out, e->text, e->len);
		}
	}
	if (e->eol != EOL_CRLF) {
		buf_put_str(out, ",\"eol\":\"");
		buf_put_str(out, dialogue_eols[e->eol]);
		buf_put_byte(out, '"');
	}
	if (e->body > 0) {
		buf_put_str(out, ",\"body\":");
		json_put_u64(out, e->body);
	}
	buf_put_byte(out, '}');
}

static void put_dialogue(struct buf *out, struct record_cursor list)
{
	struct record_value v;
	const char *sep = "[";

	while (record_next(&list, &v) == 1) {
		struct dialogue_entry e = record_wire_dialogue(&v);

		buf_put_str(out, sep);
		put_dialogue_entry(out, &e);
		sep = ",";
	}
	buf_put_byte(out, ']');
}

/* Names are ours and need no escapes; t/unit/tls_registry sees to it. */
static void put_name(struct buf *out, const char *name)
{
	size_t len = strlen(name);
	uint8_t *to = buf_reserve(out, len + 2);

	if (to == NULL)
		return;
	to[0] = '"';
	memcpy(to + 1, name, len);
	to[len + 1] = '"';
	out->len += len + 2;
}

static void put_names(struct buf *out, const struct record_value *v)
{
	enum tls_registry registry = (enum tls_registry)v->bytes[0];
	size_t width = v->bytes[1];
	const uint8_t *p = v->bytes + RECORD_WIRE_NAMES, *end = v->bytes + v->len;
	char text[TLS_REGISTRY_TEXT];

	buf_put_byte(out, '[');
	for (; p < end; p += width) {
		uint32_t high = width == 3 ? (uint32_t)p[0] << 16 : 0;
		uint32_t number = high | (uint32_t)p[width - 2] << 8 | p[width - 1];

		put_name(out, tls_registry_text(registry, number, text));
		if (p + width < end)
			buf_put_byte(out, ',');
	}
	buf_put_byte(out, ']');
}

static void put_scalar(struct buf *out, const struct record_value *v)
{
	switch (record_table[v->field].kind) {
	case RECORD_STRING:
		put_string(out, v);
		break;
	case RECORD_U64:
		json_put_u64(out, record_wire_u64(v->bytes));
		break;
	case RECORD_BOOL:
		buf_put_str(out, v->bytes[0] ? "true" : "false");
		break;
	case RECORD_IP:
		put_ip(out, v->bytes);
		break;
	case RECORD_HEX:
		json_put_hex(out, v->bytes, v->len);
		break;
	case RECORD_TIME:
		put_time(out, NULL,
			 record_wire_u64(v->bytes)); /* far from ts: no use of its cache */
		break;
	case RECORD_UUID:
		put_uuid(out, v->bytes);
		break;
	case RECORD_NAMES:
		put_names(out, v);
		break;
	case RECORD_STRINGS:
	case RECORD_DIALOGUE:
	case RECORD_KIND_COUNT:
		break;
	}
}

/* Put the field v, which was just taken from *c, and take the rest of a list from *c too. */
static void put_field(struct buf *out, struct record_cursor *c, const struct record_value *v)
{
	put_key(out, v->field);
	if (!is_list(v->field)) {
		put_scalar(out, v);
		return;
	}
	const uint8_t *start = v->bytes - RECORD_WIRE_HEADER;
	struct record_cursor list = {start, list_end(*c, v)};

	if (record_table[v->field].kind == RECORD_STRINGS)
		put_strings(out, list, v->field);
	else
		put_dialogue(out, list);
	c->p = list.end;
}

int record_encode(const struct record_head *head, const uint8_t *fields, size_t len,
		  struct buf *out)
{
	struct record_cursor c = {fields, fields + len};
	struct survey s = {0};
	struct record_value v;
	size_t before = out->len;

	if (survey_fields(head->type, c, &s) != 0)
		return ERR_FORMAT;
	put_head(out, head, &s);
	while (record_next(&c, &v) == 1) {
		if (v.field != FIELD_ID && v.field != FIELD_TS)
			put_field(out, &c, &v);
	}
	buf_put(out, "}\n", 2);
	if (out->failed) {
		out->len = before;
		return ERR_FULL;
	}
	return 0;
}
