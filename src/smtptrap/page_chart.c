/*
 * page_chart.c: what the charts of a page share: the figure around the picture, and colours.
 *
 * Colours are classes, which page.css gives values for light and dark; the content security policy
 * of the page forbids styles in elements.
 */
#include "page_chart.h"

#include <string.h>

const struct result_section *page_section(const struct result *r, const char *table,
					  const char *section)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct result_section *s = &r->sections[i];

		if (strcmp(s->table->name, table) == 0 && strcmp(s->section->name, section) == 0)
			return s;
	}
	return NULL;
}

void chart_begin(const struct chart *c, FILE *to)
{
	fprintf(to,
		"<figure class=\"chart\" id=\"chart-%s\">\n<figcaption><h3>%s</h3><p>%s</p>"
		"</figcaption>\n",
		c->id, c->title, c->text);
	fprintf(to,
		"<svg role=\"img\" viewBox=\"0 0 %u %u\" aria-labelledby=\"chart-%s-title "
		"chart-%s-desc\">\n<title id=\"chart-%s-title\">%s</title>\n"
		"<desc id=\"chart-%s-desc\">",
		c->width, c->height, c->id, c->id, c->id, c->title, c->id);
}

void chart_picture(FILE *to)
{
	fputs("</desc>\n", to);
}

void chart_end(const struct chart *c, FILE *to)
{
	const char *table = c->of->table->name, *section = c->of->section->name;

	fprintf(to,
		"<p class=\"source\">The numbers: table <a href=\"#%s-%s\">%s, %s</a></p>\n"
		"</figure>\n",
		table, section, table, section);
}

const char *chart_colour(struct span what)
{
	static const char *const colours[][2] = {
	    {"TLSv1.3", "v13"}, {"TLSv1.2", "v12"}, {"TLSv1.1", "v11"},        {"TLSv1.0", "v10"},
	    {"SSLv3", "v3"},    {"failed", "bad"},  {"refused_by_rule", "no"},
	};

	for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
		if (span_is(what, colours[i][0]))
			return colours[i][1];
	}
	return "other";
}
