/*
 * start.c: all that is needed before the first record is shipped, and the release of it.
 *
 * Runs in smtptrap-ship.  What is wrong at the start is said and ends it: a checkpoint that is
 * damaged is never guessed at, and a folder that another shipper uses is left to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint_logs.h"
#include "clock.h"
#include "err.h"
#include "log.h"
#include "notify.h"
#include "ship.h"

#define STATE_MODE 0750
#define LOOK_US 1000000u /* between looks whether the log directory is still the one of that name */
#define AGAIN                                                                               \
	"put back a good one, or begin anew with --from-start: what was shipped before is " \
	"shipped "                                                                          \
	"again"
#define OF_OTHERS "this is the checkpoint of other logs, or these were put back"
#define SET_ASIDE CHECKPOINT_FILE ".old"

struct ship_conf *ship_read_conf(const char *path, const char *output)
{
	static struct conf_errors errors;
	struct ship_conf *conf;

	errors = (struct conf_errors){0};
	if (ship_conf_load(&conf, path, output, &errors) == 0)
		return conf;
	conf_errors_print(&errors, "smtptrap-ship", path, stderr);
	return NULL;
}

/* ---- folders ---- */

static bool open_folder(const char *path, int *fd_r)
{
	*fd_r = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd_r < 0)
		warn("%s: %s", path, strerror(errno));
	return *fd_r >= 0;
}

/* The lock lasts as long as the descriptor. */
static bool open_state(struct ship *s)
{
	const char *path = s->conf->state_directory;

	if (mkdir(path, STATE_MODE) != 0 && errno != EEXIST) {
		warn("%s: %s", path, strerror(errno));
		return false;
	}
	if (!open_folder(path, &s->state_dir))
		return false;
	if (flock(s->state_dir, LOCK_EX | LOCK_NB) == 0)
		return true;
	warn("%s: %s", path,
	     errno == EWOULDBLOCK ? "another smtptrap-ship uses this folder" : strerror(errno));
	return false;
}

static bool read_checkpoint(struct ship *s, bool from_start)
{
	const char *path = s->conf->state_directory;

	if (from_start && renameat(s->state_dir, CHECKPOINT_FILE, s->state_dir, SET_ASIDE) == 0)
		info("%s/%s is now %s", path, CHECKPOINT_FILE, SET_ASIDE);
	int rc = checkpoint_read(&s->checkpoint, s->state_dir);
	if (rc == 0)
		return true;
	if (rc == ERR_END) {
		info("%s: no checkpoint: beginning with the oldest record", path);
		return true;
	}
	warn("%s/%s: %s; " AGAIN, path, CHECKPOINT_FILE,
	     rc == ERR_FORMAT ? "the checkpoint is damaged" : strerror(errno));
	return false;
}

/* ---- what is waited for ---- */

/* With EPOLLET: each time that there is something new. */
static bool watch(struct ship *s, int fd, uint32_t how)
{
	struct epoll_event event = {.events = EPOLLIN | how};

	return fd < 0 || epoll_ctl(s->wake, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Signals are blocked before an output may start threads. */
static bool open_signals(struct ship *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s->wake = epoll_create1(EPOLL_CLOEXEC);
	if (s->signals >= 0 && s->wake >= 0 && watch(s, s->signals, 0))
		return true;
	warn("signals: %s", strerror(errno));
	return false;
}

/* ---- sources and output ---- */

static void choose_output(struct ship *s)
{
	static const struct {
		const char *name;
		void (*init)(struct ship_output *o);
	} outputs[] = {
	    [SHIP_OUTPUT_NATS] = {"nats", output_nats_init},
	    [SHIP_OUTPUT_STDOUT] = {"standard output", output_lines_init},
	    [SHIP_OUTPUT_FILE] = {"file", output_lines_init},
	};

	outputs[s->conf->output].init(&s->output);
	s->output.name = outputs[s->conf->output].name;
}

/* Is the checkpoint of the logs that are there?  False after saying why not. */
static bool is_of_these_logs(struct ship *s, enum log_stream stream, const struct log_follow *f)
{
	const struct ship_conf *conf = s->conf;
	struct buf *why = ship_why(s);

	if (log_follow_is_ahead(f))
		buf_printf(why, "%s is not in %s, and all %s files there are older", f->place.file,
			   conf->log_directory, log_stream_name(stream));
	else if (!checkpoint_is_foreign(&s->checkpoint.stream[stream], s->log_dir, stream, why))
		return true;
	warn("%s/%s: %s: " OF_OTHERS "; " AGAIN, conf->state_directory, CHECKPOINT_FILE,
	     ship_why_text(s));
	return false;
}

static bool open_source(struct ship *s, enum log_stream stream)
{
	struct ship_source *source = &s->source[s->nsource];
	int rc = source_follow_open(source, s->conf, s->log_dir, stream,
				    &s->checkpoint.stream[stream].place);

	if (rc != 0) {
		warn("%s: %s", s->conf->log_directory,
		     rc == ERR_SYSTEM ? strerror(errno) : err_text(rc));
		source->close(source);
		return false;
	}
	if (!is_of_these_logs(s, stream, &source->follow)) {
		source->close(source);
		return false;
	}
	s->nsource++;
	return watch(s, log_follow_fd(&source->follow), EPOLLET);
}

static void close_sources(struct ship *s)
{
	for (size_t i = 0; i < s->nsource; i++)
		s->source[i].close(&s->source[i]);
	s->nsource = 0;
	memset(s->is_held, 0, sizeof s->is_held);
	memset(s->idle, 0, sizeof s->idle);
}

static bool open_sources(struct ship *s)
{
	for (unsigned stream = 0; stream < SHIP_STREAMS; stream++)
		if ((s->conf->streams & 1u << stream) != 0 &&
		    !open_source(s, (enum log_stream)stream))
			return false;
	return true;
}

static bool open_flights(struct ship *s)
{
	if (flights_init(&s->flights, s->conf->in_flight) == 0)
		return true;
	warn("no memory");
	return false;
}

bool ship_start(struct ship *s, bool from_start)
{
	choose_output(s);
	return open_signals(s) && open_folder(s->conf->log_directory, &s->log_dir) &&
	       open_state(s) && read_checkpoint(s, from_start) && open_flights(s) &&
	       ship_mail_start(s) && open_sources(s);
}

bool ship_start_replay(struct ship *s, char **file, size_t nfile)
{
	choose_output(s);
	source_files_open(&s->source[0], file, nfile);
	s->nsource = 1;
	return open_signals(s) && open_flights(s) && ship_mail_start(s);
}

/* ---- another log directory of the same name ---- */

/* Does the name stand for another folder than the one that is open?  That there is none is told once. */
static bool folder_was_replaced(struct ship *s)
{
	const char *path = s->conf->log_directory;
	struct stat named, followed;

	if (stat(path, &named) != 0) {
		if (!s->folder_gone)
			warn("%s: %s; looking for it again", path, strerror(errno));
		s->folder_gone = true;
		return false;
	}
	s->folder_gone = false;
	return fstat(s->log_dir, &followed) == 0 && S_ISDIR(named.st_mode) &&
	       (named.st_dev != followed.st_dev || named.st_ino != followed.st_ino);
}

void ship_look_for_logs(struct ship *s)
{
	const char *path = s->conf->log_directory;
	uint64_t now = clock_us();
	int fd;

	if (s->replay || now - s->folder_at < LOOK_US)
		return;
	s->folder_at = now;
	if (!folder_was_replaced(s) || !open_folder(path, &fd))
		return;
	warn("%s is another folder now: all of the old one was read, going on in the new one",
	     path);
	close_sources(s);
	close(s->log_dir);
	s->log_dir = fd;
	if (open_sources(s))
		return;
	s->done = true;
	s->status = EXIT_FAILURE;
}

/* ---- SIGHUP ---- */

/* Folders are those of the start: another checkpoint would be another shipper. */
static bool same_folders(const struct ship_conf *a, const struct ship_conf *b)
{
	return strcmp(a->log_directory, b->log_directory) == 0 &&
	       strcmp(a->state_directory, b->state_directory) == 0;
}

static void change_conf(struct ship *s, struct ship_conf *conf)
{
	s->output.close(&s->output);
	s->connected = false;
	close_sources(s);
	flights_fini(&s->flights);
	ship_mail_end(s);
	ship_conf_free(&s->conf);
	s->conf = conf;
	s->delay_us = conf->retry_min_us;
	s->retry_at = 0;
	choose_output(s);
	if (!open_flights(s) || !ship_mail_start(s) || !open_sources(s))
		fatal("the logs cannot be followed any more");
}

void ship_reload(struct ship *s)
{
	s->reload = false;
	if (s->replay)
		return;
	notify_reloading();
	struct ship_conf *conf = ship_read_conf(s->conf_path, s->output_name);
	if (conf == NULL) {
		warn("reload: the configuration is wrong: the old one stays");
	} else if (!same_folders(conf, s->conf)) {
		warn("reload: log-directory and state-directory need a restart: the old "
		     "configuration stays");
		ship_conf_free(&conf);
	} else {
		change_conf(s, conf);
		info("reloaded");
	}
	notify_send("READY=1");
}

void ship_end(struct ship *s)
{
	close_sources(s);
	flights_fini(&s->flights);
	ship_mail_end(s);
	if (s->signals >= 0)
		close(s->signals);
	if (s->wake >= 0)
		close(s->wake);
	if (s->log_dir >= 0)
		close(s->log_dir);
	if (s->state_dir >= 0)
		close(s->state_dir);
	ship_conf_free(&s->conf);
}
