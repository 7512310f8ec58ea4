/*
 * report_command.c: the command line of a report, to be run again.
 *
 * Runs in the reader.  A page shows it, so that each of its numbers can be had again.
 */
#include "report_command.h"

#include <string.h>

#include "time_text.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

static void put_word(struct buf *to, const char *word)
{
	buf_put_byte(to, ' ');
	if (*word != '\0' && word[strspn(word, PLAIN)] == '\0') {
		buf_put_str(to, word);
		return;
	}
	buf_put_byte(to, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_str(to, "'\\''");
		else
			buf_put_byte(to, (uint8_t)*word);
	}
	buf_put_byte(to, '\'');
}

void report_command_init(struct report_command *c, const struct env *env)
{
	*c = (struct report_command){0};
	buf_init_heap(&c->before, REPORT_COMMAND_MAX);
	buf_init_heap(&c->tables, REPORT_COMMAND_MAX);
	buf_init_heap(&c->behind, REPORT_COMMAND_MAX);
	buf_put_str(&c->before, "smtptrap");
	if (env->conf_path != NULL)
		report_command_option(c, "-f", env->conf_path);
	if (env->log_path != NULL)
		report_command_option(c, "-d", env->log_path);
	put_word(&c->before, "report");
}

void report_command_fini(struct report_command *c)
{
	buf_fini(&c->before);
	buf_fini(&c->tables);
	buf_fini(&c->behind);
}

void report_command_option(struct report_command *c, const char *name, const char *argument)
{
	put_word(&c->before, name);
	if (argument != NULL)
		put_word(&c->before, argument);
}

void report_command_time(struct report_command *c, const char *name, const char *argument,
			 uint64_t us)
{
	char text[TIME_TEXT_MAX];
	uint64_t same;

	if (time_parse(argument, strlen(argument), &same) != 0 && time_format(NULL, us, text) == 0)
		argument = text;
	report_command_option(c, name, argument);
}

void report_command_table(struct report_command *c, const char *name)
{
	put_word(&c->tables, name);
}

void report_command_file(struct report_command *c, const char *path)
{
	put_word(&c->behind, path);
}

static void put(const struct buf *part, struct buf *to)
{
	buf_put(to, part->data, part->len);
}

void report_command_put(const struct report_command *c, const char *table, struct buf *to)
{
	put(&c->before, to);
	if (!c->merge)
		put_word(to, table);
	put(&c->behind, to);
}

void report_command_put_all(const struct report_command *c, const char *format, struct buf *to)
{
	put(&c->before, to);
	put_word(to, "--format");
	put_word(to, format);
	put(&c->tables, to);
	put(&c->behind, to);
}
