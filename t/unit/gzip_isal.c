/*
 * gzip_isal.c: unit tests of lib/gzip_isal: whole, torn and damaged files are read as with zlib.
 */
#include "gzip_isal.h"
#include "err.h"
#include "gzip_files.h"
#include "gzip_reader.h"

#ifdef HAVE_ISAL
#define FILE_MAX (64u << 10)
#define TEXT_MAX (512u << 10)

/* What a reader makes of a file: the text, how many members ended, and the last event. */
struct reading {
	uint8_t *text;
	size_t len, members;
	int last;
	uint64_t member_at, at;
};

static struct reading read_all(const void *bytes, size_t len, bool isal)
{
	struct reading g = {.text = malloc(TEXT_MAX)};
	int fd = memory_file(bytes, len);
	struct gzip_reader r;
	const uint8_t *out;
	size_t got;

	if (g.text == NULL || gzip_reader_open(&r, fd, 0, false) != 0 ||
	    (isal && gzip_reader_use(&r, &gzip_isal) != 0))
		abort();
	while ((g.last = gzip_reader_next(&r, &out, &got)) == GZIP_DATA || g.last == GZIP_MEMBER) {
		g.members += g.last == GZIP_MEMBER;
		if (g.last == GZIP_DATA && got <= TEXT_MAX - g.len) {
			memcpy(g.text + g.len, out, got);
			g.len += got;
		}
	}
	g.member_at = r.member_at;
	g.at = gzip_reader_at(&r);
	gzip_reader_close(&r);
	close(fd);
	return g;
}

/* The same events and text; of what is damaged, the same text as far as both go.  A length that
 * points before the start of a member zlib refuses at once, and ISA-L may want more input first:
 * both are trouble, and neither is the end of a whole file. */
static bool same(const void *bytes, size_t len)
{
	struct reading a = read_all(bytes, len, false), b = read_all(bytes, len, true);
	size_t common = a.len < b.len ? a.len : b.len;
	bool good = (a.last == GZIP_EOF) == (b.last == GZIP_EOF) && a.members == b.members &&
		    a.member_at == b.member_at && memcmp(a.text, b.text, common) == 0;

	if (a.last == GZIP_EOF)
		good &= a.len == b.len && a.at == b.at;
	free(a.text);
	free(b.text);
	return good;
}

/* The last event of ISA-L. */
static int read_end(const void *bytes, size_t len)
{
	struct reading g = read_all(bytes, len, true);

	free(g.text);
	return g.last;
}

/* Members of gzip(1): one with a name, one at each level, one that does not compress. */
static size_t make_file(uint8_t *to)
{
	static const char command[] =
	    "d=$(mktemp -d) && printf abc >$d/name && gzip -c $d/name && rm -r $d; "
	    "for level in 1 6 9; do seq 1 400 | gzip -n -$level; done; "
	    "seq 1 9 | while read n; do echo $n | sha512sum | xxd -r -p; done | gzip -n; "
	    "seq 1 2000 | sha256sum | gzip -n; gzip -n </dev/null";
	FILE *p = popen(command, "r");
	size_t len = p != NULL ? fread(to, 1, FILE_MAX, p) : 0;

	if (p == NULL || pclose(p) != 0 || len == FILE_MAX)
		abort();
	return len;
}

/* Flags of the header that are reserved, and its CRC, which gzip never makes: zlib refuses the
 * first where ISA-L does not look. */
static bool is_flags(const uint8_t *bytes, size_t i)
{
	return i >= 3 && memcmp(bytes + i - 3, "\x1f\x8b\x08", 3) == 0;
}

static void test_damage(uint8_t *bytes, size_t len)
{
	size_t differ = 0, tried = 0;

	for (size_t i = 0; i < len; i += i < 3000 ? 1 : 7) {
		if (is_flags(bytes, i))
			continue;
		for (unsigned bit = 0; bit < 8; bit += 3, tried++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			if (!same(bytes, len) && differ++ == 0)
				printf("# byte %zu, bit %u\n", i, bit);
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	}
	ok(differ == 0, "each of %zu damaged files is read as zlib does: %zu are not", tried,
	   differ);
}

int main(void)
{
	static uint8_t bytes[FILE_MAX];
	size_t len = make_file(bytes), differ = 0;

	ok(same(bytes, len), "a file of seven members is read as zlib does");
	for (size_t cut = 0; cut < len; cut++)
		differ += !same(bytes, cut) || read_end(bytes, cut) == ERR_CORRUPT;
	ok(differ == 0, "and so it is cut at any byte: %zu differ", differ);
	memset(bytes + len, 'x', 20);
	ok(same(bytes, len + 20), "or with something else behind it");
	test_damage(bytes, len);
	return tap_done();
}
#else
int main(void)
{
	puts("1..0 # SKIP built without ISA-L");
	return 0;
}
#endif
