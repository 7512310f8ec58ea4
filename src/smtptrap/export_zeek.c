/*
 * export_zeek.c: records as logs of Zeek: smtp.log of messages, ssl.log and conn.log of sessions.
 *
 * The columns are Zeek's own, then those of its packages ssl-log-ext, ja3 and ja4.  What the trap
 * does not know is unset.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "err.h"
#include "export.h"
#include "hex.h"
#include "span.h"
#include "time_text.h"
#include "zeek_text.h"

#define ROW_MAX (64u * 1024 * 1024) /* a value of 16 MiB, escaped */

struct column {
	const char *name, *type;
	enum record_field field; /* FIELD_COUNT: the trap does not know it */
	/* Append the value; NULL: what follows from the type. */
	void (*put)(const struct export_record *r, enum record_field f, struct buf *out);
};

/* ---- values ---- */

static void put_string(const struct export_record *r, enum record_field f, struct buf *out)
{
	zeek_put_string(out, export_value(r, f), false);
}

static void put_elements(const struct export_record *r, enum record_field f, struct buf *out)
{
	for (size_t n = 0; n < r->field[f].count; n++) {
		if (n > 0)
			buf_put_byte(out, ',');
		zeek_put_string(out, export_element(r, f, n), true);
	}
}

static void put_number(const struct export_record *r, enum record_field f, struct buf *out)
{
	buf_printf(out, "%" PRIu64, export_number(r, f));
}

static void put_bool(const struct export_record *r, enum record_field f, struct buf *out)
{
	buf_put_byte(out, export_is(r, f, "true") ? 'T' : 'F');
}

static void put_time(const struct export_record *r, enum record_field f, struct buf *out)
{
	struct span s = export_value(r, f);
	uint64_t us = 0;

	time_parse((const char *)s.bytes, s.len, &us);
	zeek_put_time(out, us);
}

static void put_interval(const struct export_record *r, enum record_field f, struct buf *out)
{
	zeek_put_time(out, export_number(r, f));
}

static void put_negotiated(const struct export_record *r, enum record_field f, struct buf *out)
{
	buf_put_byte(out, export_is(r, f, "negotiated") ? 'T' : 'F');
}

/* TLSv1.2 is TLSv12. */
static void put_version(const struct export_record *r, enum record_field f, struct buf *out)
{
	struct span s = export_value(r, f);

	for (size_t i = 0; i < s.len; i++) {
		if (s.bytes[i] != '.')
			buf_put_byte(out, s.bytes[i]);
	}
}

/* "sent 48 unknown_ca": the name. */
static void put_alert(const struct export_record *r, enum record_field f, struct buf *out)
{
	struct span s = export_value(r, f);
	const uint8_t *space = s.len > 0 ? memrchr(s.bytes, ' ', s.len) : NULL;

	zeek_put_string(out, span_tail(s, space ? (size_t)(space - s.bytes) + 1 : 0), false);
}

/* Numbers of so many hexadecimal digits each, of which some count. */
static void put_digits(struct span s, size_t width, size_t from, size_t digits, struct buf *out)
{
	if (s.len < width)
		buf_put_str(out, ZEEK_EMPTY);
	for (size_t i = 0; i + width <= s.len; i += width) {
		unsigned n = 0;

		for (size_t k = i + from; k < i + from + digits; k++)
			n = n * 16 + (unsigned)hex_value(s.bytes[k]);
		buf_printf(out, i > 0 ? ",%u" : "%u", n);
	}
}

static void put_hex2(const struct export_record *r, enum record_field f, struct buf *out)
{
	put_digits(export_value(r, f), 2, 0, 2, out);
}

/* A hello in the form of SSLv2 has ciphers of six digits. */
static void put_hex4(const struct export_record *r, enum record_field f, struct buf *out)
{
	bool sslv2 = f == FIELD_HELLO_CIPHERS && export_is(r, FIELD_HELLO_FORMAT, "SSLv2");
	size_t width = sslv2 ? 6 : 4;

	put_digits(export_value(r, f), width, 0, width, out);
}

static void put_high(const struct export_record *r, enum record_field f, struct buf *out)
{
	put_digits(export_value(r, f), 4, 0, 2, out);
}

static void put_low(const struct export_record *r, enum record_field f, struct buf *out)
{
	put_digits(export_value(r, f), 4, 2, 2, out);
}

/* The number of a version by its name; what has none is 0x and four digits, or a draft. */
static unsigned version_number(struct span s)
{
	static const struct {
		const char *name;
		unsigned number;
	} names[] = {{"SSLv2", 0x0002},   {"SSLv3", 0x0300},   {"TLSv1.0", 0x0301},
		     {"TLSv1.1", 0x0302}, {"TLSv1.2", 0x0303}, {"TLSv1.3", 0x0304}};
	unsigned n = 0;
	bool draft = span_starts(s, "TLSv1.3-draft");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (span_is(s, names[i].name))
			return names[i].number;
	}
	for (size_t i = draft ? strlen("TLSv1.3-draft") : 2; i < s.len; i++)
		n = n * (draft ? 10 : 16) + (unsigned)hex_value(s.bytes[i]);
	return draft ? 0x7f00 + n : n;
}

static void put_versions(const struct export_record *r, enum record_field f, struct buf *out)
{
	for (size_t n = 0; n < r->field[f].count; n++)
		buf_printf(out, n > 0 ? ",%u" : "%u", version_number(export_element(r, f, n)));
}

static void put_tcp(const struct export_record *r, enum record_field f, struct buf *out)
{
	(void)r;
	(void)f;
	buf_put_str(out, "tcp");
}

static void put_service(const struct export_record *r, enum record_field f, struct buf *out)
{
	buf_put_str(out, export_is(r, f, "negotiated") ? "smtp,ssl" : "smtp");
}

/* ---- tables ---- */

#define NONE FIELD_COUNT
#define CONNECTION(uid)                                               \
	{"ts", "time", FIELD_TS, NULL}, {"uid", "string", uid, NULL}, \
	    {"id.orig_h", "addr", FIELD_CLIENT_IP, NULL},             \
	    {"id.orig_p", "port", FIELD_CLIENT_PORT, NULL},           \
	    {"id.resp_h", "addr", FIELD_LOCAL_IP, NULL},              \
	{                                                             \
		"id.resp_p", "port", FIELD_LOCAL_PORT, NULL           \
	}

static const struct column smtp_columns[] = {
    CONNECTION(FIELD_SESSION_ID),
    {"trans_depth", "count", NONE, NULL},
    {"helo", "string", FIELD_HELO, NULL},
    {"mailfrom", "string", FIELD_MAIL_FROM, NULL},
    {"rcptto", "set[string]", FIELD_RCPT_TO, NULL},
    {"date", "string", FIELD_DATE, NULL},
    {"from", "string", FIELD_HEADER_FROM, NULL},
    {"to", "set[string]", FIELD_HEADER_TO, NULL},
    {"cc", "set[string]", NONE, NULL},
    {"reply_to", "string", NONE, NULL},
    {"msg_id", "string", FIELD_MESSAGE_ID, NULL},
    {"in_reply_to", "string", NONE, NULL},
    {"subject", "string", FIELD_SUBJECT, NULL},
    {"x_originating_ip", "addr", NONE, NULL},
    {"first_received", "string", NONE, NULL},
    {"second_received", "string", NONE, NULL},
    {"last_reply", "string", FIELD_REPLY, NULL},
    {"path", "vector[addr]", NONE, NULL},
    {"user_agent", "string", FIELD_X_MAILER, NULL},
    {"tls", "bool", FIELD_TLS_OUTCOME, put_negotiated},
    {NULL, NULL, NONE, NULL},
};

static const struct column ssl_columns[] = {
    CONNECTION(FIELD_ID),
    {"version", "string", FIELD_TLS_VERSION, put_version},
    {"cipher", "string", FIELD_TLS_CIPHER, NULL},
    {"curve", "string", FIELD_TLS_GROUP, NULL},
    {"server_name", "string", FIELD_TLS_SNI, NULL},
    {"resumed", "bool", FIELD_TLS_RESUMED, NULL},
    {"last_alert", "string", FIELD_TLS_ALERT, put_alert},
    {"next_protocol", "string", NONE, NULL},
    {"established", "bool", FIELD_TLS_OUTCOME, put_negotiated},
    {"ssl_history", "string", NONE, NULL},
    {"cert_chain_fps", "vector[string]", NONE, NULL},
    {"client_cert_chain_fps", "vector[string]", FIELD_CLIENT_CERT_SHA256, NULL},
    {"subject", "string", NONE, NULL},
    {"issuer", "string", NONE, NULL},
    {"client_subject", "string", FIELD_CLIENT_CERT_SUBJECT, NULL},
    {"client_issuer", "string", FIELD_CLIENT_CERT_ISSUER, NULL},
    {"client_version", "count", FIELD_HELLO_LEGACY_VERSION, put_versions},
    {"client_ciphers", "vector[count]", FIELD_HELLO_CIPHERS, put_hex4},
    {"ssl_client_exts", "vector[count]", FIELD_HELLO_EXTENSIONS, put_hex4},
    {"point_formats", "vector[count]", FIELD_HELLO_POINT_FORMATS, put_hex2},
    {"client_curves", "vector[count]", FIELD_HELLO_GROUPS, put_hex4},
    {"orig_alpn", "vector[string]", FIELD_HELLO_ALPN, NULL},
    {"client_supported_versions", "vector[count]", FIELD_HELLO_VERSIONS, put_versions},
    {"client_key_share_groups", "vector[count]", FIELD_HELLO_KEY_SHARES, put_hex4},
    {"client_comp_methods", "vector[count]", FIELD_HELLO_COMPRESSION, put_hex2},
    {"sigalgs", "vector[count]", FIELD_HELLO_SIGNATURE_ALGORITHMS, put_low},
    {"hashalgs", "vector[count]", FIELD_HELLO_SIGNATURE_ALGORITHMS, put_high},
    {"ja3", "string", FIELD_JA3, NULL},
    {"ja4", "string", FIELD_JA4, NULL},
    {NULL, NULL, NONE, NULL},
};

static const struct column conn_columns[] = {
    CONNECTION(FIELD_ID),
    {"proto", "enum", FIELD_TS, put_tcp},
    {"service", "string", FIELD_TLS_OUTCOME, put_service},
    {"duration", "interval", FIELD_DURATION_US, put_interval},
    {"orig_bytes", "count", FIELD_BYTES_IN, NULL},
    {"resp_bytes", "count", FIELD_BYTES_OUT, NULL},
    {"conn_state", "string", NONE, NULL},
    {"local_orig", "bool", NONE, NULL},
    {"local_resp", "bool", NONE, NULL},
    {"missed_bytes", "count", NONE, NULL},
    {"history", "string", NONE, NULL},
    {"orig_pkts", "count", NONE, NULL},
    {"orig_ip_bytes", "count", NONE, NULL},
    {"resp_pkts", "count", NONE, NULL},
    {"resp_ip_bytes", "count", NONE, NULL},
    {"tunnel_parents", "set[string]", NONE, NULL},
    {NULL, NULL, NONE, NULL},
};

static const struct table {
	const char *path;
	enum record_type type;
	const struct column *columns;
} tables[] = {{"smtp", RECORD_MESSAGE, smtp_columns},
	      {"ssl", RECORD_SESSION, ssl_columns},
	      {"conn", RECORD_SESSION, conn_columns}};

enum { TABLES = sizeof tables / sizeof tables[0] };

/* ---- rows ---- */

static void put_by_type(const struct export_record *r, const struct column *c, struct buf *out)
{
	static const struct {
		const char *type;
		void (*put)(const struct export_record *r, enum record_field f, struct buf *out);
	} puts[] = {{"time", put_time},
		    {"interval", put_interval},
		    {"count", put_number},
		    {"port", put_number},
		    {"bool", put_bool},
		    {"set[string]", put_elements},
		    {"vector[string]", put_elements}};

	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++) {
		if (strcmp(puts[i].type, c->type) == 0) {
			puts[i].put(r, c->field, out);
			return;
		}
	}
	put_string(r, c->field, out);
}

static void put_cell(const struct export_record *r, const struct column *c, struct buf *out)
{
	if (c->field == NONE || r->field[c->field].count == 0)
		buf_put_str(out, ZEEK_UNSET);
	else if (c->put != NULL)
		c->put(r, c->field, out);
	else
		put_by_type(r, c, out);
}

/* #open and #close: the time. */
static void print_stamp(const char *what)
{
	char memory[64];
	struct buf stamp;

	buf_init(&stamp, memory, sizeof memory);
	zeek_put_stamp(&stamp, (uint64_t)time(NULL));
	printf("#%s\t%.*s\n", what, (int)stamp.len, memory);
}

static bool zeek_begin(struct export *e)
{
	const char *path = e->path;

	if (path == NULL)
		path = e->choice.stream_given && e->choice.stream == LOG_SESSION ? "conn" : "smtp";
	for (e->zeek = 0; e->zeek < TABLES && strcmp(tables[e->zeek].path, path) != 0;)
		e->zeek++;
	if (e->zeek == TABLES) {
		complain("--path: '%s' is none of smtp, ssl, conn", path);
		return false;
	}
	const struct table *t = &tables[e->zeek];
	enum log_stream stream = t->type == RECORD_MESSAGE ? LOG_MESSAGE : LOG_SESSION;
	if (e->choice.stream_given && e->choice.stream != stream) {
		complain("--path: %s is not made of that stream", path);
		return false;
	}
	e->choice.stream_given = true;
	e->choice.stream = stream;
	printf("#separator \\x09\n#set_separator\t,\n#empty_field\t" ZEEK_EMPTY
	       "\n#unset_field\t" ZEEK_UNSET "\n#path\t%s\n",
	       path);
	print_stamp("open");
	fputs("#fields", stdout);
	for (const struct column *c = t->columns; c->name != NULL; c++)
		printf("\t%s", c->name);
	fputs("\n#types", stdout);
	for (const struct column *c = t->columns; c->name != NULL; c++)
		printf("\t%s", c->type);
	putchar('\n');
	return true;
}

/* Is there something of this record in ssl.log: was a handshake begun? */
static bool belongs(const struct table *t, const struct export_record *r)
{
	return t->columns != ssl_columns || export_is(r, FIELD_TLS_OUTCOME, "negotiated") ||
	       export_is(r, FIELD_TLS_OUTCOME, "failed");
}

static int zeek_put(struct export *e)
{
	const struct table *t = &tables[e->zeek];
	struct buf row;
	int written = 1;

	if (!belongs(t, &e->record))
		return 0;
	buf_init_heap(&row, ROW_MAX);
	for (const struct column *c = t->columns; c->name != NULL; c++) {
		if (c != t->columns)
			buf_put_byte(&row, '\t');
		put_cell(&e->record, c, &row);
	}
	buf_put_byte(&row, '\n');
	if (row.failed) {
		export_refuse(e, "no memory");
		written = ERR_MEMORY;
	} else {
		fwrite(row.data, 1, row.len, stdout);
	}
	buf_fini(&row);
	return written;
}

static void zeek_end(struct export *e)
{
	(void)e;
	print_stamp("close");
}

const struct export_format export_zeek = {"zeek", false, zeek_begin, zeek_put, zeek_end};
