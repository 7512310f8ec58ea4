/*
 * cmd_follow.c: smtptrap follow: records as they are written, over rotation and restarts of the trap.
 *
 * Input: the log directory.  Ends when it is told to, or when nobody reads its output any more.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "end_signals.h"
#include "err.h"
#include "follow_line.h"
#include "log_follow.h"
#include "smtptrap.h"

#define LOOK_MS 2000      /* between looks that nothing called for */
#define LOOK_BLIND_MS 500 /* where the file system does not tell of changes */
#define LINE_MAX_BYTES 65536
#define TROUBLE_MAX 512

struct follow {
	struct choice choice;
	bool json;
	struct log_follow log;
	struct follow_line line;
	struct buf out;
	bool trouble;    /* something was told */
	bool unreadable; /* and that the present file cannot be read: once */
};

/* ---- output ---- */

/* False: nobody takes it. */
static bool show(struct follow *f, const struct span *record)
{
	if (f->json) {
		fwrite(record->bytes, 1, record->len, stdout);
		putchar('\n');
		return !ferror(stdout);
	}
	buf_reset(&f->out);
	if (follow_line_put(&f->line, record->bytes, record->len, &f->out) == 0)
		fwrite(f->out.data, 1, f->out.len, stdout);
	return !ferror(stdout);
}

/* What was read is shown, if it is chosen. */
static bool on_record(struct follow *f, const struct span *record)
{
	f->unreadable = false;
	if (f->choice.given &&
	    record_select_match(&f->choice.select, record->bytes, record->len) != 1)
		return true;
	return show(f, record);
}

static void say_trouble(const struct follow *f)
{
	char text[TROUBLE_MAX];
	struct buf said;

	buf_init(&said, text, sizeof text);
	log_trouble_text(&f->log.trouble, &said);
	complain("%.*s", (int)said.len, text);
}

/* What cannot be read is told once, and left for the file behind it as soon as there is one. */
static void on_trouble(struct follow *f)
{
	bool unreadable = f->log.trouble.kind == LOG_TROUBLE_UNREADABLE;

	f->trouble = true;
	if (!unreadable || !f->unreadable)
		say_trouble(f);
	f->unreadable = unreadable && !log_follow_pass(&f->log);
}

/* ---- the loop ---- */

/* Wait until there may be more.  False: nobody reads what we write. */
static bool wait_for_more(const struct follow *f)
{
	struct pollfd p[] = {{.fd = log_follow_fd(&f->log), .events = POLLIN},
			     {.fd = STDOUT_FILENO}};

	poll(p, 2, p[0].fd >= 0 ? LOOK_MS : LOOK_BLIND_MS);
	return !(p[1].revents & (POLLERR | POLLHUP));
}

/* Nobody reads any more: as good an end as another.  Other faults main.c tells. */
static int output_failed(void)
{
	if (errno != EPIPE)
		return EXIT_TROUBLE;
	__fpurge(stdout);
	clearerr(stdout);
	return EXIT_GOOD;
}

static int run(struct follow *f)
{
	struct span record;

	while (!end_signals_came()) {
		int rc = log_follow_next(&f->log, &record, NULL);

		if (rc == 1) {
			if (!on_record(f, &record))
				return output_failed();
			continue;
		}
		if (rc == ERR_MEMORY) {
			complain("no memory");
			return EXIT_TROUBLE;
		}
		if (rc < 0)
			on_trouble(f);
		if (fflush(stdout) != 0)
			return output_failed();
		if ((rc == 0 || f->unreadable) && !wait_for_more(f))
			break;
	}
	return f->trouble ? EXIT_TROUBLE : EXIT_GOOD;
}

/* The place of the first file that may hold records since then. */
static struct log_place place_since(const struct log_dir *dir, enum log_stream stream,
				    uint64_t since)
{
	struct log_place place = {0};

	for (size_t i = 0; i < dir->count; i++) {
		struct log_name name = dir->names[i];

		if (name.stream != stream || !log_dir_covers(dir, i, since, UINT64_MAX))
			continue;
		name.part = false;
		log_name_format(&name, place.file);
		break;
	}
	return place;
}

static int open_log(struct follow *f, const struct log_dir *dir)
{
	struct log_place place = place_since(dir, f->choice.stream, f->choice.select.since);

	if (f->choice.select.since == 0)
		return log_follow_open_now(&f->log, dir->fd, f->choice.stream);
	return log_follow_open(&f->log, dir->fd, f->choice.stream,
			       place.file[0] != '\0' ? &place : NULL);
}

static int follow_dir(struct follow *f, const struct env *env)
{
	struct log_dir dir;

	if (!env_log_dir(env, &dir))
		return EXIT_TROUBLE;
	end_signals_catch();
	int status = EXIT_TROUBLE, rc = open_log(f, &dir);
	if (rc == 0)
		status = run(f);
	else
		complain("%s: %s", env_log_path(env),
			 rc == ERR_SYSTEM ? strerror(errno) : err_text(rc));
	log_follow_close(&f->log);
	log_dir_close(&dir);
	return status;
}

static bool take_options(struct follow *f, int argc, char **argv)
{
	static const struct option options[] = {CHOICE_OPTIONS,
						CHOICE_STREAM_OPTION,
						{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j') {
			f->json = true;
		} else if (option == 'u') {
			return complain_usage("--until: what is to come has no end");
		} else if (!choice_option(&f->choice, option, optarg)) {
			return false;
		}
	}
	return no_more_arguments(argv + optind);
}

int cmd_follow(const struct env *env, int argc, char **argv)
{
	struct follow f = {.choice.stream = LOG_SESSION};
	int status;

	record_select_init(&f.choice.select);
	if (!take_options(&f, argc, argv)) {
		record_select_fini(&f.choice.select);
		return usage_of("follow");
	}
	follow_line_init(&f.line, f.choice.stream);
	buf_init_heap(&f.out, LINE_MAX_BYTES);
	status = follow_dir(&f, env);
	buf_fini(&f.out);
	follow_line_fini(&f.line);
	record_select_fini(&f.choice.select);
	return status;
}
