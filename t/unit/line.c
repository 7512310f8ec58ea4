/*
 * line.c: test of lib/line: one table, each row in every chunking.
 */
#include "line.h"
#include "../tap.h"

#define LIMIT 10

/* Events are written as text: "[content]" and then C (CRLF), L (LF), N (end of input) or T (too
 * long), and last the counts of bare CR and LF. */
static const struct {
	const char *name;
	const char *in;
	size_t len;
	const char *expected;
} cases[] = {
#define ROW(name, in, expected)                    \
	{                                          \
		name, in, sizeof(in) - 1, expected \
	}
    ROW("a line with CRLF", "EHLO x\r\n", "[EHLO x]C 0 0"),
    ROW("a line with LF", "EHLO x\n", "[EHLO x]L 0 1"),
    ROW("an empty line", "\r\n", "[]C 0 0"),
    ROW("an empty line with LF", "\n", "[]L 0 1"),
    ROW("several lines", "a\r\nb\nc\r\n", "[a]C[b]L[c]C 0 1"),
    ROW("the end of input within a line", "a\r\nQUI", "[a]C[QUI]N 0 0"),
    ROW("the end of input behind a CR", "QUI\r", "[QUI\r]N 1 0"),
    ROW("nothing", "", " 0 0"),
    ROW("a bare CR is content", "a\rb\r\n", "[a\rb]C 1 0"),
    ROW("CR CR LF", "a\r\r\n", "[a\r]C 1 0"),
    ROW("LF CR LF", "\n\r\n", "[]L[]C 0 1"),
    ROW("NUL is content", "a\0b\r\n", "[a\\0b]C 0 0"),
    ROW("8-bit is content", "\xff\xfe\r\n", "[\xff\xfe]C 0 0"),
    ROW("a line at the limit, CRLF", "0123456789\r\nx\r\n", "[0123456789]C[x]C 0 0"),
    ROW("a line at the limit, LF", "0123456789\nx\r\n", "[0123456789]L[x]C 0 1"),
    ROW("one byte past the limit, CRLF", "0123456789a\r\nx\r\n", "[0123456789]T[x]C 0 0"),
    ROW("one byte past the limit, LF", "0123456789a\nx\r\n", "[0123456789]T[x]C 0 1"),
    ROW("a CR past the limit, then not LF", "0123456789\rb\r\nx\n", "[0123456789]T[x]L 1 1"),
    ROW("a CR past the limit at the end of input", "0123456789\r", "[0123456789\r]N 1 0"),
    ROW("a CR at the limit, then LF", "012345678\r\nx\n", "[012345678]C[x]L 0 1"),
    ROW("a CR at the limit, then not LF", "012345678\rxyz\nx\n", "[012345678\r]T[x]L 1 2"),
    ROW("one event for a very long line", "0123456789012345678901234567890123456789\r\nx\r\n",
	"[0123456789]T[x]C 0 0"),
    ROW("bare CRs in what is skipped", "01234567890\r\r12\r\r\r\nx\r\n", "[0123456789]T[x]C 4 0"),
    ROW("two long lines in turn", "01234567890\r\n01234567890\n", "[0123456789]T[0123456789]T 0 1"),
    ROW("the end of input in what is skipped", "0123456789012345", "[0123456789]T 0 0"),
#undef ROW
};

struct events {
	char text[400];
	size_t len;
};

static void put(struct events *e, const char *text, size_t len)
{
	memcpy(e->text + e->len, text, len);
	e->len += len;
}

static void put_line(struct events *e, const struct line *line)
{
	put(e, "[", 1);
	for (size_t i = 0; i < line->text.len; i++) {
		char c = (char)line->text.bytes[i];
		put(e, c ? &c : "\\0", c ? 1 : 2);
	}
	put(e, "]", 1);
	put(e, line->too_long ? "T" : &"CLN"[line->eol], 1);
}

/* Feed the input with `chunk` new bytes a time, as a caller with one buffer does. */
static void feed(struct line_reader *r, const char *in, size_t len, size_t chunk, struct events *e)
{
	struct line line;
	size_t start = 0, end = 0, used = 0;

	while (end < len) {
		end = len - end < chunk ? len : end + chunk;
		while (line_read(r, (const uint8_t *)in + start, end - start, LIMIT, &line,
				 &used) == 1) {
			put_line(e, &line);
			start += used;
		}
		start += used;
	}
	if (line_finish(r, (const uint8_t *)in + start, end - start, &line) == 1)
		put_line(e, &line);
	e->len += (size_t)sprintf(e->text + e->len, " %d %d", (int)r->bare_cr, (int)r->bare_lf);
}

static void test_table(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool same = true;
		struct events whole = {0};
		struct line_reader r = {0};
		feed(&r, cases[i].in, cases[i].len, cases[i].len + 1, &whole);
		is_mem(whole.text, whole.len, cases[i].expected, strlen(cases[i].expected),
		       cases[i].name);
		for (size_t chunk = 1; chunk <= cases[i].len; chunk++) {
			struct events e = {0};
			r = (struct line_reader){0};
			feed(&r, cases[i].in, cases[i].len, chunk, &e);
			same = same && e.len == whole.len && memcmp(e.text, whole.text, e.len) == 0;
		}
		ok(same, "%s: the same in chunks of every size", cases[i].name);
	}
}

static void test_consumed(void)
{
	static const uint8_t in[] = "DATA\r\nSubject: x\r\n";
	struct line_reader r = {0};
	struct line line;
	size_t used;

	is_int(line_read(&r, in, sizeof in - 1, LIMIT, &line, &used), 1, "a line is found");
	is_int((int64_t)used, 6, "what follows the line end is not consumed");
	is_int(line_read(&r, in, 3, LIMIT, &line, &used), 0, "a part of a line needs more");
	is_int((int64_t)used, 0, "and consumes nothing");
	line_reset(&r);
	is_int(line_read(&r, (const uint8_t *)"A\n", 2, LIMIT, &line, &used), 1,
	       "after a reset a partial line is forgotten");
	is_mem(line.text.bytes, line.text.len, "A", 1, "and the next line is whole");
}

/* A line that is one byte too long, and one behind it. */
static void test_skipped(void)
{
	static const char in[] = "01234567890\r\nx\r\n";
	bool same = true;

	for (size_t chunk = 1; chunk < sizeof in; chunk++) {
		struct line_reader r = {0};
		struct events e = {0};

		feed(&r, in, sizeof in - 1, chunk, &e);
		same = same && r.skipped == 3;
	}
	ok(same, "what is skipped is counted with its line end, whatever comes behind it");
}

int main(void)
{
	test_table();
	test_consumed();
	test_skipped();
	return tap_done();
}
