/*
 * log.h: messages of the program to its operator, on standard error.
 */
#ifndef SMTPTRAP_LOG_H
#define SMTPTRAP_LOG_H

/* Say what happened; printf forms without a newline. */
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say why this process cannot go on, and exit with status 1. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
