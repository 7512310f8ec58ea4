/*
 * series.c: unit tests of lib/series: steps that grow with the span, adding up, hostile forms.
 */
#include <stdlib.h>

#include "../tap.h"
#include "err.h"
#include "series.h"
#include "time_text.h"

#define MONDAY 1763942400u /* 2025-11-24 */
#define HOUR 3600u
#define DAY 86400u
#define WEEK (7 * DAY)
#define FORM_MAX (1u << 20)

static uint64_t sum(const struct series *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->used; i++) {
		for (int k = 0; k < SERIES_KINDS; k++)
			n += s->count[i][k];
	}
	return n;
}

static void test_steps(void)
{
	struct series s = {0};

	series_add(&s, MONDAY + 5 * HOUR + 1, 2, 3);
	series_add(&s, MONDAY + 3 * HOUR, 1, 1);
	series_add(&s, MONDAY + 4 * HOUR - 1, 1, 1);
	ok(s.used == 3 && series_start(&s, 0) == MONDAY + 3 * HOUR, "from the earliest hour on");
	ok(s.count[0][1] == 2 && s.count[1][1] == 0 && s.count[2][2] == 3, "each in its own");
	series_add(&s, MONDAY + (2 + SERIES_STEPS) * HOUR, 0, 1);
	ok(s.width == SERIES_HOUR && s.used == SERIES_STEPS, "as many hours as there are steps");
	series_add(&s, MONDAY + (3 + SERIES_STEPS) * HOUR, 0, 1);
	ok(s.width == SERIES_DAY && s.used == 9, "one more, and steps are of a day");
	ok(s.count[0][1] == 2 && s.count[0][2] == 3 && s.count[8][0] == 2 && sum(&s) == 7,
	   "with the same counts");
}

static void test_widths(void)
{
	static const struct {
		uint64_t span;
		enum series_width width;
		const char *text;
	} cases[] = {
	    {0, SERIES_HOUR, "hour"},
	    {SERIES_STEPS * HOUR, SERIES_DAY, "day"},
	    {SERIES_STEPS * (uint64_t)DAY, SERIES_WEEK, "week"},
	    {SERIES_STEPS * (uint64_t)WEEK, SERIES_MONTH, "4 weeks"},
	    {SERIES_STEPS * 4 * (uint64_t)WEEK, SERIES_YEAR, "52 weeks"},
	    {SERIES_STEPS * 52 * (uint64_t)WEEK, SERIES_GENERATION, "50 times 52 weeks"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct series s = {0}, backwards = {0};

		series_add(&s, MONDAY, 0, 1);
		series_add(&s, MONDAY + cases[i].span, 1, 1);
		series_add(&backwards, MONDAY + cases[i].span, 1, 1);
		series_add(&backwards, MONDAY, 0, 1);
		ok(s.width == cases[i].width &&
		       strcmp(series_width_text(s.width), cases[i].text) == 0,
		   "%s", cases[i].text);
		ok(memcmp(&s, &backwards, sizeof s) == 0, "%s: in any order", cases[i].text);
	}
}

static void test_ends_of_time(void)
{
	struct series s = {0};

	series_add(&s, 0, 0, 1);
	ok(series_start(&s, 0) == 0, "the first hour of 1970");
	series_add(&s, UINT64_MAX, 1, 1);
	ok(s.used <= SERIES_STEPS && sum(&s) == 2, "with the last of the year 9999");
	ok(series_start(&s, 0) == 0 && series_start(&s, s.used - 1) < TIME_SECONDS_END,
	   "steps begin between them");
}

static void test_weeks_begin_on_monday(void)
{
	struct series s = {.width = SERIES_WEEK};

	series_add(&s, MONDAY - 1, 0, 1);
	series_add(&s, MONDAY, 0, 1);
	ok(s.used == 2 && series_start(&s, 1) == MONDAY, "a week begins on Monday");
	series_add_hour(&s, MONDAY, 1);
	series_add_hour(&s, MONDAY - 1, 2);
	ok(s.hour[0] == 1 && s.hour[SERIES_HOURS - 1] == 2, "hours of the week count from there");
}

/* ---- the form ---- */

static void put(const struct series *s, struct buf *form)
{
	buf_init_heap(form, FORM_MAX);
	series_put(s, form);
	if (form->failed)
		abort();
}

static int get(struct series *s, const struct buf *form, size_t len)
{
	const uint8_t *at = form->data;
	int rc = series_get(s, &at, form->data + len);

	return rc == 0 && at != form->data + len ? ERR_FULL : rc;
}

static void test_adding_up(void)
{
	struct series all = {0}, part[3] = {{0}}, forwards = {0}, backwards = {0};
	struct buf form[3];
	int rc = 0;

	for (unsigned n = 0; n < 999; n++) {
		uint64_t seconds = MONDAY + n % 3 * 40 * WEEK + n * 777;

		series_add(&all, seconds, n % SERIES_KINDS, 1);
		series_add_hour(&all, seconds, 1);
		series_add(&part[n % 3], seconds, n % SERIES_KINDS, 1);
		series_add_hour(&part[n % 3], seconds, 1);
	}
	for (int i = 0; i < 3; i++) {
		put(&part[i], &form[i]);
		rc |= get(&forwards, &form[i], form[i].len);
	}
	for (int i = 2; i >= 0; i--)
		rc |= get(&backwards, &form[i], form[i].len);
	ok(rc == 0 && part[0].width < all.width, "parts are read, some in narrower steps");
	ok(memcmp(&forwards, &all, sizeof all) == 0, "and add up to the whole");
	ok(memcmp(&backwards, &all, sizeof all) == 0, "in any order");
	for (int i = 0; i < 3; i++)
		buf_fini(&form[i]);
}

/* Where a number of the form stands, and what it may not be. */
static void test_hostile(void)
{
	static const size_t hours = (size_t)SERIES_HOURS * 8;
	static const struct {
		const char *what;
		size_t at;
		uint8_t byte;
	} cases[] = {
	    {"a count that is too large", 7, 1},
	    {"no such width", hours, SERIES_WIDTH_COUNT},
	    {"a step past the year 9999", hours + 1 + 7, 1},
	    {"too many steps", hours + 9, SERIES_STEPS + 1},
	    {"a count of a step that is too large", hours + 13 + 7, 1},
	};
	struct series s = {0};
	struct buf form;
	bool refused = true;

	series_add(&s, MONDAY, 1, 5);
	put(&s, &form);
	for (size_t len = 0; len < form.len; len++) {
		struct series to = {0};

		refused &= get(&to, &form, len) == ERR_FORMAT;
	}
	ok(refused, "a form that is cut is refused, wherever");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct series to = {0};
		uint8_t was = form.data[cases[i].at];

		form.data[cases[i].at] = cases[i].byte;
		ok(get(&to, &form, form.len) == ERR_FORMAT, "%s", cases[i].what);
		form.data[cases[i].at] = was;
	}
	ok(get(&s, &form, form.len) == 0 && sum(&s) == 10, "unchanged it is taken");
	buf_fini(&form);
}

int main(void)
{
	test_steps();
	test_widths();
	test_ends_of_time();
	test_weeks_begin_on_monday();
	test_adding_up();
	test_hostile();
	return tap_done();
}
