/*
 * The shipper's checkpoint: what is written is read again; whatever is damaged is refused.
 */
#include "../../src/smtptrap-ship/checkpoint_logs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "err.h"

static char folder[] = "/tmp/checkpoint.XXXXXX";
static int dir;

#define LONGEST "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_012345678"
_Static_assert(sizeof LONGEST == SHIP_TOKEN_MAX + 1, "as long as any");

static const struct checkpoint full = {
    .stream = {{.place = {.file = "session-20251122T100000Z-18446744073709551615.jsonl.gz",
			  .member = UINT64_MAX,
			  .line = UINT64_MAX,
			  .crc = UINT32_MAX,
			  .seq = UINT64_MAX},
		.sensor = LONGEST,
		.shipped = UINT64_MAX,
		.rejected = UINT64_MAX,
		.missing = UINT64_MAX},
	       {.place = {.file = "message-99991231T235959Z-18446744073709551615.jsonl.gz",
			  .member = UINT64_MAX,
			  .line = UINT64_MAX,
			  .crc = UINT32_MAX,
			  .seq = UINT64_MAX},
		.sensor = LONGEST,
		.shipped = UINT64_MAX,
		.rejected = UINT64_MAX,
		.missing = UINT64_MAX}},
    .mail = {0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

static bool same(const struct checkpoint *a, const struct checkpoint *b)
{
	bool same = memcmp(a->mail, b->mail, sizeof a->mail) == 0;

	for (unsigned s = 0; s < SHIP_STREAMS; s++) {
		const struct checkpoint_stream *x = &a->stream[s], *y = &b->stream[s];
		same &= strcmp(x->place.file, y->place.file) == 0 &&
			x->place.member == y->place.member && x->place.line == y->place.line &&
			x->place.crc == y->place.crc && x->place.seq == y->place.seq &&
			x->shipped == y->shipped && x->rejected == y->rejected &&
			x->missing == y->missing && strcmp(x->sensor, y->sensor) == 0;
	}
	return same;
}

static void test_round(const struct checkpoint *c, const char *title)
{
	struct checkpoint again;

	ok(checkpoint_write(c, dir) == 0 && checkpoint_read(&again, dir) == 0 && same(c, &again),
	   "%s is written and read", title);
}

/* Every byte changed, every length cut. */
static void test_damaged(void)
{
	uint8_t text[CHECKPOINT_MAX + 1];
	struct checkpoint c = {0};
	struct buf b;
	unsigned taken = 0;

	buf_init(&b, text, CHECKPOINT_MAX);
	checkpoint_format(&full, &b);
	ok(!b.failed, "the longest checkpoint fits");
	for (size_t i = 0; i < b.len; i++) {
		taken += checkpoint_parse(&c, text, i) == 0;
		for (unsigned bit = 0; bit < 8; bit++) {
			text[i] ^= (uint8_t)(1u << bit);
			taken += checkpoint_parse(&c, text, b.len) == 0;
			text[i] ^= (uint8_t)(1u << bit);
		}
	}
	is_int(taken, 0, "no changed or cut text is accepted");
	is_int(checkpoint_parse(&c, text, b.len), 0, "the right one is");
	text[b.len] = '\n';
	is_int(checkpoint_parse(&c, text, b.len + 1), ERR_FORMAT, "with a byte more it is not");
	is_int(checkpoint_parse(&c, text, CHECKPOINT_MAX + 1), ERR_FORMAT,
	       "nor what is longer than any");
}

/* Texts with a right checksum that no shipper writes. */
static void test_foreign(void)
{
	static const struct {
		const char *session, *title;
	} cases[] = {
	    {"message-20251122T100000Z-000001.jsonl.gz", "a file of another stream"},
	    {"session-20251122T100000Z-000001.jsonl.gz.part", "a file that is being written"},
	    {"../session-20251122T100000Z-000001.jsonl.gz", "a path"},
	};
	struct checkpoint c, got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t text[CHECKPOINT_MAX];
		struct buf b;
		c = (struct checkpoint){0};
		strcpy(c.stream[0].place.file, cases[i].session);
		buf_init(&b, text, sizeof text);
		checkpoint_format(&c, &b);
		is_int(checkpoint_parse(&got, b.data, b.len), ERR_FORMAT, cases[i].title);
	}
}

/* Mail is counted in a line of its own, and in version 2, only where there is any. */
static void test_mail(void)
{
	uint8_t text[CHECKPOINT_MAX];
	struct checkpoint c = {0};
	struct buf b;

	for (unsigned fate = MAIL_NONE + 1; fate < MAIL_FATES; fate++) {
		memset(c.mail, 0, sizeof c.mail);
		c.mail[fate] = 7;
		test_round(&c, "a checkpoint with one count of mail");
	}
	buf_init(&b, text, sizeof text);
	checkpoint_format(&c, &b);
	ok(memmem(b.data, b.len, "checkpoint 2\n", 13) != NULL, "which is of version 2");
	c = (struct checkpoint){0};
	buf_reset(&b);
	checkpoint_format(&c, &b);
	ok(memmem(b.data, b.len, "checkpoint 1\n", 13) != NULL &&
	       memmem(b.data, b.len, "mail", 4) == NULL,
	   "without mail it is what shippers wrote before");
}

/* Append the sum that the text must have. */
static int parse_with_sum(struct checkpoint *c_r, const char *text)
{
	uint8_t room[CHECKPOINT_MAX];
	struct buf b;

	buf_init(&b, room, sizeof room);
	buf_put_str(&b, text);
	buf_printf(&b, "sum %08lx\n", crc32(0, room, (uInt)b.len));
	return checkpoint_parse(c_r, b.data, b.len);
}

#define STREAMS                                                                                \
	"session - member 0 line 0 crc 00000000 seq 0 shipped 0 rejected 0 missing 0\n"        \
	"message message-20251122T100000Z-000001.jsonl.gz member 0 line 3 crc 0000abcd seq 3 " \
	"shipped 3 rejected 0 missing 0\n"
#define FIRST(version) "smtptrap-ship checkpoint " version "\n" STREAMS
#define MAIL "mail put 3 left-out 0 missing 0 refused 0\n"

/* Sensors stand in a line of their own, and in version 3, once one is known. */
static void test_sensors(void)
{
	static const struct {
		const char *title, *text, *sensor;
		int rc;
	} cases[] = {
	    {"what shippers wrote before they knew sensors", FIRST("1"), "", 0},
	    {"the same with mail", FIRST("2") MAIL, "", 0},
	    {"a sensor", FIRST("3") "sensors - mx1\n", "mx1", 0},
	    {"a sensor and mail", FIRST("3") "sensors - mx1\n" MAIL, "mx1", 0},
	    {"version 3 without sensors", FIRST("3"), "", ERR_FORMAT},
	    {"version 3 with none", FIRST("3") "sensors - -\n", "", ERR_FORMAT},
	    {"version 1 with sensors", FIRST("1") "sensors - mx1\n", "", ERR_FORMAT},
	    {"version 2 with sensors", FIRST("2") "sensors - mx1\n" MAIL, "", ERR_FORMAT},
	    {"one sensor", FIRST("3") "sensors mx1\n", "", ERR_FORMAT},
	    {"a sensor that is no token", FIRST("3") "sensors - mx.1\n", "", ERR_FORMAT},
	    {"one that is too long", FIRST("3") "sensors - " LONGEST "x\n", "", ERR_FORMAT},
	    {"no line end", FIRST("3") "sensors - mx1", "", ERR_FORMAT},
	    {"sensors behind mail", FIRST("3") MAIL "sensors - mx1\n", "", ERR_FORMAT},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct checkpoint c = {0};
		is_int(parse_with_sum(&c, cases[i].text), cases[i].rc, cases[i].title);
		is_str(c.stream[LOG_MESSAGE].sensor, cases[i].sensor, "and its sensor");
	}
}

#define HEAD                                                                             \
	"{\"v\":1,\"type\":\"session\",\"id\":\"0198c300-0000-7000-8000-000000000001\"," \
	"\"seq\":1,\"ts\":\"2025-11-22T10:00:00.000000Z\""

static void test_sensor_of(void)
{
	static const struct {
		const char *title, *line, *sensor;
	} cases[] = {
	    {"a sensor", HEAD ",\"sensor\":\"mx1\"}", "mx1"},
	    {"what a token cannot have is -", HEAD ",\"sensor\":\"a.b\\u001bc_d\"}", "a-b-c_d"},
	    {"the longest that is kept", HEAD ",\"sensor\":\"" LONGEST "xyz\"}", LONGEST},
	    {"that of the record, not one in the dialogue",
	     HEAD ",\"dialogue\":[{\"sensor\":\"no\"}],\"sensor\":\"yes\"}", "yes"},
	    {"a number", HEAD ",\"sensor\":1}", ""},
	    {"a list", HEAD ",\"sensor\":[\"mx1\"]}", ""},
	    {"none", HEAD "}", ""},
	    {"no record", "hello", ""},
	};
	char sensor[SHIP_TOKEN_MAX + 1];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		checkpoint_sensor_of(sensor, (const uint8_t *)cases[i].line, strlen(cases[i].line));
		is_str(sensor, cases[i].sensor, cases[i].title);
	}
}

static void test_files(void)
{
	struct checkpoint c = {0}, got;

	is_int(checkpoint_read(&got, dir), ERR_END, "there is none at first");
	test_round(&c, "an empty one");
	test_round(&full, "a full one");
	close(openat(dir, CHECKPOINT_FILE ".new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ok(checkpoint_read(&got, dir) == 0 && same(&got, &full), "what a crash left is not read");
	test_round(&c, "over what a crash left, one");
	unlinkat(dir, CHECKPOINT_FILE, 0);
	ok(symlinkat("x", dir, CHECKPOINT_FILE) == 0, "a link is in its place");
	is_int(checkpoint_read(&got, dir), ERR_SYSTEM, "a link is not followed");
	unlinkat(dir, CHECKPOINT_FILE, 0);
	mkdirat(dir, CHECKPOINT_FILE ".new", 0700);
	is_int(checkpoint_write(&c, dir), ERR_SYSTEM, "what cannot be written is an error");
	unlinkat(dir, CHECKPOINT_FILE ".new", AT_REMOVEDIR);
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_files();
	test_mail();
	test_sensors();
	test_sensor_of();
	unlinkat(dir, CHECKPOINT_FILE, 0);
	test_damaged();
	test_foreign();
	close(dir);
	return rmdir(folder) != 0 ? 1 : tap_done();
}
