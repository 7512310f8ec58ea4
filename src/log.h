/*
 * log.h: what a daemon says about itself, one line on standard error.
 *
 * With systemd (JOURNAL_STREAM set) each line bears its severity, sd-daemon(3).  Control bytes in
 * the text are shown as \xNN, so that what a peer sent may be named with %s.
 */
#ifndef SMTPTRAP_LOG_H
#define SMTPTRAP_LOG_H

#include <stdbool.h>

/* Name the program in every line, a string that stays; smtptrapd where nothing is said. */
void log_program(const char *name);

/* Name the process in every line, for example ("worker", 17); number < 0: none. */
void log_role(const char *role, int number);

/* debug() speaks only after log_verbose(true). */
void log_verbose(bool yes);

void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say it and leave with status 1. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
