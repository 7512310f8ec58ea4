/*
 * Flipped bits in files that are followed: what is given out, and what is told.
 *
 * Files of several members, one of them with a byte changed, at many places.  Each record has its
 * number, so that one that is given out is compared with what was written.
 */
#include "log_follow.h"

#include <stdlib.h>

#include "err.h"
#include "gzip_files.h"
#include "json_check.h"

#define FINISHED "session-20251122T100000Z-000001.jsonl.gz"
#define PART FINISHED ".part"
#define NEXT "session-20251122T100000Z-000002.jsonl.gz"
#define MEMBERS 3u
#define EACH 60u /* records of a member */
#define LAST (MEMBERS * EACH)
#define ROUNDS 2000u
#define ROOM (4u * 1024 * 1024)

static char folder[] = "/tmp/log_follow_damage.XXXXXX";
static int dir;
static struct log_follow f; /* one for all: to close what inotify has takes the kernel a while */
static struct buf file;     /* of MEMBERS members */
static size_t member[MEMBERS + 1]; /* where they start */
static uint64_t seed = 1;

static unsigned chance(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

/* Records share much, as those of a trap do, and have addresses that no check of form protects. */
static size_t line_of(char *to, size_t cap, uint64_t seq)
{
	uint64_t x = seq * 6364136223846793005u >> 20;
	int len = snprintf(
	    to, cap,
	    "{\"v\":1,\"type\":\"session\",\"id\":\"019aab3e-0c1f-7a62-8d5c-%012llx\",\"seq\":%llu,"
	    "\"ts\":\"2025-11-22T10:00:00.%06lluZ\",\"client_ip\":\"192.0.2.%llu\",\"helo\":\"%"
	    "llx\","
	    "\"phase\":\"message\",\"end_reason\":\"quit\",\"dialogue\":[{\"us\":%llu,\"c\":"
	    "\"EHLO\"}]}\n",
	    (unsigned long long)x & 0xffffff, (unsigned long long)seq,
	    (unsigned long long)x % 1000000, (unsigned long long)x % 256, (unsigned long long)x,
	    (unsigned long long)x % 977);

	return (size_t)len;
}

static void put_records(struct gzip_writer *w, uint64_t first, uint64_t last, bool flush)
{
	char line[512];

	for (uint64_t seq = first; seq <= last; seq++) {
		size_t len = line_of(line, sizeof line, seq);
		gzip_writer_record(w, seq);
		gzip_writer_append(w, line, len);
		if (flush && seq % 10 == 0)
			gzip_writer_flush(w);
	}
}

/* ended: the last member is, too. */
static void make_file(bool ended)
{
	struct gzip_writer w;

	buf_reset(&file);
	gzip_writer_init(&w, &file, 6, 0, 0);
	for (unsigned m = 0; m < MEMBERS; m++) {
		member[m] = file.len;
		put_records(&w, m * EACH + 1, (m + 1) * EACH, true);
		if (m + 1 < MEMBERS || ended)
			gzip_writer_close(&w);
	}
	member[MEMBERS] = file.len;
	gzip_writer_fini(&w);
}

static void put_file(const char *name, const uint8_t *bytes, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	/* O_TRUNC would have ext4 write the file out at its close */
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || ftruncate(fd, (off_t)len) != 0)
		exit(1);
	close(fd);
}

/* The file behind, with the records that follow. */
static void put_next(void)
{
	struct gzip_writer w;
	struct buf out;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 6, 0, 0);
	put_records(&w, LAST + 1, LAST + 5, false);
	gzip_writer_close(&w);
	put_file(NEXT, out.data, out.len);
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* What following gave. */
struct got {
	unsigned of[MEMBERS + 1]; /* records of each member, and of the next file */
	unsigned twice, wrong, no_json;
	unsigned troubles[LOG_TROUBLE_COUNT];
	uint64_t missing, at; /* at: the member that was told to be damaged */
};

static void take(struct got *g, bool *seen, uint64_t seq, struct span line)
{
	char right[512];
	size_t len = line_of(right, sizeof right, seq) - 1;

	g->no_json += !json_is_object(line.bytes, line.len);
	if (len != line.len || memcmp(right, line.bytes, len) != 0) {
		g->wrong++;
		return;
	}
	g->twice += seen[seq];
	seen[seq] = true;
	g->of[(seq - 1) / EACH]++;
}

static struct got follow(void)
{
	bool seen[LAST + EACH + 1] = {false};
	struct got g = {0};
	uint64_t before = f.missing;
	struct span line;
	int rc;

	log_follow_seek(&f, NULL);
	while ((rc = log_follow_next(&f, &line, NULL)) != 0) {
		if (rc == 1) {
			take(&g, seen, f.head.seq, line);
			continue;
		}
		g.troubles[f.trouble.kind]++;
		if (f.trouble.kind == LOG_TROUBLE_MEMBER)
			g.at = f.trouble.member;
	}
	g.missing = f.missing - before;
	return g;
}

/* Write the file with a few bits of the middle member flipped, behind its header. */
static void flip(const char *name)
{
	size_t from = member[1] + GZIP_HEADER, at = from + chance(member[2] - from);
	uint8_t *byte = file.data + at, before = *byte;

	*byte ^= (uint8_t)(1 + chance(255));
	put_file(name, file.data, file.len);
	*byte = before;
}

/* Were bits flipped that mean nothing, those between a flush and the next whole byte? */
static bool is_harmless(const struct got *g)
{
	return g->of[1] == EACH && g->troubles[LOG_TROUBLE_MEMBER] == 0;
}

static void test_finished(void)
{
	unsigned wrong = 0, lost = 0, untold = 0, elsewhere = 0, miscounted = 0, harmless = 0;

	make_file(true);
	put_next();
	for (unsigned i = 0; i < ROUNDS; i++) {
		flip(FINISHED);
		struct got g = follow();
		lost += g.of[0] != EACH || g.of[2] != EACH || g.of[3] != 5;
		wrong += g.wrong + g.twice;
		harmless += is_harmless(&g);
		if (is_harmless(&g))
			continue;
		wrong += g.of[1];
		untold += g.troubles[LOG_TROUBLE_MEMBER] != 1;
		elsewhere += g.at != member[1];
		miscounted += g.missing != EACH;
	}
	is_int(wrong, 0, "of a damaged member no line is given out");
	is_int(lost, 0, "the members before and behind it are, and the next file, once");
	is_int(untold, 0, "the damage is told once");
	is_int(elsewhere, 0, "with its place");
	is_int(miscounted, 0, "and what is missing is counted");
	ok(harmless < ROUNDS / 20, "few flips mean nothing: %u of %u", harmless, ROUNDS);
	unlinkat(dir, FINISHED, 0);
	unlinkat(dir, NEXT, 0);
}

/* The same in a file that grows: two members are ended, the last is not. */
static void test_growing(void)
{
	unsigned wrong = 0, lost = 0, late = 0;

	make_file(false);
	for (unsigned i = 0; i < ROUNDS; i++) {
		flip(PART);
		struct got g = follow();
		wrong += g.wrong + g.twice;
		lost += g.of[0] != EACH;
		/* damage may look as if more were to come, up to the next flush */
		late += g.of[2] != EACH;
		if (g.of[2] != EACH) {
			put_next();
			g = follow();
			lost += g.of[0] != EACH || g.of[2] != EACH || g.of[3] != 5;
			unlinkat(dir, NEXT, 0);
		}
	}
	is_int(wrong, 0, "nor of a damaged member that is ended in a file that grows");
	is_int(lost, 0, "and nothing of the others is lost");
	printf("# %u times it was read to its end only when the next file was there\n", late);
	unlinkat(dir, PART, 0);
}

/* Flip bits in the member that is not ended: no checksum tells. */
static void test_open_member(void)
{
	unsigned no_json = 0, wrong = 0, lost = 0, silent = 0;

	make_file(false);
	put_next();
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t from = member[2] + GZIP_HEADER, at = from + chance(file.len - from);
		uint8_t before = file.data[at];
		file.data[at] ^= (uint8_t)(1 + chance(255));
		put_file(FINISHED, file.data, file.len); /* torn, as a crash leaves it */
		file.data[at] = before;
		struct got g = follow();
		no_json += g.no_json;
		wrong += g.wrong;
		lost += g.of[0] != EACH || g.of[1] != EACH || g.of[3] != 5;
		silent += g.troubles[LOG_TROUBLE_TORN] + g.troubles[LOG_TROUBLE_MEMBER] == 0;
	}
	is_int(no_json, 0, "of a damaged member that was not ended nothing but JSON is given out");
	is_int(lost, 0, "and all of the others");
	is_int(silent, 0, "and that something is wrong with it is told");
	printf("# %u lines of %u files were changed and look right: no checksum is there yet\n",
	       wrong, ROUNDS);
	unlinkat(dir, FINISHED, 0);
	unlinkat(dir, NEXT, 0);
}

/* A line that begins as a record does, and is no JSON, in a member whose checksum is right. */
static void test_line(void)
{
	static const char *const ends[] = {"", ",\"helo\":\"x}", ",\"helo\":\"\xff\"}", ",}", "}}"};
	char line[512], *cut;
	struct gzip_writer w;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		buf_reset(&file);
		gzip_writer_init(&w, &file, 6, 0, 0);
		put_records(&w, 1, 2, false);
		line_of(line, sizeof line, 3);
		cut = strstr(line, ",\"helo\"");
		snprintf(cut, 100, "%s\n", ends[i]);
		gzip_writer_record(&w, 3);
		gzip_writer_append(&w, line, strlen(line));
		put_records(&w, 4, 5, false);
		gzip_writer_close(&w);
		put_file(FINISHED, file.data, file.len);
		struct got g = follow();
		ok(g.of[0] == 4 && g.wrong == 0 && g.troubles[LOG_TROUBLE_LINE] == 1 &&
		       g.missing == 1,
		   "a line that begins as a record and is no JSON is told and missed (%zu)", i);
		gzip_writer_fini(&w);
	}
}

int main(void)
{
	char command[64];

	if (mkdtemp(folder) == NULL)
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_init_heap(&file, ROOM);
	is_int(log_follow_open(&f, dir, LOG_SESSION, NULL), 0, "files are followed");
	test_finished();
	test_growing();
	test_open_member();
	test_line();
	log_follow_close(&f);
	buf_fini(&file);
	close(dir);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) != 0 ? 1 : tap_done();
}
