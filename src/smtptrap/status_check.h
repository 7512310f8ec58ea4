/*
 * status_check.h: is the trap well?
 */
#ifndef SMTPTRAP_STATUS_CHECK_H
#define SMTPTRAP_STATUS_CHECK_H

#include "boards.h"

/* Exit statuses, as the Monitoring Plugins have them. */
enum check_state { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/* Print the line of a trap that answered.  Returns its state. */
int status_check(const struct boards *b);

/* That of one that did not: what boards_open() said of the socket, whose path is NULL if it is not
 * known.  Returns its state: unknown if it may not be asked. */
int status_check_failed(const char *path, const char *why);

#endif
