/*
 * source.h: where records come from: the logs as they grow, or files that are named.
 */
#ifndef SMTPTRAP_SHIP_SOURCE_H
#define SMTPTRAP_SHIP_SOURCE_H

#include <stdint.h>

#include "checkpoint.h"
#include "conf.h"
#include "log_follow.h"

struct ship_record {
	struct span line; /* without LF; valid until the source's next call */
	struct record_line_head head;
	struct log_place place; /* behind it */
	uint64_t missing;       /* records that are not there, just before it */
	const char *sensor;     /* of its file, valid as the line is; "": not known */
};

struct ship_source {
	/* The next record: 1; 0: none for now; -1: none for now because of trouble, which was said
	 * (try again at retry_at). */
	int (*next)(struct ship_source *s, struct ship_record *r);
	/* Go on from a place again.  0, or an error of enum err. */
	int (*rewind)(struct ship_source *s, const struct log_place *to);
	void (*close)(struct ship_source *s);

	unsigned stream;   /* in the checkpoint */
	uint64_t retry_at; /* clock_us(); 0: no trouble */
	uint64_t missing;  /* not yet told with a record */

	/* Of the logs. */
	struct log_follow follow;
	uint64_t give_up_us, retry_max_us, delay_us;
	uint64_t trouble_since, said_at;
	char sensor[SHIP_TOKEN_MAX + 1]; /* of the records in sensor_file */
	char sensor_file[LOG_NAME_MAX];

	/* Of files. */
	char **file;
	size_t nfile, at;
	struct log_reader reader;
	int fd;
	uint64_t line;   /* of this file, given out or passed over */
	uint64_t failed; /* files that could not be read to their end */
};

/* Follow the stream in dir (the caller's) from a place.  0, or an error of enum err. */
int source_follow_open(struct ship_source *s, const struct ship_conf *conf, int dir,
		       enum log_stream stream, const struct log_place *from);

/* Read the named files, one after the other, once. */
void source_files_open(struct ship_source *s, char **file, size_t nfile);

#endif
