/*
 * main.c: smtptrapd's command line.
 *
 * Runs before there is any other process: checks the configuration (-n) or becomes the master.  What is
 * wrong with the options, which the administrator gives, is told with the usage.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "conf.h"
#include "log.h"
#include "master.h"
#include "notify.h"
#include "std_fds.h"
#include "tls.h"

#define CONF_DEFAULT SYSCONFDIR "/smtptrap/smtptrap.conf"

struct options {
	const char *conf_path;
	bool check; /* -n */
};

_Noreturn static void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: smtptrapd [-nvV] [-f FILE]\n"
		"  -f FILE  read this configuration instead of " CONF_DEFAULT "\n"
		"  -n       check the configuration, certificates and keys, and leave\n"
		"  -v       say more\n"
		"  -V       print the version (--version)\n"
		"  -h       print this (--help)\n"
		"manual: smtptrapd(8), smtptrap.conf(5)\n");
	exit(status);
}

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};

static struct options parse_options(int argc, char **argv)
{
	struct options o = {.conf_path = CONF_DEFAULT};

	for (int c; (c = getopt_long(argc, argv, "f:nvVh", long_options, NULL)) != -1;) {
		switch (c) {
		case 'f':
			o.conf_path = optarg;
			break;
		case 'n':
			o.check = true;
			break;
		case 'v':
			log_verbose(true);
			break;
		case 'V':
			printf("smtptrapd %s (%s: %s)\n", PACKAGE_VERSION, tls_library_version(),
			       tls_library_versions());
			exit(0);
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	if (optind != argc)
		usage(2);
	return o;
}

/* Read the configuration or say all that is wrong with it and leave. */
static struct conf *read_conf(const char *path)
{
	static struct conf_errors errors;
	struct conf *conf;

	int result = conf_load(&conf, path, &conf_opener_plain, &errors);
	for (size_t i = 0; i < errors.warnings_kept; i++)
		fprintf(stderr, "%s\n", errors.warning[i]);
	if (result == 0)
		return conf;
	conf_errors_print(&errors, "smtptrapd", path, stderr);
	exit(1);
}

static bool check_priority(const char *priority, const char *of)
{
	size_t at;

	if (*priority == '\0' || tls_priority_check(priority, &at) == 0)
		return true;
	fprintf(stderr, "smtptrapd: %s priority \"%s\": wrong at \"%s\"\n", of, priority,
		priority + at);
	return false;
}

/* Say which priority strings are wrong, and leave if any is. */
static void check_priorities(const struct conf *conf)
{
	bool good = check_priority(conf->tls.priority, "tls");

	for (size_t i = 0; i < conf->tls.nprofile; i++)
		if (strcmp(conf->tls.profile[i].priority, conf->tls.priority) != 0)
			good = check_priority(conf->tls.profile[i].priority,
					      conf->tls.profile[i].name) &&
			       good;
	if (!good)
		exit(1);
}

int main(int argc, char **argv)
{
	if (std_fds_take() < 0)
		fatal("standard descriptors: %s", strerror(errno));
	struct options o = parse_options(argc, argv);
	char path[PATH_MAX];

	/* Reload happens with another working directory. */
	if (realpath(o.conf_path, path) == NULL)
		strlcpy(path, o.conf_path, sizeof path);
	struct conf *conf = read_conf(path);
	check_priorities(conf);
	if (o.check) {
		check_tls(conf);
		printf("%s: ok\n", o.conf_path);
		return 0;
	}
	log_role("master", -1);
	notify_close_others();
	return master_run(conf, path);
}
