/*
 * series.c: counts over time, in steps that grow with the span, so that memory is bounded.
 *
 * Runs in the reader.  Input: times of records, which may be any, and forms written by other
 * machines, which are read as if hostile.  Every step of a width lies in one step of the next, so
 * making steps wider loses nothing that matters to which width is chosen.
 */
#include "series.h"

#include <string.h>

#include "err.h"
#include "time_text.h"
#include "wire.h"

#define COUNT_MAX (UINT64_MAX >> 16) /* of a form: no sum overflows */
#define DAY 86400u
#define WEEK (7 * DAY)
#define MONDAY (3 * DAY) /* 1970 began on a Thursday, in the week of this many seconds before */

static const struct {
	uint64_t seconds, before; /* length, and how long before 1970 the first one began */
	const char *text;
} widths[SERIES_WIDTH_COUNT] = {
    [SERIES_HOUR] = {3600, 0, "hour"},
    [SERIES_DAY] = {DAY, 0, "day"},
    [SERIES_WEEK] = {WEEK, MONDAY, "week"},
    [SERIES_MONTH] = {4 * WEEK, MONDAY, "4 weeks"},
    [SERIES_YEAR] = {52 * WEEK, MONDAY, "52 weeks"},
    [SERIES_GENERATION] = {50ull * 52 * WEEK, MONDAY, "50 times 52 weeks"},
};

static uint64_t step_of(enum series_width width, uint64_t seconds)
{
	return (seconds + widths[width].before) / widths[width].seconds;
}

static uint64_t start_of(enum series_width width, uint64_t step)
{
	uint64_t start = step * widths[width].seconds;

	return start > widths[width].before ? start - widths[width].before : 0;
}

uint64_t series_start(const struct series *s, uint32_t step)
{
	return start_of(s->width, s->first + step);
}

const char *series_width_text(enum series_width width)
{
	return widths[width].text;
}

static void add_step(struct series *s, uint64_t step, const uint64_t count[SERIES_KINDS]);

/* Count the same again in steps of the next width. */
static void widen(struct series *s)
{
	struct series old = *s;

	*s = (struct series){.width = old.width + 1};
	memcpy(s->hour, old.hour, sizeof s->hour);
	for (uint32_t i = 0; i < old.used; i++)
		add_step(s, step_of(s->width, series_start(&old, i)), old.count[i]);
}

/* Would the series with this step be short enough?  The widest always is: TIME_SECONDS_END. */
static bool fits(const struct series *s, uint64_t step)
{
	uint64_t first = step < s->first ? step : s->first;
	uint64_t last = s->first + s->used - 1;

	last = step > last ? step : last;
	return s->used == 0 || last - first < SERIES_STEPS;
}

/* Make it reach to a step that fits; returns its place. */
static uint32_t reach(struct series *s, uint64_t step)
{
	uint32_t more;

	if (s->used == 0) {
		s->first = step;
	} else if (step < s->first) {
		more = (uint32_t)(s->first - step);
		memmove(s->count[more], s->count[0], s->used * sizeof *s->count);
		memset(s->count, 0, more * sizeof *s->count);
		s->first = step;
		s->used += more;
	}
	if (step - s->first >= s->used)
		s->used = (uint32_t)(step - s->first) + 1;
	return (uint32_t)(step - s->first);
}

static void add_step(struct series *s, uint64_t step, const uint64_t count[SERIES_KINDS])
{
	uint64_t *to = s->count[reach(s, step)];

	for (int k = 0; k < SERIES_KINDS; k++)
		to[k] += count[k];
}

/* The step of this second, wide enough. */
static uint64_t fitting_step(struct series *s, uint64_t seconds)
{
	while (!fits(s, step_of(s->width, seconds)))
		widen(s);
	return step_of(s->width, seconds);
}

void series_add(struct series *s, uint64_t seconds, unsigned kind, uint64_t n)
{
	uint64_t count[SERIES_KINDS] = {0};

	count[kind] = n;
	seconds = seconds < TIME_SECONDS_END ? seconds : TIME_SECONDS_END - 1;
	add_step(s, fitting_step(s, seconds), count);
}

void series_add_hour(struct series *s, uint64_t seconds, uint64_t n)
{
	s->hour[(seconds + MONDAY) / 3600 % SERIES_HOURS] += n;
}

/* ---- the form for files: hours, width (1 byte), first (8), used (4), counts (8 each) ---- */

void series_put(const struct series *s, struct buf *to)
{
	for (int h = 0; h < SERIES_HOURS; h++)
		wire_put(to, s->hour[h], 8);
	wire_put(to, s->width, 1);
	wire_put(to, s->first, 8);
	wire_put(to, s->used, 4);
	for (uint32_t i = 0; i < s->used; i++) {
		for (int k = 0; k < SERIES_KINDS; k++)
			wire_put(to, s->count[i][k], 8);
	}
}

static int get_count(uint64_t *n_r, const uint8_t **at, const uint8_t *end)
{
	return wire_get(at, end, n_r, 8) == 0 && *n_r <= COUNT_MAX ? 0 : ERR_FORMAT;
}

static int get_hours(struct series *s, const uint8_t **at, const uint8_t *end)
{
	uint64_t n;

	for (int h = 0; h < SERIES_HOURS; h++) {
		if (get_count(&n, at, end) != 0)
			return ERR_FORMAT;
		s->hour[h] += n;
	}
	return 0;
}

static int get_step(struct series *s, enum series_width width, uint64_t step, const uint8_t **at,
		    const uint8_t *end)
{
	uint64_t count[SERIES_KINDS];

	for (int k = 0; k < SERIES_KINDS; k++) {
		if (get_count(&count[k], at, end) != 0)
			return ERR_FORMAT;
	}
	add_step(s, fitting_step(s, start_of(width, step)), count);
	return 0;
}

/* The width, and the first step and how many there are of it: all before the year 10000. */
static int get_span(enum series_width *width_r, uint64_t *first_r, uint64_t *used_r,
		    const uint8_t **at, const uint8_t *end)
{
	uint64_t width;

	if (wire_get(at, end, &width, 1) != 0 || width >= SERIES_WIDTH_COUNT ||
	    wire_get(at, end, first_r, 8) != 0 || wire_get(at, end, used_r, 4) != 0)
		return ERR_FORMAT;
	*width_r = (enum series_width)width;
	uint64_t last = step_of(*width_r, TIME_SECONDS_END - 1);
	if (*used_r > SERIES_STEPS || *first_r > last || *first_r + *used_r > last + 1)
		return ERR_FORMAT;
	return 0;
}

int series_get(struct series *s, const uint8_t **at, const uint8_t *end)
{
	enum series_width width;
	uint64_t first, used;
	int rc = get_hours(s, at, end);

	if (rc != 0 || (rc = get_span(&width, &first, &used, at, end)) != 0)
		return rc;
	while (s->width < width)
		widen(s);
	for (uint64_t i = 0; rc == 0 && i < used; i++)
		rc = get_step(s, width, first + i, at, end);
	return rc;
}
