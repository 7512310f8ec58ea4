/*
 * cmd_top.c: smtptrap top: sessions, rates and failures on a terminal, once a second.
 *
 * The boards are asked for anew each time, so that a trap that was started anew is found again.  The
 * terminal is given back whatever ends the program: q, SIGINT, SIGTERM, SIGHUP, or its own end.
 */
#include <curses.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "end_signals.h"
#include "smtptrap.h"
#include "top.h"

#define REFRESH_US 1000000
#define ESCAPE_DELAY_MS 50 /* between the bytes of a key that sends several */

/* ---- keys ---- */

struct top {
	struct top_screen screen;
	struct top_view view;
	const char *socket;
	bool quit;
};

static void scroll_by(struct top *t, long by)
{
	size_t *first = &t->screen.first;

	if (by < 0)
		*first -= (size_t)-by < *first ? (size_t)-by : *first;
	else
		*first += (size_t)by; /* drawing keeps it within the list */
}

static void on_sort(struct top *t)
{
	t->screen.sort = (t->screen.sort + 1) % SORT_COUNT;
	top_view_sort(&t->view, t->screen.sort);
}

static void on_key(struct top *t, int key)
{
	long page = t->screen.page > 0 ? (long)t->screen.page : 1;
	const struct {
		int key, other;
		long by;
	} scrolls[] = {{KEY_UP, 'k', -1},
		       {KEY_DOWN, 'j', 1},
		       {KEY_PPAGE, 'b', -page},
		       {KEY_NPAGE, ' ', page},
		       {KEY_HOME, 'g', -(long)UINT32_MAX},
		       {KEY_END, 'G', UINT32_MAX}};

	if (key == KEY_RESIZE)
		return; /* it is drawn anew, help and all */
	if (t->screen.help || key == '?')
		t->screen.help = !t->screen.help;
	else if (key == 'q' || key == 'Q')
		t->quit = true;
	else if (key == 'p')
		t->screen.paused = !t->screen.paused;
	else if (key == 's')
		on_sort(t);
	for (size_t i = 0; i < sizeof scrolls / sizeof *scrolls; i++)
		if (key == scrolls[i].key || key == scrolls[i].other)
			scroll_by(t, scrolls[i].by);
}

/* Take all keys that are there. */
static void take_keys(struct top *t)
{
	for (int key; !t->quit && (key = getch()) != ERR;)
		on_key(t, key);
}

/* Wait for keys until this time; take those that come. */
static void wait_for_keys(struct top *t, uint64_t until_us)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t now = clock_us();
	int ms = until_us > now ? (int)((until_us - now) / 1000) + 1 : 0;
	int n = poll(&p, 1, ms);

	if (n < 0 && errno != EINTR)
		t->quit = true;
	/* also after a signal: a change of size comes as a key */
	take_keys(t);
	if (n > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)))
		t->quit = true; /* the terminal is gone */
}

/* ---- the terminal ---- */

static bool begin_screen(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		complain("top: standard input and output must be a terminal");
		return false;
	}
	setlocale(LC_CTYPE, "");
	end_signals_catch();
	if (newterm(NULL, stdout, stdin) == NULL) {
		complain("top: TERM is '%s', which is no terminal that can be drawn on",
			 term != NULL ? term : "");
		return false;
	}
	set_escdelay(ESCAPE_DELAY_MS);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	return true;
}

static int run(struct top *t)
{
	uint64_t next_us = clock_us() + REFRESH_US; /* the first look was taken */

	while (!t->quit && !end_signals_came()) {
		uint64_t now = clock_us();

		if (now >= next_us) {
			if (!t->screen.paused && !top_view_take(&t->view, t->socket))
				return EXIT_TROUBLE;
			top_view_sort(&t->view, t->screen.sort);
			next_us = now + REFRESH_US;
		}
		top_screen_draw(&t->screen, &t->view);
		wait_for_keys(t, next_us);
	}
	return EXIT_GOOD;
}

static bool take_options(struct top *t, int argc, char **argv)
{
	static const struct option options[] = {{"socket", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 's')
			return false;
		t->socket = optarg;
	}
	return no_more_arguments(argv + optind);
}

int cmd_top(const struct env *env, int argc, char **argv)
{
	struct top t = {0};

	if (!take_options(&t, argc, argv))
		return usage_of("top");
	t.socket = env_status_socket(env, t.socket);
	if (t.socket == NULL)
		return EXIT_TROUBLE;
	/* What cannot be asked from the start is said, not shown. */
	if (!top_view_take(&t.view, t.socket)) {
		complain("no memory");
		return EXIT_TROUBLE;
	}
	int status = EXIT_TROUBLE;
	if (!t.view.there)
		complain("%s", t.view.why);
	else if (begin_screen()) {
		status = run(&t);
		endwin();
		if (status != EXIT_GOOD)
			complain("no memory");
	}
	top_view_free(&t.view);
	return status;
}
