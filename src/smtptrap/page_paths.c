/*
 * page_paths.c: chart: from connections over TLS to what was delivered, as a flow.
 *
 * Left is one bar of all connections, in the middle a bar for each outcome or version, right what
 * was delivered; ribbons between them are as wide as there are connections.
 */
#include <inttypes.h>
#include <string.h>

#include "html.h"
#include "page_chart.h"

#define WIDTH 360
#define BAR 9.0
#define MIDDLE 118.0
#define RIGHT (WIDTH - BAR)
#define TOP 26.0
#define TALL 190.0     /* of all connections */
#define LABEL 13.0     /* a line of text needs so much */
#define GAP 4.0        /* between bars in the middle */
#define RIGHT_GAP 24.0 /* between the two at the right */
#define NODES_MAX 16   /* the rest goes together */

enum { NOTHING, DELIVERED, ENDS };

struct node {
	struct span name;
	const char *text; /* for people; NULL: the name */
	uint64_t count[ENDS];
};

/* In the order of the picture. */
static const struct {
	const char *name, *text;
} known[] = {
    {"TLSv1.3", NULL},
    {"TLSv1.2", NULL},
    {"TLSv1.1", NULL},
    {"TLSv1.0", NULL},
    {"SSLv3", NULL},
    {"failed", "handshake failed"},
    {"refused_by_rule", "refused by a rule"},
    {"offered_unused", "TLS not used"},
    {"not_offered", "TLS not offered"},
};
#define KNOWN (sizeof known / sizeof *known)
#define REST (NODES_MAX - 1)

struct flow {
	struct node node[NODES_MAX];
	uint64_t end[ENDS], all;
};

/* Take a word off the end of the text, with the blank before. */
static struct span take_last(struct span *text)
{
	size_t at = text->len;

	while (at > 0 && text->bytes[at - 1] != ' ')
		at--;
	struct span word = {text->bytes + at, text->len - at};
	text->len = at > 0 ? at - 1 : 0;
	return word;
}

/* "negotiated TLSv1.3 delivered": the version where there is one, and what was delivered. */
static void add_row(struct flow *f, const struct result_row *row)
{
	struct span name = row->label;
	int end = span_is(take_last(&name), PATH_DELIVERED) ? DELIVERED : NOTHING;
	struct span whole = name, version = take_last(&name);
	size_t i = 0;

	if (name.len == 0 || !span_is(name, "negotiated"))
		version = whole;
	while (i < KNOWN && !span_is(version, known[i].name))
		i++;
	while (i >= KNOWN && i < REST && f->node[i].name.bytes != NULL &&
	       !(f->node[i].name.len == version.len &&
		 memcmp(f->node[i].name.bytes, version.bytes, version.len) == 0))
		i++;
	f->node[i].name = version;
	f->node[i].text = i < KNOWN ? known[i].text : i == REST ? "others" : NULL;
	f->node[i].count[end] += row->count;
	f->end[end] += row->count;
	f->all += row->count;
}

static uint64_t count_of(const struct node *n)
{
	return n->count[NOTHING] + n->count[DELIVERED];
}

static void put_name(const struct node *n, FILE *to)
{
	if (n->text != NULL)
		fputs(n->text, to);
	else
		html_put_cut(to, n->name.bytes, n->name.len, 24);
}

static double tall(const struct flow *f, uint64_t n)
{
	return TALL * (double)n / (double)f->all;
}

static double space_of(const struct flow *f, const struct node *n)
{
	double t = tall(f, count_of(n));

	return (t > LABEL ? t : LABEL) + GAP;
}

/* A band from (x1, y1) to (x2, y2), each its upper corner. */
static void put_ribbon(const char *colour, double x1, double y1, double x2, double y2, double t,
		       FILE *to)
{
	double m = (x1 + x2) / 2;

	fprintf(to,
		"<path class=\"ribbon %s\" d=\"M%.1f %.2fC%.1f %.2f %.1f %.2f %.1f %.2fv%.2f"
		"C%.1f %.2f %.1f %.2f %.1f %.2fz\"/>\n",
		colour, x1, y1, m, y1, m, y2, x2, y2, t, m, y2 + t, m, y1 + t, x1, y1 + t);
}

static void put_bar(const char *colour, double x, double y, double t, FILE *to)
{
	fprintf(to,
		"<rect class=\"bar %s\" x=\"%.1f\" y=\"%.2f\" width=\"%.0f\" height=\"%.2f\"/>\n",
		colour, x, y, BAR, t > 0.8 ? t : 0.8);
}

static void put_node_label(const struct flow *f, const struct node *n, double y, FILE *to)
{
	double t = tall(f, count_of(n));

	fprintf(to, "<text class=\"over\" x=\"%.1f\" y=\"%.1f\">", MIDDLE + BAR + 4,
		y + (t > LABEL ? t / 2 + 3.7 : 9));
	put_name(n, to);
	fputs(" <tspan class=\"quiet\">", to);
	html_put_number(to, count_of(n));
	fputs("</tspan></text>\n", to);
}

/* Where the next ribbon ends, on the left and at each bar of the right. */
struct pen {
	double left, middle, end[ENDS];
};

static void put_ribbons(const struct flow *f, const struct node *n, struct pen *p, FILE *to)
{
	const char *colour = chart_colour(n->name);
	double t = tall(f, count_of(n)), y = p->middle;

	put_ribbon(colour, BAR, p->left, MIDDLE, p->middle, t, to);
	put_bar(colour, MIDDLE, p->middle, t, to);
	for (int e = DELIVERED; e >= NOTHING; e--) {
		double part = tall(f, n->count[e]);

		if (n->count[e] > 0)
			put_ribbon(colour, MIDDLE + BAR, y, RIGHT, p->end[e], part, to);
		p->end[e] += part;
		y += part;
	}
	p->left += t;
	p->middle += space_of(f, n);
}

static void put_end(const struct flow *f, int end, double y, FILE *to)
{
	static const char *const texts[ENDS] = {"nothing delivered", "message delivered"};
	static const char *const colours[ENDS] = {"none", "done"};

	if (f->end[end] == 0)
		return;
	put_bar(colours[end], RIGHT, y, tall(f, f->end[end]), to);
	fprintf(to, "<text class=\"over end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", RIGHT - 4,
		y + tall(f, f->end[end]) / 2 - 2, texts[end]);
	fprintf(to, "<text class=\"over end quiet\" x=\"%.1f\" y=\"%.1f\">", RIGHT - 4,
		y + tall(f, f->end[end]) / 2 + 10);
	html_put_number(to, f->end[end]);
	fputs("</text>\n", to);
}

static double height_of(const struct flow *f)
{
	double middle = 0, right = TALL + RIGHT_GAP;

	for (int i = 0; i < NODES_MAX; i++)
		middle += count_of(&f->node[i]) > 0 ? space_of(f, &f->node[i]) : 0;
	return (middle > right ? middle : right) + 8;
}

static void put_picture(const struct flow *f, double height, FILE *to)
{
	double left = TOP + (height - TALL) / 2, right = TOP + (height - TALL - RIGHT_GAP) / 2;
	struct pen p = {left, TOP, {right + tall(f, f->end[DELIVERED]) + RIGHT_GAP, right}};
	const double end[ENDS] = {p.end[NOTHING], p.end[DELIVERED]};
	double y = TOP;

	fprintf(to,
		"<text class=\"quiet\" x=\"0\" y=\"12\">connections</text><text class=\"quiet\" "
		"x=\"%.0f\" y=\"12\">TLS</text><text class=\"quiet end\" x=\"%d\" y=\"12\">"
		"messages</text>\n",
		MIDDLE, WIDTH);
	for (int i = 0; i < NODES_MAX; i++) {
		if (count_of(&f->node[i]) > 0)
			put_ribbons(f, &f->node[i], &p, to);
	}
	put_bar("all", 0, left, TALL, to);
	for (int i = 0; i < NODES_MAX; i++) {
		if (count_of(&f->node[i]) == 0)
			continue;
		put_node_label(f, &f->node[i], y, to);
		y += space_of(f, &f->node[i]);
	}
	put_end(f, DELIVERED, end[DELIVERED], to);
	put_end(f, NOTHING, end[NOTHING], to);
	fprintf(to, "<text class=\"over\" x=\"%.0f\" y=\"%.1f\">", BAR + 4, left + TALL / 2 + 4);
	html_put_number(to, f->all);
	fputs("</text>\n</svg>\n", to);
}

static void put_description(const struct flow *f, FILE *to)
{
	fprintf(to, "Of %" PRIu64 " connections", f->all);
	for (int i = 0; i < NODES_MAX; i++) {
		const struct node *n = &f->node[i];

		if (count_of(n) == 0)
			continue;
		fputs("; ", to);
		put_name(n, to);
		fprintf(to, ": %" PRIu64 ", of which %" PRIu64 " delivered a message", count_of(n),
			n->count[DELIVERED]);
	}
	putc('.', to);
}

void chart_paths(const struct result *r, FILE *to)
{
	struct flow f = {0};
	struct chart c = {"paths",
			  "From connection to message",
			  "Connections by what became of TLS, and whether a message was accepted.",
			  page_section(r, "paths", "paths"),
			  WIDTH,
			  0};

	for (size_t i = 0; c.of != NULL && i < c.of->count; i++) {
		if (c.of->rows[i].kind == TALLY_LABEL)
			add_row(&f, &c.of->rows[i]);
	}
	if (f.all == 0)
		return;
	double height = height_of(&f);
	c.height = (unsigned)(TOP + height);
	chart_begin(&c, to);
	put_description(&f, to);
	chart_picture(to);
	put_picture(&f, height, to);
	chart_end(&c, to);
}
