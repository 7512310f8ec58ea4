/*
 * Records as they come: over files that the logger's own code appends to, cuts back, renames;
 * that are removed, repaired, torn, damaged, unreadable; from the oldest, from now, from any place.
 */
#include "log_follow.h"

#include <errno.h>
#include <poll.h>

#include "../../src/logger_stream.h"
#include "err.h"
#include "file_io.h"
#include "gzip_files.h"
#include "gzip_repair.h"
#include "log_follow_file.h"

#define FIRST "session-20251122T100000Z-000001.jsonl.gz"
#define SECOND "session-20251122T100000Z-000002.jsonl.gz"
#define START 1763805600u /* 2025-11-22T10:00:00Z */
#define MANY 4000u
#define ROUNDS 3000

static char folder[] = "/tmp/log_follow.XXXXXX";
static int dir;
static struct stream out;
static uint64_t mark; /* makes each record unlike all others */

static void clear(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s/*", folder);
	if (system(command) != 0)
		exit(1);
}

static void begin(void)
{
	clear();
	stream_init(&out, LOG_SESSION, dir, 1);
}

static void end(void)
{
	if (out.fd >= 0) {
		gzip_writer_fini(&out.gz);
		close(out.fd);
	}
	buf_fini(&out.out);
}

/* Append a record that bears the next mark; counted by the stream's own numbers. */
static void put_at(uint64_t time)
{
	char line[256];

	mark++;
	stream_record(&out, time);
	int len =
	    snprintf(line, sizeof line,
		     "{\"v\":1,\"type\":\"session\",\"id\":\"019aab3e-0c1f-7a62-8d5c-%012llx\","
		     "\"seq\":%llu,\"ts\":\"2025-11-22T10:00:00.000000Z\",\"helo\":\"%llx\"}\n",
		     (unsigned long long)mark, (unsigned long long)out.seq,
		     (unsigned long long)(mark * 6364136223846793005u));
	stream_append(&out, line, (size_t)len);
}

static void put(void)
{
	put_at(START);
}

static void put_committed(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put();
	stream_flush(&out, false);
	stream_commit(&out);
}

/* The mark of a record, from its id. */
static uint64_t mark_of(const struct log_follow *f)
{
	uint64_t n = 0;

	for (int i = 10; i < 16; i++)
		n = n << 8 | f->head.id[i];
	return n;
}

/* What following gave. */
struct got {
	unsigned records, disorder;
	uint64_t last;
	unsigned troubles[LOG_TROUBLE_COUNT];
};

static int drain(struct log_follow *f, struct got *g)
{
	struct span line;
	int rc, stuck = 0;

	while ((rc = log_follow_next(f, &line, NULL)) != 0 && stuck < 3) {
		if (rc == 1) {
			g->records++;
			g->disorder += mark_of(f) <= g->last;
			g->last = mark_of(f);
		} else {
			g->troubles[f->trouble.kind]++;
			stuck += f->trouble.kind == LOG_TROUBLE_UNREADABLE;
		}
	}
	return rc;
}

static unsigned troubles(const struct got *g)
{
	unsigned n = 0;

	for (int i = 0; i < LOG_TROUBLE_COUNT; i++)
		n += g->troubles[i];
	return n;
}

static void test_files(void)
{
	struct log_follow f;
	struct got g = {0};

	begin();
	is_int(log_follow_open(&f, dir, LOG_SESSION, NULL), 0, "an empty folder is followed");
	is_int(drain(&f, &g), 0, "there is nothing yet");
	put_committed(10);
	drain(&f, &g);
	is_int(g.records, 10, "records are given while their file is being written");
	put();
	put();
	stream_flush(&out, false);
	drain(&f, &g);
	is_int(g.records, 12, "and what is flushed then");
	stream_commit(&out);
	stream_rotate(&out);
	drain(&f, &g);
	put_committed(MANY * 4);
	stream_rotate(&out);
	put_committed(7);
	drain(&f, &g);
	is_int(g.records, 12 + MANY * 4 + 7, "rotation is followed, over members too");
	ok(g.disorder == 0 && troubles(&g) == 0, "each came once, in order, without trouble");
	log_follow_close(&f);
	end();
}

static void test_uncommitted(void)
{
	struct log_follow f;
	struct got g = {0};

	begin();
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	for (unsigned i = 0; i < MANY * 2; i++) {
		put();
		stream_spill(&out);
	}
	ok(out.written > 0 && drain(&f, &g) == 0 && g.records == 0,
	   "what is written but not flushed is not given out");
	stream_flush(&out, false);
	stream_commit(&out);
	drain(&f, &g);
	is_int(g.records, MANY * 2, "once it is flushed it is");
	log_follow_close(&f);
	end();
}

/* Resume from the place behind each of the first records. */
static void test_resume(void)
{
	struct log_place places[120];
	struct log_follow f;
	struct span line;
	unsigned n = 0, wrong = 0;

	begin();
	for (int i = 0; i < 4; i++) {
		put_committed(10);
		put_committed(20);
		if (i < 3)
			stream_rotate(&out);
	}
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	while (n < 120 && log_follow_next(&f, &line, &places[n]) == 1)
		n++;
	log_follow_close(&f);
	is_int(n, 120, "each record comes with the place behind it");
	for (n = 0; n < 120; n++) {
		struct got g = {0};
		log_follow_open(&f, dir, LOG_SESSION, &places[n]);
		drain(&f, &g);
		log_follow_close(&f);
		wrong += g.records != 119 - n || g.disorder > 0 || troubles(&g) > 0;
	}
	is_int(wrong, 0, "from each place exactly the rest follows");
	struct got again = {0};
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &again);
	int fd = log_follow_fd(&f);
	is_int(log_follow_seek(&f, &places[29]), 0, "one that follows goes back to a place");
	again = (struct got){0};
	drain(&f, &again);
	ok(again.records == 90 && log_follow_fd(&f) == fd, "and goes on there");
	log_follow_close(&f);
	strcpy(places[0].file, "session-1.gz");
	is_int(log_follow_open(&f, dir, LOG_SESSION, &places[0]), ERR_FORMAT,
	       "a place whose file has another name is refused");
	log_follow_close(&f);
	is_int(log_follow_open(&f, dir, LOG_MESSAGE, &places[1]), ERR_FORMAT,
	       "and one of another stream");
	log_follow_close(&f);
	end();
}

/* A file as it was at each length. */
static void test_each_byte(void)
{
	static uint8_t bytes[64 * 1024];
	struct log_follow f;
	struct got g = {0};
	unsigned wrong = 0, before = 0;

	begin();
	for (int i = 0; i < 40; i++)
		put_committed(1 + (unsigned)i % 3);
	int from = openat(dir, FIRST ".part", O_RDONLY | O_CLOEXEC);
	size_t len = memory_file_read(from, bytes, sizeof bytes);
	close(from);
	unlinkat(dir, FIRST ".part", 0);
	int fd = openat(dir, FIRST ".part", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	for (size_t i = 0; i < len; i++) {
		file_write_at(fd, bytes + i, 1, i);
		wrong += drain(&f, &g) != 0;
		wrong += g.records > before &&
			 (i < 3 || memcmp(bytes + i - 3, "\x00\x00\xff\xff", 4) != 0);
		before = g.records;
	}
	is_int(g.records, (int64_t)out.seq, "a file that grows byte by byte gives all records");
	ok(wrong == 0 && g.disorder == 0 && troubles(&g) == 0, "each when its flush is complete");
	log_follow_close(&f);
	close(fd);
	end();
}

/* The logger's fdatasync() fails after a flush: what was flushed is cut off again. */
static void test_undone(void)
{
	struct log_follow f;
	struct got g = {0};

	begin();
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	put_committed(10);
	drain(&f, &g);
	for (int i = 0; i < 5; i++)
		put();
	stream_flush(&out, false);
	drain(&f, &g);
	is_int(g.records, 15, "what is flushed is given before it is durable");
	stream_undo(&out);
	stream_mend(&out);
	drain(&f, &g);
	put_committed(3);
	unsigned before = g.records;
	uint64_t first = mark - 2;
	drain(&f, &g);
	ok(g.records >= before + 3 && g.last == mark && first > 0,
	   "what comes in the place of records that were cut off is given");
	is_int(g.troubles[LOG_TROUBLE_BACK] + g.troubles[LOG_TROUBLE_REWRITTEN] > 0, true,
	       "and it is told");
	put_committed(4);
	before = g.records;
	drain(&f, &g);
	is_int(g.records, before + 4, "afterwards all goes on");
	log_follow_close(&f);
	end();
}

/* The same with nothing committed before: the file is emptied and begins anew. */
static void test_undone_all(void)
{
	struct log_follow f;
	struct got g = {0};

	begin();
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	for (int i = 0; i < 5; i++)
		put();
	stream_flush(&out, false);
	drain(&f, &g);
	struct log_place place = f.place;
	stream_undo(&out);
	stream_mend(&out);
	put_committed(9);
	drain(&f, &g);
	is_int(g.records, 5 + 9, "a file that was emptied is read from its start");
	is_int(g.troubles[LOG_TROUBLE_REWRITTEN], 1, "and it is told");
	log_follow_close(&f);
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, &place);
	drain(&f, &g);
	is_int(g.records, 9, "the same from a place that was kept before it was emptied");
	is_int(g.troubles[LOG_TROUBLE_REWRITTEN], 1, "which is told too");
	log_follow_close(&f);
	end();
}

/* Make files of 10 records each. */
static void make_files(unsigned n)
{
	begin();
	for (unsigned i = 0; i < n; i++) {
		put_committed(10);
		stream_rotate(&out);
	}
}

static void test_removed(void)
{
	struct log_follow f;
	struct span line;
	struct got g = {0};
	struct buf text;

	make_files(4);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	for (int i = 0; i < 4; i++)
		log_follow_next(&f, &line, NULL);
	struct log_place place = f.place;
	unlinkat(dir, FIRST, 0);
	unlinkat(dir, SECOND, 0);
	drain(&f, &g);
	is_int(g.records, 6 + 20, "a file that is removed while it is read is read to its end");
	ok(g.troubles[LOG_TROUBLE_MISSING] == 1 && f.missing == 10,
	   "the records of one that is removed before it is read are missed and counted");
	log_follow_close(&f);
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, &place);
	is_int(log_follow_next(&f, &line, NULL), ERR_END,
	       "from a place in a removed file, what is missing is told first");
	buf_init_heap(&text, 1000);
	log_trouble_text(&f.trouble, &text);
	buf_put_byte(&text, '\0');
	is_str((char *)text.data,
	       "session-20251122T100000Z-000003.jsonl.gz, member at byte 0, line 2: records are "
	       "missing before this place: 16, numbers 5 to 20; " FIRST
	       " was removed before it was read to its end",
	       "with numbers and file");
	drain(&f, &g);
	is_int(g.records, 20, "then the rest is given");
	buf_fini(&text);
	log_follow_close(&f);
	end();
}

static void test_removed_after(void)
{
	struct log_follow f;
	struct got g = {0};

	make_files(1);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	struct log_place place = f.place;
	log_follow_close(&f);
	unlinkat(dir, FIRST, 0);
	log_follow_open(&f, dir, LOG_SESSION, &place);
	drain(&f, &g);
	put_committed(5);
	drain(&f, &g);
	ok(g.records == 15 && troubles(&g) == 0,
	   "a file that was removed after it was read is no loss");
	log_follow_close(&f);
	end();
}

/* The folder was emptied, and the logger began with the first numbers again. */
static void test_anew(void)
{
	struct log_follow f;
	struct log_place place;
	struct got g = {0};

	make_files(3);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	place = f.place;
	end();
	clear();
	drain(&f, &g);
	ok(g.records == 30 && troubles(&g) == 0, "that the folder was emptied is no loss");
	ok(!log_follow_is_ahead(&f), "and no place is ahead of no files");
	stream_init(&out, LOG_SESSION, dir, 1);
	for (int i = 0; i < 4; i++) {
		put_at(START + 100);
		stream_flush(&out, false);
		stream_commit(&out);
		stream_rotate(&out);
	}
	drain(&f, &g);
	ok(g.records == 34 && g.troubles[LOG_TROUBLE_ANEW] == 1 && troubles(&g) == 1,
	   "when the logs begin anew, that is told and all of them is given");
	log_follow_close(&f);
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, &place);
	ok(!log_follow_is_ahead(&f), "so from a place that was kept before");
	drain(&f, &g);
	ok(g.records == 4 && g.troubles[LOG_TROUBLE_ANEW] == 1 && troubles(&g) == 1,
	   "though the new logs have come as far as that place already");
	log_follow_close(&f);
	strcpy(place.file, "session-20301122T100000Z-000009.jsonl.gz");
	log_follow_open(&f, dir, LOG_SESSION, &place);
	ok(log_follow_is_ahead(&f), "a place that is later than all files is ahead");
	log_follow_close(&f);
	end();
}

/* Change a byte in the middle of the file's second member. */
static void damage(const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	struct gzip_member member;
	uint64_t at = 0, next = 0;

	gzip_member_after(fd, 1, &at, &member);
	gzip_member_after(fd, at + 1, &next, &member);
	file_write_at(fd, "damaged", 7, (at + next) / 2);
	close(fd);
}

static void test_damaged(void)
{
	struct log_follow f;
	struct got g = {0};

	begin();
	put_committed(MANY * 6);
	stream_rotate(&out);
	damage(FIRST);
	put_committed(10);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	is_int(g.troubles[LOG_TROUBLE_MEMBER], 1, "a damaged member is told once");
	ok(f.missing > 0 && g.records + f.missing >= MANY * 6 + 10 && g.last == mark,
	   "what it held is counted, what follows is given");
	struct log_place place = f.place;
	log_follow_close(&f);
	log_follow_open(&f, dir, LOG_SESSION, &place);
	g = (struct got){0};
	put_committed(3);
	drain(&f, &g);
	ok(g.records == 3 && troubles(&g) == 0, "the place behind it is as good as any");
	log_follow_close(&f);
	end();
}

static void put_line(const char *text, size_t len)
{
	stream_record(&out, START);
	stream_append(&out, text, len);
	stream_append(&out, "\n", 1);
}

static void test_lines(void)
{
	struct log_follow f;
	struct got g = {0};
	char *huge = malloc(LOG_LINE_MAX + 1);

	begin();
	put_committed(2);
	put_line("{\"v\":1,\"type\":\"session\"", 22);
	put_line("", 0);
	put_committed(2);
	memset(huge, 'x', LOG_LINE_MAX + 1);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	is_int(g.troubles[LOG_TROUBLE_LINE], 2, "lines that are no records are told");
	is_int(g.troubles[LOG_TROUBLE_MISSING], 1, "and missed");
	is_int(g.records, 4, "the others are given");
	put_line(huge, LOG_LINE_MAX + 1);
	put_committed(2);
	drain(&f, &g);
	is_int(g.troubles[LOG_TROUBLE_LONG], 1, "a line past LOG_LINE_MAX is told");
	is_int(g.records, 6, "and what follows in other members is given");
	free(huge);
	log_follow_close(&f);
	end();
}

static void test_torn(void)
{
	struct log_follow f;
	struct got g = {0};

	make_files(2);
	int fd = openat(dir, FIRST, O_RDWR | O_CLOEXEC);
	uint64_t size = 0;
	file_size(fd, &size);
	ok(ftruncate(fd, (off_t)size - 20) == 0, "a finished file is cut short");
	close(fd);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	is_int(g.troubles[LOG_TROUBLE_TORN], 1, "that it is torn is told once");
	ok(g.records == 19 && f.missing == 1,
	   "its whole lines and the next file are given, what was cut off is counted");
	log_follow_close(&f);
	end();
}

/* A crash: the live file loses its tail, and the next logger mends it. */
static void test_repaired(void)
{
	struct log_follow f;
	struct got g = {0};
	struct gzip_repair done;
	uint64_t size = 0;

	begin();
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	put_committed(10);
	int fd = openat(dir, FIRST ".part", O_RDWR | O_CLOEXEC);
	file_size(fd, &size);
	put_committed(10);
	drain(&f, &g);
	struct log_place place = f.place;
	ok(ftruncate(fd, (off_t)size + 5) == 0 && gzip_repair(fd, &done) == 0 &&
	       renameat(dir, FIRST ".part", dir, FIRST) == 0,
	   "a live file loses ten records and is mended");
	close(fd);
	out.seq = out.mark_seq = 10;
	out.state = STREAM_CLOSED;
	gzip_writer_fini(&out.gz);
	close(out.fd);
	put_committed(5);
	drain(&f, &g);
	ok(g.last == mark && g.troubles[LOG_TROUBLE_REWRITTEN] == 1,
	   "it is told, and what comes then is given");
	is_int(g.records, 20 + 10 + 5, "what was left is given again, for safety");
	log_follow_close(&f);
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, &place);
	drain(&f, &g);
	ok(g.records == 15 && g.troubles[LOG_TROUBLE_REWRITTEN] == 1,
	   "the same from a place that was kept before the crash");
	log_follow_close(&f);
	place.member = 7;
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, &place);
	drain(&f, &g);
	ok(g.records == 15 && g.troubles[LOG_TROUBLE_REWRITTEN] == 1,
	   "a place in which no member starts begins with the file");
	log_follow_close(&f);
	end();
}

static void test_abandoned(void)
{
	struct log_follow f;
	struct got g = {0};

	make_files(2);
	ok(renameat(dir, FIRST, dir, FIRST ".part") == 0, "a .part is left before other files");
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	ok(g.records == 20 && troubles(&g) == 0, "it holds nothing up");
	log_follow_close(&f);
	end();
}

static void test_unreadable(void)
{
	struct log_follow f;
	struct got g = {0};
	struct span line;

	make_files(3);
	/* root may read everything, but follows no link here either */
	ok(renameat(dir, SECOND, dir, "kept") == 0 && symlinkat("kept", dir, SECOND) == 0,
	   "a file cannot be opened");
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	ok(g.records == 10 && g.troubles[LOG_TROUBLE_UNREADABLE] == 3 && f.trouble.first == ELOOP,
	   "it is told at each try, and not passed over");
	is_str(f.trouble.file, SECOND, "by its name");
	unlinkat(dir, SECOND, 0);
	ok(renameat(dir, "kept", dir, SECOND) == 0, "it can be opened again");
	is_int(log_follow_next(&f, &line, NULL), 1, "then its records are given");
	log_follow_close(&f);

	ok(renameat(dir, SECOND, dir, "kept") == 0 && symlinkat("kept", dir, SECOND) == 0,
	   "and once more it cannot");
	g = (struct got){0};
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	ok(log_follow_pass(&f), "it can be given up");
	drain(&f, &g);
	ok(g.records == 20 && f.missing == 10, "and what it held is counted");
	log_follow_close(&f);
	end();
}

/* The last file is a folder: it can be opened, and not read. */
static void test_unreadable_last(void)
{
	struct log_follow f;
	struct got g = {0};

	make_files(2);
	ok(renameat(dir, SECOND, dir, "kept") == 0 && mkdirat(dir, SECOND, 0700) == 0,
	   "the last file cannot be read");
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	ok(g.records == 10 && g.troubles[LOG_TROUBLE_UNREADABLE] == 3 && f.trouble.first == EISDIR,
	   "it is told at each try");
	ok(!log_follow_pass(&f), "with nothing behind it, it is not given up");
	log_follow_close(&f);
	is_int(log_follow_open_now(&f, dir, LOG_SESSION), 0, "following begins from now beside it");
	g = (struct got){0};
	drain(&f, &g);
	ok(g.records == 0 && g.troubles[LOG_TROUBLE_UNREADABLE] == 3, "it is told then, too");
	put_committed(3);
	ok(log_follow_pass(&f), "once there is another file it can be given up");
	drain(&f, &g);
	is_int(g.records, 3, "and that one is read");
	log_follow_close(&f);
	unlinkat(dir, SECOND, AT_REMOVEDIR);
	end();
}

/* The folder cannot be read any more: it is not the file's fault. */
static void test_unreadable_folder(void)
{
	struct log_follow f;
	struct got g = {0};
	struct buf text;
	int none;

	make_files(2);
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	drain(&f, &g);
	f.dir = none = openat(dir, FIRST, O_RDONLY | O_CLOEXEC);
	drain(&f, &g);
	buf_init_heap(&text, 1000);
	log_trouble_text(&f.trouble, &text);
	buf_put_byte(&text, '\0');
	is_str((char *)text.data, "the log directory cannot be read: Not a directory",
	       "a folder that cannot be read is told as such");
	ok(!log_follow_pass(&f), "and nothing is given up for it");
	f.dir = dir;
	put_committed(4);
	drain(&f, &g);
	is_int(g.records, 24, "when it can be read again all goes on");
	buf_fini(&text);
	close(none);
	log_follow_close(&f);
	end();
}

static void test_now(void)
{
	struct log_follow f;
	struct got g = {0};

	make_files(2);
	put_committed(5);
	is_int(log_follow_open_now(&f, dir, LOG_SESSION), 0, "following begins from now");
	is_int(drain(&f, &g), 0, "what is there is passed over");
	is_int(g.records, 0, "all of it");
	struct pollfd p = {.fd = log_follow_fd(&f), .events = POLLIN};
	is_int(poll(&p, 1, 0), 0, "nothing is told while nothing happens");
	put_committed(2);
	is_int(poll(&p, 1, 10000), 1, "a write wakes who waits");
	drain(&f, &g);
	ok(g.records == 2 && troubles(&g) == 0, "what is new is given, and nothing is missed");
	log_follow_close(&f);
	begin();
	is_int(log_follow_open_now(&f, dir, LOG_SESSION), 0, "from now in an empty folder");
	put_committed(3);
	g = (struct got){0};
	drain(&f, &g);
	is_int(g.records, 3, "gives all");
	log_follow_close(&f);
	end();
}

static void test_limit(void)
{
	static uint8_t bytes[20000];
	unsigned wrong = 0;
	uint64_t limit;

	for (size_t at = 0; at + 4 <= sizeof bytes; at += 61) {
		memset(bytes, 'x', sizeof bytes);
		memcpy(bytes + at, "\x00\x00\xff\xff", 4);
		int fd = memory_file(bytes, sizeof bytes);
		wrong += log_follow_limit(fd, 0, sizeof bytes, &limit) != 0 || limit != at + 4;
		wrong += log_follow_limit(fd, at + 4, sizeof bytes, &limit) != 0 || limit != at + 4;
		close(fd);
	}
	is_int(wrong, 0, "the end of the last flush is found wherever it is");
}

static uint64_t seed = 1;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static bool seen[ROUNDS * 8], committed[ROUNDS * 8];
static uint64_t first_open; /* mark of the first record that is not committed */

static void note_commit(void)
{
	for (uint64_t m = first_open; m <= mark; m++)
		committed[m] = true;
	first_open = mark + 1;
}

static void follow_some(struct log_follow *f, struct log_place *kept)
{
	struct span line;
	unsigned n = chance(40);
	int rc;

	while (n-- > 0 && (rc = log_follow_next(f, &line, NULL)) != 0) {
		if (rc == 1)
			seen[mark_of(f)] = true;
		if (chance(9) == 0)
			*kept = f->place;
	}
}

/* Something happens to the stream, or to who follows it. */
static void happen(struct log_follow *f, struct log_place *kept)
{
	unsigned what = chance(20);

	for (unsigned i = chance(8); i > 0; i--)
		put();
	stream_flush(&out, false);
	if (what < 3) {
		follow_some(f, kept);
		stream_undo(&out);
		first_open = mark + 1;
		return;
	}
	stream_commit(&out);
	note_commit();
	if (what == 3)
		stream_rotate(&out);
	if (what == 4) {
		log_follow_close(f);
		log_follow_open(f, dir, LOG_SESSION, kept->file[0] ? kept : NULL);
	}
}

static void test_chance(void)
{
	struct log_place kept = {0};
	struct log_follow f;
	struct got g = {0};
	unsigned lost = 0, total = 0;

	begin();
	mark = 0;
	first_open = 1;
	log_follow_open(&f, dir, LOG_SESSION, NULL);
	for (unsigned round = 0; round < ROUNDS; round++) {
		happen(&f, &kept);
		follow_some(&f, &kept);
	}
	stream_mend(&out);
	while (f.place.seq != 0 && g.last != mark) {
		uint64_t before = f.records;
		for (int i = 0; i < 100; i++)
			follow_some(&f, &kept);
		if (f.records == before)
			break;
	}
	for (uint64_t m = 1; m <= mark; m++) {
		total += committed[m];
		lost += committed[m] && !seen[m];
	}
	ok(total > ROUNDS && lost == 0,
	   "whatever is undone, rotated and resumed, each committed record is given");
	printf("# %u records, %u lost\n", total, lost);
	log_follow_close(&f);
	end();
}

int main(void)
{
	char command[64];

	if (mkdtemp(folder) == NULL)
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_files();
	test_uncommitted();
	test_resume();
	test_each_byte();
	test_undone();
	test_undone_all();
	test_removed();
	test_removed_after();
	test_anew();
	test_damaged();
	test_lines();
	test_torn();
	test_repaired();
	test_abandoned();
	test_unreadable();
	test_unreadable_last();
	test_unreadable_folder();
	test_now();
	test_limit();
	test_chance();
	close(dir);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) != 0 ? 1 : tap_done();
}
