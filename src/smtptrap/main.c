/*
 * main.c: smtptrap(1), the reader: options before the command, and the table of commands.
 *
 * Runs as any user who may read the log directory, beside the trap or without it.  It writes
 * nothing but what it is told to.  Errors go to standard error; the status is 0, 1 for trouble
 * found, 2 for wrong usage.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "smtptrap.h"

#define CHOICE_USAGE "[--since TIME] [--until TIME] [--field NAME=VALUE ...] [--where EXPRESSION]"

struct command {
	const char *name;
	int (*run)(const struct env *env, int argc, char **argv);
	const char *usage; /* what follows the name; several forms are apart by LF */
	const char *what;
};

static const struct command commands[] = {
    {"cat", cmd_cat, "[--stream session|message] " CHOICE_USAGE " [FILE|DIR ...]",
     "print records as lines of JSON"},
    {"explain", cmd_explain,
     "--rules FILE [--client ADDRESS] [--helo | --ehlo NAME] [--from ADDRESS] [--to ADDRESS ...]\n"
     "[--tls VERSION] ... [MESSAGE ...]",
     "say which rule decides in each phase of a session, and why"},
    {"export", cmd_export,
     "--as csv|ecs|zeek " CHOICE_USAGE " [--stream session|message] [--redact] [FILE|DIR ...]\n"
     "--as csv [--fields NAME,... | --exact]\n"
     "--as zeek [--path smtp|ssl|conn]\n"
     "--as xarf --reporter-org NAME --reporter-contact ADDRESS [--reporter-domain DOMAIN]\n"
     "[--sender-org NAME --sender-contact ADDRESS --sender-domain DOMAIN] [--evidence-max SIZE]\n"
     "[--redact-file FILE] [--key-file FILE] [--no-redact] ...",
     "write records for other tools, and reports of abuse to share"},
    {"fields", cmd_fields, "", "list the fields of records"},
    {"follow", cmd_follow,
     "[--stream session|message] [--json] [--since TIME] [--field NAME=VALUE ...] "
     "[--where EXPRESSION]",
     "print records as they are written, a line each"},
    {"mail", cmd_mail,
     "[--eml | --mbox [--trace]] ID ...\n"
     "--eml DIR | --maildir DIR [--trace] ID ...\n"
     "--mbox | --eml DIR | --maildir DIR [--trace] " CHOICE_USAGE,
     "get messages back, byte for byte"},
    {"metrics", cmd_metrics, "[--format openmetrics|prometheus] [--serve] [--socket PATH]",
     "print counters of the running trap for Prometheus, or serve them"},
    {"report", cmd_report,
     CHOICE_USAGE
     " [--by hour|day|week] [--format text|json|csv|markdown|html] [--top N] [--partial] "
     "[TABLE ...] [FILE|DIR ...]\n"
     "--merge [--format FORMAT] [--top N] [--partial] FILE ...",
     "count who uses TLS and how, in tables"},
    {"show", cmd_show, "ID ...", "print a session and its dialogue for a person"},
    {"status", cmd_status, "[--json] [--socket PATH]", "show what the trap is doing now"},
    {"top", cmd_top, "[--socket PATH]", "watch sessions, rates and failures on a terminal"},
    {"verify", cmd_verify, "[DIR]", "check every file, record and message"},
    {NULL, NULL, NULL, NULL},
};

void complain(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("smtptrap: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static void print_usage(FILE *to, const struct command *c)
{
	const char *form = c->usage;

	for (;;) {
		const char *lf = strchr(form, '\n');
		int len = lf != NULL ? (int)(lf - form) : (int)strlen(form);

		fprintf(to, "       smtptrap [-f CONF | -d DIR] %s%s%.*s\n", c->name,
			len > 0 ? " " : "", len, form);
		if (lf == NULL)
			break;
		form = lf + 1;
	}
}

int usage_of(const char *name)
{
	fputs("usage:\n", stderr);
	print_usage(stderr, find_command(name));
	return EXIT_USAGE;
}

static int usage_of_all(FILE *to, int status)
{
	fputs("usage: smtptrap -h | -V\n", to);
	for (const struct command *c = commands; c->name != NULL; c++) {
		print_usage(to, c);
		fprintf(to, "                %s\n", c->what);
	}
	return status;
}

/* Flush standard output; EXIT_TROUBLE if anything could not be written (said), else status. */
static int finish_output(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("standard output: %m");
		return EXIT_TROUBLE;
	}
	return status;
}

/* 0 to go on with a command, or a status + 1 to leave with. */
static int take_options(struct env *env, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+f:d:hV")) != -1) {
		switch (option) {
		case 'f':
			env->conf_path = optarg;
			break;
		case 'd':
			env->log_path = optarg;
			break;
		case 'h':
			return finish_output(usage_of_all(stdout, EXIT_GOOD)) + 1;
		case 'V':
			printf("smtptrap %s\n", PACKAGE_VERSION);
			return finish_output(EXIT_GOOD) + 1;
		default:
			return usage_of_all(stderr, EXIT_USAGE) + 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct env env = {0};
	int leave = take_options(&env, argc, argv);

	if (leave != 0)
		return leave - 1;
	if (optind == argc)
		return usage_of_all(stderr, EXIT_USAGE);
	const struct command *c = find_command(argv[optind]);
	if (c == NULL) {
		complain("no command '%s'", argv[optind]);
		return usage_of_all(stderr, EXIT_USAGE);
	}
	argc -= optind;
	argv += optind;
	optind = 0; /* a fresh getopt_long() */
	return finish_output(c->run(&env, argc, argv));
}
