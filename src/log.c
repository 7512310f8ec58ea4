/*
 * log.c: what a daemon says about itself, one line on standard error.
 *
 * Runs in every process of smtptrapd and in smtptrap-ship; a line is one write(2), so lines of
 * several processes do not mix.  Its state is the names of program and role and the verbosity, set
 * once after a fork.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

static const char *program_name = "smtptrapd";
static char role_name[32] = "";
static bool verbose;

void log_program(const char *name)
{
	program_name = name;
}

void log_role(const char *role, int number)
{
	if (number < 0)
		snprintf(role_name, sizeof role_name, "%s", role);
	else
		snprintf(role_name, sizeof role_name, "%s %d", role, number);
}

void log_verbose(bool yes)
{
	verbose = yes;
}

/* Copy text to line, control bytes escaped; returns the length, at most max. */
static size_t log_escape(char *line, size_t max, const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p && n + 4 < max; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c != 0x7f)
			line[n++] = (char)c;
		else
			n += (size_t)snprintf(line + n, max - n, "\\x%02x", c);
	}
	return n;
}

__attribute__((format(printf, 2, 0))) static void log_line(int severity, const char *format,
							   va_list ap)
{
	char text[MESSAGE_MAX], line[MESSAGE_MAX + 96];
	size_t n = 0;

	vsnprintf(text, sizeof text, format, ap);
	if (getenv("JOURNAL_STREAM"))
		n += (size_t)snprintf(line, sizeof line, "<%d>", severity);
	n += (size_t)snprintf(line + n, sizeof line - n, "%s[%ld]: ", program_name, (long)getpid());
	if (*role_name)
		n += (size_t)snprintf(line + n, sizeof line - n, "%s: ", role_name);
	n += log_escape(line + n, sizeof line - n - 1, text);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody left to tell */
}

void debug(const char *format, ...)
{
	va_list ap;

	if (!verbose)
		return;
	va_start(ap, format);
	log_line(7, format, ap);
	va_end(ap);
}

void info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(6, format, ap);
	va_end(ap);
}

void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(4, format, ap);
	va_end(ap);
}

_Noreturn void fatal(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(3, format, ap);
	va_end(ap);
	_exit(1);
}
