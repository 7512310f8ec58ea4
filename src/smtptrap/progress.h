/*
 * progress.h: a bar on standard error, if that is a terminal and the work is long.
 */
#ifndef SMTPTRAP_PROGRESS_H
#define SMTPTRAP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, shown;
	uint64_t all, started_us;
};

/* Begin work of so many units; nothing is shown in the first second. */
void progress_start(struct progress *p, uint64_t all);

/* Show that so many are done. */
void progress_show(struct progress *p, uint64_t done);

/* Take the bar away. */
void progress_end(struct progress *p);

#endif
