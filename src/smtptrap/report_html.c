/*
 * report_html.c: a report as a page: one file of HTML that needs nothing else and asks for nothing.
 *
 * What peers sent is escaped (html.c), and beyond that the page forbids itself, by a content
 * security policy, every style and script but its own, which the policy knows by their SHA-256.
 */
#include <gnutls/gnutls.h>
#include <string.h>

#include "config.h"
#include "digest.h"
#include "html.h"
#include "page_chart.h"
#include "page_files.h"
#include "page_table.h"
#include "report_command.h"
#include "report_result.h"
#include "time_text.h"

/* ---- head ---- */

/* A source of the policy: 'sha256-...'. */
static void put_source(const char *name, const char *bytes, size_t len, FILE *to)
{
	uint8_t sum[DIGEST_SHA256];
	gnutls_datum_t digest = {sum, sizeof sum}, text = {0};

	/* Without memory the policy allows nothing, and the page stays readable. */
	if (digest_sha256(bytes, len, sum) == 0 && gnutls_base64_encode2(&digest, &text) == 0)
		fprintf(to, "; %s 'sha256-%.*s'", name, (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
}

static void put_head(FILE *to)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "base-uri 'none'; form-action 'none'",
	      to);
	put_source("style-src", page_css, page_css_len, to);
	put_source("script-src", page_js, page_js_len, to);
	fputs("\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
	      "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
	      "<title>smtptrap report</title>\n<style>",
	      to);
	fwrite(page_css, 1, page_css_len, to);
	fputs("</style>\n</head>\n", to);
}

/* ---- what it is about ---- */

static void put_time(uint64_t us, FILE *to)
{
	char text[TIME_TEXT_MAX];

	if (time_format(NULL, us, text) == 0)
		fprintf(to, "<time datetime=\"%s\">%.10s %.5s</time>", text, text, text + 11);
}

static void put_title(const struct result *r, FILE *to)
{
	const struct report_read *n = &r->report->read;

	fputs("<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n"
	      "<header class=\"title\">\n<p class=\"kicker\">smtptrap report</p>\n"
	      "<h1>What came into the trap</h1>\n",
	      to);
	if (n->last > 0) {
		fputs("<p class=\"span\">", to);
		put_time(n->first, to);
		fputs(" to ", to);
		put_time(n->last, to);
		fputs(" UTC</p>\n", to);
	}
	fputs("<p class=\"read\">\n", to);
	result_put_read(r, false, "<br/>\n", to);
	fputs("</p>\n</header>\n", to);
}

static void put_contents(const struct result *r, FILE *to)
{
	fputs("<nav aria-label=\"Tables\">\n<ul>\n", to);
	for (size_t t = 0; t < REPORT_TABLES; t++) {
		const char *name = report_tables[t]->name;

		if (r->report->tables[t])
			fprintf(to, "<li><a href=\"#%s\">%s</a></li>\n", name, name);
	}
	fputs("</ul>\n</nav>\n", to);
}

/* ---- figures at the top ---- */

struct figure {
	const char *text, *of_text;
	const char *table, *section, *label; /* NULL: the total */
	bool share;                          /* a share; else a count */
};

static const struct figure figures[] = {
    {"connections", NULL, "tls", "outcomes", NULL, false},
    {"over TLS", "of all connections", "tls", "outcomes", "negotiated", true},
    {"failed", "of the handshakes", "failures", "handshakes", "failed", true},
    {"accepted messages", NULL, "tls", "deliveries", NULL, false},
    {"over TLS", "of all messages", "tls", "deliveries", "over TLS", true},
};

/* The counts of a label, or of the total, over all times; and of all. */
static void add_up(const struct result_section *s, const char *label, uint64_t *n_r, uint64_t *of_r)
{
	*n_r = *of_r = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct result_row *row = &s->rows[i];

		if (row->kind == TALLY_TOTAL)
			*of_r += row->count;
		if (label == NULL ? row->kind == TALLY_TOTAL
				  : row->kind == TALLY_LABEL && span_is(row->label, label))
			*n_r += row->count;
	}
}

static void put_figure(const struct result *r, const struct figure *f, FILE *to)
{
	const struct result_section *s = page_section(r, f->table, f->section);
	uint64_t n, of;

	if (s == NULL)
		return;
	add_up(s, f->label, &n, &of);
	fprintf(to, "<li><a href=\"#%s-%s\">%s</a> <strong>", f->table, f->section, f->text);
	if (!f->share)
		html_put_number(to, n);
	else if (of > 0)
		fprintf(to, "%.1f&#8239;%%", 100.0 * (double)n / (double)of);
	else
		fputs("–", to);
	fputs("</strong>", to);
	if (f->of_text != NULL) {
		fputs(" <small>", to);
		html_put_number(to, n);
		fprintf(to, " %s</small>", f->of_text);
	}
	fputs("</li>\n", to);
}

static void put_overview(const struct result *r, FILE *to)
{
	fputs("<section class=\"overview\" aria-labelledby=\"overview\">\n"
	      "<h2 id=\"overview\">At a glance</h2>\n<ul class=\"figures\">\n",
	      to);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		put_figure(r, &figures[i], to);
	fputs("</ul>\n<div class=\"charts\">\n", to);
	chart_course(r, to);
	chart_paths(r, to);
	chart_reasons(r, to);
	chart_week(r, to);
	fputs("</div>\n</section>\n", to);
}

/* ---- tables ---- */

static void put_about(const char *table, FILE *to)
{
	size_t number = report_table_find(table);

	if (number < REPORT_TABLES)
		fprintf(to, "<p class=\"about\">%s</p>\n", report_about[number]);
}

/* That of a table; of NULL: of the page. */
static void put_command(const struct result *r, const char *table, FILE *to)
{
	struct buf text;

	buf_init_heap(&text, REPORT_COMMAND_MAX * 2);
	if (table != NULL)
		report_command_put(r->command, table, &text);
	else
		report_command_put_all(r->command, "html", &text);
	fputs("<p class=\"command\"><code>", to);
	html_put_exact(to, text.data, text.len);
	fputs("</code></p>\n", to);
	buf_fini(&text);
}

static void begin_table(const struct result *r, const char *name, FILE *to)
{
	fprintf(to, "<section class=\"table\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n",
		name, name, name);
	put_about(name, to);
	put_command(r, name, to);
	fputs("<div class=\"tables\">\n", to);
}

static void put_tables(const struct result *r, FILE *to)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct result_section *s = &r->sections[i];

		if (i == 0 || s->table != s[-1].table)
			begin_table(r, s->table->name, to);
		page_table(r, s, to);
		if (i + 1 == r->count || s->table != s[1].table)
			fputs("</div>\n</section>\n", to);
	}
}

void result_html(const struct result *r, FILE *to)
{
	put_head(to);
	put_title(r, to);
	if (r->report->read.sessions + r->report->read.messages > 0) {
		put_contents(r, to);
		fputs("<main id=\"main\">\n", to);
		put_overview(r, to);
		put_tables(r, to);
	} else {
		fputs("<main id=\"main\">\n<p class=\"empty\">There is nothing to show: the logs "
		      "that were read hold no record that was chosen.</p>\n",
		      to);
	}
	fputs("</main>\n<footer>\n<h2>This page</h2>\n", to);
	put_command(r, NULL, to);
	fputs("<p>Made by smtptrap " PACKAGE_VERSION ". Each command above prints its table as "
	      "text; smtptrap-report(1) says what is counted.</p>\n"
	      "<p id=\"said\" role=\"status\"></p>\n</footer>\n<script>",
	      to);
	fwrite(page_js, 1, page_js_len, to);
	fputs("</script>\n</body>\n</html>\n", to);
}
