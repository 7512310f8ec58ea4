/*
 * What is known of stored messages over restarts, removed files and disks that fail: every record
 * that is there leads to its bytes.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include "../lib-c/failing_disk.h"
#include "../lib-c/slow_clock.h"
#include "../lib-c/unique_lab.h"
#include "../tap.h"

/* ---- restarts ---- */

#define MANY (INDEX + 5)

static size_t size_of(uint32_t n)
{
	return n == 12 ? LONG : 500;
}

/* More messages than are known, in several files, and a copy. */
static void many(struct lab *lab)
{
	for (uint32_t n = 0; n < MANY; n++) {
		send_text(lab, n, n, n, size_of(n));
		if (n % 10 == 9)
			store_rotate(&lab->store);
	}
	send_text(lab, 50, 9, 9, 500);
	store_commit(&lab->store);
}

static void test_restart(enum conf_store store, bool in_order)
{
	struct lab lab;
	bool newest = true;

	prepare(&lab, store);
	run_first(&lab, many, in_order);
	begin_again(&lab);
	is_int((int64_t)lab.ack->store_index, INDEX,
	       "as many as there is room for are known again");
	for (uint32_t n = MANY; n-- > 0;)
		send_text(&lab, 100 + n, n, n, size_of(n));
	store_commit(&lab.store);
	struct found f = look(&lab);
	for (uint32_t n = 0; n < MANY; n++)
		newest = newest && f.copy_of[100 + n] == (n < MANY - INDEX ? 0 : n + 1);
	ok(f.wrong == 0 && newest && f.records == 2 * MANY + 1,
	   "after a restart the newest are known, and lead to their bytes");
	finish(&lab);
}

/* There is no end to how long a log may be. */
static void test_slow(void)
{
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	run_first(&lab, many, true);
	lab_start(&lab);
	unique_load(&lab.store.unique, 0);
	is_int((int64_t)lab.ack->store_index, 0,
	       "when the time is over, what was not read is not known");
	lab_hello(&lab, 1);
	send_text(&lab, 1, 1, 1, 500);
	store_commit(&lab.store);
	is_int(answer(&lab, 1), ACK_STORED, "and messages are taken all the same");
	finish(&lab);
}

/* Each in a mail file of its own, as messages are that are longer than rotate-size. */
static void apart(struct lab *lab)
{
	for (uint32_t n = 0; n < INDEX; n++) {
		send_text(lab, n, n, n, 500);
		store_commit(&lab->store);
		if (stream_rotate(&lab->store.stream[LOG_MAIL]) < 0)
			_exit(1);
	}
}

static void test_slow_files(void)
{
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	ok(run_first(&lab, apart, true), "many mail files are written");
	lab_start(&lab);
	look_takes = UNIQUE_LOAD_US / 5;
	unique_load(&lab.store.unique, UNIQUE_LOAD_US);
	look_takes = 0;
	ok(lab.ack->store_index > 0 && lab.ack->store_index < 6,
	   "each mail file counts in the time that reading may take");
	finish(&lab);
}

/* The log directory cannot be listed: a descriptor is left for it, and none to read it by. */
static void test_unlisted(void)
{
	struct rlimit limit;
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	lab_start(&lab);
	int next = dup(lab.dir);
	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next + 1, limit.rlim_max});
	unique_load(&lab.store.unique, UNIQUE_LOAD_US);
	setrlimit(RLIMIT_NOFILE, &limit);
	int after = dup(lab.dir);
	is_int(after, next, "a directory that cannot be listed leaves no descriptor open");
	close(after);
	finish(&lab);
}

static void one(struct lab *lab)
{
	send_text(lab, 0, 0, 0, 100000);
	send_text(lab, 1, 1, 1, 100000);
	store_commit(&lab->store);
}

/* Do something to the mail file that a logger left behind. */
static void change_mail(const struct lab *lab, bool remove)
{
	char path[256];
	struct log_dir d;
	struct stat st;

	if (log_dir_open(&d, lab->path) != 0)
		lab_die(lab->path);
	for (size_t i = 0; i < d.count; i++) {
		char name[LOG_NAME_MAX];

		if (d.names[i].stream != LOG_MAIL || log_name_format(&d.names[i], name) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", lab->path, name);
		if (remove ? unlink(path) < 0
			   : stat(path, &st) < 0 || truncate(path, st.st_size * 9 / 10) < 0)
			lab_die(path);
	}
	log_dir_close(&d);
}

/* As after a power cut, with durability none: the records are on disk, the mail is not. */
static void test_cut(void)
{
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	lab.conf.log.durability = CONF_DURABILITY_NONE;
	run_first(&lab, one, false);
	change_mail(&lab, false);
	begin_again(&lab);
	is_int((int64_t)lab.ack->store_index, 1, "what the mail file has no more is not known");
	send_text(&lab, 2, 0, 0, 100000);
	send_text(&lab, 3, 1, 1, 100000);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.copy_of[2] == 1 && f.copy_of[3] == 0 && f.copies == 1,
	   "and is stored anew, unlike what is there");
	finish(&lab);
}

/* With durability none; it ends between the last write to the mail file and the sync. */
static void ended_unsynced(struct lab *lab)
{
	one(lab);
	failures(2, 1, true);
	stream_rotate(&lab->store.stream[LOG_MAIL]);
	_exit(1);
}

/* Copies will refer to what that logger left, and be acknowledged. */
static void test_synced(void)
{
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	lab.conf.log.durability = CONF_DURABILITY_NONE;
	ok(run_first(&lab, ended_unsynced, false), "a logger ends before the mail file is synced");
	syncs = 0;
	begin_again(&lab);
	is_int(syncs, 3, "the next one syncs records, mail and folder");
	is_int((int64_t)lab.ack->store_index, 2, "and knows what stands there");
	finish(&lab);
}

static void test_gone(bool restart)
{
	struct lab lab;

	prepare(&lab, CONF_STORE_UNIQUE);
	if (restart) {
		run_first(&lab, one, true);
		change_mail(&lab, true);
		begin_again(&lab);
	} else {
		begin_again(&lab);
		one(&lab);
		store_rotate(&lab.store);
		change_mail(&lab, true);
	}
	send_text(&lab, 2, 0, 0, 100000);
	send_text(&lab, 3, 0, 0, 100000);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.copy_of[2] == 0 && f.copy_of[3] == 3,
	   "what stood in a file that was removed is stored anew, and known again (%d)", restart);
	finish(&lab);
}

/* ---- a disk that fails ---- */

#define TRAFFIC 12

/* Short and long messages, most of them copies; in the middle all files are finished. */
static void traffic(struct lab *lab)
{
	for (uint32_t i = 0; i < TRAFFIC; i++) {
		send_text(lab, i, i % 2, i % 4, i % 4 == 3 ? LONG : 2000);
		if (i % 3 == 2)
			store_commit(&lab->store);
		if (i == 5)
			store_rotate(&lab->store);
		if (i == 8)
			store_tick(&lab->store);
	}
	store_commit(&lab->store);
}

/* Was everything that was acknowledged found? */
static bool promise_kept(const struct lab *lab, const struct found *f)
{
	unsigned stored = 0;

	for (uint32_t i = 0; i < TRAFFIC; i++)
		stored += answer(lab, i) == ACK_STORED;
	return f->wrong == 0 && f->records >= stored;
}

static void test_failing_call(unsigned n, unsigned times)
{
	struct lab lab;

	no_failures();
	begin(&lab, n % 2 ? CONF_STORE_UNIQUE : CONF_STORE_UNIQUE_BODY);
	failures(n, times, false);
	traffic(&lab);
	no_failures();
	lab.store.failed_at_us = 0;
	store_tick(&lab.store);
	for (uint32_t i = 0; i < 4; i++) {
		send_text(&lab, 20 + i, i % 2, i, i == 3 ? LONG : 2000);
		store_commit(&lab.store);
	}
	struct found f = look(&lab);
	ok(promise_kept(&lab, &f) && answer(&lab, 23) == ACK_STORED,
	   "%u failing calls from number %u on: every copy leads to its bytes", times, n);
	is_int((int64_t)lab.ack->copies, f.copies, "and copies that are stored are counted");
	finish(&lab);
}

static unsigned crash_at;

static void crashing(struct lab *lab)
{
	failures(crash_at, 1, true);
	traffic(lab);
}

static void test_crash(unsigned n)
{
	struct lab lab;

	no_failures();
	prepare(&lab, n % 2 ? CONF_STORE_UNIQUE_BODY : CONF_STORE_UNIQUE);
	crash_at = n;
	bool ended = run_first(&lab, crashing, false);
	begin_again(&lab);
	struct found before = look(&lab);
	bool kept = promise_kept(&lab, &before);
	for (uint32_t i = 0; i < 4; i++)
		send_text(&lab, 20 + i, i % 2, i, i == 3 ? LONG : 2000);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(ended && kept && f.wrong == 0 && f.records == before.records + 4,
	   "a crash at call %u: nothing acknowledged is lost, and copies lead to their bytes", n);
	finish(&lab);
}

static void test_failures(void)
{
	struct lab lab;

	no_failures();
	begin(&lab, CONF_STORE_UNIQUE);
	calls = 0;
	traffic(&lab);
	unsigned all = calls;
	struct found f = look(&lab);
	ok(f.records == TRAFFIC && f.copies == TRAFFIC - 4 && f.wrong == 0,
	   "%u system calls are made when none fails", all);
	finish(&lab);
	each_failure(all, test_failing_call, test_crash);
}
/* With durability none a batch is under way between two turns; a reload comes there, then the disk
 * fails. */
static void test_settings_before_failure(void)
{
	struct lab lab;

	no_failures();
	prepare(&lab, CONF_STORE_UNIQUE);
	lab.conf.log.durability = CONF_DURABILITY_NONE;
	begin_again(&lab);
	send_text(&lab, 0, 0, 0, 500);
	settings(&lab, CONF_STORE_UNIQUE, INDEX + 1);
	failures(1, 7, false);
	store_commit(&lab.store);
	no_failures();
	lab.store.failed_at_us = 0;
	store_tick(&lab.store);
	send_text(&lab, 1, 1, 1, 500);
	send_text(&lab, 2, 0, 0, 500);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.records == 2 && f.copies == 0 && f.wrong == 0,
	   "another store-index does not make known what was taken back");
	finish(&lab);
}

/* There is no memory for more than `most` bytes of one buffer; the message must not be stored cut. */
static void test_memory(struct lab *lab, struct buf *b, size_t most, const char *what)
{
	size_t max = b->max;

	b->max = most;
	send_text(lab, 0, 0, 0, 20000);
	store_commit(&lab->store);
	b->max = max;
	lab->store.failed_at_us = 0;
	store_tick(&lab->store);
	send_text(lab, 1, 0, 0, 20000);
	store_commit(&lab->store);
	struct found f = look(lab);
	ok(answer(lab, 0) == ACK_FAILED && answer(lab, 1) == ACK_STORED && f.records == 1 &&
	       f.copies == 0 && f.wrong == 0,
	   "without memory for %s the message is refused, and not known", what);
}

static void test_no_memory(void)
{
	struct lab lab;

	begin(&lab, CONF_STORE_UNIQUE);
	test_memory(&lab, &lab.store.unique.held, 10000, "its bytes");
	finish(&lab);
	begin(&lab, CONF_STORE_UNIQUE);
	test_memory(&lab, &lab.store.trace, 10, "its trace header");
	finish(&lab);
	begin(&lab, CONF_STORE_UNIQUE);
	test_memory(&lab, &lab.store.fields, 200, "its fields");
	finish(&lab);
}

int main(void)
{
	if (freopen("/dev/null", "w", stderr) == NULL) /* the logger's own complaints */
		return 99;
	for (int i = 0; i < 4; i++)
		test_restart(i / 2 ? CONF_STORE_UNIQUE_BODY : CONF_STORE_UNIQUE, i % 2);
	test_slow();
	test_slow_files();
	test_unlisted();
	test_cut();
	test_synced();
	test_gone(false);
	test_gone(true);
	test_failures();
	test_settings_before_failure();
	test_no_memory();
	return tap_done();
}
