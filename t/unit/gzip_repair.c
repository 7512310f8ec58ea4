/*
 * Repair of torn files: no flushed record is lost, and gzip(1) reads what is left.
 */
#include "gzip_repair.h"

#include "err.h"
#include "gzip_files.h"
#include "gzip_isal_deflate.h"
#include "gzip_reader.h"

#define ROOM (8u * 1024 * 1024)
#define BATCHES 64
static uint8_t text[ROOM], expected[ROOM];

/* A file of several members, and where each batch ended in it. */
struct sample {
	struct buf file;
	uint64_t last; /* record of the last batch */
	struct {
		uint64_t size, last;
	} flushed[BATCHES];
};

/* Batches of 1 to 40 records, a new member every 7 batches; unflushed records at the end. */
static void sample_make(struct sample *s, int level, const struct gzip_deflater *deflater)
{
	struct gzip_writer w;

	buf_init_heap(&s->file, ROOM);
	if (gzip_writer_init(&w, &s->file, level, 0, 0) < 0 ||
	    (deflater != NULL && gzip_writer_use(&w, deflater) < 0))
		abort();
	s->last = 0;
	for (int i = 0; i < BATCHES; i++) {
		uint64_t count = 1 + (uint64_t)random() % 40;

		write_records(&w, s->last + 1, s->last + count);
		s->last += count;
		if (i % 7 == 6)
			gzip_writer_close(&w);
		else
			gzip_writer_flush(&w);
		s->flushed[i].size = w.at.size;
		s->flushed[i].last = s->last;
	}
	write_records(&w, s->last + 1, s->last + 30);
	gzip_writer_close(&w);
	gzip_writer_fini(&w);
}

/* The last record that a file of this many good bytes must keep. */
static uint64_t must_keep(const struct sample *s, uint64_t good)
{
	uint64_t last = 0;

	for (int i = 0; i < BATCHES && s->flushed[i].size <= good; i++)
		last = s->flushed[i].last;
	return last;
}

/* Repair fd, which has `good` bytes of the sample; true if all is as it must be. */
static bool repair_is_right(const struct sample *s, int fd, uint64_t good)
{
	struct gzip_repair r;
	struct stat st;
	size_t len;
	uint64_t keep = must_keep(s, good);

	if (gzip_repair(fd, &r) != 0)
		return false;
	fstat(fd, &st);
	bool right = (uint64_t)st.st_size == r.size_after && r.lines >= keep &&
		     r.cut == r.size_before - r.size_after + (r.closed ? GZIP_END : 0);
	size_t want = plain_records(expected, 1, r.lines);
	if (r.size_after > 0) /* zcat refuses an empty file */
		right = zcat(fd, text, sizeof text, &len) == 0 && len == want && right;
	else
		right = keep == 0 && want == 0 && right;
	right = right && r.raw == want && memcmp(text, expected, want) == 0;
	/* a second repair finds nothing to do */
	right = right && gzip_repair(fd, &r) == 0 && r.cut == 0 && !r.closed && r.raw == want;
	return right;
}

static void test_cuts(const struct sample *s)
{
	unsigned wrong = 0;

	for (int n = 0; n < 600; n++) {
		uint64_t good = (uint64_t)random() % s->file.len;
		int fd = memory_file(s->file.data, good);

		wrong += !repair_is_right(s, fd, good);
		close(fd);
	}
	is_int(wrong, 0, "600 random cuts: no flushed record is lost, zcat is content");
	for (int i = 0; i < BATCHES; i++)
		for (uint64_t near = s->flushed[i].size - 3; near <= s->flushed[i].size + 3;
		     near++) {
			int fd = memory_file(s->file.data, near);

			wrong += !repair_is_right(s, fd, near);
			close(fd);
		}
	is_int(wrong, 0, "nor by cuts at and around each flush");
	for (uint64_t good = 0; good < GZIP_HEADER + 10; good++) {
		int fd = memory_file(s->file.data, good);

		wrong += !repair_is_right(s, fd, good);
		close(fd);
	}
	is_int(wrong, 0, "nor by cuts in and behind the first header");
}

/* The file has its length, but its end was never written. */
static void test_bad_tails(const struct sample *s, bool zeros, const char *title)
{
	unsigned wrong = 0;

	for (int n = 0; n < 300; n++) {
		uint64_t good = (uint64_t)random() % s->file.len;
		size_t tail = 1 + (size_t)random() % 20000;
		int fd = memory_file(s->file.data, good);

		for (size_t i = 0; i < tail; i++)
			text[i] = zeros ? 0 : (uint8_t)(random() >> 8);
		if (pwrite(fd, text, tail, (off_t)good) != (ssize_t)tail)
			wrong++;
		wrong += !repair_is_right(s, fd, good);
		close(fd);
	}
	is_int(wrong, 0, title);
}

static void test_whole(const struct sample *s)
{
	struct gzip_repair r;
	int fd = memory_file(s->file.data, s->file.len);

	is_int(gzip_repair(fd, &r), 0, "a whole file is no error");
	ok(r.cut == 0 && !r.closed && r.size_after == s->file.len && r.lines == s->last + 30,
	   "nothing is done to it");
	close(fd);
	fd = memory_file("", 0);
	is_int(gzip_repair(fd, &r), 0, "nor is an empty one");
	ok(r.cut == 0 && !r.closed && r.size_after == 0 && r.lines == 0, "nothing is done to it");
	close(fd);
	memset(text, 0, 10000);
	fd = memory_file(text, 10000);
	is_int(gzip_repair(fd, &r), 0, "a file of zeros is no error");
	ok(r.cut == 10000 && r.size_after == 0, "and becomes empty");
	close(fd);
}

/* Where the nth member (from 0) starts. */
static uint64_t member_start(const struct sample *s, int nth)
{
	struct gzip_member m;
	uint64_t at = 0, from = 0;
	int fd = memory_file(s->file.data, s->file.len);

	for (int i = 0; i <= nth; i++, from = at + 1)
		gzip_member_after(fd, from, &at, &m);
	close(fd);
	return at;
}

static void test_damage_inside(struct sample *s)
{
	uint64_t second = member_start(s, 1), third = member_start(s, 2),
		 fourth = member_start(s, 3);
	struct gzip_repair r;
	uint8_t *p = s->file.data + (second + third) / 2;
	int fd;

	*p ^= 0x55;
	fd = memory_file(s->file.data, s->file.len);
	is_int(gzip_repair(fd, &r), ERR_CORRUPT,
	       "damage with members behind it is not a torn tail");
	ok(r.damaged_at == second && r.size_after == s->file.len, "it is told, nothing is cut");
	close(fd);
	*p ^= 0x55;
	fd = memory_file(s->file.data, s->file.len);
	memset(text, 0, 2048);
	if (fourth - second > 4096 && pwrite(fd, text, 2048, (off_t)third - 3000) != 2048)
		perror("pwrite");
	is_int(gzip_repair(fd, &r), 0, "unless a block there never reached the disk");
	ok(r.size_after < third && r.lines >= must_keep(s, third - 3000), "then the rest goes");
	close(fd);
}

static void test_errors(void)
{
	struct gzip_repair r;

	is_int(gzip_repair(-1, &r), ERR_SYSTEM, "no file is an error");
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	is_int(gzip_repair(fd, &r), ERR_SYSTEM, "so is a torn file that cannot be written");
	close(fd);
}

int main(void)
{
	static const struct {
		const char *name;
		int level;
		const struct gzip_deflater *deflater;
	} writers[] = {
	    {"zlib, level 0", 0, NULL},
	    {"zlib, level 6", 6, NULL},
#ifdef HAVE_ISAL
	    {"ISA-L", 3, &gzip_isal_deflater},
#endif
	};
	static struct sample s;

	srandom(11);
	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		printf("# %s\n", writers[i].name);
		sample_make(&s, writers[i].level, writers[i].deflater);
		test_cuts(&s);
		test_bad_tails(&s, true, "300 tails of zeros: no flushed record is lost");
		test_bad_tails(&s, false, "300 tails of noise: no flushed record is lost");
		test_whole(&s);
		test_damage_inside(&s);
		buf_fini(&s.file);
	}
	test_errors();
	return tap_done();
}
