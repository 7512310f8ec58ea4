/*
 * log_name.c: the names of log files.
 *
 * Runs in the logger, which makes them, the reader and the shipper.  A folder may hold any name:
 * log_name_parse() takes those alone that log_name_format() would write.
 */
#include "log_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "time_text.h"

struct stream_row {
	const char *name, *suffix;
};

static const struct stream_row streams[LOG_STREAM_COUNT] = {
    [LOG_SESSION] = {"session", ".jsonl.gz"},
    [LOG_MESSAGE] = {"message", ".jsonl.gz"},
    [LOG_MAIL] = {"mail", ".mbox.gz"},
};

const char *log_stream_name(enum log_stream stream)
{
	return streams[stream].name;
}

enum log_stream log_stream_find(const char *name)
{
	unsigned s = 0;

	while (s < LOG_STREAM_COUNT && strcmp(streams[s].name, name) != 0)
		s++;
	return (enum log_stream)s;
}

int log_name_format(const struct log_name *n, char name_r[LOG_NAME_MAX])
{
	if (n->time >= TIME_SECONDS_END)
		return ERR_FORMAT;
	struct time_parts t = time_split(n->time);
	int len = snprintf(name_r, LOG_NAME_MAX, "%s-%04u%02u%02uT%02u%02u%02uZ-%06" PRIu64 "%s%s",
			   streams[n->stream].name, t.year, t.month, t.day, t.hour, t.minute,
			   t.second, n->seq, streams[n->stream].suffix, n->part ? ".part" : "");
	return len > 0 && len < LOG_NAME_MAX ? 0 : ERR_FORMAT;
}

int log_name_parse(const char *name, struct log_name *n_r)
{
	const char *dash = strchr(name, '-');
	char stream[16], again[LOG_NAME_MAX];
	struct time_parts t = {0};
	struct log_name n = {0};
	int rest = 0;

	if (dash == NULL || (size_t)(dash - name) >= sizeof stream)
		return ERR_FORMAT;
	memcpy(stream, name, (size_t)(dash - name));
	stream[dash - name] = '\0';
	n.stream = log_stream_find(stream);
	if (n.stream == LOG_STREAM_COUNT)
		return ERR_FORMAT;
	if (sscanf(dash, "-%4u%2u%2uT%2u%2u%2uZ-%20" SCNu64 "%n", &t.year, &t.month, &t.day,
		   &t.hour, &t.minute, &t.second, &n.seq, &rest) != 7)
		return ERR_FORMAT;
	size_t len = strlen(dash + rest);
	n.part = len >= 5 && strcmp(dash + rest + len - 5, ".part") == 0;
	/* sscanf() is lax; what it took is right if it makes the same name */
	if (time_join(&t, &n.time) != 0 || log_name_format(&n, again) != 0 ||
	    strcmp(name, again) != 0)
		return ERR_FORMAT;
	*n_r = n;
	return 0;
}

int log_name_compare(const struct log_name *a, const struct log_name *b)
{
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (int)a->part - (int)b->part;
}
