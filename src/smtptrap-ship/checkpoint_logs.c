/*
 * checkpoint_logs.c: whether a checkpoint is of the logs that are there.
 *
 * Runs in smtptrap-ship when it begins to follow a folder.  Input: the checkpoint, which an
 * administrator may have put there from another machine, and the names and first records of log
 * files, which may be damaged: then they tell nothing.
 */
#include "checkpoint_logs.h"

#include <string.h>
#include <unistd.h>

#include "log_dir.h"
#include "log_read.h"

/* ---- the sensor of records ---- */

static int see_item(void *ctx, const struct record_item *item)
{
	if (!item->is_string || item->in_list || strcmp(item->name, "sensor") != 0)
		return 0;
	ship_token_make(ctx, item->text, item->len);
	return 1;
}

void checkpoint_sensor_of(char sensor_r[SHIP_TOKEN_MAX + 1], const uint8_t *line, size_t len)
{
	sensor_r[0] = '\0';
	(void)record_line_walk(line, len, see_item, sensor_r);
}

/* The sensor of the first record; "" if none can be read. */
static void sensor_of_file(char sensor_r[SHIP_TOKEN_MAX + 1], const struct log_dir *d,
			   const struct log_name *n)
{
	struct log_reader r;
	const uint8_t *line;
	size_t len;
	int fd;

	sensor_r[0] = '\0';
	if (log_dir_open_file(d, n, &fd) != 0)
		return;
	if (log_reader_open(&r, fd, 0) == 0) {
		if (log_reader_next(&r, &line, &len) == 1)
			checkpoint_sensor_of(sensor_r, line, len);
		log_reader_close(&r);
	}
	close(fd);
}

/* ---- the files ---- */

/* The file of that name, else the first that is read then: behind it, or, where logs began anew, the
 * first of all.  NULL if there is none. */
static const struct log_name *file_at(const struct log_dir *d, const char *name,
				      const struct log_name *parsed)
{
	const struct log_name *at = log_dir_find(d, name), *first = NULL;

	for (size_t i = 0; at == NULL && i < d->count; i++) {
		if (d->names[i].stream != parsed->stream)
			continue;
		if (first == NULL)
			first = &d->names[i];
		if (d->names[i].seq >= parsed->seq)
			at = &d->names[i];
	}
	return at != NULL ? at : first;
}

/* Does that file speak for other logs?  One with the same number that was begun later is that of logs
 * that began anew. */
static bool differs(const struct checkpoint_stream *c, const struct log_dir *d,
		    const struct log_name *parsed, const struct log_name *at, struct buf *why)
{
	char there[LOG_NAME_MAX], sensor[SHIP_TOKEN_MAX + 1];

	log_name_format(at, there);
	if (at->seq == parsed->seq && at->time < parsed->time) {
		buf_printf(why, "%s is not there, but the older %s has its number", c->place.file,
			   there);
		return true;
	}
	sensor_of_file(sensor, d, at);
	if (*sensor == '\0' || *c->sensor == '\0' || strcmp(sensor, c->sensor) == 0)
		return false;
	buf_printf(why, "%s is of sensor %s, but the records in %s are of sensor %s", c->place.file,
		   c->sensor, there, sensor);
	return true;
}

bool checkpoint_is_foreign(const struct checkpoint_stream *c, int dir, enum log_stream stream,
			   struct buf *why)
{
	struct log_dir d;
	struct log_name parsed;
	bool foreign = false;

	if (log_name_parse(c->place.file, &parsed) != 0 || parsed.stream != stream)
		return false; /* it begins with the oldest file */
	if (log_dir_open_at(&d, dir, ".") == 0) {
		const struct log_name *at = file_at(&d, c->place.file, &parsed);
		foreign = at != NULL && differs(c, &d, &parsed, at, why);
	}
	log_dir_close(&d);
	return foreign;
}
