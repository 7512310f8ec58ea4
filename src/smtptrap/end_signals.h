/*
 * end_signals.h: signals that ask a command that goes on and on to end in order.
 */
#ifndef SMTPTRAP_END_SIGNALS_H
#define SMTPTRAP_END_SIGNALS_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT only interrupt system calls and are remembered;
 * SIGPIPE is ignored. */
void end_signals_catch(void);

/* Did one come? */
bool end_signals_came(void);

#endif
