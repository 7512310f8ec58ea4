/*
 * series.h: counts over time, in steps that grow with the span, so that memory is bounded.
 *
 * Steps are of an hour while all fit into SERIES_STEPS, then of a day, a week (from Monday), and so
 * on.  Which it is depends on the earliest and the latest time alone: so series can be added up in
 * any order, with the same result.
 */
#ifndef SMTPTRAP_SERIES_H
#define SMTPTRAP_SERIES_H

#include <stdint.h>

#include "buf.h"

#define SERIES_STEPS 200 /* hours of 8 days, days of half a year: as many as a chart can show */
#define SERIES_KINDS 6   /* what is told apart in each step */

#define SERIES_HOURS 168

enum series_width {
	SERIES_HOUR,
	SERIES_DAY,
	SERIES_WEEK,
	SERIES_MONTH,      /* 4 weeks */
	SERIES_YEAR,       /* 52 weeks */
	SERIES_GENERATION, /* 50 of them */
	SERIES_WIDTH_COUNT
};

/* Zero it before the first use, and set the least width if that is not an hour. */
struct series {
	enum series_width width;
	uint64_t first; /* number of the first step, from that of 1970 */
	uint32_t used;  /* steps from it on; 0: nothing was counted */
	uint64_t count[SERIES_STEPS][SERIES_KINDS];
	uint64_t hour[SERIES_HOURS]; /* of the week, from Monday; counted apart */
};

/* Count n at a second since 1970; a time past the year 9999 is taken for the last of it. */
void series_add(struct series *s, uint64_t seconds, unsigned kind, uint64_t n);

/* Count n in the hour of the week. */
void series_add_hour(struct series *s, uint64_t seconds, uint64_t n);

/* The second at which a step begins; 0 if that is before 1970. */
uint64_t series_start(const struct series *s, uint32_t step);

/* The step of a width as people say it: "hour", "4 weeks". */
const char *series_width_text(enum series_width width);

/* Append its form for files and pipes; add what such a form at *at holds, whose bytes are of
 * unknown origin, and move *at behind it: 0 or ERR_FORMAT. */
void series_put(const struct series *s, struct buf *to);
int series_get(struct series *s, const uint8_t **at, const uint8_t *end);

#endif
