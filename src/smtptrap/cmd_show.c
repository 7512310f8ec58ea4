/*
 * cmd_show.c: smtptrap show: a session for a person: its facts, its messages, its dialogue.
 *
 * Everything that a peer sent is made safe for the terminal (term_text.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "log_read.h"
#include "record_line.h"
#include "records.h"
#include "smtptrap.h"
#include "term_text.h"
#include "uuid.h"

#define NAME_WIDTH 22
#define DIALOGUE "dialogue"

/* A line of output; text is written through term_put(). */
static void print_text(struct buf *out, const char *text, size_t len)
{
	buf_reset(out);
	term_put(out, (const uint8_t *)text, len);
	fwrite(out->data, 1, out->len, stdout);
}

/* Microseconds as seconds. */
static void print_seconds(const char *text)
{
	uint64_t us = strtoull(text, NULL, 10);

	printf("%" PRIu64 ".%06" PRIu64 " s", us / 1000000, us % 1000000);
}

static bool is_microseconds(const char *name)
{
	enum record_field f = record_field_find(name, strlen(name));

	return f != FIELD_COUNT && strcmp(record_table[f].unit, "us") == 0;
}

static int print_fact(void *ctx, const struct record_item *item)
{
	char number[24];

	if (strcmp(item->name, DIALOGUE) == 0)
		return 0;
	printf("%-*s ", NAME_WIDTH, item->index == 0 ? item->name : "");
	if (!item->is_string && is_microseconds(item->name)) {
		snprintf(number, sizeof number, "%.*s", (int)item->len, item->text);
		print_seconds(number);
	} else {
		print_text(ctx, item->text, item->len);
	}
	putchar('\n');
	return 0;
}

/* An entry of the dialogue, gathered from its members. */
struct entry {
	bool any;
	size_t index;
	uint64_t us, body;
	char dir; /* c, s or e */
	char eol[8];
	struct buf text, shown;
};

static void print_entry(struct entry *e)
{
	static const char *const who[] = {"C", "S", "*"};
	static const char dirs[] = "cse";
	const char *dir = strchr(dirs, e->dir), *p = (const char *)e->text.data;
	size_t left = e->text.len;

	printf("%5" PRIu64 ".%06" PRIu64 " %s ", e->us / 1000000, e->us % 1000000,
	       dir != NULL && *dir != '\0' ? who[dir - dirs] : "?");
	/* a reply of several lines */
	for (const char *lf; left > 0 && (lf = memchr(p, '\n', left)) != NULL;) {
		size_t line = (size_t)(lf - p);

		print_text(&e->shown, p, line > 0 && p[line - 1] == '\r' ? line - 1 : line);
		printf("\n%*s", 15, "");
		left -= line + 1;
		p = lf + 1;
	}
	print_text(&e->shown, p, left);
	if (e->body > 0)
		printf("(%" PRIu64 " bytes of message data)", e->body);
	if (e->eol[0] != '\0')
		printf(" (%s)", strcmp(e->eol, "lf") == 0 ? "ended by a bare LF" : "not ended");
	putchar('\n');
}

static void flush_entry(struct entry *e)
{
	if (e->any)
		print_entry(e);
	e->any = false;
	e->us = e->body = 0;
	e->dir = e->eol[0] = '\0';
	buf_reset(&e->text);
}

/* The exact bytes take the place of the text shown. */
static void take_hex(struct entry *e, const struct record_item *item)
{
	size_t len = item->len / 2;

	buf_reset(&e->text);
	uint8_t *bytes = buf_reserve(&e->text, len);
	if (bytes != NULL && hex_read(bytes, len, item->text, item->len))
		e->text.len = len;
}

static int take_member(void *ctx, const struct record_item *item)
{
	struct entry *e = ctx;

	if (strcmp(item->name, DIALOGUE) != 0 || item->member == NULL)
		return 0;
	if (!e->any || e->index != item->index)
		flush_entry(e);
	e->any = true;
	e->index = item->index;
	if (strcmp(item->member, "us") == 0)
		e->us = strtoull(item->text, NULL, 10);
	else if (strcmp(item->member, "body") == 0)
		e->body = strtoull(item->text, NULL, 10);
	else if (strcmp(item->member, "dir") == 0)
		e->dir = (char)(item->len == 1 ? item->text[0] : '?');
	else if (strcmp(item->member, "text") == 0)
		buf_put(&e->text, item->text, item->len);
	else if (strcmp(item->member, "hex") == 0)
		take_hex(e, item);
	else if (strcmp(item->member, "eol") == 0)
		snprintf(e->eol, sizeof e->eol, "%.*s", (int)item->len, item->text);
	return 0;
}

static void print_dialogue(const uint8_t *line, size_t len)
{
	struct entry e = {0};

	buf_init_heap(&e.text, LOG_LINE_MAX);
	buf_init_heap(&e.shown, LOG_LINE_MAX);
	printf("\n");
	record_line_walk(line, len, take_member, &e);
	flush_entry(&e);
	buf_fini(&e.text);
	buf_fini(&e.shown);
}

/* A message's fact, unless it is one of its session that is shown already. */
static int print_message_fact(void *ctx, const struct record_item *item)
{
	enum record_field f = record_field_find(item->name, strlen(item->name));

	if (f == FIELD_V || f == FIELD_TYPE || f == FIELD_SENSOR || f == FIELD_SESSION_ID)
		return 0;
	if (f > FIELD_SENSOR && f < FIELD_COUNT && record_table[f].in_session)
		return 0;
	return print_fact(ctx, item);
}

static bool print_facts(const uint8_t *line, size_t len, record_item_fn print)
{
	struct buf shown;

	buf_init_heap(&shown, LOG_LINE_MAX);
	int rc = record_line_walk(line, len, print, &shown);
	buf_fini(&shown);
	return rc == 0;
}

struct messages {
	bool trouble; /* first: trouble_complain() sets it */
	char session[UUID_TEXT];
	struct record_select select;
};

static int on_message(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct messages *m = ctx;

	(void)at;
	if (record_select_match(&m->select, line, len) == 1) {
		putchar('\n');
		print_facts(line, len, print_message_fact);
	}
	return 0;
}

/* The message records of a session that began at this time. */
static bool print_messages(const struct log_dir *dir, const uint8_t session[16], uint64_t since)
{
	struct messages m = {0};
	struct visitor v = {on_message, trouble_complain, &m};
	char field[sizeof "session_id=" + UUID_TEXT];

	uuid_format(session, m.session);
	snprintf(field, sizeof field, "session_id=%s", m.session);
	record_select_init(&m.select);
	if (record_select_add(&m.select, field) != 0)
		return false;
	records_of_dir(dir, LOG_MESSAGE, since, since + LOG_SESSION_MAX * UINT64_C(1000000), &v);
	record_select_fini(&m.select);
	return !m.trouble;
}

static int take_session_id(void *ctx, const struct record_item *item)
{
	if (strcmp(item->name, "session_id") != 0)
		return 0;
	return uuid_parse(item->text, item->len, ctx) == 0;
}

/* id may be a message's: then *session_r is its session. */
static bool find_session(const struct log_dir *dir, const uint8_t id[16], uint8_t session_r[16],
			 struct buf *line)
{
	memcpy(session_r, id, UUID_BYTES);
	if (record_find(dir, LOG_SESSION, id, line) == 1)
		return true;
	if (record_find(dir, LOG_MESSAGE, id, line) != 1) {
		complain("no record has this identifier");
		return false;
	}
	if (record_line_walk(line->data, line->len, take_session_id, session_r) != 1) {
		complain("the message's record names no session");
		return false;
	}
	if (record_find(dir, LOG_SESSION, session_r, line) == 1)
		return true;
	complain("the session of this message has no record (yet)");
	return false;
}

static bool show(const struct log_dir *dir, const uint8_t id[16], struct buf *line)
{
	struct record_line_head head;
	uint8_t session[16];

	if (!find_session(dir, id, session, line))
		return false;
	bool good = print_facts(line->data, line->len, print_fact);
	if (record_line_head(line->data, line->len, &head) == 0)
		good = print_messages(dir, session, head.ts) && good;
	print_dialogue(line->data, line->len);
	return good;
}

int cmd_show(const struct env *env, int argc, char **argv)
{
	struct log_dir dir;
	struct buf line;
	uint8_t id[16];
	int status = EXIT_GOOD;

	if (argc < 2 || argv[1][0] == '-') {
		complain_usage("the identifier of a session or a message is missing");
		return usage_of("show");
	}
	if (!env_log_dir(env, &dir))
		return EXIT_TROUBLE;
	buf_init_heap(&line, LOG_LINE_MAX);
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			printf("\n\n");
		if (!parse_id(argv[i], id))
			status = EXIT_USAGE;
		else if (!show(&dir, id, &line))
			status = EXIT_TROUBLE;
	}
	buf_fini(&line);
	log_dir_close(&dir);
	return status;
}
