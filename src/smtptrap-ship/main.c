/*
 * main.c: smtptrap-ship, which carries the trap's records to somewhere else.
 *
 * A program of its own beside the trap, which knows nothing of it: it reads the logs, and writes
 * to its state directory and to its output.  Steps: options, configuration, start, loop.
 */
#include "config.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "nats_link.h"
#include "notify.h"
#include "ship.h"
#include "std_fds.h"

#define CONF_DEFAULT SYSCONFDIR "/smtptrap/ship.conf"
#define EXIT_USAGE 2

enum mode { MODE_FOLLOW, MODE_CHECK, MODE_STATUS, MODE_REPLAY, MODE_SETUP, MODE_FETCH, MODE_MAIL };

struct options {
	const char *conf_path;
	const char *output;
	enum mode mode;
	bool once, from_start;
};

_Noreturn static void usage(int status)
{
	fprintf(
	    status ? stderr : stdout,
	    "usage: smtptrap-ship [-nvV] [-f FILE] [--once] [--from-start] [--output OUTPUT]\n"
	    "       smtptrap-ship [-f FILE] [--output OUTPUT] --replay FILE ...\n"
	    "       smtptrap-ship [-f FILE] --status | --setup | --fetch | --fetch-mail "
	    "[ARGUMENT ...]\n"
	    "  -f FILE          read this configuration instead of " CONF_DEFAULT "\n"
	    "  -n               check the configuration and leave\n"
	    "  --once           ship what is there, then leave\n"
	    "  --from-start     begin with the oldest record, whatever was shipped before\n"
	    "  --output OUTPUT  nats, stdout, or the path of a file or named pipe\n"
	    "  --replay         publish the records in these files (again)\n"
	    "  --status         print how far records were shipped\n"
	    "  --setup          make the stream in JetStream, or check it, and buckets of sensors\n"
	    "  --fetch          write what is in the stream to files\n"
	    "  --fetch-mail     write the raw messages in the buckets to files\n");
	exit(status);
}

static const struct option long_options[] = {{"once", no_argument, NULL, 'o'},
					     {"from-start", no_argument, NULL, 's'},
					     {"output", required_argument, NULL, 'O'},
					     {"replay", no_argument, NULL, 'r'},
					     {"status", no_argument, NULL, 'S'},
					     {"setup", no_argument, NULL, 'u'},
					     {"fetch", no_argument, NULL, 'F'},
					     {"fetch-mail", no_argument, NULL, 'M'},
					     {"help", no_argument, NULL, 'h'},
					     {"version", no_argument, NULL, 'V'},
					     {NULL, 0, NULL, 0}};

static const struct {
	int letter;
	enum mode mode;
} modes[] = {{'n', MODE_CHECK}, {'r', MODE_REPLAY}, {'S', MODE_STATUS},
	     {'u', MODE_SETUP}, {'F', MODE_FETCH},  {'M', MODE_MAIL}};

static void set_mode(struct options *o, int letter)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (modes[i].letter == letter && o->mode == MODE_FOLLOW) {
			o->mode = modes[i].mode;
			return;
		}
	usage(EXIT_USAGE);
}

static void take_option(struct options *o, int letter)
{
	switch (letter) {
	case 'f':
		o->conf_path = optarg;
		break;
	case 'o':
		o->once = true;
		break;
	case 's':
		o->from_start = true;
		break;
	case 'O':
		o->output = optarg;
		break;
	case 'v':
		log_verbose(true);
		break;
	case 'V':
		printf("smtptrap-ship %s\n", PACKAGE_VERSION);
		exit(0);
	case 'h':
		usage(0);
	default:
		set_mode(o, letter);
	}
}

static struct options parse_options(int argc, char **argv)
{
	struct options o = {.conf_path = CONF_DEFAULT};

	/* +: what follows the first other argument is that of --replay, --fetch and --fetch-mail */
	for (int c; (c = getopt_long(argc, argv, "+f:nvVh", long_options, NULL)) != -1;)
		take_option(&o, c);
	bool takes_arguments = o.mode == MODE_REPLAY || o.mode == MODE_FETCH ||
			       o.mode == MODE_MAIL || o.mode == MODE_SETUP;
	if ((optind != argc && !takes_arguments) || (o.mode == MODE_REPLAY && optind == argc))
		usage(EXIT_USAGE);
	if ((o.once || o.from_start) && o.mode != MODE_FOLLOW)
		usage(EXIT_USAGE);
	return o;
}

static int ship(struct ship_conf *conf, const struct options *o, const char *path, int argc,
		char **argv)
{
	struct ship s = {.conf = conf,
			 .conf_path = path,
			 .output_name = o->output,
			 .once = o->once || o->mode == MODE_REPLAY,
			 .replay = o->mode == MODE_REPLAY,
			 .log_dir = -1,
			 .state_dir = -1,
			 .signals = -1,
			 .wake = -1};

	bool started =
	    s.replay ? ship_start_replay(&s, argv, (size_t)argc) : ship_start(&s, o->from_start);
	if (started) {
		notify_init();
		notify_send("READY=1");
		info("ready: shipping from %s to %s, sensor %s",
		     s.replay ? "files" : conf->log_directory, s.output.name, conf->sensor);
		s.status = ship_loop(&s);
		info("%llu records shipped, %llu rejected", (unsigned long long)s.shipped,
		     (unsigned long long)s.rejected);
	}
	int status = !started || s.source[0].failed > 0 ? EXIT_FAILURE : s.status;
	ship_end(&s);
	nats_link_end();
	return status;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	if (std_fds_take() < 0)
		return EXIT_FAILURE;
	log_program("smtptrap-ship");
	struct options o = parse_options(argc, argv);
	if (realpath(o.conf_path, path) == NULL)
		strlcpy(path, o.conf_path, sizeof path);
	struct ship_conf *conf = ship_read_conf(path, o.output);
	if (conf == NULL)
		return EXIT_FAILURE;
	argc -= optind;
	argv += optind;
	if (o.mode == MODE_FOLLOW || o.mode == MODE_REPLAY)
		return ship(conf, &o, path, argc, argv);
	int status = EXIT_SUCCESS;
	if (o.mode == MODE_CHECK)
		printf("%s: ok\n", o.conf_path);
	else if (o.mode == MODE_STATUS)
		status = ship_print_status(conf);
	else if (o.mode == MODE_SETUP)
		status = command_setup(conf, argc, argv);
	else if (o.mode == MODE_FETCH)
		status = command_fetch(conf, argc, argv);
	else
		status = command_fetch_mail(conf, argc, argv);
	ship_conf_free(&conf);
	nats_link_end();
	return status;
}
