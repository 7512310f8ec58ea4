/*
 * A ClientHello of any form is read as far as it goes: the hellos of t/golden/client-hello.txt give
 * the fields that stand there, in whatever pieces they came; cut anywhere they are marked; and the
 * fingerprints equal those that others published.
 */
#include <config.h>

#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "../tap.h"
#include "hello_put.h"

#define BYTES_MAX (256 * 1024)
#define TEXT_MAX (1024 * 1024)
#define JSON_MAX (128 * 1024)
#define SHORT 4096 /* longer hellos are cut and split at fewer places */

static uint8_t joined[CLIENT_HELLO_JOIN];
static struct hello_scratch scratch;
static char line[TEXT_MAX];

/* ---- one hello ---- */

/* The fields of a session record, without the head. */
static const char *json_of(const struct client_hello *h, char json[JSON_MAX])
{
	static const uint8_t id[16];
	static uint8_t memory[HELLO_FIELDS_MAX + 64];
	const struct record_head head = {.type = RECORD_SESSION, .seq = 1, .sensor = "s"};
	struct hello_prints prints;
	struct buf fields, out;

	buf_init(&fields, memory, sizeof memory);
	buf_init(&out, json, JSON_MAX - 1);
	record_put_uuid(&fields, FIELD_ID, id);
	record_put_time(&fields, FIELD_TS, 0);
	hello_prints_make(&prints, h, &scratch);
	hello_put(h, &prints, RECORD_SESSION, HELLO_DETAIL_FULL, &fields);
	if (fields.failed || record_encode(&head, fields.data, fields.len, &out) != 0)
		return "not encoded";
	while (out.len > 0 && (json[out.len - 1] == '\n' || json[out.len - 1] == '}'))
		out.len--;
	json[out.len] = '\0';
	char *start = strstr(json, "\"sensor\":\"s\"");
	if (start == NULL)
		return "no head";
	return start[12] == ',' ? start + 13 : start + 12;
}

/* From memory that ends where the bytes do, so that a sanitizer sees what is read behind them. */
static void parse(struct client_hello *h, const uint8_t *bytes, size_t len, uint8_t **copy_r)
{
	*copy_r = malloc(len > 0 ? len : 1);
	if (*copy_r == NULL)
		exit(1);
	memcpy(*copy_r, bytes, len);
	client_hello_parse(h, (struct span){*copy_r, len}, joined);
}

static bool gives(const uint8_t *bytes, size_t len, const char *expected, bool show)
{
	static char json[JSON_MAX];
	struct client_hello h;
	uint8_t *copy;

	parse(&h, bytes, len, &copy);
	const char *got = json_of(&h, json);
	bool same = strcmp(got, expected) == 0;
	if (!same && show)
		printf("#      got: %.3000s\n# expected: %.3000s\n", got, expected);
	free(copy);
	return same;
}

/* ---- the golden file ---- */

struct golden {
	const char *name, *format, *json;
	uint8_t bytes[BYTES_MAX];
	size_t len;
};

static void put_bytes(struct golden *g, unsigned byte, unsigned long times)
{
	for (; times > 0 && g->len < BYTES_MAX; times--)
		g->bytes[g->len++] = (uint8_t)byte;
}

static void read_hex(struct golden *g, char *hex)
{
	unsigned byte;

	g->len = 0;
	for (char *p = hex; *p != '\0';) {
		if (*p == ' ') {
			p++;
		} else if (sscanf(p, "%2x", &byte) != 1) {
			return;
		} else if (p[2] == '*') {
			put_bytes(g, byte, strtoul(p + 3, &p, 10));
		} else {
			put_bytes(g, byte, 1);
			p += 2;
		}
	}
}

static bool read_golden(FILE *file, struct golden *g)
{
	char *at = line;

	do
		if (fgets(line, sizeof line, file) == NULL)
			return false;
	while (line[0] == '#');
	line[strcspn(line, "\n")] = '\0';
	g->name = strsep(&at, "\t");
	char *hex = strsep(&at, "\t");
	g->format = strsep(&at, "\t");
	g->json = at;
	if (g->json == NULL)
		return false;
	read_hex(g, hex);
	return true;
}

/* ---- properties of each ---- */

/* Through the tee, received in pieces of `chunk`, as a worker gets it. */
static bool gives_in_chunks(const struct golden *g, size_t chunk)
{
	static uint8_t memory[TEE_SIZE], sink[TEE_SIZE];
	struct tls_tee tee;
	size_t len;

	tee_init(&tee, memory);
	for (size_t at = 0; at < g->len;) {
		size_t room, n = g->len - at < chunk ? g->len - at : chunk;
		uint8_t *to = tee_room(&tee, &room);
		n = n < room ? n : room;
		memcpy(to, g->bytes + at, n);
		tee_fill(&tee, n);
		tee_take(&tee, sink, sizeof sink);
		at += n;
	}
	tee_stop(&tee);
	const uint8_t *bytes = tee_hello(&tee, &len);
	return gives(bytes != NULL ? bytes : memory, len, g->json, true);
}

/* Of the whole, only these many bytes: not taken for whole, and marked if a hello has begun. */
static bool is_marked(const struct golden *g, size_t len)
{
	struct hello_prints prints;
	struct client_hello h;
	uint8_t *copy;

	parse(&h, g->bytes, len, &copy);
	hello_prints_make(&prints, &h, &scratch);
	bool good = h.kind != HELLO_CLIENT || h.whole
			? !h.whole || gives(g->bytes, len, g->json, true)
			: h.fault != HELLO_SOUND;
	if (h.kind != HELLO_CLIENT || !h.whole)
		good = good && !prints.has_ja3 && !prints.has_ja4;
	free(copy);
	return good;
}

static bool is_marked_everywhere(const struct golden *g)
{
	size_t step = g->len > SHORT ? 997 : 1;

	for (size_t len = 0; len < g->len; len += step)
		if (!is_marked(g, len)) {
			printf("# cut to %zu bytes\n", len);
			return false;
		}
	return true;
}

/* The message of a hello in one record, in records of `piece` bytes: all but their number is as
 * it was. */
static bool gives_in_records(const struct golden *g, size_t piece)
{
	static uint8_t bytes[6 * BYTES_MAX];
	static char json[2][JSON_MAX];
	struct client_hello whole, split;
	const uint8_t *message = g->bytes + 5;
	size_t left = g->len - 5, len = 0;

	while (left > 0) {
		size_t n = left < piece ? left : piece;
		memcpy(bytes + len, g->bytes, 3);
		bytes[len + 3] = (uint8_t)(n >> 8);
		bytes[len + 4] = (uint8_t)n;
		memcpy(bytes + len + 5, message, n);
		len += 5 + n;
		message += n;
		left -= n;
	}
	client_hello_parse(&whole, (struct span){g->bytes, g->len}, joined);
	json_of(&whole, json[0]);
	client_hello_parse(&split, (struct span){bytes, len}, joined);
	split.records = whole.records;
	json_of(&split, json[1]);
	return strcmp(json[0], json[1]) == 0;
}

static bool is_one_record(const struct golden *g)
{
	struct client_hello h;

	client_hello_parse(&h, (struct span){g->bytes, g->len}, joined);
	return h.kind == HELLO_CLIENT && h.format != TEE_FORMAT_SSLV2 && h.records == 1 &&
	       g->bytes[1] == 3 && g->len == 5u + (size_t)(g->bytes[3] << 8 | g->bytes[4]);
}

static bool gives_in_all_records(const struct golden *g)
{
	for (size_t piece = 1; piece < 70; piece++)
		if (g->len / piece * (piece + 5) < CLIENT_HELLO_JOIN / 2 &&
		    !gives_in_records(g, piece)) {
			printf("# in records of %zu bytes\n", piece);
			return false;
		}
	return true;
}

static void one_golden(const struct golden *g)
{
	struct client_hello h;

	ok(gives(g->bytes, g->len, g->json, true), "%s gives its fields", g->name);
	client_hello_parse(&h, (struct span){g->bytes, g->len}, joined);
	is_str(tee_format_name(h.format), g->format, "its format");
	ok(gives_in_chunks(g, 1) && gives_in_chunks(g, 7) && gives_in_chunks(g, 4000),
	   "the same received in pieces");
	ok(is_marked_everywhere(g), "cut anywhere it is marked and has no fingerprint");
	if (is_one_record(g))
		ok(gives_in_all_records(g), "the same in records of 1 to 69 bytes");
}

static void all_golden(void)
{
	static struct golden g;
	char path[4096];
	int count = 0;

	snprintf(path, sizeof path, "%s/t/golden/client-hello.txt",
		 getenv("TRAP_SOURCE") ? getenv("TRAP_SOURCE") : ".");
	FILE *file = fopen(path, "r");
	if (!ok(file != NULL, "%s can be read", path))
		return;
	for (; read_golden(file, &g); count++)
		one_golden(&g);
	fclose(file);
	ok(count >= 60, "there are at least 60 hellos, here %d", count);
}

/* ---- what others published ---- */

enum column {
	COLUMN_HELLO,
	COLUMN_JA3,
	COLUMN_JA3_BY,
	COLUMN_JA4,
	COLUMN_JA4_BY,
	COLUMN_JA4_NOT,
	COLUMN_RECORD,
	COLUMN_WELLFORMED,
	COLUMN_JA3_FULL,
	COLUMN_JA4_R,
	COLUMN_SOURCE,
	COLUMN_COUNT
};

struct tally {
	int rows, wellformed, ja3, ja3_full;
	int sure, sure_ja4, sure_ja4_r; /* JA4 is published, or others do not disagree */
	int rest, rest_ja4, rest_ja4_r;
	double seconds;
};

static bool same_span(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.bytes, text, s.len) == 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_ja4(struct tally *t, char *const *column, const struct hello_prints *p)
{
	bool sure = strstr(column[COLUMN_JA4_BY], "published:") != NULL ||
		    column[COLUMN_JA4_NOT][0] == '\0';
	bool same = p->has_ja4 && strcmp(p->ja4, column[COLUMN_JA4]) == 0;
	bool same_r = p->has_ja4 && same_span(p->ja4_r, column[COLUMN_JA4_R]);

	*(sure ? &t->sure : &t->rest) += 1;
	*(sure ? &t->sure_ja4 : &t->rest_ja4) += same;
	*(sure ? &t->sure_ja4_r : &t->rest_ja4_r) += same_r;
	if (!same || !same_r)
		printf("# %s %s\n#    is %s\n#  here %s %.*s\n#  %s %s\n", column[COLUMN_JA4],
		       column[COLUMN_JA4_R], column[COLUMN_JA4_BY], p->ja4, (int)p->ja4_r.len,
		       (const char *)p->ja4_r.bytes, sure ? "sure" : "rest", column[COLUMN_SOURCE]);
}

static void one_vector(struct tally *t, char *const *column)
{
	static struct golden g;
	struct hello_prints p;
	struct client_hello h;
	char ja3[33] = "";

	/* One record of any length up to its limit: the longest of them has 11,423 bytes. */
	read_hex(&g, column[COLUMN_HELLO]);
	memmove(g.bytes + 5, g.bytes, g.len);
	memcpy(g.bytes, "\x16\3\1", 3);
	g.bytes[3] = (uint8_t)(g.len >> 8);
	g.bytes[4] = (uint8_t)g.len;
	double begin = now();
	client_hello_parse(&h, (struct span){g.bytes, g.len + 5}, joined);
	hello_prints_make(&p, &h, &scratch);
	t->seconds += now() - begin;
	t->rows++;
	if (strcmp(column[COLUMN_WELLFORMED], "yes") != 0)
		return;
	t->wellformed++;
	for (size_t i = 0; p.has_ja3 && i < sizeof p.ja3; i++)
		sprintf(ja3 + 2 * i, "%02x", p.ja3[i]);
	t->ja3 += strcmp(ja3, column[COLUMN_JA3]) == 0;
	t->ja3_full += p.has_ja3 && same_span(p.ja3_string, column[COLUMN_JA3_FULL]);
	count_ja4(t, column, &p);
}

static void check_vectors(gzFile file)
{
	struct tally t = {0};

	while (gzgets(file, line, sizeof line) != NULL) {
		char *column[COLUMN_COUNT], *at = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < COLUMN_COUNT; i++)
			column[i] = at != NULL ? strsep(&at, "\t") : at;
		if (line[0] != '#' && column[COLUMN_COUNT - 1] != NULL)
			one_vector(&t, column);
	}
	is_int(t.rows, 983, "all vectors were read");
	is_int(t.wellformed, 976, "of which are well-formed");
	is_int(t.ja3, t.wellformed, "JA3 equals that of the vectors on all well-formed ones");
	is_int(t.ja3_full, t.wellformed, "and so does its string");
	is_int(t.sure_ja4, t.sure, "JA4 equals that of the vectors where it is sure");
	is_int(t.sure_ja4_r, t.sure, "and so does JA4_r");
	printf("# JA4 on those where others disagree: %d of %d, JA4_r %d; sure are %d\n",
	       t.rest_ja4, t.rest, t.rest_ja4_r, t.sure);
	printf("# %.2f us of CPU a hello, parsed and fingerprinted\n", t.seconds / t.rows * 1e6);
}

static void all_vectors(void)
{
	const char *shared = getenv("TRAP_SHARED"), *source = getenv("TRAP_SOURCE");
	char path[4096];

	snprintf(path, sizeof path, "%s%s/data/clienthello-vectors.tsv.gz",
		 shared ? shared : (source ? source : "."), shared ? "" : "/../shared");
	gzFile file = gzopen(path, "r");
	if (file == NULL) {
		printf("ok %d # SKIP no vectors: %s is not there\n", ++tap_run, path);
		return;
	}
	check_vectors(file);
	gzclose(file);
}

int main(void)
{
	all_golden();
	all_vectors();
	return tap_done();
}
