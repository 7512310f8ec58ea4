/*
 * Copies are stored once, whatever workers say and whatever the disk does: every record that is
 * there leads to its bytes.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../src/smtptrap/mail_whole.h"
#include "../lib-c/failing_disk.h"
#include "../lib-c/intake_lab.h"
#include "../tap.h"

#define INDEX 20
#define LONG (UNIQUE_HELD_MAX + 10000) /* is written before it is known to be a copy */

static void prepare(struct lab *lab, enum conf_store store)
{
	lab_prepare(lab);
	lab->conf.log.store = store;
	lab->conf.log.store_index = INDEX;
}

/* The logger starts, with what stands in the directory. */
static void begin_again(struct lab *lab)
{
	lab_start(lab);
	unique_load(&lab->store.unique, UNIQUE_LOAD_US);
	for (uint32_t slot = 0; slot < LAB_SLOTS; slot++)
		lab_hello(lab, slot);
}

static void begin(struct lab *lab, enum conf_store store)
{
	prepare(lab, store);
	begin_again(lab);
}

static void finish(struct lab *lab)
{
	store_rotate(&lab->store);
	lab_stop(lab);
	lab_remove(lab);
}

/* What the records say. */
struct found {
	unsigned records, copies, wrong; /* wrong: does not lead to bytes with its digest */
	uint64_t stored;                 /* bytes behind trace headers in the mail stream */
	unsigned copy_of[1024];          /* by number: that of the first + 1, 0: no copy */
};

/* Read the message that a record tells of. */
static void look_at(struct found *f, struct mail_whole *w, const struct message_info *info)
{
	struct mail_check check;
	struct mail_head head;
	const uint8_t *bytes;
	const char *wrong = mail_whole_find(w, info, &head);
	size_t len;

	f->records++;
	f->copies += info->is_copy;
	if (info->is_copy)
		f->copy_of[lab_number(info->head.id)] = lab_number(info->copy.id) + 1;
	if (mail_check_begin(&check) != NULL)
		lab_die("digest");
	while (wrong == NULL && mail_whole_data(w, &bytes, &len, &wrong) == 1)
		mail_check_data(&check, bytes, len);
	const char *mismatch = mail_check_end(&check, info, wrong == NULL ? head.size : 0);
	if (wrong != NULL || mismatch != NULL) {
		printf("# %s\n", wrong != NULL ? wrong : mismatch);
		f->wrong++;
	}
}

static void look_at_lines(struct found *f, struct mail_whole *w, int fd)
{
	struct message_info info;
	struct log_reader r;
	const uint8_t *line;
	size_t len;

	if (log_reader_open(&r, fd, 0) != 0)
		lab_die("log_reader_open");
	while (log_reader_next(&r, &line, &len) == 1)
		if (message_info_read(line, len, &info) == 0 && info.has_mail)
			look_at(f, w, &info);
	log_reader_close(&r);
}

static void add_stored(struct found *f, int fd)
{
	struct mail_reader r;
	struct mail_head head;

	if (mail_reader_open(&r, fd, 0, 0) != 0)
		lab_die("mail_reader_open");
	while (mail_reader_head(&r, &head) == 1)
		f->stored += head.size;
	mail_reader_close(&r);
}

static struct found look(const struct lab *lab)
{
	struct found f = {0};
	struct mail_whole w;
	struct log_dir d;

	if (log_dir_open(&d, lab->path) != 0)
		lab_die(lab->path);
	mail_whole_init(&w, &d);
	for (size_t i = 0; i < d.count; i++) {
		int fd = -1;

		if (log_dir_open_file(&d, &d.names[i], &fd) != 0)
			lab_die(lab->path);
		if (d.names[i].stream == LOG_MESSAGE)
			look_at_lines(&f, &w, fd);
		else if (d.names[i].stream == LOG_MAIL)
			add_stored(&f, fd);
		close(fd);
	}
	mail_whole_fini(&w);
	log_dir_close(&d);
	return f;
}

/* ---- messages ---- */

/* So many bytes with a header; the same body for the same number of it. */
static uint8_t *text(uint32_t header, uint32_t body, size_t size)
{
	uint8_t *data = malloc(size + 64);
	int at = snprintf((char *)data, 64, "Subject: %05u\r\n\r\n%05u", header, body);

	for (size_t i = (size_t)at; i < size; i++)
		data[i] = lab_byte(body, i);
	return data;
}

static void send_text(struct lab *lab, uint32_t number, uint32_t header, uint32_t body, size_t size)
{
	uint8_t *data = text(header, body, size);
	struct lab_message m;

	lab_message_of(&m, number, data, size);
	lab_send(lab, number % LAB_SLOTS, number + 1, &m.bytes);
	buf_fini(&m.bytes);
	free(data);
}

static int answer(const struct lab *lab, uint32_t number)
{
	return lab_word(lab, number % LAB_SLOTS, number + 1);
}

static void test_once(void)
{
	static const size_t sizes[] = {
	    17, 18, 3000, UNIQUE_HELD_MAX - 1000, UNIQUE_HELD_MAX, UNIQUE_HELD_MAX + 1, 500000};
	struct lab lab;

	for (int store = CONF_STORE_UNIQUE; store <= CONF_STORE_UNIQUE_BODY; store++) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			uint64_t own = store == CONF_STORE_UNIQUE ? 0 : 18;

			begin(&lab, (enum conf_store)store);
			for (uint32_t n = 0; n < 6; n++) {
				send_text(&lab, n, 0, 1, sizes[i]);
				if (n == 3)
					store_commit(&lab.store);
			}
			store_commit(&lab.store);
			struct found f = look(&lab);
			/* a header alone has no body that could be another's */
			bool empty = store == CONF_STORE_UNIQUE_BODY && sizes[i] <= own;
			ok(f.records == 6 && f.wrong == 0 && f.copies == (empty ? 0 : 5) &&
			       f.stored == (empty ? 6 * sizes[i] : sizes[i] + 5 * own),
			   "store %d: six times %zu bytes are stored once", store, sizes[i]);
			is_int((int64_t)lab.ack->copies, f.copies, "and counted");
			finish(&lab);
		}
	}
}

static void test_differ(void)
{
	struct lab lab;

	begin(&lab, CONF_STORE_UNIQUE);
	for (uint32_t n = 0; n < 10; n++)
		send_text(&lab, n, n, n, n % 2 ? LONG : 2000);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.records == 10 && f.copies == 0 && f.wrong == 0, "messages that differ are all stored");
	finish(&lab);
	begin(&lab, CONF_STORE_UNIQUE_BODY);
	for (uint32_t n = 0; n < 10; n++)
		send_text(&lab, n, n, n % 2, n % 2 ? LONG : 2000);
	store_commit(&lab.store);
	f = look(&lab);
	ok(f.records == 10 && f.copies == 8 && f.wrong == 0,
	   "of two bodies under ten headers each is stored once");
	is_int(f.copy_of[9], 2, "and a copy names the first");
	finish(&lab);
}

static void test_empty(void)
{
	struct lab lab;

	for (int store = CONF_STORE_UNIQUE; store <= CONF_STORE_UNIQUE_BODY; store++) {
		begin(&lab, (enum conf_store)store);
		for (uint32_t n = 0; n < 3; n++)
			send_text(&lab, n, 0, 0, 0);
		store_commit(&lab.store);
		struct found f = look(&lab);
		ok(f.records == 3 && f.copies == 0 && f.wrong == 0, "empty messages are no copies");
		finish(&lab);
	}
}

/* A header as long as is looked for its end, and one byte more. */
static void test_long_header(void)
{
	static const char before[] = "A: ";
	struct lab lab;

	for (size_t past = 0; past < 2; past++) {
		size_t header = MAIL_HEADER_SCAN_MAX + past, size = header + 100000;
		uint8_t *data = malloc(size);
		struct lab_message m;

		memset(data, 'x', size);
		memcpy(data, before, sizeof before - 1);
		memcpy(data + header - 4, "\r\n\r\n", 4);
		begin(&lab, CONF_STORE_UNIQUE_BODY);
		for (uint32_t n = 0; n < 2; n++) {
			lab_message_of(&m, n, data, size);
			lab_send(&lab, n, n + 1, &m.bytes);
			buf_fini(&m.bytes);
		}
		store_commit(&lab.store);
		struct found f = look(&lab);
		ok(f.records == 2 && f.wrong == 0 && f.copies == (past ? 0 : 1),
		   "a header of %zu bytes %s", header,
		   past ? "has no body behind it" : "is a copy's own");
		finish(&lab);
		free(data);
	}
}

/* ---- workers that lie ---- */

/* What a worker can say wrongly of a message. */
enum lie { LIE_DIGEST, LIE_NO_DIGEST, LIE_ID, LIE_COUNT };

static void send_lie(struct lab *lab, uint32_t number, enum lie lie)
{
	uint8_t *victim = text(0, 1, 2000), digest[DIGEST_SHA256], *at;
	struct lab_message m;
	uint8_t *other = text(0, 2, 2000);

	lab_message_of(&m, number, lie == LIE_ID ? victim : other, 2000);
	uint8_t *fields = m.bytes.data + sizeof m.sizes;
	if (digest_sha256(lie == LIE_ID ? victim : other, 2000, digest) != 0)
		lab_die("digest");
	at = memmem(fields, m.sizes.fields_len, digest, sizeof digest);
	if (lie == LIE_DIGEST && digest_sha256(victim, 2000, at) != 0)
		lab_die("digest");
	if (lie == LIE_NO_DIGEST) { /* the field before the digest tells another field */
		uint16_t field = FIELD_JA3;
		memcpy(at - 6, &field, sizeof field);
	}
	if (lie == LIE_ID)
		lab_id(999, (uint8_t *)memmem(fields, m.sizes.fields_len, "\0\0\0\0\0\0\x70", 7));
	lab_send(lab, number % LAB_SLOTS, number + 1, &m.bytes);
	buf_fini(&m.bytes);
	free(victim);
	free(other);
}

static void test_lies(void)
{
	static const char *const titles[LIE_COUNT] = {
	    [LIE_DIGEST] = "another message's SHA-256",
	    [LIE_NO_DIGEST] = "no SHA-256",
	    [LIE_ID] = "another id",
	};
	struct lab lab;

	for (int lie = 0; lie < LIE_COUNT; lie++) {
		begin(&lab, CONF_STORE_UNIQUE);
		send_lie(&lab, 0, (enum lie)lie);
		send_text(&lab, 1, 0, 1, 2000);
		send_text(&lab, 2, 0, 1, 2000);
		store_commit(&lab.store);
		struct found f = look(&lab);
		ok(answer(&lab, 0) == ACK_STORED && answer(&lab, 2) == ACK_STORED &&
		       f.copies == 1 && f.copy_of[2] == 2,
		   "a worker that says %s of a message: no copy is taken for it", titles[lie]);
		is_int((int64_t)store_index_count(&lab.store.unique.index), 1,
		       "and it is not known");
		finish(&lab);
	}
}

static void test_claims(void)
{
	static const enum record_field fields[] = {
	    FIELD_UNIQUE_FROM, FIELD_COPY_OFFSET, FIELD_COPY_MEMBER, FIELD_COPY_MEMBER_SKIP,
	    FIELD_COPY_FROM,   FIELD_COPY_OF,     FIELD_COPY_FILE};
	uint8_t id[UUID_BYTES] = {0};
	struct lab lab;

	begin(&lab, CONF_STORE_UNIQUE);
	for (uint32_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct lab_message m;
		struct buf b;

		lab_message(&m, i, 100);
		buf_init_heap(&b, 1 << 20);
		size_t head = sizeof m.sizes + m.sizes.fields_len;
		buf_put(&b, m.bytes.data, head);
		if (fields[i] == FIELD_COPY_OF)
			record_put_uuid(&b, fields[i], id);
		else if (fields[i] == FIELD_COPY_FILE)
			record_put_text(&b, fields[i], "mail");
		else
			record_put_u64(&b, fields[i], 0);
		m.sizes.fields_len = (uint32_t)(b.len - sizeof m.sizes);
		buf_put(&b, m.bytes.data + head, m.bytes.len - head);
		memcpy(b.data, &m.sizes, sizeof m.sizes);
		lab_send(&lab, i, i + 1, &b);
		is_int(answer(&lab, i), ACK_FAILED,
		       "a worker may not say what only the logger knows");
		buf_fini(&b);
		buf_fini(&m.bytes);
	}
	finish(&lab);
}

/* ---- bounds, settings, restarts ---- */

static void test_bound(void)
{
	struct lab lab;

	begin(&lab, CONF_STORE_UNIQUE);
	for (uint32_t n = 0; n < INDEX + 1; n++)
		send_text(&lab, n, n, n, 500);
	send_text(&lab, 100, 1, 1, 500);
	send_text(&lab, 101, 0, 0, 500);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.copy_of[100] == 2 && f.copies == 1 && f.wrong == 0,
	   "past store-index the oldest is forgotten and stored anew");
	is_int((int64_t)lab.ack->store_index, INDEX, "the board says how many are known");
	finish(&lab);
}

static void settings(struct lab *lab, enum conf_store store, uint32_t index)
{
	lab->conf.log.store = store;
	lab->conf.log.store_index = index;
	unique_configure(&lab->store.unique);
}

static void test_settings(void)
{
	struct lab lab;

	begin(&lab, CONF_STORE_ALL);
	send_text(&lab, 0, 0, 1, 500);
	send_text(&lab, 1, 0, 1, 500);
	settings(&lab, CONF_STORE_UNIQUE, 10);
	send_text(&lab, 2, 0, 1, 500);
	send_text(&lab, 3, 0, 1, 500);
	settings(&lab, CONF_STORE_UNIQUE, 2);
	send_text(&lab, 4, 0, 1, 500);
	settings(&lab, CONF_STORE_UNIQUE_BODY, 2);
	send_text(&lab, 5, 7, 1, 500);
	send_text(&lab, 6, 8, 1, 500);
	settings(&lab, CONF_STORE_ALL, 2);
	send_text(&lab, 7, 8, 1, 500);
	store_commit(&lab.store);
	struct found f = look(&lab);
	ok(f.records == 8 && f.wrong == 0 && f.copies == 3,
	   "settings hold from the next message on");
	ok(f.copy_of[3] == 3 && f.copy_of[4] == 3 && f.copy_of[6] == 6,
	   "and what is known stays known");
	finish(&lab);
}

static void test_settings_inside(void)
{
	uint8_t *data = text(0, 1, LONG);
	struct lab_message m;
	struct lab lab;

	for (int to = CONF_STORE_ALL; to <= CONF_STORE_UNIQUE_BODY; to++) {
		begin(&lab, CONF_STORE_UNIQUE);
		send_text(&lab, 0, 0, 1, LONG);
		lab_message_of(&m, 1, data, LONG);
		lab_request(&lab, 1, 2, m.bytes.len);
		lab_piece(&lab, 1, 2, FRAME_MESSAGE, &m.bytes, 0,
			  100000 / FRAME_PAYLOAD_MAX * FRAME_PAYLOAD_MAX);
		settings(&lab, (enum conf_store)to, 5);
		lab_piece(&lab, 1, 2, FRAME_MESSAGE, &m.bytes,
			  100000 / FRAME_PAYLOAD_MAX * FRAME_PAYLOAD_MAX, m.bytes.len);
		store_commit(&lab.store);
		struct found f = look(&lab);
		ok(f.records == 2 && f.wrong == 0 && answer(&lab, 1) == ACK_STORED,
		   "other settings in the middle of a message do it no harm");
		buf_fini(&m.bytes);
		finish(&lab);
	}
	free(data);
}

/* A logger works in a process of its own, and ends in order or not. */
static bool run_first(struct lab *lab, void (*work)(struct lab *lab), bool in_order)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		begin_again(lab);
		work(lab);
		if (in_order)
			store_rotate(&lab->store);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

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
			   : stat(path, &st) < 0 || truncate(path, st.st_size * 2 / 3) < 0)
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

int main(void)
{
	if (freopen("/dev/null", "w", stderr) == NULL) /* the logger's own complaints */
		return 99;
	test_once();
	test_differ();
	test_empty();
	test_long_header();
	test_lies();
	test_claims();
	test_bound();
	test_settings();
	test_settings_inside();
	for (int i = 0; i < 4; i++)
		test_restart(i / 2 ? CONF_STORE_UNIQUE_BODY : CONF_STORE_UNIQUE, i % 2);
	test_slow();
	test_cut();
	test_gone(false);
	test_gone(true);
	test_failures();
	return tap_done();
}
