/*
 * page_reasons.c: chart: why handshakes failed, as bars.
 */
#include <inttypes.h>
#include <string.h>

#include "html.h"
#include "page_chart.h"

#define WIDTH 360
#define BARS_MAX 10
#define TALL 25 /* a label and the bar below it */
#define TOP 4

struct bar {
	struct span label;
	uint64_t count;
};

struct bars {
	struct bar bar[BARS_MAX];
	size_t count;
	uint64_t most, all;
};

/* The bar of this label: a new one while there is room, then that of all others. */
static struct bar *bar_of(struct bars *b, struct span label)
{
	static const char others[] = "others";
	size_t i = 0;

	while (i < b->count && !(b->bar[i].label.len == label.len &&
				 memcmp(b->bar[i].label.bytes, label.bytes, label.len) == 0))
		i++;
	if (i < b->count)
		return &b->bar[i];
	if (i >= BARS_MAX - 1)
		label = span_text(others);
	if (i < BARS_MAX)
		b->bar[b->count++].label = label;
	return &b->bar[b->count - 1];
}

/* Times are added up, if they are told apart. */
static void add_row(struct bars *b, const struct result_row *row)
{
	struct bar *bar = bar_of(b, row->kind == TALLY_LABEL ? row->label : span_text("others"));

	bar->count += row->count;
	b->all += row->count;
	b->most = bar->count > b->most ? bar->count : b->most;
}

static void put_label(const struct bar *bar, FILE *to)
{
	html_put_cut(to, bar->label.bytes, bar->label.len, 40);
}

static void put_bar(const struct bars *b, size_t i, FILE *to)
{
	double y = TOP + TALL * (double)i;
	const struct bar *bar = &b->bar[i];

	fprintf(to, "<text x=\"0\" y=\"%.0f\">", y + 10);
	put_label(bar, to);
	fprintf(to, "</text><text class=\"end quiet\" x=\"%d\" y=\"%.0f\">", WIDTH, y + 10);
	html_put_number(to, bar->count);
	fprintf(to, " · %.1f %%</text>", 100.0 * (double)bar->count / (double)b->all);
	fprintf(to,
		"<rect class=\"track\" x=\"0\" y=\"%.0f\" width=\"%d\" height=\"5\" rx=\"2.5\"/>"
		"<rect class=\"bar bad\" x=\"0\" y=\"%.0f\" width=\"%.1f\" height=\"5\" "
		"rx=\"2.5\"/>\n",
		y + 14, WIDTH, y + 14, WIDTH * (double)bar->count / (double)b->most);
}

void chart_reasons(const struct result *r, FILE *to)
{
	struct bars b = {0};
	struct chart c = {"reasons",
			  "Why handshakes failed",
			  "Handshakes by reason, and their share of all that failed.",
			  page_section(r, "failures", "reasons"),
			  WIDTH,
			  0};

	for (size_t i = 0; c.of != NULL && i < c.of->count; i++) {
		if (c.of->rows[i].kind != TALLY_TOTAL)
			add_row(&b, &c.of->rows[i]);
	}
	if (b.all == 0)
		return;
	c.height = (unsigned)(TOP + TALL * b.count);
	chart_begin(&c, to);
	fprintf(to, "Of %" PRIu64 " handshakes that failed", b.all);
	for (size_t i = 0; i < b.count; i++) {
		fputs("; ", to);
		put_label(&b.bar[i], to);
		fprintf(to, ": %" PRIu64, b.bar[i].count);
	}
	putc('.', to);
	chart_picture(to);
	for (size_t i = 0; i < b.count; i++)
		put_bar(&b, i, to);
	fputs("</svg>\n", to);
	chart_end(&c, to);
}
