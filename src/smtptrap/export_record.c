/*
 * export_record.c: a record taken apart, field by field.
 *
 * Input: a line of a log, which may be from another machine.  The dialogue is left out, but for the
 * recipients that it names.  A value that is not of its field's kind makes the line no record: the
 * formats write all but texts as they stand.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "err.h"
#include "export.h"
#include "hex.h"
#include "ip.h"
#include "log_read.h"
#include "span.h"
#include "time_text.h"
#include "uuid.h"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define SECRETS_MAX (64u * 1024 * 1024) /* a dialogue of 16 MiB fits, each line of it a recipient */

void export_record_init(struct export_record *r)
{
	*r = (struct export_record){0};
	buf_init_heap(&r->text, LOG_LINE_MAX);
	buf_init_heap(&r->secrets, SECRETS_MAX);
}

void export_record_fini(struct export_record *r)
{
	buf_fini(&r->text);
	buf_fini(&r->secrets);
	free(r->item);
	r->item = NULL;
}

static void add_secret(struct export_record *r, struct span s)
{
	if (s.len == 0)
		return;
	buf_put(&r->secrets, &s.len, sizeof s.len);
	buf_put(&r->secrets, s.bytes, s.len);
	r->failed |= r->secrets.failed;
}

/* RCPT TO:<path>, or what stands for it. */
static void read_dialogue(struct export_record *r, struct span line)
{
	if (!span_starts(line, "RCPT"))
		return;
	const uint8_t *open = memchr(line.bytes, '<', line.len);
	const uint8_t *colon = memchr(line.bytes, ':', line.len);
	const uint8_t *start = open != NULL ? open : colon;
	if (start == NULL)
		return;
	struct span path = span_trim_left(span_tail(line, (size_t)(start + 1 - line.bytes)));
	size_t len = 0;
	while (len < path.len && path.bytes[len] != '>' && path.bytes[len] != ' ')
		len++;
	add_secret(r, span_head(path, len));
}

/* An exact recipient, as hexadecimal digits. */
static void read_exact(struct export_record *r, const struct record_item *item)
{
	uint8_t bytes[REDACT_SECRET_MAX];
	size_t len = item->len / 2;

	if (len <= sizeof bytes && hex_read(bytes, len, item->text, item->len))
		add_secret(r, (struct span){bytes, len});
}

/* ---- values ---- */

static bool has_only(struct span s, const char *bytes)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] == '\0' || strchr(bytes, s.bytes[i]) == NULL)
			return false;
	}
	return true;
}

/* Is it a text as this kind has it? */
static bool is_of_kind(enum record_kind kind, struct span s)
{
	uint8_t id[UUID_BYTES], ip[IP_BYTES];
	uint64_t us;

	if (kind == RECORD_IP)
		return ip_parse(ip, (const char *)s.bytes, s.len) == 0;
	if (kind == RECORD_TIME)
		return time_parse((const char *)s.bytes, s.len, &us) == 0;
	if (kind == RECORD_UUID)
		return uuid_parse((const char *)s.bytes, s.len, id) == 0;
	return kind != RECORD_HEX || has_only(s, "0123456789abcdef");
}

/* Does the value fit the field? */
static bool fits(const struct record_item *item, enum record_field f)
{
	enum record_kind kind = record_table[f].kind;
	struct span s = {(const uint8_t *)item->text, item->len};

	if (kind == RECORD_DIALOGUE)
		return item->in_list && item->member != NULL;
	if (item->member != NULL ||
	    item->in_list != (kind == RECORD_STRINGS || kind == RECORD_NAMES))
		return false;
	if (kind == RECORD_BOOL)
		return !item->is_string && has_only(s, "aeflrstu");
	if (kind == RECORD_U64)
		return !item->is_string && has_only(s, "0123456789");
	if (f == FIELD_TLS_VERSION && !has_only(s, WORD))
		return false;
	return item->is_string && is_of_kind(kind, s);
}

static int on_item(void *ctx, const struct record_item *item)
{
	struct export_record *r = ctx;
	enum record_field f = record_field_find(item->name, strlen(item->name));

	if (f == FIELD_DIALOGUE && item->member != NULL && strcmp(item->member, "text") == 0)
		read_dialogue(r, (struct span){(const uint8_t *)item->text, item->len});
	if (strcmp(item->name, "rcpt_to_hex") == 0)
		read_exact(r, item);
	if (f == FIELD_COUNT)
		return 0;
	if (!fits(item, f) || (r->field[f].count > 0 && item->index == 0))
		return ERR_FORMAT;
	if (f == FIELD_DIALOGUE)
		return 0;
	struct export_item *all = array_grow(r->item, r->count, &r->room, sizeof *all);
	if (all == NULL) {
		r->failed = true;
		return 1;
	}
	r->item = all;
	if (r->field[f].count++ == 0)
		r->field[f].first = r->count;
	r->item[r->count++] = (struct export_item){r->text.len, item->len};
	buf_put(&r->text, item->text, item->len);
	r->failed |= r->text.failed;
	return 0;
}

/* What of this record's values gives the trap away. */
static void read_secrets(struct export_record *r)
{
	static const enum record_field fields[] = {FIELD_RCPT_TO, FIELD_SENSOR, FIELD_PROXY_IP};
	struct span to;

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		for (size_t n = 0; n < r->field[fields[i]].count; n++)
			add_secret(r, export_element(r, fields[i], n));
	}
	for (size_t n = 0; (to = export_element(r, FIELD_TO_DOMAIN, n)).len > 0; n++) {
		const uint8_t *sign = memchr(to.bytes, '=', to.len);

		add_secret(r, span_head(to, sign ? (size_t)(sign - to.bytes) : to.len));
	}
	struct span local = export_value(r, FIELD_LOCAL_IP),
		    client = export_value(r, FIELD_CLIENT_IP);
	if (local.len > 0 &&
	    (local.len != client.len || memcmp(local.bytes, client.bytes, local.len) != 0))
		add_secret(r, local);
}

/* What it tried to log in as is a guess at an address here: MECHANISM verdict identity [secret]. */
static void read_identities(struct export_record *r)
{
	for (size_t n = 0; n < r->field[FIELD_AUTH].count; n++) {
		struct span s = export_element(r, FIELD_AUTH, n);

		for (int words = 0; words < 2 && s.len > 0; words++) {
			const uint8_t *space = memchr(s.bytes, ' ', s.len);

			s = span_tail(s, space ? (size_t)(space - s.bytes) + 1 : s.len);
		}
		const uint8_t *end = s.len > 0 ? memchr(s.bytes, ' ', s.len) : NULL;
		s = span_head(s, end ? (size_t)(end - s.bytes) : s.len);
		if (s.len > 0 && memchr(s.bytes, '@', s.len) != NULL)
			add_secret(r, s);
	}
}

int export_record_read(struct export_record *r, const uint8_t *line, size_t len)
{
	buf_reset(&r->text);
	buf_reset(&r->secrets);
	r->count = 0;
	r->failed = false;
	memset(r->field, 0, sizeof r->field);
	if (record_line_head(line, len, &r->head) != 0)
		return ERR_FORMAT;
	if (record_line_walk(line, len, on_item, r) != 0 || r->failed)
		return r->failed ? ERR_MEMORY : ERR_FORMAT;
	read_secrets(r);
	read_identities(r);
	return r->failed ? ERR_MEMORY : 0;
}

struct span export_element(const struct export_record *r, enum record_field f, size_t n)
{
	if (n >= r->field[f].count)
		return (struct span){NULL, 0};
	const struct export_item *item = &r->item[r->field[f].first + n];
	return (struct span){r->text.data + item->at, item->len};
}

struct span export_value(const struct export_record *r, enum record_field f)
{
	return export_element(r, f, 0);
}

bool export_is(const struct export_record *r, enum record_field f, const char *text)
{
	struct span s = export_value(r, f);

	return r->field[f].count > 0 && s.len == strlen(text) && memcmp(s.bytes, text, s.len) == 0;
}

uint64_t export_number(const struct export_record *r, enum record_field f)
{
	struct span s = export_value(r, f);
	uint64_t n = 0;

	for (size_t i = 0; i < s.len && s.bytes[i] >= '0' && s.bytes[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s.bytes[i] - '0');
	return n;
}

/* Between `<` and `>`, else what holds an `@` between commas and spaces. */
int export_address(struct span field, size_t *at, struct span *address_r)
{
	size_t i = *at;

	while (i < field.len) {
		size_t start, end;

		while (i < field.len && strchr(" \t,;<>()\"", field.bytes[i]) != NULL)
			i++;
		start = i;
		while (i < field.len && strchr(" \t,;<>()\"", field.bytes[i]) == NULL)
			i++;
		end = i;
		*at = end;
		*address_r = (struct span){field.bytes + start, end - start};
		if (end > start && memchr(field.bytes + start, '@', end - start) != NULL)
			return 1;
	}
	*at = i;
	return 0;
}
