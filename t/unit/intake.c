/*
 * What the logger makes of the frames of good, wrong and hostile workers, and of a disk that
 * fails at any system call: who is told what, and what stands in the files.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../lib-c/failing_disk.h"
#include "../lib-c/intake_lab.h"
#include "../tap.h"

/* ---- good workers ---- */

static void lab_begin(struct lab *lab)
{
	lab_prepare(lab);
	lab_start(lab);
	for (uint32_t slot = 0; slot < LAB_SLOTS; slot++)
		lab_hello(lab, slot);
}

/* Finish the files, look at them, and be done. */
static struct lab_census lab_end(struct lab *lab)
{
	store_rotate(&lab->store);
	struct lab_census c = lab_read(lab);
	lab_stop(lab);
	lab_remove(lab);
	return c;
}

static void send_number(struct lab *lab, uint32_t slot, uint32_t seq, uint32_t number, size_t size)
{
	struct lab_message m;

	lab_message(&m, number, size);
	lab_send(lab, slot, seq, &m.bytes);
	buf_fini(&m.bytes);
}

static void test_sizes(void)
{
	static const size_t sizes[] = {0, 1, 3000, 4080, 60000, 70000, 300000, 1024 * 1024};
	struct lab lab;

	lab_begin(&lab);
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		send_number(&lab, i, 7, i, sizes[i]);
		is_int(lab_word(&lab, i, 7), ACK_GRANTED, "before the commit nothing is stored");
		store_commit(&lab.store);
		is_int(lab_word(&lab, i, 7), ACK_STORED, "after it the message is");
	}
	struct lab_census c = lab_end(&lab);
	is_int(c.mails, sizeof sizes / sizeof *sizes, "all raw messages are there");
	is_int(c.messages, sizeof sizes / sizeof *sizes, "and their records");
	ok(c.wrong == 0 && c.error == 0, "byte for byte");
}

static void session(struct lab *lab, uint32_t slot, uint32_t seq, uint32_t number)
{
	uint8_t memory[256];
	struct buf b;

	buf_init(&b, memory, sizeof memory);
	lab_fields(&b, number);
	lab_frame(lab, lab_head(slot, seq, FRAME_SESSION, FRAME_FIRST | FRAME_LAST), b.data, b.len);
}

static void test_sessions(void)
{
	uint8_t memory[256];
	struct buf words;
	struct lab lab;

	lab_begin(&lab);
	session(&lab, 1, 1, 10);
	buf_init(&words, memory, sizeof memory);
	lab_fields(&words, 10);
	lab_dead(&lab, 1, &words);
	buf_reset(&words);
	lab_fields(&words, 11);
	lab_dead(&lab, 2, &words);
	lab_dead(&lab, 3, NULL);
	session(&lab, 1, 2, 12);
	is_int((int64_t)lab.ack->bad_frames, 1, "a dead worker's frame is refused");
	struct lab_census c = lab_end(&lab);
	is_int(c.session_of[10], 1, "last words repeat no record that was written");
	is_int(c.session_of[11], 1, "last words are a record");
	is_int(c.sessions, 2, "and nothing else is");
}

/* Two long ones and many short ones at once, frames mixed. */
static void test_interleaved(void)
{
	struct lab_message big, small[40];
	struct lab lab;
	size_t half = 400000;

	lab_begin(&lab);
	lab_message(&big, 100, 900000);
	lab_request(&lab, 50, 1, big.bytes.len);
	lab_request(&lab, 51, 1, big.bytes.len);
	is_int(lab_word(&lab, 50, 1), ACK_GRANTED, "one long message is let in");
	is_int(lab_word(&lab, 51, 1), -1, "a second one waits");
	lab_piece(&lab, 50, 1, FRAME_MESSAGE, &big.bytes, 0, half);
	unsigned granted = 0;
	for (uint32_t i = 0; i < 40; i++) {
		lab_message(&small[i], i, 20000);
		lab_request(&lab, i, 1, small[i].bytes.len);
		granted += lab_word(&lab, i, 1) == ACK_GRANTED;
	}
	is_int(granted, INTAKE_BUFFERS, "as many short ones as there are buffers");
	for (uint32_t i = 0; i < INTAKE_BUFFERS; i++)
		lab_piece(&lab, i, 1, FRAME_MESSAGE, &small[i].bytes, 0, small[i].bytes.len);
	lab_piece(&lab, 50, 1, FRAME_MESSAGE, &big.bytes, half, big.bytes.len);
	for (uint32_t i = INTAKE_BUFFERS; i < 40; i++)
		lab_piece(&lab, i, 1, FRAME_MESSAGE, &small[i].bytes, 0, small[i].bytes.len);
	is_int(lab_word(&lab, 51, 1), ACK_GRANTED, "the second long one follows");
	big.bytes.len = 0;
	buf_fini(&big.bytes);
	lab_message(&big, 101, 900000);
	lab_piece(&lab, 51, 1, FRAME_MESSAGE, &big.bytes, 0, big.bytes.len);
	store_commit(&lab.store);
	unsigned stored = 0;
	for (uint32_t i = 0; i < 40; i++)
		stored += lab_word(&lab, i, 1) == ACK_STORED;
	is_int(stored, 40, "all short ones are stored");
	for (uint32_t i = 0; i < 40; i++)
		buf_fini(&small[i].bytes);
	buf_fini(&big.bytes);
	struct lab_census c = lab_end(&lab);
	is_int(c.mails, 42, "all are there");
	ok(c.wrong == 0 && c.error == 0, "byte for byte");
}

/* ---- wrong and hostile workers ---- */

struct hostile {
	const char *title;
	void (*attack)(struct lab *lab);
	int answer; /* the word about record 1 of slot 1; -1: none */
	int bad;    /* frames counted as bad */
};

static void bad_header(struct lab *lab)
{
	struct frame_header h = lab_head(1, 1, FRAME_SESSION, FRAME_FIRST | FRAME_LAST);
	uint8_t packet[FRAME_MAX] = {0};

	intake_frame(&lab->intake, packet, 5);
	intake_frame(&lab->intake, packet, sizeof packet);
	h.slot = 2; /* forged: another's slot, one's own cookie */
	lab_frame(lab, h, "x", 1);
	h.slot = LAB_SLOTS;
	lab_frame(lab, h, "x", 1);
	h = lab_head(1, 1, FRAME_HELLO, 0);
	lab_frame(lab, h, "x", 1);
	h.slot = FRAME_SLOT_MASTER; /* forged: the master's */
	lab_frame(lab, h, "x", 1);
	h = lab_head(1, ACK_SEQ_MASK + 1, FRAME_SESSION, FRAME_FIRST | FRAME_LAST);
	lab_frame(lab, h, "x", 1);
}

static void unasked(struct lab *lab)
{
	struct lab_message m;

	lab_message(&m, 666, 100);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, FRAME_FIRST | FRAME_LAST | FRAME_WANT_ACK),
		  m.bytes.data, m.bytes.len);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, FRAME_FIRST | FRAME_LAST), m.bytes.data,
		  m.bytes.len);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, FRAME_FIRST), m.bytes.data, m.bytes.len);
	buf_fini(&m.bytes);
}

static void nothing_wanted(struct lab *lab)
{
	lab_request(lab, 1, 1, 0);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, FRAME_FIRST | FRAME_LAST), "", 0);
}

static void too_much_wanted(struct lab *lab)
{
	lab_request(lab, 1, 1, UINT32_MAX);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, FRAME_FIRST), "x", 1);
}

static void beyond_grant(struct lab *lab)
{
	lab_request(lab, 1, 1, 10);
	lab_frame(lab, lab_head(1, 1, FRAME_SESSION, FRAME_FIRST | FRAME_LAST), "0123456789x", 11);
	lab_frame(lab, lab_head(1, 1, FRAME_SESSION, FRAME_LAST), "0123456789", 10);
	lab_frame(lab, lab_head(1, 1, FRAME_SESSION, FRAME_FIRST), "0123456789", 10);
	lab_frame(lab, lab_head(1, 1, FRAME_SESSION, FRAME_FIRST | FRAME_LAST), "012345678", 9);
}

/* A message whose sizes were changed. */
static void send_changed(struct lab *lab, uint32_t number, size_t size,
			 struct frame_message (*change)(struct frame_message))
{
	struct lab_message m;

	lab_message(&m, number, size);
	m.sizes = change(m.sizes);
	lab_sizes(&m);
	lab_send(lab, 1, 1, &m.bytes);
	buf_fini(&m.bytes);
}

static struct frame_message more_data(struct frame_message z)
{
	z.data_len++;
	return z;
}

static struct frame_message less_data(struct frame_message z)
{
	z.data_len--;
	return z;
}

static struct frame_message huge_data(struct frame_message z)
{
	z.data_len = UINT64_MAX - 10;
	return z;
}

static struct frame_message huge_fields(struct frame_message z)
{
	z.fields_len = UINT32_MAX;
	return z;
}

static struct frame_message huge_trace(struct frame_message z)
{
	z.trace_len = UINT32_MAX - z.fields_len;
	return z;
}

static struct frame_message no_trace(struct frame_message z)
{
	z.data_len += z.trace_len;
	z.trace_len = 0;
	return z;
}

static struct frame_message short_trace(struct frame_message z)
{
	z.trace_len -= 3;
	z.data_len += 3;
	return z;
}

static struct frame_message short_fields(struct frame_message z)
{
	z.fields_len -= 3;
	z.trace_len += 3;
	return z;
}

#define CHANGED(what)                                 \
	static void what##_short(struct lab *lab)     \
	{                                             \
		send_changed(lab, 666, 5000, what);   \
	}                                             \
	static void what##_long(struct lab *lab)      \
	{                                             \
		send_changed(lab, 666, 200000, what); \
	}
CHANGED(more_data)
CHANGED(less_data)
CHANGED(huge_data)
CHANGED(huge_fields)
CHANGED(huge_trace)
CHANGED(no_trace)
CHANGED(short_trace)
CHANGED(short_fields)

/* Its record says where raw bytes are, which the logger alone knows. */
static void claims_place(struct lab *lab)
{
	uint8_t memory[1024];
	struct lab_message m;
	struct buf b;

	lab_message(&m, 666, 10);
	buf_init(&b, memory, sizeof memory);
	buf_put(&b, m.bytes.data, sizeof m.sizes + m.sizes.fields_len);
	size_t before = b.len;
	record_put_u64(&b, FIELD_MAIL_OFFSET, 0);
	m.sizes.fields_len += (uint32_t)(b.len - before);
	buf_put(&b, m.bytes.data + before, m.bytes.len - before);
	memcpy(b.data, &m.sizes, sizeof m.sizes);
	lab_send(lab, 1, 1, &b);
	buf_fini(&m.bytes);
}

static void long_session(struct lab *lab)
{
	struct buf b;

	buf_init_heap(&b, 2 << 20);
	for (int i = 0; i < 1100000; i++)
		buf_put_byte(&b, 0xff);
	lab_request(lab, 1, 1, b.len);
	lab_piece(lab, 1, 1, FRAME_SESSION, &b, 0, b.len);
	buf_fini(&b);
}

static void type_changes(struct lab *lab)
{
	struct lab_message m;

	lab_message(&m, 666, 5000);
	lab_request(lab, 1, 1, m.bytes.len);
	lab_piece(lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, FRAME_PAYLOAD_MAX);
	lab_piece(lab, 1, 1, FRAME_SESSION, &m.bytes, FRAME_PAYLOAD_MAX, m.bytes.len);
	lab_dead(lab, 1, NULL);
	buf_fini(&m.bytes);
}

/* Dies in the middle of a long message, and its successor speaks with the old cookie's seq. */
static void dies_inside(struct lab *lab)
{
	struct lab_message m;

	lab_message(&m, 666, 200000);
	lab_request(lab, 1, 1, m.bytes.len);
	lab_piece(lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, 100000);
	lab_dead(lab, 1, NULL);
	lab_hello(lab, 1);
	lab_frame(lab, lab_head(1, 1, FRAME_MESSAGE, 0), m.bytes.data, 100);
	buf_fini(&m.bytes);
}

static void asks_again(struct lab *lab)
{
	struct lab_message m;

	lab_message(&m, 666, 200000);
	lab_request(lab, 1, 1, m.bytes.len);
	lab_request(lab, 1, 1, m.bytes.len);
	lab_piece(lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, 100000);
	lab_request(lab, 1, 2, 10);
	lab_request(lab, 1, 3, 200000);
	buf_fini(&m.bytes);
	lab_dead(lab, 1, NULL);
}

static const struct hostile attacks[] = {
    {"frames that are none, or another's", bad_header, -1, 7},
    {"raw data without leave", unasked, -1, 3},
    {"a record of no bytes", nothing_wanted, ACK_GRANTED, 1},
    {"more than any message may have", too_much_wanted, ACK_FAILED, 2},
    {"more, less, and other than was granted", beyond_grant, ACK_GRANTED, 4},
    {"a byte of data too few (short)", more_data_short, ACK_FAILED, 0},
    {"a byte of data too few (long)", more_data_long, ACK_FAILED, 0},
    {"a byte of data too many (short)", less_data_short, ACK_FAILED, 0},
    {"a byte of data too many (long)", less_data_long, ACK_FAILED, 0},
    {"a huge data length (short)", huge_data_short, ACK_FAILED, 0},
    {"a huge data length (long)", huge_data_long, ACK_FAILED, 0},
    {"a huge field length (short)", huge_fields_short, ACK_FAILED, 0},
    {"a huge field length (long)", huge_fields_long, ACK_FAILED, 0},
    {"a huge trace length (short)", huge_trace_short, ACK_FAILED, 0},
    {"a huge trace length (long)", huge_trace_long, ACK_FAILED, 0},
    {"raw data without a trace header (short)", no_trace_short, ACK_FAILED, 0},
    {"raw data without a trace header (long)", no_trace_long, ACK_FAILED, 0},
    {"a trace header cut short (short)", short_trace_short, ACK_FAILED, 0},
    {"a trace header cut short (long)", short_trace_long, ACK_FAILED, 0},
    {"fields cut short (short)", short_fields_short, ACK_FAILED, 0},
    {"fields cut short (long)", short_fields_long, ACK_FAILED, 0},
    {"a record that claims a place in the mail stream", claims_place, ACK_FAILED, 0},
    {"a session record of a megabyte of nonsense", long_session, ACK_GRANTED, 0},
    {"a record that changes its type", type_changes, ACK_GRANTED, 1},
    {"a worker that dies inside a long message", dies_inside, ACK_GRANTED, 1},
    {"a worker that asks again and again", asks_again, -1, 1},
};

/* Others are in the batch before, and send after it: none of them may feel it. */
static void test_attack(const struct hostile *h)
{
	struct lab lab;

	lab_begin(&lab);
	send_number(&lab, 10, 5, 10, 3000);
	send_number(&lab, 11, 5, 11, 30000);
	h->attack(&lab);
	is_int(lab_word(&lab, 1, 1), h->answer, h->title);
	is_int((int64_t)lab.ack->bad_frames, h->bad, "bad frames are counted");
	lab_hello(&lab, 1);
	send_number(&lab, 12, 5, 12, 3000);
	send_number(&lab, 13, 5, 13, 300000);
	session(&lab, 14, 5, 14);
	store_commit(&lab.store);
	for (uint32_t slot = 10; slot < 14; slot++)
		is_int(lab_word(&lab, slot, 5), ACK_STORED, "the others' messages are stored");
	is_int(lab.ack->full, 0, "nobody is refused");
	is_int(lab.intake.free_buffers, UINT32_MAX, "no buffer is lost");
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 4 && c.messages == 4 && c.sessions == 1, "theirs are the only records");
	ok(c.wrong == 0 && c.error == 0, "and whole");
}

/* ---- who waits, and for how long ---- */

static void test_silent(void)
{
	struct lab_message m;
	struct lab lab;

	lab_begin(&lab);
	lab_message(&m, 1, 200000);
	lab_request(&lab, 1, 1, m.bytes.len);
	lab_piece(&lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, 100000);
	send_number(&lab, 2, 1, 2, 1000);
	lab_request(&lab, 3, 1, m.bytes.len);
	for (int i = 0; i < INTAKE_SILENCE_TICKS - 1; i++)
		intake_tick(&lab.intake);
	is_int(lab_word(&lab, 1, 1), ACK_GRANTED, "a sender may be silent for a while");
	is_int(lab_word(&lab, 2, 1), ACK_GRANTED, "a short message waits behind it");
	intake_tick(&lab.intake);
	is_int(lab_word(&lab, 1, 1), ACK_FAILED, "then it loses its grant");
	is_int(lab_word(&lab, 3, 1), ACK_GRANTED, "and the next long message has its turn");
	store_commit(&lab.store);
	is_int(lab_word(&lab, 2, 1), ACK_STORED, "the short one is stored");
	int ticks = 0;
	for (size_t at = 0; lab_word(&lab, 3, 1) == ACK_GRANTED && ticks < 1000; at++, ticks++) {
		lab_piece(&lab, 3, 1, FRAME_MESSAGE, &m.bytes, at, at + 1);
		intake_tick(&lab.intake);
	}
	ok(ticks >= INTAKE_GRANT_TICKS - 1 && ticks <= INTAKE_GRANT_TICKS,
	   "one that drips loses it, too");
	buf_fini(&m.bytes);
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 1 && c.mail_of[2] == 1 && c.error == 0, "nothing of either remains");
}

static void test_given_up(void)
{
	struct lab_message m;
	struct lab lab;

	lab_begin(&lab);
	lab_message(&m, 1, 200000);
	lab_request(&lab, 1, 1, m.bytes.len);
	lab_request(&lab, 2, 1, m.bytes.len);
	session(&lab, 2, 2, 20);
	lab_piece(&lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, m.bytes.len);
	is_int(lab.intake.waiting_long.first, INTAKE_NONE, "who gave up waits no longer");
	is_int((int64_t)lab.ack->bad_frames, 0, "and its next record is good");
	buf_fini(&m.bytes);
	struct lab_census c = lab_end(&lab);
	ok(c.session_of[20] == 1 && c.mails == 1, "which is written");
}

/* A worker in the batch dies, and its successor asks before the commit. */
static void test_successor(void)
{
	struct lab lab;

	lab_begin(&lab);
	send_number(&lab, 1, 1000, 1, 100);
	lab_dead(&lab, 1, NULL);
	lab_hello(&lab, 1);
	lab_request(&lab, 1, 5, 1000);
	store_commit(&lab.store);
	is_int(lab_word(&lab, 1, 5), ACK_GRANTED, "a grant outlives the answer to a predecessor");
	struct lab_census c = lab_end(&lab);
	is_int(c.mails, 1, "whose message is kept");
}

static void test_end_inside(void)
{
	struct lab_message m;
	struct lab lab;

	lab_begin(&lab);
	send_number(&lab, 2, 1, 2, 100);
	lab_message(&m, 1, 200000);
	lab_request(&lab, 1, 1, m.bytes.len);
	lab_piece(&lab, 1, 1, FRAME_MESSAGE, &m.bytes, 0, 100000);
	intake_end(&lab.intake);
	buf_fini(&m.bytes);
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 1 && c.wrong == 0 && c.error == 0,
	   "of a message that was under way at the end nothing stays");
}

static void test_durability_none(void)
{
	struct lab lab;

	lab_begin(&lab);
	lab.conf.log.durability = CONF_DURABILITY_NONE;
	for (uint32_t i = 0; i < 600; i++)
		send_number(&lab, i % LAB_SLOTS, i + 1, i, 2000);
	is_int(lab_word(&lab, 599 % LAB_SLOTS, 600), ACK_STORED, "is acknowledged at once");
	is_int(lab.store.batch_count, 0, "nobody is kept in a batch");
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 600 && c.messages == 600 && c.error == 0, "all are written at the end");
}

static void test_malformed_alone(void)
{
	const struct frame_message sizes = {.fields_len = 3};
	uint8_t payload[sizeof sizes + 3] = {0};
	struct lab lab;

	memcpy(payload, &sizes, sizeof sizes);
	lab_begin(&lab);
	for (uint32_t i = 0; i < 300000; i++) {
		lab_frame(&lab, lab_head(1, i, FRAME_MESSAGE, FRAME_FIRST | FRAME_LAST), payload,
			  sizeof payload);
		if (i % 512 == 0)
			store_commit(&lab.store);
	}
	store_commit(&lab.store);
	is_int((int64_t)lab.ack->dropped, 300000, "malformed records are counted");
	is_int((int64_t)lab.store.later[LOG_MESSAGE].records.len, 0, "and not kept");
	struct lab_census c = lab_end(&lab);
	is_int(c.messages, 0, "nor written");
}

/* Records of refused messages come faster than ticks. */
static void test_many_alone(void)
{
	struct lab_message m;
	struct lab lab;

	lab_begin(&lab);
	lab_message(&m, 1, 0);
	m.bytes.len -= m.sizes.trace_len;
	m.sizes.trace_len = 0;
	lab_sizes(&m);
	for (uint32_t i = 0; i < 50000; i++)
		lab_frame(&lab, lab_head(1, i, FRAME_MESSAGE, FRAME_FIRST | FRAME_LAST),
			  m.bytes.data, m.bytes.len);
	is_int((int64_t)lab.ack->dropped, 0, "no record of many at once is dropped");
	buf_fini(&m.bytes);
	struct lab_census c = lab_end(&lab);
	is_int(c.messages, 50000, "all are written");
}

/* ---- records whose senders wait, of messages whose bytes are not kept ---- */

/* Send such a record. */
static void send_alone(struct lab *lab, uint32_t slot, uint32_t seq, uint32_t number)
{
	struct lab_message m;

	lab_message(&m, number, 0);
	m.bytes.len -= m.sizes.trace_len;
	m.sizes.trace_len = 0;
	lab_sizes(&m);
	lab_send(lab, slot, seq, &m.bytes);
	buf_fini(&m.bytes);
}

static void test_acked(void)
{
	struct lab lab;

	lab_begin(&lab);
	send_alone(&lab, 1, 1, 1);
	send_number(&lab, 2, 1, 2, 1000);
	send_alone(&lab, 3, 1, 3);
	is_int(lab_word(&lab, 1, 1), ACK_GRANTED, "before the commit no record is stored");
	store_commit(&lab.store);
	ok(lab_word(&lab, 1, 1) == ACK_STORED && lab_word(&lab, 3, 1) == ACK_STORED,
	   "after it the record is stored");
	is_int(lab_word(&lab, 2, 1), ACK_STORED, "and so is the message that came between");
	is_int((int64_t)lab.ack->batches, 1, "one commit is for all");
	is_int((int64_t)lab.ack->messages, 1, "a record alone is no message that is stored");
	struct lab_census c = lab_end(&lab);
	ok(c.message_of[1] == 1 && c.message_of[2] == 1 && c.message_of[3] == 1 && c.mails == 1,
	   "the files have all records once, and one message");
}

/* What may not be stored is answered so, at once, and leaves nothing. */
static void test_acked_refused(void)
{
	static uint8_t memory[256];
	struct lab_message m;
	struct lab lab;
	struct buf b;

	lab_begin(&lab);
	is_int(store_record_acked(&lab.store, 1, 1, (const uint8_t *)"xyz", 3), ACK_FAILED,
	       "malformed fields are refused");
	buf_init(&b, memory, sizeof memory);
	lab_fields(&b, 4);
	size_t good = b.len;
	record_put_u64(&b, FIELD_MAIL_OFFSET, 0);
	is_int(store_record_acked(&lab.store, 1, 1, memory, b.len), ACK_FAILED,
	       "fields that claim a place in the mail log are refused");
	lab_message(&m, 5, 10);
	const struct store_message message = {.fields = m.bytes.data + sizeof m.sizes,
					      .fields_len = m.sizes.fields_len,
					      .trace = m.bytes.data + sizeof m.sizes +
						       m.sizes.fields_len,
					      .trace_len = m.sizes.trace_len,
					      .data_len = 10};
	is_int(store_message_begin(&lab.store, &message), ACK_STORED, "a message is begun");
	is_int(store_record_acked(&lab.store, 1, 1, memory, good), ACK_FAILED,
	       "within it no other's record is taken");
	store_message_abort(&lab.store);
	buf_fini(&m.bytes);
	lab.conf.log.reserve = UINT64_MAX / 2;
	lab.store.free_at_us = 0;
	is_int(store_record_acked(&lab.store, 1, 1, memory, good), ACK_NO_SPACE,
	       "where space is short, that is said");
	struct lab_census c = lab_end(&lab);
	ok(c.messages == 0 && c.mails == 0 && c.error == 0, "nothing of these is written");
}

/* ---- a disk that fails ---- */

/* The record was taken, and then cannot be written: its sender is told. */
static void test_acked_full(void)
{
	struct rlimit limit, old;
	struct lab lab;

	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){.rlim_cur = 1, .rlim_max = old.rlim_max};
	lab_begin(&lab);
	setrlimit(RLIMIT_FSIZE, &limit);
	send_alone(&lab, 1, 1, 1);
	store_commit(&lab.store);
	is_int(lab_word(&lab, 1, 1), ACK_NO_SPACE, "a record that cannot be written is refused");
	setrlimit(RLIMIT_FSIZE, &old);
	struct lab_census c = lab_end(&lab);
	ok(c.messages == 0 && c.error == 0, "and is not there");
}

static void test_full(void)
{
	struct rlimit limit, old;
	struct lab lab;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){.rlim_cur = 100000, .rlim_max = old.rlim_max};
	lab_begin(&lab);
	send_number(&lab, 1, 1, 1, 1000);
	store_commit(&lab.store);
	setrlimit(RLIMIT_FSIZE, &limit);
	send_number(&lab, 2, 1, 2, 1000);
	send_number(&lab, 3, 1, LAB_NOISE, 900000);
	is_int(lab_word(&lab, 2, 1), ACK_STORED, "who was in before the long one is not hurt");
	is_int(lab_word(&lab, 3, 1), ACK_NO_SPACE, "what does not fit is refused as such");
	is_int(lab.ack->full, 1, "and the workers know");
	setrlimit(RLIMIT_FSIZE, &old);
	lab.store.failed_at_us = 0;
	store_tick(&lab.store);
	is_int(lab.ack->full, 0, "until there is room again");
	send_number(&lab, 3, 2, LAB_NOISE + 1, 900000);
	store_commit(&lab.store);
	is_int(lab_word(&lab, 3, 2), ACK_STORED, "then it is stored");
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 3 && c.messages == 3 && c.mail_of[LAB_NOISE] == 0,
	   "the refused one is not there");
	ok(c.wrong == 0 && c.error == 0, "all else is whole");
}

#define TRAFFIC 12 /* messages of one run, numbers 0 to 11 */

/* A little of everything; in the middle all files are finished. */
static void traffic(struct lab *lab)
{
	for (uint32_t i = 0; i < TRAFFIC; i++) {
		send_number(lab, i, 1, i, i % 4 == 3 ? 100000 : 2000);
		session(lab, 40 + i, 1, i);
		if (i % 3 == 2)
			store_commit(&lab->store);
		if (i == 4)
			store_rotate(&lab->store);
		if (i == 7)
			store_tick(&lab->store);
	}
	store_commit(&lab->store);
}

/* Is what was said about each message true? */
static bool promise_kept(const struct lab *lab, const struct lab_census *c, bool refused_too)
{
	for (uint32_t i = 0; i < TRAFFIC; i++) {
		int word = lab_word(lab, i, 1);

		if (word == ACK_STORED && (c->mail_of[i] != 1 || c->message_of[i] != 1))
			return false;
		if ((word == ACK_FAILED || word == ACK_NO_SPACE) && refused_too &&
		    (c->mail_of[i] > 0 || c->message_of[i] > 0))
			return false;
		if (c->mail_of[i] > 1 || c->message_of[i] > c->mail_of[i] || c->session_of[i] > 1)
			return false;
	}
	return c->wrong == 0 && c->error == 0;
}

/* A session's record comes into the log after that of its message. */
static bool messages_first(const struct lab_census *c)
{
	for (uint32_t i = 0; i < TRAFFIC; i++)
		if (c->session_of[i] > c->message_of[i])
			return false;
	return true;
}

/* Do the counters on the board say what stands in the files? */
static bool counted(const struct lab *lab, const struct lab_census *c)
{
	uint64_t messages = 0;

	for (size_t i = FIGURES_MESSAGES; i < FIGURES_SESSIONS; i++)
		messages += lab->ack->figures.n[i];
	return messages == c->messages && lab->ack->figures.n[FIGURES_SESSIONS] == c->sessions;
}

static void test_failing_call(unsigned n, unsigned times)
{
	struct lab lab;
	bool answered = true;

	no_failures();
	lab_begin(&lab);
	failures(n, times, false);
	traffic(&lab);
	for (uint32_t i = 0; i < TRAFFIC; i++)
		answered = answered && lab_word(&lab, i, 1) > ACK_GRANTED;
	no_failures();
	for (int i = 0; i < 3; i++) {
		lab.store.failed_at_us = 0;
		store_tick(&lab.store);
	}
	bool open_again = lab.ack->full == 0;
	send_number(&lab, 30, 1, 30, 5000);
	store_commit(&lab.store);
	bool stored = lab_word(&lab, 30, 1) == ACK_STORED;
	store_rotate(&lab.store);
	struct lab_census c = lab_read(&lab);
	ok(answered && open_again && stored && c.sessions == TRAFFIC &&
	       promise_kept(&lab, &c, true),
	   "%u failing calls from number %u on cost only what is refused", times, n);
	if (!answered || !open_again || !stored || c.sessions != TRAFFIC)
		printf("# answered %d, open again %d, stored %d, sessions %u, error %d\n", answered,
		       open_again, stored, c.sessions, c.error);
	ok(counted(&lab, &c), "and each record that is there is counted once");
	lab_stop(&lab);
	lab_remove(&lab);
}

static void test_crash(unsigned n)
{
	struct lab lab;
	int status;

	no_failures();
	lab_prepare(&lab);
	pid_t pid = fork();
	if (pid == 0) {
		lab_start(&lab);
		for (uint32_t slot = 0; slot < LAB_SLOTS; slot++)
			lab_hello(&lab, slot);
		failures(n, 1, true);
		traffic(&lab);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	lab_start(&lab);
	struct lab_census c = lab_read(&lab);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && promise_kept(&lab, &c, false),
	   "a crash at call %u loses nothing that was acknowledged", n);
	ok(messages_first(&c), "and no session is there without its message");
	lab_stop(&lab);
	lab_remove(&lab);
}

/* The name of a file that was made may be lost with the power until its folder is synced. */
static void test_folder_not_synced(void)
{
	struct lab lab;

	no_failures();
	lab_begin(&lab);
	failures(2, 1, false); /* the first call makes the file */
	send_number(&lab, 1, 1, 1, 100);
	ok(lab_word(&lab, 1, 1) > ACK_STORED, "a folder that cannot be synced takes no message");
	no_failures();
	syncs = 0;
	send_number(&lab, 1, 2, 2, 100);
	store_commit(&lab.store);
	is_int(lab_word(&lab, 1, 2), ACK_STORED, "one that can takes the next");
	is_int((int64_t)syncs, 2, "and is synced for the file of each stream before");
	struct lab_census c = lab_end(&lab);
	ok(c.mails == 1 && c.messages == 1 && c.error == 0, "which is there once");
}

static void test_failures(void)
{
	struct lab lab;

	no_failures();
	lab_begin(&lab);
	calls = 0;
	traffic(&lab);
	unsigned all = calls;
	struct lab_census c = lab_end(&lab);
	ok(c.mails == TRAFFIC && c.sessions == TRAFFIC && c.error == 0,
	   "%u system calls are made when none fails", all);
	each_failure(all, test_failing_call, test_crash);
}

int main(void)
{
	if (freopen("/dev/null", "w", stderr) == NULL) /* the logger's own complaints */
		return 99;
	test_sizes();
	test_sessions();
	test_interleaved();
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
		test_attack(&attacks[i]);
	test_silent();
	test_given_up();
	test_successor();
	test_end_inside();
	test_durability_none();
	test_malformed_alone();
	test_many_alone();
	test_acked();
	test_acked_refused();
	test_full();
	test_acked_full();
	test_folder_not_synced();
	test_failures();
	return tap_done();
}
