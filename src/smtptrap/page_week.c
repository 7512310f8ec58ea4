/*
 * page_week.c: chart: connections by weekday and hour of the day, as a heat map.
 */
#include <inttypes.h>

#include "page_chart.h"

#define WIDTH 360
#define LEFT 34.0
#define TOP 18.0
#define CELL_X 13.55
#define CELL_Y 19.0
#define INSET 1.0
#define DAYS 7
#define HOURS 24
#define LEVELS 5 /* of colour, and one for none */

static const char *const days[DAYS] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

struct week {
	uint64_t count[DAYS][HOURS], most, all;
};

/* "1 Mon 09" */
static void add_row(struct week *w, const struct result_row *row)
{
	const uint8_t *p = row->label.bytes;

	if (row->kind != TALLY_LABEL || row->label.len != sizeof "1 Mon 09" - 1)
		return;
	unsigned day = (unsigned)p[0] - '1', hour = (p[6] - '0') * 10u + (p[7] - '0');
	if (day >= DAYS || hour >= HOURS)
		return;
	w->count[day][hour] += row->count;
	w->all += row->count;
	w->most = w->count[day][hour] > w->most ? w->count[day][hour] : w->most;
}

/* 0 is none; the others are equal steps up to the most. */
static unsigned level(const struct week *w, uint64_t n)
{
	unsigned l = n == 0 ? 0 : 1 + (unsigned)((double)n * LEVELS / (double)w->most);

	return l <= LEVELS ? l : LEVELS;
}

static void put_cells(const struct week *w, FILE *to)
{
	for (int d = 0; d < DAYS; d++) {
		fprintf(to, "<text x=\"0\" y=\"%.1f\">%s</text>\n", TOP + CELL_Y * d + 13, days[d]);
		for (int h = 0; h < HOURS; h++)
			fprintf(to,
				"<rect class=\"cell heat%u\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
				"height=\"%.0f\" rx=\"2\"><title>%s %02d:00: %" PRIu64
				"</title></rect>\n",
				level(w, w->count[d][h]), LEFT + CELL_X * h, TOP + CELL_Y * d,
				CELL_X - INSET, CELL_Y - INSET, days[d], h, w->count[d][h]);
	}
	for (int h = 0; h < HOURS; h += 6)
		fprintf(to, "<text x=\"%.1f\" y=\"11\">%02d:00</text>\n", LEFT + CELL_X * h, h);
}

static void put_key(const struct week *w, FILE *to)
{
	fputs("<ul class=\"legend\">", to);
	for (unsigned l = 0; l <= LEVELS; l++) {
		fprintf(to,
			"<li><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">"
			"<path class=\"cell heat%u\" d=\"M0 0h1v1h-1z\"/></svg>",
			l);
		if (l == 0)
			fputs("0", to);
		else if (l == LEVELS)
			fprintf(to, "up to %" PRIu64, w->most);
		fputs("</li>", to);
	}
	fputs("</ul>\n", to);
}

static void put_description(const struct week *w, FILE *to)
{
	int day = 0, hour = 0;

	for (int i = 0; i < DAYS * HOURS; i++) {
		if (w->count[i / HOURS][i % HOURS] == w->most) {
			day = i / HOURS;
			hour = i % HOURS;
		}
	}
	fprintf(to, "Most, %" PRIu64 " of %" PRIu64 ", came in the hour from %s %02d:00.", w->most,
		w->all, days[day], hour);
	for (int d = 0; d < DAYS; d++) {
		uint64_t n = 0;

		for (int h = 0; h < HOURS; h++)
			n += w->count[d][h];
		fprintf(to, " %s: %" PRIu64 ".", days[d], n);
	}
}

void chart_week(const struct result *r, FILE *to)
{
	struct week w = {0};
	const struct chart c = {"week",
				"When they came",
				"Connections by weekday and hour of the day, UTC.",
				page_section(r, "times", "week"),
				WIDTH,
				152};

	for (size_t i = 0; c.of != NULL && i < c.of->count; i++)
		add_row(&w, &c.of->rows[i]);
	if (w.all == 0)
		return;
	chart_begin(&c, to);
	put_description(&w, to);
	chart_picture(to);
	put_cells(&w, to);
	fputs("</svg>\n", to);
	put_key(&w, to);
	chart_end(&c, to);
}
