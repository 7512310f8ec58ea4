/*
 * The logger's side of the memory of addresses: which lessons of a worker it takes, and how the
 * memory outlives it.
 */
#include <sys/stat.h>

#include "../lib-c/intake_lab.h"
#include "../tap.h"
#include "address_state.h"
#include "clock.h"

static void ip_number(uint32_t n, uint8_t ip_r[IP_BYTES])
{
	memset(ip_r, 0, IP_BYTES);
	ip_r[10] = ip_r[11] = 0xff;
	for (int i = 0; i < 4; i++)
		ip_r[12 + i] = (uint8_t)(n >> (24 - 8 * i));
}

/* How many failures are remembered of an address. */
static unsigned failures(const struct lab *lab, uint32_t ip)
{
	struct address_entry e;
	uint8_t bytes[IP_BYTES];

	ip_number(ip, bytes);
	return address_get(lab->table, address_key(bytes), &e) ? e.tls_failures : 0;
}

/* ---- lessons ---- */

static void teach(struct lab *lab, uint32_t slot, uint32_t session, uint32_t ip)
{
	struct summary s = {.tls = SUMMARY_TLS_FAILED};

	lab_id(session, s.session);
	ip_number(ip, s.ip);
	lab_frame(lab, lab_head(slot, 1, FRAME_SUMMARY, FRAME_FIRST | FRAME_LAST), &s, sizeof s);
}

static void record(struct lab *lab, uint32_t slot, uint32_t session, uint32_t ip)
{
	uint8_t memory[256], bytes[IP_BYTES];
	struct buf b;

	buf_init(&b, memory, sizeof memory);
	lab_fields(&b, session);
	ip_number(ip, bytes);
	record_put_ip(&b, FIELD_CLIENT_IP, bytes);
	lab_frame(lab, lab_head(slot, 2, FRAME_SESSION, FRAME_FIRST | FRAME_LAST), b.data, b.len);
}

static void begin(struct lab *lab)
{
	lab_prepare(lab);
	lab_open(lab);
	lab_hello(lab, 1);
	lab_hello(lab, 2);
}

static void end(struct lab *lab)
{
	lab_stop(lab);
	lab_remove(lab);
}

static void test_one_a_session(void)
{
	struct lab lab;

	begin(&lab);
	teach(&lab, 1, 1, 100);
	is_int(failures(&lab, 100), 1, "a worker's lesson is learnt");
	is_int((int64_t)lab.ack->addresses, 1, "and its address counted");
	teach(&lab, 1, 1, 101);
	is_int(failures(&lab, 101), 0, "a second one of the same session is not");
	is_int((int64_t)lab.ack->summaries_refused, 1, "but counted as refused");
	record(&lab, 1, 1, 100);
	teach(&lab, 1, 2, 100);
	is_int(failures(&lab, 100), 2, "after the session's record the next one is");
	teach(&lab, 3, 1, 102);
	is_int(failures(&lab, 102), 0, "a slot without a worker teaches nothing");
	is_int((int64_t)lab.ack->bad_frames, 1, "that is a bad frame");
	lab_hello(&lab, 1);
	teach(&lab, 1, 3, 102);
	is_int(failures(&lab, 102), 1, "a new worker of the slot begins anew");
	end(&lab);
}

static void test_liar(void)
{
	struct lab lab;

	begin(&lab);
	teach(&lab, 1, 1, 100);
	record(&lab, 1, 1, 666);
	teach(&lab, 1, 2, 101);
	is_int(failures(&lab, 101), 0, "whose record names another client teaches no more");
	record(&lab, 1, 2, 101);
	teach(&lab, 1, 3, 101);
	is_int(failures(&lab, 101), 0, "also after another record");
	teach(&lab, 2, 1, 102);
	record(&lab, 2, 9, 102);
	teach(&lab, 2, 2, 103);
	is_int(failures(&lab, 103), 0, "nor does one whose record is of another session");
	lab_hello(&lab, 2);
	teach(&lab, 2, 3, 103);
	is_int(failures(&lab, 103), 1, "until another worker has its slot");
	end(&lab);
}

static uint32_t spoken; /* sessions of test_rate() */

/* A worker that does nothing else, for as many seconds: how many lessons were learnt. */
static uint64_t taught_in(struct lab *lab, unsigned seconds)
{
	uint64_t refused = lab->ack->summaries_refused, sent = 0;

	for (unsigned tick = 0; tick < 2 * seconds + 1; tick++) {
		for (int i = 0; i < 200; i++) {
			uint32_t session = ++spoken;

			teach(lab, 1, session, session);
			record(lab, 1, session, session);
			sent++;
		}
		intake_tick(&lab->intake);
	}
	return sent - (lab->ack->summaries_refused - refused);
}

static void test_rate(void)
{
	struct lab lab;

	begin(&lab);
	is_int((int64_t)taught_in(&lab, 0), LESSONS_AT_ONCE,
	       "at once no more than the limit is learnt");
	is_int((int64_t)taught_in(&lab, 0), LESSONS_A_TICK, "half a second later a little more");
	is_int((int64_t)taught_in(&lab, 60), LAB_SESSIONS - LESSONS_AT_ONCE - LESSONS_A_TICK,
	       "in all no more than the worker may serve sessions");
	lab_hello(&lab, 1);
	taught_in(&lab, 0);
	lab_hello(&lab, 1);
	is_int((int64_t)taught_in(&lab, 0), LESSONS_A_TICK,
	       "the next worker of the slot has as many, but no new start");
	ok(lab.ack->addresses <= LAB_ADDRESSES + ADDRESS_WAYS, "the table has not grown");
	end(&lab);
}

static void test_bad_frames(void)
{
	struct lab lab;
	uint8_t bytes[sizeof(struct summary) + 1] = {0};

	begin(&lab);
	for (size_t len = 0; len <= sizeof bytes; len++)
		lab_frame(&lab, lab_head(1, 1, FRAME_SUMMARY, FRAME_FIRST | FRAME_LAST), bytes,
			  len);
	is_int((int64_t)lab.ack->bad_frames, sizeof bytes + 1,
	       "summaries of any length that say nothing are bad frames");
	lab_request(&lab, 1, 7, 5000);
	struct summary s = {.tls = SUMMARY_TLS_FAILED};
	lab_frame(&lab, lab_head(1, 7, FRAME_SUMMARY, FRAME_FIRST | FRAME_LAST), &s, sizeof s);
	is_int((int64_t)lab.ack->bad_frames, sizeof bytes + 2,
	       "so is one in the middle of a record");
	end(&lab);
}

/* ---- sessions without a record ---- */

static void speak(struct lab *lab, uint32_t session, enum summary_yakker what, uint32_t ip)
{
	struct summary s = {.yakker = (uint8_t)what};

	lab_id(session, s.session);
	ip_number(ip, s.ip);
	lab_frame(lab, lab_head(1, 1, FRAME_SUMMARY, FRAME_FIRST | FRAME_LAST), &s, sizeof s);
}

/* How many sessions the records made so far stand for. */
static uint64_t recorded(const struct lab *lab)
{
	const struct buf *b = &lab->store.later[0].records;
	uint64_t sum = 0;
	uint32_t len;

	for (size_t at = 0; at < b->len; at += sizeof len + len) {
		const uint8_t *value;
		size_t value_len;
		uint64_t n = 1;

		memcpy(&len, b->data + at, sizeof len);
		if (record_get(b->data + at + sizeof len, len, FIELD_YAKKER_SESSIONS, &value,
			       &value_len) == 1)
			memcpy(&n, value, sizeof n);
		sum += n;
	}
	return sum;
}

static void test_thinned(void)
{
	struct lab lab;
	const uint32_t many = 2 * ADDRESS_THINNED_MAX + 10;

	begin(&lab);
	lab.conf.yakkers.within_us = lab.conf.yakkers.summary_us = UINT64_C(3600000000);
	speak(&lab, 1, SUMMARY_YAKKER_THINNED, 100);
	is_int((int64_t)recorded(&lab), 1,
	       "a session of what is no yakker is recorded, though its worker does not");
	is_int((int64_t)lab.ack->addresses, 0, "and not held against the address");
	speak(&lab, 1, SUMMARY_YAKKER_THINNED, 100);
	ok(recorded(&lab) == 1 && lab.ack->bad_frames == 1,
	   "the same session is not counted twice");
	speak(&lab, 2, SUMMARY_YAKKER_MARK, 101);
	speak(&lab, 3, SUMMARY_YAKKER_THINNED, 101);
	ok(recorded(&lab) == 1 && lab.ack->bad_frames == 2,
	   "nor one while another's record is due");
	record(&lab, 1, 2, 101);
	for (uint32_t i = 0; i < many; i++)
		speak(&lab, 10 + i, SUMMARY_YAKKER_THINNED, 101);
	is_int((int64_t)lab.ack->summaries_refused, 0, "of a yakker as many as come are taken");
	is_int((int64_t)recorded(&lab), 2 + 2 * ADDRESS_THINNED_MAX,
	       "and recorded when no more can be counted");
	memory_save(&lab.memory);
	is_int((int64_t)recorded(&lab), 2 + 2 * ADDRESS_THINNED_MAX, "the rest is kept");
	memory_end(&lab.memory);
	is_int((int64_t)recorded(&lab), 2 + (int64_t)many, "and recorded at the end");
	is_int((int64_t)lab.ack->bad_frames, 2, "no frame was bad");
	end(&lab);
}

/* ---- rates ---- */

static void claim(struct lab *lab, uint32_t session, uint32_t ip)
{
	struct rate_claim c = {.count = 1, .rate = {{.window_s = 86400, .bits4 = 32}}};

	lab_id(session, c.session);
	ip_number(ip, c.ip);
	lab_frame(lab, lab_head(1, 1, FRAME_RATES, FRAME_FIRST | FRAME_LAST), &c,
		  RATE_CLAIM_BYTES(1));
}

static uint64_t came(const struct lab *lab, uint32_t ip)
{
	static const struct rate_of rate = {.window_s = 86400, .bits4 = 32};
	uint8_t bytes[IP_BYTES];
	uint64_t n = 0;

	ip_number(ip, bytes);
	rate_count(lab->memory.rates, &rate, bytes, (uint32_t)(wall_us() / 1000000), &n);
	return n;
}

static void test_claims(void)
{
	struct lab lab;

	begin(&lab);
	for (uint32_t session = 1; session <= LAB_SESSIONS - 2; session++) {
		claim(&lab, session, 100);
		record(&lab, 1, session, 100);
	}
	ok(came(&lab, 100) >= LAB_SESSIONS - 4,
	   "a worker may have its sessions counted as quickly as they come");
	claim(&lab, 500, 101);
	claim(&lab, 501, 101);
	is_int((int64_t)came(&lab, 101), 1, "each once: not before the record of the last");
	is_int((int64_t)lab.ack->summaries_refused, 1, "what is refused is counted");
	record(&lab, 1, 500, 666);
	claim(&lab, 502, 102);
	is_int((int64_t)came(&lab, 102), 0, "whose record names another has no more counted");
	lab_hello(&lab, 1);
	claim(&lab, 503, 102);
	is_int((int64_t)came(&lab, 102), 1, "until another worker has the slot");
	speak(&lab, 503, SUMMARY_YAKKER_THINNED, 102);
	claim(&lab, 504, 102);
	is_int((int64_t)came(&lab, 102), 2, "a session that was counted only is one, too");
	end(&lab);
}

/* ---- the file ---- */

static bool there(const struct lab *lab, const char *name)
{
	return faccessat(lab->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The logger begins again with what stands in the directory. */
static void again(struct lab *lab)
{
	lab_stop(lab);
	lab_open(lab);
	memory_load(&lab->memory);
	lab_hello(lab, 1);
}

static void test_restart(void)
{
	struct lab lab;
	struct stat st;

	begin(&lab);
	memory_save(&lab.memory);
	ok(!there(&lab, ADDRESS_STATE_FILE), "nothing learnt, nothing written");
	teach(&lab, 1, 1, 100);
	record(&lab, 1, 1, 100);
	teach(&lab, 1, 2, 100);
	memory_tick(&lab.memory);
	ok(!there(&lab, ADDRESS_STATE_FILE), "it is not written before its time");
	lab.memory.saved_us -= lab.conf.memory.save_us;
	memory_tick(&lab.memory);
	ok(there(&lab, ADDRESS_STATE_FILE), "but then");
	ok(!there(&lab, ADDRESS_STATE_FILE ".new"), "and nothing beside it is left");
	ok(fstatat(lab.dir, ADDRESS_STATE_FILE, &st, 0) == 0 && (st.st_mode & 0777) == 0600,
	   "nobody else may read it: it holds the secret");
	again(&lab);
	is_int(failures(&lab, 100), 2, "the next logger remembers it");
	is_int((int64_t)lab.ack->addresses, 1, "and counts it");
	lab.conf.memory.addresses = ADDRESS_MIN * 2 / 3;
	again(&lab);
	is_int(failures(&lab, 100), 2, "also in a table of another size");
	lab.conf.memory.tls_within_us = 1;
	again(&lab);
	is_int((int64_t)lab.ack->addresses, 0, "what is too old then is forgotten");
	end(&lab);
}

/* Overwrite the file; bytes NULL: cut it to len. */
static void spoil(const struct lab *lab, size_t offset, const void *bytes, size_t len)
{
	int fd = openat(lab->dir, ADDRESS_STATE_FILE, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || (bytes ? pwrite(fd, bytes, len, (off_t)offset) != (ssize_t)len
			     : ftruncate(fd, (off_t)len) < 0))
		lab_die("spoil");
	close(fd);
}

static void test_set_aside(void)
{
	static const uint32_t newer = ADDRESS_STATE_VERSION + 1;
	static const struct {
		const char *title;
		size_t offset;
		const void *bytes;
		size_t len;
	} cases[] = {
	    {"a torn file", 0, NULL, 40},
	    {"an empty file", 0, NULL, 0},
	    {"a file of another program", 0, "#!/bin/sh", 9},
	    {"a file of a later version", offsetof(struct address_state_head, version), &newer, 4},
	    {"a damaged file", sizeof(struct address_state_head), "x", 1},
	    {"a file that is too large", 0, NULL, ADDRESS_STATE_MAX + 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lab lab;

		begin(&lab);
		teach(&lab, 1, 1, 100);
		memory_save(&lab.memory);
		spoil(&lab, cases[i].offset, cases[i].bytes, cases[i].len);
		again(&lab);
		ok(failures(&lab, 100) == 0 && there(&lab, ADDRESS_STATE_FILE ".bad") &&
		       !there(&lab, ADDRESS_STATE_FILE),
		   "%s is set aside", cases[i].title);
		teach(&lab, 1, 1, 101);
		memory_save(&lab.memory);
		again(&lab);
		is_int(failures(&lab, 101), 1, "  and a good one written");
		end(&lab);
	}
}

static void test_no_file(void)
{
	struct lab lab;

	begin(&lab);
	if (symlinkat("/etc/passwd", lab.dir, ADDRESS_STATE_FILE) < 0)
		lab_die("symlinkat");
	again(&lab);
	ok(there(&lab, ADDRESS_STATE_FILE ".bad"),
	   "a symbolic link is not followed, but set aside");
	if (mkfifoat(lab.dir, ADDRESS_STATE_FILE, 0600) < 0)
		lab_die("mkfifoat");
	again(&lab);
	ok(!there(&lab, ADDRESS_STATE_FILE), "nor is a fifo waited for");
	end(&lab);
}

static void test_cannot_write(void)
{
	struct lab lab;

	begin(&lab);
	teach(&lab, 1, 1, 100);
	if (mkdirat(lab.dir, ADDRESS_STATE_FILE ".new", 0700) < 0)
		lab_die("mkdirat");
	memory_save(&lab.memory);
	ok(lab.memory.failing && !there(&lab, ADDRESS_STATE_FILE), "what cannot be written fails");
	unlinkat(lab.dir, ADDRESS_STATE_FILE ".new", AT_REMOVEDIR);
	memory_save(&lab.memory);
	ok(!lab.memory.failing, "and is tried again");
	again(&lab);
	is_int(failures(&lab, 100), 1, "so that nothing is lost");
	end(&lab);
}

static void test_clock(void)
{
	struct lab lab;
	uint8_t ip[IP_BYTES];

	begin(&lab);
	ip_number(100, ip);
	uint32_t now = (uint32_t)(wall_us() / 1000000);
	struct address_entry e = {
	    .key = address_key(ip), .last_s = now + 1000000, .tls_failures = 2};
	address_put(lab.table, &e, now);
	lab.memory.changed = true;
	memory_save(&lab.memory);
	again(&lab);
	ok(address_get(lab.table, e.key, &e) && e.last_s <= now + 60,
	   "a failure of a time to come is remembered from now on, not for ever");
	end(&lab);
}

int main(void)
{
	test_one_a_session();
	test_liar();
	test_rate();
	test_bad_frames();
	test_thinned();
	test_claims();
	test_restart();
	test_set_aside();
	test_no_file();
	test_cannot_write();
	test_clock();
	return tap_done();
}
