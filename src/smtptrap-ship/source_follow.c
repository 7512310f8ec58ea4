/*
 * source_follow.c: records from the logs as they grow.
 *
 * Runs in smtptrap-ship.  What log_follow.h tells of files that are damaged, gone or unreadable is
 * said here, each time; a file that cannot be read is tried again, ever more slowly, and given up
 * after a time, so that one bad file does not hold up the rest for ever.
 */
#include <inttypes.h>
#include <string.h>

#include "checkpoint_logs.h"
#include "clock.h"
#include "err.h"
#include "log.h"
#include "source.h"

#define DELAY_FIRST_US 50000u
#define SAY_AGAIN_US 60000000u /* an unreadable file is named again after a minute */
#define TEXT_MAX 800

static void say(const struct log_trouble *t)
{
	char room[TEXT_MAX];
	struct buf text;

	buf_init(&text, room, sizeof room - 1);
	log_trouble_text(t, &text);
	room[text.len] = '\0';
	warn("%s", room);
}

/* A file cannot be read: say so, and when to try again.  Gives it up when it is time and there is
 * another behind it: else nothing is held up by it. */
static int wait_for_file(struct ship_source *s)
{
	uint64_t now = clock_us();

	if (s->trouble_since == 0) {
		s->trouble_since = now;
		s->said_at = 0;
		s->delay_us = DELAY_FIRST_US;
	}
	if (s->said_at == 0 || now - s->said_at > SAY_AGAIN_US) {
		say(&s->follow.trouble);
		s->said_at = now;
	}
	if (now - s->trouble_since >= s->give_up_us && log_follow_pass(&s->follow)) {
		warn("%s: could not be read for %" PRIu64 " s: given up, going on behind it",
		     s->follow.trouble.file, (now - s->trouble_since) / 1000000);
		s->trouble_since = 0;
		return 1;
	}
	s->retry_at = now + s->delay_us;
	s->delay_us = s->delay_us * 2 < s->retry_max_us ? s->delay_us * 2 : s->retry_max_us;
	return -1;
}

static void readable_again(struct ship_source *s)
{
	s->retry_at = 0;
	s->trouble_since = 0;
}

/* All records of a file have the sensor of its first. */
static void learn_sensor(struct ship_source *s, const struct ship_record *r)
{
	if (strcmp(r->place.file, s->sensor_file) == 0)
		return;
	checkpoint_sensor_of(s->sensor, r->line.bytes, r->line.len);
	strlcpy(s->sensor_file, r->place.file, sizeof s->sensor_file);
}

static int follow_next(struct ship_source *s, struct ship_record *r)
{
	for (;;) {
		uint64_t before = s->follow.missing;
		int rc = log_follow_next(&s->follow, &r->line, &r->place);

		if (rc >= 0) {
			readable_again(s);
			if (rc == 0)
				return 0;
			r->head = s->follow.head;
			r->missing = s->missing;
			s->missing = 0;
			learn_sensor(s, r);
			r->sensor = s->sensor;
			return 1;
		}
		if (rc == ERR_MEMORY)
			fatal("no memory to read the logs");
		if (rc == ERR_SYSTEM) {
			if (wait_for_file(s) < 0)
				return -1;
			continue;
		}
		s->missing += s->follow.missing - before;
		say(&s->follow.trouble);
	}
}

static int follow_rewind(struct ship_source *s, const struct log_place *to)
{
	s->missing = 0;
	readable_again(s);
	return log_follow_seek(&s->follow, to);
}

static void follow_close(struct ship_source *s)
{
	log_follow_close(&s->follow);
}

int source_follow_open(struct ship_source *s, const struct ship_conf *conf, int dir,
		       enum log_stream stream, const struct log_place *from)
{
	*s = (struct ship_source){.next = follow_next,
				  .rewind = follow_rewind,
				  .close = follow_close,
				  .stream = stream,
				  .give_up_us = conf->give_up_us,
				  .retry_max_us = conf->retry_max_us};
	return log_follow_open(&s->follow, dir, stream, from);
}
