/*
 * record_json.c: make one line of JSON of the fields of a record.
 *
 * Runs in the logger, once a record.  Input: wire bytes from a worker, of which nothing is
 * trusted; record_fields.c has checked them whole before a byte is written.  Output: a line that is valid JSON
 * and UTF-8 whatever came in.  Errors go to the caller, who drops the record and says so.
 */
#include <string.h>

#include "err.h"
#include "ip.h"
#include "json_text.h"
#include "record_fields.h"
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

static void put_head(struct buf *out, const struct record_head *head, const struct record_fields *r)
{
	buf_put_str(out, "{\"v\":1,\"type\":\"");
	buf_put_str(out, record_type_name(r->type));
	buf_put_byte(out, '"');
	put_key(out, FIELD_ID);
	put_uuid(out, r->bytes + r->at[FIELD_ID]);
	put_key(out, FIELD_SEQ);
	buf_put_u64(out, head->seq);
	put_key(out, FIELD_TS);
	put_time(out, head->clock, record_wire_u64(r->bytes + r->at[FIELD_TS]));
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

/* Take the next value if it is one of field f, too. */
static bool next_of(struct record_cursor *c, enum record_field f, struct record_value *v_r)
{
	struct record_cursor before = *c;

	if (record_next(c, v_r) == 1 && v_r->field == f)
		return true;
	*c = before;
	return false;
}

static void put_hex_list(struct buf *out, struct record_cursor c, enum record_field f)
{
	struct record_value v;
	const char *sep = "";

	while (next_of(&c, f, &v)) {
		buf_put_str(out, sep);
		if (string_is_exact(v.bytes, v.len))
			buf_put_str(out, "\"\"");
		else
			json_put_hex(out, v.bytes, v.len);
		sep = ",";
	}
}

static void put_strings(struct buf *out, struct record_cursor *c, enum record_field f)
{
	struct record_cursor start = *c;
	struct record_value v;
	bool exact = true;
	const char *sep = "";

	buf_put_byte(out, '[');
	while (next_of(c, f, &v)) {
		buf_put_str(out, sep);
		exact = json_put_string(out, v.bytes, v.len) && exact;
		sep = ",";
	}
	buf_put_byte(out, ']');
	if (exact)
		return;
	put_hex_key(out, f);
	buf_put_byte(out, '[');
	put_hex_list(out, start, f);
	buf_put_byte(out, ']');
}

static void put_dialogue_entry(struct buf *out, const struct dialogue_entry *e)
{
	buf_put_str(out, "{\"us\":");
	buf_put_u64(out, e->us);
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
		buf_put_u64(out, e->body);
	}
	buf_put_byte(out, '}');
}

static void put_dialogue(struct buf *out, struct record_cursor *c)
{
	struct record_value v;
	const char *sep = "[";

	while (next_of(c, FIELD_DIALOGUE, &v)) {
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
		buf_put_u64(out, record_wire_u64(v->bytes));
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
	enum record_kind kind = record_table[v->field].kind;

	put_key(out, v->field);
	if (!record_kind_is_list(kind)) {
		put_scalar(out, v);
		return;
	}
	c->p = v->bytes - RECORD_WIRE_HEADER;
	if (kind == RECORD_STRINGS)
		put_strings(out, c, v->field);
	else
		put_dialogue(out, c);
}

int record_encode_fields(const struct record_head *head, const struct record_fields *r,
			 struct buf *out)
{
	struct record_cursor c = {r->bytes, r->bytes + r->len};
	struct record_value v;
	size_t before = out->len;

	put_head(out, head, r);
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

int record_encode(const struct record_head *head, const uint8_t *fields, size_t len,
		  struct buf *out)
{
	struct record_fields r;

	if (record_fields_read(&r, head->type, fields, len) != 0)
		return ERR_FORMAT;
	return record_encode_fields(head, &r, out);
}
