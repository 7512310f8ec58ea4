/*
 * Copies are stored once, whatever workers say and whatever the settings are: every record that is
 * there leads to its bytes.
 */
#include "../lib-c/unique_lab.h"
#include "../tap.h"

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

/* ---- bounds, settings ---- */

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
	return tap_done();
}
