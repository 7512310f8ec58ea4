/*
 * conf_error.c: what is wrong with configuration files, collected over a run.
 *
 * Runs wherever a configuration is read.  Texts hold parts of the files and their names; they
 * are escaped, so that an error is always one printable line.
 */
#include "conf_error.h"

#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NEAR_MAX 40      /* bytes of the text that are shown */
#define WHAT_MAX 256     /* bytes of the explanation */
#define FILE_NAME_MAX 80 /* bytes of the file's name that are shown, from its end */

static const char cut_mark[] = "...";

/* Append the bytes; those that are not printable ASCII become \xHH. */
static void put_escaped(struct buf *to, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < 0x20 || c >= 0x7f)
			buf_printf(to, "\\x%02x", c);
		else
			buf_put_byte(to, c);
	}
}

static void put_file(struct buf *to, const char *file)
{
	size_t len = strlen(file);
	size_t skip = len > FILE_NAME_MAX ? len - FILE_NAME_MAX : 0;

	buf_put_str(to, skip > 0 ? cut_mark : "");
	put_escaped(to, file + skip, len - skip);
}

static void put_near(struct buf *to, const struct conf_place *at)
{
	size_t shown = at->near_len > NEAR_MAX ? NEAR_MAX : at->near_len;

	if (at->near == NULL) {
		buf_put_str(to, ", near the end of the file");
		return;
	}
	buf_put_str(to, ", near \"");
	put_escaped(to, at->near, shown);
	buf_put_str(to, shown < at->near_len ? cut_mark : "");
	buf_put_str(to, "\"");
}

/* A name that was given in the file may be meant, too. */
static void put_meant(struct buf *to, const char *meant)
{
	if (meant == NULL)
		return;
	buf_put_str(to, " (did you mean \"");
	put_escaped(to, meant, strlen(meant));
	buf_put_str(to, "\"?)");
}

bool conf_errors_full(const struct conf_errors *errors)
{
	return errors->kept == CONF_ERRORS_MAX;
}

__attribute__((format(printf, 4, 0))) static void put_fault(char text_r[CONF_ERROR_TEXT_MAX],
							    const struct conf_place *at,
							    const char *kind, const char *what,
							    va_list ap)
{
	char explanation[WHAT_MAX];
	struct buf text;

	buf_init(&text, text_r, CONF_ERROR_TEXT_MAX - sizeof cut_mark);
	vsnprintf(explanation, sizeof explanation, what, ap);
	put_file(&text, at->file);
	buf_printf(&text, ":%u:%u: %s", at->line, at->column, kind);
	put_escaped(&text, explanation, strlen(explanation));
	put_near(&text, at);
	put_meant(&text, at->meant);
	if (text.failed) /* there is room behind cap */
		memcpy(text.data + text.len, cut_mark, sizeof cut_mark);
	else
		text.data[text.len] = '\0';
}

void conf_error_addv(struct conf_errors *errors, const struct conf_place *at, const char *what,
		     va_list ap)
{
	errors->total++;
	if (!conf_errors_full(errors))
		put_fault(errors->text[errors->kept++], at, "", what, ap);
}

void conf_error_add(struct conf_errors *errors, const struct conf_place *at, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	conf_error_addv(errors, at, what, ap);
	va_end(ap);
}

void conf_warning_addv(struct conf_errors *errors, const struct conf_place *at, const char *what,
		       va_list ap)
{
	errors->warnings_total++;
	if (errors->warnings_kept < CONF_WARNINGS_MAX)
		put_fault(errors->warning[errors->warnings_kept++], at, "warning: ", what, ap);
}

void conf_errors_print(const struct conf_errors *errors, const char *program, const char *path,
		       FILE *to)
{
	for (size_t i = 0; i < errors->kept; i++)
		fprintf(to, "%s\n", errors->text[i]);
	if (errors->total > errors->kept)
		fprintf(to, "and %zu more\n", errors->total - errors->kept);
	fprintf(to, "%s: %s: %zu error%s\n", program, path, errors->total,
		errors->total == 1 ? "" : "s");
}
