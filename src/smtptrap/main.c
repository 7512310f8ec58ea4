/*
 * main.c: smtptrap(1), the reader: options before the command, and which command runs.
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

#include "commands.h"
#include "config.h"
#include "std_fds.h"

__attribute__((format(printf, 1, 0))) static void complain_of(const char *format, va_list ap)
{
	fflush(stdout);
	fputs("smtptrap: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain_of(format, ap);
	va_end(ap);
}

bool complain_usage(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain_of(format, ap);
	va_end(ap);
	return false;
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

/* Of all, or of the command that is named. */
static int help(const char *name)
{
	const struct command *c = name != NULL ? command_find(name) : NULL;

	if (name != NULL && c == NULL)
		return command_unknown(name);
	if (c != NULL)
		command_help(c, stdout);
	else
		commands_help(stdout);
	return finish_output(EXIT_GOOD);
}

/* 0 to go on with a command, or a status + 1 to leave with. */
static int take_options(struct env *env, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "+f:d:hV", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			env->conf_path = optarg;
			break;
		case 'd':
			env->log_path = optarg;
			break;
		case 'h':
			return help(NULL) + 1;
		case 'V':
			printf("smtptrap %s\n", PACKAGE_VERSION);
			return finish_output(EXIT_GOOD) + 1;
		default:
			commands_help(stderr);
			return EXIT_USAGE + 1;
		}
	}
	return 0;
}

/* Is help asked for among the arguments of a command? */
static bool wants_help(char **argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			return true;
	}
	return false;
}

static int run(const struct command *c, const struct env *env, int argc, char **argv)
{
	char name[32];

	if (wants_help(argv + 1))
		return help(c->name);
	snprintf(name, sizeof name, "smtptrap %s", c->name);
	argv[0] = name; /* what getopt_long() complains by */
	optind = 0;     /* a fresh start for it */
	return finish_output(c->run(env, argc, argv));
}

int main(int argc, char **argv)
{
	struct env env = {0};

	if (std_fds_take() < 0)
		return EXIT_TROUBLE;
	int leave = take_options(&env, argc, argv);

	if (leave != 0)
		return leave - 1;
	if (optind == argc) {
		commands_help(stderr);
		return EXIT_USAGE;
	}
	argc -= optind;
	argv += optind;
	if (strcmp(argv[0], "help") == 0)
		return help(argv[1]);
	const struct command *c = command_find(argv[0]);
	return c != NULL ? run(c, &env, argc, argv) : command_unknown(argv[0]);
}
