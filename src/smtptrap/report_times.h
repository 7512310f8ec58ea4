/*
 * report_times.h: what the report's series tells apart.
 */
#ifndef SMTPTRAP_REPORT_TIMES_H
#define SMTPTRAP_REPORT_TIMES_H

#include "series.h"

/* Versions from the oldest; the last is what is not known. */
extern const char *const report_times_versions[SERIES_KINDS];

#endif
