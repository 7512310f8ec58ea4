/*
 * The file of rejected records: its lines, its bound at and past it, what makes room, full disks,
 * and what a crash left in it.
 */
#include "../../src/smtptrap-ship/rejected.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "err.h"

#define ID "019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11"
#define MAX (32u * 1024)
#define LONGEST (MAX / 2 - REJECTED_WORDS_MAX) /* of a record that is kept whole */

static char folder[] = "/tmp/ship_rejected.XXXXXX";
static int dir;
static char record[MAX];

/* A record {"n":NUMBER,"x":"xxx..."} of so many bytes. */
static struct ship_item item_of(unsigned number, size_t len)
{
	int head = snprintf(record, sizeof record, "{\"n\":%u,\"x\":\"", number);

	memset(record + head, 'x', len - (size_t)head - 2);
	memcpy(record + len - 2, "\"}", 2);
	return (struct ship_item){
	    .stream = "session", .id = ID, .bytes = (const uint8_t *)record, .len = len};
}

static int put(unsigned number, size_t len, struct rejected_kept *kept_r)
{
	struct ship_item item = item_of(number, len);

	return rejected_put(dir, &item, "too \"long\"", MAX, kept_r);
}

static size_t read_file(const char *name, char *to, size_t cap)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, cap - 1);

	if (fd >= 0)
		close(fd);
	to[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void clear(void)
{
	unlinkat(dir, REJECTED_FILE, 0);
	unlinkat(dir, REJECTED_OLD, 0);
}

static void test_line(void)
{
	static const char head[] = "{\"rejected_at\":\"20";
	static const char tail[] =
	    ",\"why\":\"too \\\"long\\\"\",\"stream\":\"session\",\"id\":\"" ID
	    "\",\"size\":20,\"record\":{\"n\":7,\"x\":\"xxxxxx\"}}\n";
	char text[1000];
	struct rejected_kept kept;

	clear();
	is_int(put(7, 20, &kept), 0, "a record is kept");
	size_t len = read_file(REJECTED_FILE, text, sizeof text);
	ok(memcmp(text, head, sizeof head - 1) == 0 && len > sizeof tail &&
	       strcmp(text + len - (sizeof tail - 1), tail) == 0,
	   "as a line with time, reason, type, id, size and itself");
	ok(kept.whole && kept.dropped == 0, "which is told");
}

static void test_longest(void)
{
	static char text[MAX + 1];
	struct rejected_kept kept;

	clear();
	is_int(put(1, LONGEST, &kept), 0, "a record of the greatest length");
	ok(kept.whole && read_file(REJECTED_FILE, text, sizeof text) > LONGEST, "is kept whole");
	is_int(put(2, LONGEST + 1, &kept), 0, "one of a byte more");
	size_t len = read_file(REJECTED_FILE, text, sizeof text);
	ok(!kept.whole && len < MAX / 2, "is kept without itself, which is told");
	char *last = memrchr(text, '\n', len - 1);
	ok(strstr(last != NULL ? last : text, "\"id\":\"" ID "\",\"size\":12289}") != NULL,
	   "with its id and size");
}

/* Which numbers are in the file, first and last; false if they are not all between. */
static bool numbers_of(const char *name, unsigned *first_r, unsigned *last_r)
{
	static char text[MAX + 1];
	unsigned count = 0;

	read_file(name, text, sizeof text);
	for (const char *p = text; (p = strstr(p, "\"record\":{\"n\":")) != NULL; count++) {
		p += strlen("\"record\":{\"n\":");
		*last_r = (unsigned)strtoul(p, NULL, 10);
		if (count == 0)
			*first_r = *last_r;
		else if (*last_r != *first_r + count)
			return false;
	}
	return count > 0;
}

static void test_bound(void)
{
	unsigned wrong = 0, dropped = 0, first = 0, last = 0, middle = 0, next = 0;
	struct rejected_kept kept;

	clear();
	for (unsigned n = 1; n <= 400; n++) {
		struct stat now = {0}, old = {0};
		wrong += put(n, 30 + n * 37 % 3000, &kept) != 0;
		dropped += (unsigned)kept.dropped;
		fstatat(dir, REJECTED_FILE, &now, 0);
		fstatat(dir, REJECTED_OLD, &old, 0);
		wrong += now.st_size > MAX / 2 || old.st_size > MAX / 2;
		wrong += !numbers_of(REJECTED_FILE, &next, &last) || last != n;
		if (old.st_size > 0) {
			wrong += !numbers_of(REJECTED_OLD, &first, &middle) || middle + 1 != next;
			wrong += dropped + 1 != first;
		}
	}
	is_int(wrong, 0, "both halves together never pass the bound and have the newest records");
	ok(dropped > 300 && dropped < 400, "how many made room is told: %u", dropped);
}

/* At the bound to the byte: the last that fits, and one byte more. */
static void test_half(void)
{
	for (unsigned past = 0; past < 2; past++) {
		struct rejected_kept kept;
		struct stat st = {0};

		clear();
		put(1, 5000, &kept);
		fstatat(dir, REJECTED_FILE, &st, 0);
		size_t words =
		    (size_t)st.st_size - 5000 + 1; /* the next has a digit more in its size */
		put(2, MAX / 2 - (size_t)st.st_size - words + past, &kept);
		fstatat(dir, REJECTED_FILE, &st, 0);
		bool renamed = faccessat(dir, REJECTED_OLD, F_OK, 0) == 0;
		ok(past ? renamed : !renamed && st.st_size == MAX / 2,
		   past ? "one byte past it there is a new file" : "a file is filled to its half");
	}
}

static void test_crash(void)
{
	static const char part[] = "{\"rejected_at\":\"2025-11-22T10:0";
	char text[2000];
	struct rejected_kept kept;

	clear();
	put(1, 50, &kept);
	int fd = openat(dir, REJECTED_FILE, O_WRONLY | O_APPEND | O_CLOEXEC);
	ok(write(fd, part, sizeof part - 1) > 0, "a crash leaves a part of a line");
	close(fd);
	is_int(put(2, 50, &kept), 0, "the next record is kept");
	read_file(REJECTED_FILE, text, sizeof text);
	unsigned lines = 0;
	for (const char *p = text; (p = strstr(p, "}}\n{\"rejected_at\"")) != NULL; p++)
		lines++;
	ok(lines == 1 && strstr(text, "10:0{") == NULL, "in a line of its own");
}

static void test_full(void)
{
	struct rlimit before, small;
	struct rejected_kept kept;
	char one[1000], two[1000];

	clear();
	put(1, 50, &kept);
	read_file(REJECTED_FILE, one, sizeof one);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = strlen(one) + 30;
	setrlimit(RLIMIT_FSIZE, &small);
	int rc = put(2, 50, &kept), why = errno;
	setrlimit(RLIMIT_FSIZE, &before);
	ok(rc == ERR_SYSTEM && why == EFBIG, "a full disk is told");
	read_file(REJECTED_FILE, two, sizeof two);
	is_str(two, one, "the file is as it was");
	is_int(put(2, 50, &kept), 0, "and goes on when there is room");
}

int main(void)
{
	char command[64];

	signal(SIGXFSZ, SIG_IGN);
	if (mkdtemp(folder) == NULL)
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_line();
	test_longest();
	test_bound();
	test_half();
	test_crash();
	test_full();
	close(dir);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) != 0 ? 1 : tap_done();
}
