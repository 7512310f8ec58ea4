/*
 * The shipper's checkpoint: what is written is read again; whatever is damaged is refused.
 */
#include "../../src/smtptrap-ship/checkpoint.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "err.h"

static char folder[] = "/tmp/checkpoint.XXXXXX";
static int dir;

static const struct checkpoint full = {
    .stream = {{.place = {.file = "session-20251122T100000Z-18446744073709551615.jsonl.gz",
			  .member = UINT64_MAX,
			  .line = UINT64_MAX,
			  .crc = UINT32_MAX,
			  .seq = UINT64_MAX},
		.shipped = UINT64_MAX,
		.rejected = UINT64_MAX,
		.missing = UINT64_MAX},
	       {.place = {.file = "message-99991231T235959Z-18446744073709551615.jsonl.gz",
			  .member = UINT64_MAX,
			  .line = UINT64_MAX,
			  .crc = UINT32_MAX,
			  .seq = UINT64_MAX},
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
			x->missing == y->missing;
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
	unlinkat(dir, CHECKPOINT_FILE, 0);
	test_damaged();
	test_foreign();
	close(dir);
	return rmdir(folder) != 0 ? 1 : tap_done();
}
