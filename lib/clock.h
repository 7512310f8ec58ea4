/*
 * clock.h: the time in microseconds.
 */
#ifndef SMTPTRAP_CLOCK_H
#define SMTPTRAP_CLOCK_H

#include <stdint.h>

/* Monotonic, since some point in the past: for durations and deadlines. */
uint64_t clock_us(void);

/* Since 1970, as the system's clock has it: for records and file names. */
uint64_t wall_us(void);

#endif
