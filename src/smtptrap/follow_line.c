/*
 * follow_line.c: a record as one line for a person.
 *
 * Input: lines of log files.  What peers sent goes through term_put(), and is cut, so that a line
 * stays one.
 */
#include "follow_line.h"

#include <string.h>

#include "err.h"
#include "log_read.h"
#include "term_text.h"

#define TEXT_MAX 80 /* bytes of a name, path or subject that are shown */

/* Slots of the scanner, in the order of names[]. */
enum wanted {
	W_TS,
	W_CLIENT_IP,
	W_CLIENT_PORT,
	W_HELO,
	W_TLS_OUTCOME,
	W_TLS_FAILURE,
	W_TLS_VERSION,
	W_TLS_CIPHER,
	W_ACCEPTED,
	W_REJECTED,
	W_RULE,
	W_END_REASON,
	W_DURATION_US,
	W_YAKKERS,
	W_VERDICT,
	W_SIZE,
	W_MAIL_FROM,
	W_RCPT_TO,
	W_SUBJECT,
	W_COUNT
};

static const char *const names[W_COUNT] = {
    [W_TS] = "ts",
    [W_CLIENT_IP] = "client_ip",
    [W_CLIENT_PORT] = "client_port",
    [W_HELO] = "helo",
    [W_TLS_OUTCOME] = "tls_outcome",
    [W_TLS_FAILURE] = "tls_failure",
    [W_TLS_VERSION] = "tls_version",
    [W_TLS_CIPHER] = "tls_cipher",
    [W_ACCEPTED] = "messages_accepted",
    [W_REJECTED] = "messages_rejected",
    [W_RULE] = "rule",
    [W_END_REASON] = "end_reason",
    [W_DURATION_US] = "duration_us",
    [W_YAKKERS] = "yakker_sessions",
    [W_VERDICT] = "verdict",
    [W_SIZE] = "size",
    [W_MAIL_FROM] = "mail_from",
    [W_RCPT_TO] = "rcpt_to",
    [W_SUBJECT] = "subject",
};

void follow_line_init(struct follow_line *f, enum log_stream stream)
{
	f->stream = stream;
	record_scan_init(&f->scan);
	for (int i = 0; i < W_COUNT; i++)
		(void)record_scan_want(&f->scan, names[i], strlen(names[i])); /* slot i */
	buf_init_heap(&f->scratch, LOG_LINE_MAX);
}

void follow_line_fini(struct follow_line *f)
{
	buf_fini(&f->scratch);
}

/* ---- values ---- */

static const struct record_scan_value *value_of(const struct follow_line *f, enum wanted w)
{
	return &f->scan.value[w];
}

static bool is_there(const struct follow_line *f, enum wanted w)
{
	return value_of(f, w)->kind != SCAN_ABSENT;
}

static bool is_text(const struct follow_line *f, enum wanted w, const char *text)
{
	const struct record_scan_value *v = value_of(f, w);

	return v->kind != SCAN_ABSENT && v->len == strlen(text) &&
	       memcmp(v->text, text, v->len) == 0;
}

/* Not in the middle of a character. */
static size_t cut(const char *text, size_t len)
{
	if (len <= TEXT_MAX)
		return len;
	len = TEXT_MAX;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void put_value(struct follow_line *f, const struct record_scan_value *v, struct buf *out)
{
	const char *text;
	size_t len;

	if ((v->kind != SCAN_STRING && v->kind != SCAN_WORD) ||
	    record_scan_text(v, &f->scratch, &text, &len) != 0)
		return;
	size_t shown = cut(text, len);
	term_put(out, (const uint8_t *)text, shown);
	if (shown < len)
		buf_put_str(out, "...");
}

/* The value, or this instead. */
static void put(struct follow_line *f, enum wanted w, const char *instead, struct buf *out)
{
	if (is_there(f, w))
		put_value(f, value_of(f, w), out);
	else
		buf_put_str(out, instead);
}

/* A blank and NAME=VALUE, if it is there. */
static void put_named(struct follow_line *f, const char *name, enum wanted w, struct buf *out)
{
	if (!is_there(f, w))
		return;
	buf_printf(out, " %s=", name);
	put_value(f, value_of(f, w), out);
}

static void put_pointed(struct follow_line *f, const struct record_scan_value *v, struct buf *out)
{
	buf_put_byte(out, '<');
	put_value(f, v, out);
	buf_put_byte(out, '>');
}

/* Microseconds as seconds with one decimal, without arithmetic on what may be no number. */
static void put_seconds(struct follow_line *f, enum wanted w, struct buf *out)
{
	const struct record_scan_value *v = value_of(f, w);
	const char *text = v->text;
	size_t len = v->len;

	if (v->kind != SCAN_WORD)
		return;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return;
	buf_put_byte(out, ' ');
	if (len > 6)
		buf_put(out, text, len - 6);
	else
		buf_put_byte(out, '0');
	buf_printf(out, ".%cs", len > 5 ? text[len > 6 ? len - 6 : 0] : '0');
}

/* ---- lines ---- */

/* Date, time to the second, address and port. */
static void put_who(struct follow_line *f, struct buf *out)
{
	const struct record_scan_value *ts = value_of(f, W_TS);
	bool v6 = is_there(f, W_CLIENT_IP) &&
		  memchr(value_of(f, W_CLIENT_IP)->text, ':', value_of(f, W_CLIENT_IP)->len);

	if (ts->kind == SCAN_STRING && !ts->escaped && ts->len > 19) {
		term_put(out, (const uint8_t *)ts->text, 10);
		buf_put_byte(out, ' ');
		term_put(out, (const uint8_t *)ts->text + 11, 8);
	} else {
		put(f, W_TS, "-", out);
	}
	buf_put_str(out, v6 ? " [" : " ");
	put(f, W_CLIENT_IP, "-", out);
	buf_put_str(out, v6 ? "]:" : ":");
	put(f, W_CLIENT_PORT, "-", out);
}

static void put_tls(struct follow_line *f, struct buf *out)
{
	buf_put_byte(out, ' ');
	if (is_text(f, W_TLS_OUTCOME, "negotiated")) {
		put(f, W_TLS_VERSION, "?", out);
		buf_put_byte(out, '/');
		put(f, W_TLS_CIPHER, "?", out);
	} else if (is_text(f, W_TLS_OUTCOME, "failed")) {
		buf_put_str(out, "failed:");
		put(f, W_TLS_FAILURE, "?", out);
	} else {
		put(f, W_TLS_OUTCOME, "-", out);
	}
}

static void put_session(struct follow_line *f, struct buf *out)
{
	put_who(f, out);
	buf_put_str(out, " helo=");
	put(f, W_HELO, "-", out);
	put_tls(f, out);
	buf_put_str(out, " messages=");
	put(f, W_ACCEPTED, "0", out);
	if (is_there(f, W_REJECTED) && !is_text(f, W_REJECTED, "0")) {
		buf_put_byte(out, '-');
		put(f, W_REJECTED, "0", out);
	}
	put_named(f, "rule", W_RULE, out);
	put_named(f, "sessions", W_YAKKERS, out);
	buf_put_byte(out, ' ');
	put(f, W_END_REASON, "-", out);
	put_seconds(f, W_DURATION_US, out);
}

/* The first of the forward-paths, and how many more there are. */
static void put_recipients(struct follow_line *f, struct buf *out)
{
	const struct record_scan_value *list = value_of(f, W_RCPT_TO);
	struct record_scan_value path;
	size_t at = 0, more = 0;

	if (list->kind != SCAN_LIST || record_scan_element(list, &at, &path) != 1)
		return;
	put_pointed(f, &path, out);
	while (record_scan_element(list, &at, &path) == 1)
		more++;
	if (more > 0)
		buf_printf(out, "+%zu", more);
}

static void put_message(struct follow_line *f, struct buf *out)
{
	put_who(f, out);
	buf_put_byte(out, ' ');
	put(f, W_VERDICT, "-", out);
	put_tls(f, out);
	put_named(f, "size", W_SIZE, out);
	buf_put_str(out, " from=");
	put_pointed(f, value_of(f, W_MAIL_FROM), out);
	buf_put_str(out, " to=");
	put_recipients(f, out);
	put_named(f, "rule", W_RULE, out);
	put_named(f, "subject", W_SUBJECT, out);
}

int follow_line_put(struct follow_line *f, const uint8_t *record, size_t len, struct buf *out)
{
	if (record_scan_line(&f->scan, record, len) != 0)
		return ERR_FORMAT;
	if (f->stream == LOG_SESSION)
		put_session(f, out);
	else
		put_message(f, out);
	buf_put_byte(out, '\n');
	return 0;
}
