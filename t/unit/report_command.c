/*
 * report_command.c: unit tests of src/smtptrap/report_command: the command line of a report, for a
 * shell.
 */

#include "../../src/smtptrap/report_command.h"
#include "../tap.h"

#define NOVEMBER 1763942400000000u /* 2025-11-24 */

static bool is(const struct buf *text, const char *want)
{
	return !text->failed && text->len == strlen(want) &&
	       memcmp(text->data, want, text->len) == 0;
}

static void test_order(void)
{
	const struct env env = {.conf_path = "a b.conf"};
	struct report_command c;
	struct buf text;

	report_command_init(&c, &env);
	report_command_option(&c, "--where", "helo = \"it's\"");
	report_command_time(&c, "--since", "2025-11-01", NOVEMBER);
	report_command_time(&c, "--until", "2h", NOVEMBER);
	report_command_table(&c, "tls");
	report_command_table(&c, "dkim");
	report_command_file(&c, "./tls");
	report_command_file(&c, "");
	buf_init_heap(&text, REPORT_COMMAND_MAX);
	report_command_put(&c, "dkim", &text);
	ok(is(&text, "smtptrap -f 'a b.conf' report --where 'helo = \"it'\\''s\"' --since "
		     "2025-11-01 --until 2025-11-24T00:00:00.000000Z dkim ./tls ''"),
	   "of a table: %.*s", (int)text.len, (const char *)text.data);
	buf_reset(&text);
	report_command_put_all(&c, "html", &text);
	ok(is(&text, "smtptrap -f 'a b.conf' report --where 'helo = \"it'\\''s\"' --since "
		     "2025-11-01 --until 2025-11-24T00:00:00.000000Z --format html tls dkim "
		     "./tls ''"),
	   "of all: %.*s", (int)text.len, (const char *)text.data);
	buf_fini(&text);
	report_command_fini(&c);
}

static void test_merge(void)
{
	const struct env env = {.log_path = "/logs"};
	struct report_command c;
	struct buf text;

	report_command_init(&c, &env);
	report_command_option(&c, "--merge", NULL);
	c.merge = true;
	report_command_file(&c, "a.report");
	buf_init_heap(&text, REPORT_COMMAND_MAX);
	report_command_put(&c, "tls", &text);
	ok(is(&text, "smtptrap -d /logs report --merge a.report"),
	   "partial reports have the tables that they have");
	buf_fini(&text);
	report_command_fini(&c);
}

int main(void)
{
	test_order();
	test_merge();
	return tap_done();
}
