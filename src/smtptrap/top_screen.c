/*
 * top_screen.c: what smtptrap top shows, drawn with curses.
 *
 * Everything is cut at the screen's edges, however small it is.  What peers said, and whatever
 * else workers wrote on the board, goes through top_text().
 */
#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "time_text.h"
#include "top.h"
#include "top_text.h"

#define LINE_MAX_COLUMNS 512 /* what is beyond stays empty */
#define FAILURES_SHARE 3     /* a part of what the sessions have */
#define HEAD_ROWS 10         /* before the list of sessions */

/* ---- lines ---- */

struct pen {
	int row;
	size_t column, columns; /* where it is, and the screen's width */
};

static struct pen pen_at(int row)
{
	size_t columns = COLS > 0 ? (size_t)COLS : 0;

	return (struct pen){row, 0, columns < LINE_MAX_COLUMNS ? columns : LINE_MAX_COLUMNS};
}

/* Write bytes of unknown origin in at most `most` columns. */
static void put_bytes(struct pen *p, const void *bytes, size_t len, size_t most)
{
	wchar_t text[LINE_MAX_COLUMNS + 1];
	size_t left = p->columns - p->column;

	if (p->row >= LINES || left == 0)
		return;
	size_t used = top_text(text, LINE_MAX_COLUMNS, bytes, len, most < left ? most : left);
	mvaddwstr(p->row, (int)p->column, text);
	p->column += used;
}

/* Write text of ours. */
__attribute__((format(printf, 2, 3))) static void put(struct pen *p, const char *format, ...)
{
	char text[LINE_MAX_COLUMNS + 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	put_bytes(p, text, strlen(text), LINE_MAX_COLUMNS);
}

/* Go on at this column, with at least a blank between. */
static void tab(struct pen *p, size_t column)
{
	put(p, " ");
	if (p->column < column && column <= p->columns)
		p->column = column;
}

/* Blanks to the edge, for what is shown inverse. */
static void fill(struct pen *p)
{
	put(p, "%*s", (int)(p->columns - p->column), "");
}

/* ---- the head ---- */

static void draw_title(const struct top_screen *s, const struct top_view *v)
{
	uint64_t up = v->wall_us > v->started_us ? (v->wall_us - v->started_us) / 1000000 : 0;
	char time[TIME_TEXT_MAX] = "";
	struct pen p = pen_at(0);

	attron(A_REVERSE);
	put(&p, "smtptrap top ");
	if (v->started_us != 0) {
		time_format(NULL, v->wall_us, time);
		put_bytes(&p, v->sensor, strlen(v->sensor), 32);
		put(&p, "  %.8s UTC  up %" PRIu64 "d %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
		    time + 11, up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
	}
	if (s->paused)
		put(&p, "  PAUSED");
	if (!v->there)
		put(&p, "  THE TRAP IS GONE");
	else if (v->refusing)
		put(&p, "  MESSAGES ARE REFUSED");
	fill(&p);
	attroff(A_REVERSE);
}

static void draw_workers(const struct top_view *v, int row)
{
	struct pen p = pen_at(row);

	put(&p, "Workers:");
	for (uint32_t i = SLOT_FREE + 1; i < SLOT_STATE_COUNT; i++)
		put(&p, " %" PRIu32 " %s", v->totals.state[i], slot_state_name(i));
	put(&p, ", %" PRIu32 " at most", v->workers_max);
}

static void draw_rates(const struct top_view *v, int row)
{
	static const unsigned seconds[] = {1, 10, 60};
	static const struct {
		enum rate rate;
		const char *name;
	} rows[] = {{RATE_CONNECTIONS, "Connections/s"},
		    {RATE_MESSAGES, "Messages/s"},
		    {RATE_FAILURES, "TLS failures/s"}};
	const uint64_t totals[] = {v->totals.sessions + v->totals.state[SLOT_SESSION],
				   v->totals.messages, v->totals.tls_failed};
	struct pen p = pen_at(row);

	put(&p, "%-15s %8s %8s %8s %12s", "", "1 s", "10 s", "60 s", "all");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		p = pen_at(row + 1 + (int)i);
		put(&p, "%-15s", rows[i].name);
		for (size_t j = 0; j < sizeof seconds / sizeof *seconds; j++) {
			double rate = rates_get(&v->rates, rows[i].rate, seconds[j]);

			if (rate < 0)
				put(&p, " %8s", "-");
			else
				put(&p, " %8.1f", rate);
		}
		put(&p, " %12" PRIu64, totals[i]);
	}
}

/* Of the sessions that were recorded: what has a count, with its share. */
static void draw_shares(const struct top_view *v, int row, const char *what, enum figures_list list,
			size_t at)
{
	uint64_t all = v->figures[FIGURES_SESSIONS];
	struct pen p = pen_at(row);
	const char *name;

	put(&p, "%s", what);
	for (size_t i = 0; (name = figures_name(list, i)) != NULL; i++) {
		uint64_t n = v->figures[at + i];

		if (n > 0 && all > 0)
			put(&p, "  %s %" PRIu64 " (%.1f%%)", name, n,
			    100.0 * (double)n / (double)all);
	}
	if (all == 0)
		put(&p, "  none recorded yet");
}

/* ---- the lists ---- */

static void draw_heading(int row, const char *text)
{
	struct pen p = pen_at(row);

	attron(A_BOLD);
	put(&p, "%s", text);
	attroff(A_BOLD);
}

static void draw_session(const struct board_slot *s, uint64_t now, int row)
{
	double age = now > s->since_us ? (double)(now - s->since_us) / 1e6 : 0;
	char client[BOARDS_ADDRESS_MAX], version[BOARD_TLS_VERSION_MAX];
	struct pen p = pen_at(row);

	boards_address(s->client_ip, s->client_port, client);
	board_text(version, s->tls_version, sizeof version);
	put(&p, "%8.1f %-23s", age, client);
	tab(&p, 33);
	put(&p, "%-7s ", boards_phase(s));
	put_bytes(&p, s->tls ? version : "-", strlen(s->tls ? version : "-"), sizeof version);
	tab(&p, 49);
	put(&p, "%5" PRIu32 " %5" PRIu32 " %9" PRIu64 " ", s->commands, s->messages_accepted,
	    s->bytes_in);
	put_bytes(&p, s->helo, strnlen(s->helo, sizeof s->helo), LINE_MAX_COLUMNS);
}

static void draw_failure(const struct figures_failure *f, int row)
{
	char time[TIME_TEXT_MAX] = "        -           ", client[BOARDS_ADDRESS_MAX];
	const char *why = figures_name(FIGURES_FAILURE, f->failure);
	const char *version = figures_name(FIGURES_VERSION, f->version);
	struct pen p = pen_at(row);

	time_format(NULL, f->ts, time);
	boards_address(f->ip, 0, client);
	put(&p, "%.8s %-23s", time + 11, client);
	tab(&p, 33);
	put(&p, "%-19s %-8s", why != NULL ? why : "?",
	    version == NULL || f->version == 0 ? "-" : version);
	tab(&p, 62);
	size_t len = f->helo_len < sizeof f->helo ? f->helo_len : sizeof f->helo;
	put_bytes(&p, f->helo, len, LINE_MAX_COLUMNS);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void draw_sessions(struct top_screen *s, const struct top_view *v, int row, size_t rows)
{
	char heading[96];

	s->page = rows > 1 ? rows - 1 : 1;
	if (v->sessions_count <= s->page)
		s->first = 0;
	else
		s->first = least(s->first, v->sessions_count - s->page);
	snprintf(heading, sizeof heading, "%-8s %-23s %-7s %-8s %5s %5s %9s %s", "     AGE",
		 "CLIENT", "PHASE", "TLS", "CMDS", "MSGS", "BYTES IN", "HELO");
	draw_heading(row, heading);
	for (size_t i = 0; i + 1 < rows && s->first + i < v->sessions_count; i++)
		draw_session(&v->sessions[s->first + i], v->wall_us, row + 1 + (int)i);
}

static void draw_lists(struct top_screen *s, const struct top_view *v, size_t rows)
{
	size_t failures = rows > 6 ? least(v->failures_count, rows / FAILURES_SHARE) : 0;
	size_t sessions = rows - (failures > 0 ? failures + 2 : 0);
	int row = HEAD_ROWS;

	draw_sessions(s, v, row, sessions);
	if (failures == 0)
		return;
	row += (int)sessions + 1;
	draw_heading(row, "LAST TLS FAILURES");
	for (size_t i = 0; i < failures; i++)
		draw_failure(&v->failures[i], row + 1 + (int)i);
}

static void draw_list_state(const struct top_screen *s, const struct top_view *v, int row)
{
	struct pen p = pen_at(row);

	put(&p, "Sessions now: %zu, by %s", v->sessions_count, top_sort_name(s->sort));
	if (s->first > 0)
		put(&p, ", from %zu", s->first + 1);
	if (!v->there)
		put(&p, "; %s", v->why);
	else
		put(&p, "   (q quit, ? help)");
}

static void draw_help(void)
{
	static const char *const lines[] = {
	    "smtptrap top shows the running trap.",
	    "",
	    "q            quit",
	    "p            pause, and go on",
	    "s            sort the sessions by age, client, bytes, commands",
	    "Up, Down     scroll the sessions, also k and j",
	    "PgUp, PgDn   by a screen",
	    "Home, End    to the first, to the last",
	    "?            this; any key goes back",
	    "",
	    "Rates are of the last 1, 10 and 60 seconds, or what of them was seen.",
	    "Outcomes, versions and failures are those of sessions recorded since",
	    "the trap's start."};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct pen p = pen_at((int)i);

		put(&p, "%s", lines[i]);
	}
}

void top_screen_draw(struct top_screen *s, const struct top_view *v)
{
	erase();
	if (s->help) {
		draw_help();
	} else {
		draw_title(s, v);
		draw_list_state(s, v, 1);
		draw_workers(v, 2);
		draw_rates(v, 3);
		draw_shares(v, 7, "TLS:", FIGURES_OUTCOME, FIGURES_SESSIONS_BY_OUTCOME);
		draw_shares(v, 8, "Versions:", FIGURES_VERSION, FIGURES_SESSIONS_BY_VERSION);
		if (LINES > HEAD_ROWS)
			draw_lists(s, v, (size_t)LINES - HEAD_ROWS);
	}
	refresh();
}
