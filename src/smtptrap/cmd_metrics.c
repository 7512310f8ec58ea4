/*
 * cmd_metrics.c: smtptrap metrics: counters of the running trap for Prometheus.
 *
 * Input: the status socket's boards (boards.c) and, with --serve, a request (metrics_http.c).
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "metrics.h"
#include "smtptrap.h"

struct wanted {
	const char *socket;
	enum metrics_format format;
	bool serve;
};

static bool take_options(struct wanted *w, int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'},
						{"serve", no_argument, NULL, 'S'},
						{"socket", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	int option;
	bool format = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's') {
			w->socket = optarg;
		} else if (option == 'S') {
			w->serve = true;
		} else if (option == 'f' && strcmp(optarg, "openmetrics") == 0) {
			w->format = METRICS_OPENMETRICS;
			format = true;
		} else if (option == 'f' && strcmp(optarg, "prometheus") == 0) {
			w->format = METRICS_PROMETHEUS;
			format = true;
		} else {
			return option == 'f' &&
			       complain_usage("--format: '%s' is not openmetrics or prometheus",
					      optarg);
		}
	}
	if (format && w->serve)
		return complain_usage("--serve: who asks over HTTP says which format it wants");
	return no_more_arguments(argv + optind);
}

static int print_page(const struct wanted *w)
{
	char why[BOARDS_WHY_MAX];
	struct boards b;
	struct buf page;

	if (boards_open(&b, w->socket, why) != 0) {
		complain("%s", why);
		return EXIT_TROUBLE;
	}
	buf_init_heap(&page, METRICS_PAGE_MAX);
	metrics_put(&page, w->format, &b);
	boards_close(&b);
	if (page.failed)
		complain("no memory");
	else
		fwrite(page.data, 1, page.len, stdout);
	int status = page.failed ? EXIT_TROUBLE : EXIT_GOOD;
	buf_fini(&page);
	return status;
}

int cmd_metrics(const struct env *env, int argc, char **argv)
{
	struct wanted w = {0};

	if (!take_options(&w, argc, argv))
		return usage_of("metrics");
	w.socket = env_status_socket(env, w.socket);
	if (w.socket == NULL)
		return EXIT_TROUBLE;
	if (!w.serve)
		return print_page(&w);
	signal(SIGPIPE, SIG_IGN);
	/* A client that leaves early is no trouble of ours. */
	(void)metrics_serve(STDIN_FILENO, STDOUT_FILENO, w.socket);
	return EXIT_GOOD;
}
