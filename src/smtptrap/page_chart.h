/*
 * page_chart.h: the charts of a page.
 *
 * Each shows rows of one section and prints a figure with a picture (SVG, a title and a description
 * in words), or nothing if the report does not have that section or it is empty.
 */
#ifndef SMTPTRAP_PAGE_CHART_H
#define SMTPTRAP_PAGE_CHART_H

#include <stdio.h>

#include "report_result.h"

/* The section of a result, or NULL if the report does not have it. */
const struct result_section *page_section(const struct result *r, const char *table,
					  const char *section);

/* What a figure says beside its picture. */
struct chart {
	const char *id;
	const char *title, *text; /* a heading; a sentence what is shown and of what */
	const struct result_section *of;
	unsigned width, height; /* of the picture, in its own units; CSS scales it */
};

/* Print its head up to the title of the picture.  The description follows, then
 * chart_picture(), the picture, chart_end(). */
void chart_begin(const struct chart *c, FILE *to);
void chart_picture(FILE *to);
void chart_end(const struct chart *c, FILE *to);

/* The class of colour of what is told apart by TLS: a version or an outcome. */
const char *chart_colour(struct span what);

/* The charts. */
void chart_course(const struct result *r, FILE *to);
void chart_paths(const struct result *r, FILE *to);
void chart_reasons(const struct result *r, FILE *to);
void chart_week(const struct result *r, FILE *to);

#endif
