/*
 * report.c: how it goes: for the service manager, and for --status.
 *
 * Runs in smtptrap-ship.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "log_dir.h"
#include "notify.h"
#include "rejected.h"
#include "ship.h"

#define STATUS_EVERY_US 1000000u

/* What holds a source up, if anything does. */
static const char *waiting_for(const struct ship *s)
{
	for (size_t i = 0; i < s->nsource; i++)
		if (s->source[i].retry_at != 0)
			return s->source[i].follow.trouble.file;
	return "";
}

void ship_tell(struct ship *s)
{
	uint64_t now = clock_us(), watchdog = notify_watchdog_us(), rejected = 0, missing = 0;
	const char *file = waiting_for(s);

	if (watchdog > 0 && now - s->watchdog_at >= watchdog / 2) {
		notify_send("WATCHDOG=1");
		s->watchdog_at = now;
	}
	if (now - s->status_at < STATUS_EVERY_US)
		return;
	s->status_at = now;
	for (unsigned i = 0; i < SHIP_STREAMS; i++) {
		rejected += s->checkpoint.stream[i].rejected;
		missing += s->checkpoint.stream[i].missing;
	}
	notify_send("STATUS=%s: %" PRIu64 " shipped since the start, %zu in flight; %" PRIu64
		    " rejected and %" PRIu64 " missing in all%s%s%s%s",
		    s->output.name, s->shipped, s->flights.count, rejected, missing,
		    s->trouble[0] != '\0' ? "; " : "", s->trouble,
		    file[0] != '\0' ? "; cannot read " : "", file);
}

/* ---- --status ---- */

/* Files behind the place and their bytes; of the place's own file what follows its member. */
static void measure(const struct log_dir *d, enum log_stream stream, const struct log_place *p,
		    uint64_t *files_r, uint64_t *bytes_r)
{
	struct log_name at = {.stream = stream};
	struct stat st;
	char name[LOG_NAME_MAX];

	*files_r = *bytes_r = 0;
	if (p->file[0] != '\0' && log_name_parse(p->file, &at) != 0)
		return;
	for (size_t i = 0; i < d->count; i++) {
		struct log_name n = d->names[i];
		log_name_format(&n, name);
		n.part = false;
		int order = log_name_compare(&n, &at);
		if (n.stream != stream || order < 0 || fstatat(d->fd, name, &st, 0) != 0)
			continue;
		*files_r += order > 0;
		*bytes_r += (uint64_t)st.st_size - (order == 0 ? p->member : 0);
	}
}

static void print_stream(const struct checkpoint *c, const struct log_dir *d,
			 enum log_stream stream)
{
	const struct checkpoint_stream *cs = &c->stream[stream];
	const struct log_place *p = &cs->place;
	uint64_t files, bytes;

	measure(d, stream, p, &files, &bytes);
	printf(
	    "%s: %s, member at byte %" PRIu64 ", behind line %" PRIu64 ", record %" PRIu64 "%s%s\n"
	    "%s: %" PRIu64 " shipped, %" PRIu64 " rejected, %" PRIu64 " missing\n"
	    "%s: %" PRIu64 " newer files, at most %" PRIu64 " bytes to read\n",
	    log_stream_name(stream), p->file[0] ? p->file : "before the oldest file", p->member,
	    p->line, p->seq, *cs->sensor ? " of sensor " : "", cs->sensor, log_stream_name(stream),
	    cs->shipped, cs->rejected, cs->missing, log_stream_name(stream), files, bytes);
}

static void print_mail(const struct checkpoint *c, const struct ship_conf *conf)
{
	if (checkpoint_has_mail(c) || *conf->mail.bucket != '\0')
		printf("mail: %" PRIu64 " put, %" PRIu64 " left out, %" PRIu64 " missing, %" PRIu64
		       " refused\n",
		       c->mail[MAIL_PUT], c->mail[MAIL_LEFT_OUT], c->mail[MAIL_MISSING],
		       c->mail[MAIL_REFUSED]);
}

static void print_rejected(int state)
{
	struct stat st;

	if (fstatat(state, REJECTED_FILE, &st, 0) == 0)
		printf("rejected records are kept in %s, %" PRIu64 " bytes\n", REJECTED_FILE,
		       (uint64_t)st.st_size);
}

int ship_print_status(const struct ship_conf *conf)
{
	struct checkpoint c = {0};
	struct log_dir d = {0};
	int state = open(conf->state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = state < 0 ? ERR_SYSTEM : checkpoint_read(&c, state);

	if (rc != 0 && rc != ERR_END) {
		fprintf(stderr, "smtptrap-ship: %s/%s: %s\n", conf->state_directory,
			CHECKPOINT_FILE, rc == ERR_SYSTEM ? strerror(errno) : "it is damaged");
	} else if (rc = log_dir_open(&d, conf->log_directory), rc != 0) {
		fprintf(stderr, "smtptrap-ship: %s: %s\n", conf->log_directory,
			rc == ERR_SYSTEM ? strerror(errno) : err_text(rc));
	} else {
		print_stream(&c, &d, LOG_SESSION);
		print_stream(&c, &d, LOG_MESSAGE);
		print_mail(&c, conf);
		print_rejected(state);
	}
	log_dir_close(&d);
	if (state >= 0)
		close(state);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
