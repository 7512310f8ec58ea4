/*
 * Files of fetched records: what a killed fetch left is on disk before it counts as there.
 *
 * fsync() and fdatasync() are those of this file, which tell whether a regular file came to the disk.
 */
#include "../../src/smtptrap-ship/fetch_sink.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"

static char folder[] = "/tmp/fetch_sink.XXXXXX";
static unsigned synced; /* regular files */

static int note_sync(int fd)
{
	struct stat st;

	synced += fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

int fsync(int fd)
{
	return note_sync(fd);
}

int fdatasync(int fd)
{
	return note_sync(fd);
}

static const uint8_t id[UUID_BYTES] = {0x01, 0x92, 0xf0, 0xc1, 0, 0, 0x70, 0, 0x80, [15] = 1};
static const char line[] =
    "{\"v\":1,\"type\":\"session\",\"id\":\"0192f0c1-0000-7000-8000-000000000001\","
    "\"seq\":1,\"ts\":\"2026-11-22T10:00:00.000000Z\",\"sensor\":\"mx9\"}";

/* Add the record to what is in the folder; what sink_add() said. */
static int add(struct fetch_sink *s, struct buf *why)
{
	return sink_add(s, RECORD_SESSION, id, (const uint8_t *)line, sizeof line - 1, why);
}

static void leave_part(const char *whole, const char *part, struct buf *why)
{
	struct fetch_sink s;

	ok(sink_open(&s, folder, why) == 0 && add(&s, why) == 1 && sink_finish(&s, why) == 0,
	   "a record is written to a file");
	sink_close(&s);
	ok(rename(whole, part) == 0, "whose last name it did not get");
}

int main(void)
{
	char whole[96], part[128], text[512];
	struct fetch_sink s;
	struct buf why;

	buf_init(&why, text, sizeof text);
	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(whole, sizeof whole, "%s/session-000001.jsonl.gz", folder);
	snprintf(part, sizeof part, "%s.part", whole);
	leave_part(whole, part, &why);

	synced = 0;
	is_int(sink_open(&s, folder, &why), 0, "a whole file that has .part behind is taken over");
	is_int(synced, 1, "once it is on disk");
	ok(access(whole, F_OK) == 0, "and gets its name");
	is_int(add(&s, &why), 0, "what is in it is there already");
	is_int(sink_finish(&s, &why), 0, "the sink is finished");
	sink_close(&s);

	synced = 0;
	is_int(sink_open(&s, folder, &why), 0, "a file with its name is taken over");
	is_int(synced, 0, "as it is: it was on disk before it got its name");
	sink_close(&s);
	char command[256];
	snprintf(command, sizeof command, "rm -r %s", folder);
	ok(system(command) == 0, "the folder is removed");
	return tap_done();
}
