/*
 * log.c: messages of the program to its operator, on standard error.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 2, 0))) static void say(const char *level, const char *format,
						      va_list ap)
{
	fprintf(stderr, "%s: ", level);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

void info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("info", format, ap);
	va_end(ap);
}

void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("warning", format, ap);
	va_end(ap);
}

_Noreturn void fatal(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("fatal", format, ap);
	va_end(ap);
	exit(1);
}
