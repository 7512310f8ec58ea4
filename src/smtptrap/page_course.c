/*
 * page_course.c: chart: shares of the versions of TLS over time, as stacked areas, and below how
 * many connections they are shares of.
 */
#include <inttypes.h>

#include "page_chart.h"
#include "report_times.h"
#include "time_text.h"

#define LEFT 32.0
#define RIGHT 354.0
#define TOP 8.0
#define HEIGHT 150.0
#define BARS_TOP 170.0 /* how many there are */
#define BARS 34.0
#define TICKS 4

static uint64_t total_of(const struct series *s, uint32_t step)
{
	uint64_t n = 0;

	for (int k = 0; k < SERIES_KINDS; k++)
		n += s->count[step][k];
	return n;
}

static double x_of(const struct series *s, double step)
{
	return LEFT + (RIGHT - LEFT) * step / s->used;
}

/* Where the area of a kind ends, which lies on those of newer kinds: later in the series. */
static double y_of(const struct series *s, uint32_t step, int kind)
{
	double n = 0;

	for (int k = kind; k < SERIES_KINDS; k++)
		n += (double)s->count[step][k];
	return TOP + HEIGHT * (1 - n / (double)total_of(s, step));
}

/* One edge of an area over steps without a gap, flat for half a step at both ends. */
static void put_edge(const struct series *s, uint32_t from, uint32_t to_step, int kind,
		     bool backwards, FILE *to)
{
	uint32_t n = to_step - from;

	for (uint32_t i = 0; i < n + 2; i++) {
		uint32_t at = backwards ? n + 1 - i : i;
		uint32_t step = from + (at == 0 ? 0 : at > n ? n - 1 : at - 1);
		double x = at == 0 ? from : at > n ? to_step : step + 0.5;

		fprintf(to, "%s%.1f %.1f", i == 0 && !backwards ? "M" : "L", x_of(s, x),
			y_of(s, step, kind));
	}
}

/* The next steps without a gap: from *at, to the returned one; *at is moved behind gaps first. */
static uint32_t run(const struct series *s, uint32_t *at)
{
	uint32_t end;

	while (*at < s->used && total_of(s, *at) == 0)
		(*at)++;
	for (end = *at; end < s->used && total_of(s, end) > 0; end++)
		;
	return end;
}

static void put_area(const struct series *s, int kind, FILE *to)
{
	fprintf(to, "<path class=\"area %s\" d=\"",
		chart_colour(span_text(report_times_versions[kind])));
	for (uint32_t from = 0, end; (end = run(s, &from)) > from; from = end) {
		put_edge(s, from, end, kind, false, to);
		put_edge(s, from, end, kind + 1, true, to);
		putc('Z', to);
	}
	fputs("\"/>\n", to);
}

static void put_axes(const struct series *s, uint64_t most, FILE *to)
{
	for (int percent = 0; percent <= 100; percent += 25) {
		double y = TOP + HEIGHT * (100 - percent) / 100;

		fprintf(to,
			"<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" y=\"%.1f\" "
			"class=\"end\">%d%s</text>\n",
			LEFT, y, RIGHT, LEFT - 4, y + 3.5, percent, percent == 100 ? " %" : "");
	}
	fprintf(to, "<text x=\"%.0f\" y=\"%.0f\" class=\"end\">", LEFT - 4, BARS_TOP + 7);
	fprintf(to, "%" PRIu64 "</text>\n", most);
	for (uint32_t i = 0; i < TICKS && i < s->used; i++) {
		uint32_t step = s->used > TICKS ? s->used * i / TICKS : i;
		bool hours = s->width == SERIES_HOUR;
		char text[TIME_TEXT_MAX];

		if (time_format(NULL, series_start(s, step) * 1000000, text) == 0)
			fprintf(to, "<text x=\"%.1f\" y=\"%.0f\">%.*s</text>\n", x_of(s, step),
				BARS_TOP + BARS + 14, hours ? 8 : 10, hours ? text + 5 : text);
	}
}

static void put_bars(const struct series *s, uint64_t most, FILE *to)
{
	fputs("<path class=\"bars\" d=\"", to);
	for (uint32_t i = 0; i < s->used; i++) {
		double h = BARS * (double)total_of(s, i) / (double)most;
		double gap = s->used < 100 ? 0.15 : 0;

		if (h > 0)
			fprintf(to, "M%.1f %.1fV%.1fH%.1fV%.1fZ", x_of(s, i + gap), BARS_TOP + BARS,
				BARS_TOP + BARS - h, x_of(s, i + 1 - gap), BARS_TOP + BARS);
	}
	fputs("\"/>\n", to);
}

static void put_description(const struct series *s, const uint64_t sum[SERIES_KINDS], FILE *to)
{
	uint64_t all = 0;

	for (int k = 0; k < SERIES_KINDS; k++)
		all += sum[k];
	fprintf(to, "%" PRIu32 " steps of one %s. Over the whole time: ", s->used,
		series_width_text(s->width));
	for (int k = 0, said = 0; k < SERIES_KINDS; k++) {
		if (sum[k] > 0)
			fprintf(to, "%s%s %.1f %%", said++ > 0 ? ", " : "",
				report_times_versions[k], 100.0 * (double)sum[k] / (double)all);
	}
	fprintf(to, ", of %" PRIu64 " connections.", all);
}

static void put_legend(const uint64_t sum[SERIES_KINDS], FILE *to)
{
	fputs("<ul class=\"legend\">", to);
	for (int k = 0; k < SERIES_KINDS; k++) {
		const char *version = report_times_versions[k];

		if (sum[k] > 0)
			fprintf(to,
				"<li><svg class=\"key\" viewBox=\"0 0 1 1\" "
				"aria-hidden=\"true\"><path class=\"area %s\" d=\"M0 0h1v1h-1z\"/>"
				"</svg>%s</li>",
				chart_colour(span_text(version)), version);
	}
	fputs("</ul>\n", to);
}

void chart_course(const struct result *r, FILE *to)
{
	const struct series *s = &r->report->series;
	const struct chart c = {"course",
				"Versions of TLS over time",
				"Shares of the connections that negotiated TLS; below, how many "
				"these were. Times are UTC.",
				page_section(r, "times", "course"),
				360,
				224};
	uint64_t sum[SERIES_KINDS] = {0}, most = 0;

	if (c.of == NULL || s->used == 0)
		return;
	for (uint32_t i = 0; i < s->used; i++) {
		for (int k = 0; k < SERIES_KINDS; k++)
			sum[k] += s->count[i][k];
		most = total_of(s, i) > most ? total_of(s, i) : most;
	}
	chart_begin(&c, to);
	put_description(s, sum, to);
	chart_picture(to);
	for (int k = 0; k < SERIES_KINDS; k++) {
		if (sum[k] > 0)
			put_area(s, k, to);
	}
	put_axes(s, most, to);
	put_bars(s, most, to);
	fputs("</svg>\n", to);
	put_legend(sum, to);
	chart_end(&c, to);
}
