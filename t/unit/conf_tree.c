/*
 * conf_tree.c: tests of the scanner, the grammar and the tree of configuration files.
 */
#include "config.h"

#include "conf_tree.h"

#include "../tap.h"
#include "buf.h"
#include "conf_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

static struct conf_errors errors;

/* Words joined by spaces, quoted ones in <>, blocks in {}, statements ended by ;. */
static const struct {
	const char *name, *input, *expected;
} trees[] = {
    {"an empty file has no statements", "", ""},
    {"comments and empty lines are nothing", "# a\n\n  # b\n\t\n", ""},
    {"a line is a statement", "a b\nc\n", "a b;c;"},
    {"the last line needs no newline", "a b", "a b;"},
    {"semicolons end statements too", "a b; c;;d\n", "a b;c;d;"},
    {"a block follows the last word of its line", "a b { c d\ne }\n", "a b {c d;e;};"},
    {"blocks may be empty", "a {}\n", "a {};"},
    {"blocks may stand in blocks", "a { b { c } d }", "a {b {c;};d;};"},
    {"blocks may follow each other on a line", "a { b } c { d }", "a {b;};c {d;};"},
    {"braces need no space around", "a{b}c{d}", "a {b;};c {d;};"},
    {"quoted words keep white space and signs", "a \"b {;#} c\"", "a <b {;#} c>;"},
    {"a quoted word may be empty", "a \"\"", "a <>;"},
    {"escapes are resolved", "\"\\\"\\\\\\x41\\x7a\"", "<\"\\Az>;"},
    {"words need no space around quotes", "a\"b\"c", "a <b> c;"},
    {"a number sign begins a comment only before a word", "a#b #c", "a#b;"},
    {"a backslash joins lines", "a \\\n b\\\r\nc\n", "a b c;"},
    {"CRLF ends lines", "a\r\nb\r\n", "a;b;"},
    {"words are any printable bytes", "a@b.c 10.0.0.0/8 :: 64m <> (x) \xc3\xa4",
     "a@b.c 10.0.0.0/8 :: 64m <> (x) \xc3\xa4;"},
    {"a byte order mark is skipped",
     "\xef\xbb\xbf"
     "a b\n",
     "a b;"},
    {"an included file stands in its place", "a\ninclude \"x\"\nb\n", "a;from x;and x;b;"},
    {"include works in a block", "a { b\ninclude x\nc }", "a {b;from x;and x;c;};"},
    {"include works on the last line of a block", "a { include x }", "a {from x;and x;};"},
    {"include works at the end of the file", "include x", "from x;and x;"},
    {"a quoted include is a word", "\"include\" x", "<include> x;"},
    {"names are relative to the file that includes", "include d/y", "in y;from z;"},
    {"a file may be included twice", "include x; include x", "from x;and x;from x;and x;"},
};

/* expected: the errors, each with a newline; the tree is read nevertheless. */
static const struct {
	const char *name, *input;
	size_t len;
	const char *expected;
} faults[] = {
    {"a brace that closes nothing", "a\n }\n", 0, "m:2:2: this brace closes nothing, near \"}\"\n"},
    {"a brace that is not closed", "a {\n b\n", 0, "m:1:3: this brace is not closed, near \"{\"\n"},
    {"each brace that is not closed, the inner first", "a { b {", 0,
     "m:1:7: this brace is not closed, near \"{\"\nm:1:3: this brace is not closed, near \"{\"\n"},
    {"a block without a name", "a\n{ b }\n", 0,
     "m:2:1: a block needs its name in front, on the same line, near \"{\"\n"},
    {"a block without a name inside another, whose rest is read", "a { {\n}\n } }", 0,
     "m:1:5: a block needs its name in front, on the same line, near \"{\"\n"
     "m:3:4: this brace closes nothing, near \"}\"\n"},
    {"quotes that are not closed", "a \"b c\nd \"e", 0,
     "m:1:3: the quotes are not closed on this line, near \"\"b c\"\n"
     "m:2:3: the quotes are not closed on this line, near \"\"e\"\n"},
    {"quotes closed by an escaped sign only", "a \"b\\\"\n", 0,
     "m:1:3: the quotes are not closed on this line, near \"\"b\\\"\"\n"},
    {"quotes that end in a backslash", "a \"b\\\n", 0,
     "m:1:3: the quotes are not closed on this line, near \"\"b\\\"\n"},
    {"an unknown escape, at its column", "a \"bc\\q\"\n", 0,
     "m:1:6: unknown escape: \\\" \\\\ \\n \\t \\r \\xHH are known, near \"\\q\"\n"},
    {"a hexadecimal escape cut short", "\"\\x4\"\n", 0,
     "m:1:2: unknown escape: \\\" \\\\ \\n \\t \\r \\xHH are known, near \"\\x4\"\n"},
    {"control characters", "a \1\2 b\n", 0, "m:1:3: control characters, near \"\\x01\\x02\"\n"},
    {"a NUL, for which the file is not read", "a\n} \0 }\n", 8,
     "m:2:3: the file holds a NUL byte and is no text, near \"\\x00\"\n"},
    {"a lone carriage return", "a\rb\n", 0,
     "m:1:2: a carriage return without a line feed, near \"\\x0d\"\n"},
    {"a backslash in mid-line", "a \\ b\n", 0,
     "m:1:3: a backslash outside quotes does not end the line, near \"\\\"\n"},
    {"a file that is not there", "\ninclude nope\n", 0,
     "m:2:9: the file cannot be opened: No such file or directory, near \"nope\"\n"},
    {"an error in an included file, by its own line", "a\ninclude bad\n", 0,
     "bad:2:1: this brace closes nothing, near \"}\"\n"},
    {"include without a name", "include\n", 0,
     "m:1:1: include takes one file name and stands on a line of its own, near \"include\"\n"},
    {"include with two names", "include x x\n", 0,
     "m:1:9: include takes one file name and stands on a line of its own, near \"x\"\n"},
    {"include with a block", "include x { a }\n", 0,
     "m:1:9: include takes one file name and stands on a line of its own, near \"x\"\n"},
    {"include of an empty name", "include \"\"\n", 0, "m:1:9: not a file name, near \"\"\n"},
    {"include of a name with a NUL", "include \"a\\x00b\"\n", 0,
     "m:1:9: not a file name, near \"a\\x00b\"\n"},
    {"a long word is shown in part",
     "}aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee \\\n\"123456789 123456789 123456789 123456789 "
     "123456789",
     0,
     "m:1:1: this brace closes nothing, near \"}\"\n"
     "m:2:1: the quotes are not closed on this line, near \"\"123456789 123456789 123456789 "
     "123456789...\"\n"},
};

static void show(struct buf *to, const struct conf_statement *s)
{
	for (; s != NULL; s = s->next) {
		for (uint32_t i = 0; i < s->nwords; i++) {
			const struct conf_word *w = &s->words[i];
			buf_put_str(to, i > 0 ? " " : "");
			buf_put_str(to, w->quoted ? "<" : "");
			buf_put(to, w->text, w->len);
			buf_put_str(to, w->quoted ? ">" : "");
		}
		buf_put_str(to, s->is_block ? " {" : "");
		show(to, s->children);
		buf_put_str(to, s->is_block ? "};" : ";");
	}
}

/* Read text as the file m, among others. */
static int load(struct conf_tree *tree, const char *text, size_t len)
{
	struct test_file files[] = {
	    {"m", text, len},     {"x", "from x\nand x", 0}, {"d/y", "in y\ninclude z\n", 0},
	    {"d/z", "from z", 0}, {"bad", "a\n}\n", 0},      {0}};
	struct conf_opener opener = {.open = test_open, .ctx = files};

	memset(&errors, 0, sizeof errors);
	return conf_tree_load(tree, "m", CONF_TREE_CONF, &opener, &errors);
}

static void test_trees(void)
{
	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		char text[1024];
		struct conf_tree tree;
		struct buf b;
		int result = load(&tree, trees[i].input, 0);
		buf_init(&b, text, sizeof text);
		show(&b, tree.first);
		buf_put_byte(&b, '\0');
		is_str(result == 0 && errors.total == 0 ? text : errors.text[0], trees[i].expected,
		       trees[i].name);
		conf_tree_free(&tree);
	}
}

static void test_faults(void)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		char text[4096] = "";
		struct conf_tree tree;
		int result = load(&tree, faults[i].input, faults[i].len);
		for (size_t e = 0; e < errors.kept; e++) {
			strcat(text, errors.text[e]);
			strcat(text, "\n");
		}
		is_str(result == 0 ? text : NULL, faults[i].expected, faults[i].name);
		conf_tree_free(&tree);
	}
}

static void test_places(void)
{
	struct conf_tree tree;

	load(&tree, "a \"\\x41\" b \\\n c # d\n\n\te { f\n}", 0);
	const struct conf_statement *a = tree.first, *e = a->next;
	ok(a->words[1].line == 1 && a->words[1].column == 3,
	   "a quoted word is where its quotes are");
	ok(a->words[2].line == 1 && a->words[2].column == 10, "columns count bytes as written");
	ok(a->words[3].line == 2 && a->words[3].column == 2, "a joined line has its own number");
	ok(e->words[0].line == 4 && e->words[0].column == 2, "comments and empty lines count");
	ok(e->children->words[0].line == 4 && e->children->words[0].column == 6,
	   "words in blocks have their places");
	is_int(tree.end_line, 5, "the tree knows its last line");
	is_str(e->file, "m", "statements know their file");
	conf_tree_free(&tree);
}

/* count times open, then count times close. */
static size_t nested(unsigned count)
{
	char text[4096];
	struct conf_tree tree;

	memset(text, '{', 2 * count);
	for (unsigned i = 0; i < count; i++)
		text[2 * i] = 'a';
	memset(text + 2 * count, '}', count);
	load(&tree, text, 3 * count);
	conf_tree_free(&tree);
	return errors.total;
}

static void test_depth(void)
{
	is_int((int64_t)nested(CONF_BLOCK_DEPTH), 0, "32 blocks may stand in each other");
	is_int((int64_t)nested(CONF_BLOCK_DEPTH + 1), 1, "33 may not, and that is the only error");
	ok(strstr(errors.text[0], "m:1:66: blocks are nested too deep, near \"{\"") != NULL,
	   "the error is at the brace that is too deep");
}

/* Opens "N" as a file that includes N+1, up to ctx. */
static int open_chain(void *ctx, const char *path)
{
	char text[32];
	int n = atoi(path);
	struct test_file files[] = {{path, text, 0}, {0}};

	snprintf(text, sizeof text, n < *(int *)ctx ? "include %d\n" : "a %d\n", n + 1);
	return test_open(files, path);
}

static size_t chain(int length)
{
	struct conf_opener opener = {.open = open_chain, .ctx = &length};
	struct conf_tree tree;

	memset(&errors, 0, sizeof errors);
	conf_tree_load(&tree, "1", CONF_TREE_CONF, &opener, &errors);
	conf_tree_free(&tree);
	return errors.total;
}

static void test_include_depth(void)
{
	is_int((int64_t)chain(CONF_INCLUDE_DEPTH), 0, "16 files may include each other");
	is_int((int64_t)chain(CONF_INCLUDE_DEPTH + 1), 1, "17 may not");
	is_str(errors.text[0], "16:1:9: files are included too deep, near \"17\"",
	       "the error is where the last one is included");
}

static void test_include_count(void)
{
	char text[(CONF_FILES_MAX + 2) * 10] = "";
	struct conf_tree tree;
	size_t len = 0;

	for (int i = 0; i < CONF_FILES_MAX - 1; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "include x\n");
	load(&tree, text, len);
	is_int((int64_t)errors.total, 0, "a run may read 1000 files");
	conf_tree_free(&tree);
	len += (size_t)snprintf(text + len, sizeof text - len, "include x\n");
	load(&tree, text, len);
	is_str(errors.text[0], "m:1000:9: more than 1000 files are included, near \"x\"",
	       "a run may not read 1001 files");
	conf_tree_free(&tree);
}

/* ---- what openers can open ---- */

static int open_pipe(void *ctx, const char *path)
{
	int fds[2];

	(void)ctx, (void)path;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	close(fds[1]);
	return fds[0];
}

static int open_sparse(void *ctx, const char *path)
{
	int fd = memfd_create(path, MFD_CLOEXEC);

	return fd < 0 || ftruncate(fd, *(off_t *)ctx) < 0 ? -1 : fd;
}

static int open_directory(void *ctx, const char *path)
{
	(void)ctx, (void)path;
	return open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
}

static void test_opener(int (*open_fn)(void *, const char *), void *ctx, const char *expected,
			const char *title)
{
	struct conf_opener opener = {.open = open_fn, .ctx = ctx};
	struct conf_tree tree;

	memset(&errors, 0, sizeof errors);
	conf_tree_load(&tree, "m", CONF_TREE_CONF, &opener, &errors);
	is_str(errors.total == 1 ? errors.text[0] : NULL, expected, title);
	conf_tree_free(&tree);
}

/* ctx: two descriptors, of the files m and n. */
static int open_again(void *ctx, const char *path)
{
	char name[64];

	snprintf(name, sizeof name, "/proc/self/fd/%d", ((int *)ctx)[*path == 'n']);
	return open(name, O_RDONLY | O_CLOEXEC);
}

static void test_loops(void)
{
	struct test_file files[] = {
	    {"m", "include m\n", 0}, {"to n", "a\ninclude n\n", 0}, {"n", " include m\n", 0}, {0}};
	int fds[] = {test_open(files, "m"), test_open(files, "n")};

	test_opener(open_again, fds, "m:1:9: files include each other in a loop, near \"m\"",
		    "a file that includes itself");
	close(fds[0]);
	fds[0] = test_open(files, "to n");
	test_opener(open_again, fds, "n:1:10: files include each other in a loop, near \"m\"",
		    "files that include each other");
	close(fds[0]);
	close(fds[1]);
}

static void test_openers(void)
{
	off_t size = (off_t)CONF_FILE_MAX + 1;

	test_opener(open_pipe, NULL, "m:1:1: not a regular file, near \"m\"", "a pipe is refused");
	test_opener(open_directory, NULL, "m:1:1: not a regular file, near \"m\"",
		    "a directory is refused");
	test_opener(open_sparse, &size, "m:1:1: the file is larger than 64 MiB, near \"m\"",
		    "a file over 64 MiB is refused");
	size--;
	test_opener(open_sparse, &size,
		    "m:1:1: the file holds a NUL byte and is no text, near \"\\x00\"",
		    "a file of 64 MiB is read");
	ok(conf_opener_plain.open(NULL, "/nonexistent/file") < 0 && errno == ENOENT,
	   "the plain opener says what open says");
	int fd = conf_opener_plain.open(NULL, "/dev/null");
	ok(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC,
	   "the plain opener's descriptors are closed on exec");
	close(fd);
}

static void test_error_bound(void)
{
	char text[2 * (CONF_ERRORS_MAX + 5)];
	struct conf_tree tree;

	memset(text, '}', sizeof text);
	load(&tree, text, CONF_ERRORS_MAX + 5);
	ok(errors.kept == CONF_ERRORS_MAX && errors.total == CONF_ERRORS_MAX + 5,
	   "50 errors are kept and all are counted");
	conf_tree_free(&tree);
}

static void test_error_length(void)
{
	struct conf_place place = {.line = 1, .column = 2, .near_len = 200};
	char name[601], near[200];

	memset(near, '\1', sizeof near);
	memset(name, '\2', sizeof name - 1);
	name[600] = '\0';
	place.file = name;
	place.near = near;
	memset(&errors, 0, sizeof errors);
	conf_error_add(&errors, &place, "%s", name);
	size_t len = strlen(errors.text[0]);
	ok(len < CONF_ERROR_TEXT_MAX && strcmp(errors.text[0] + len - 3, "...") == 0,
	   "an error that is too long is cut and says so");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The aim is a second of CPU; the limit leaves room for sanitizers and slow machines. */
static void test_million_lines(void)
{
	enum { LINES = 1000000, LINE_BYTES = 25 }; /* as below, newline included */
	char *text = malloc(LINES * LINE_BYTES + 1);
	struct conf_tree tree;
	int count = 0;

	for (int i = 0; i < LINES; i++)
		sprintf(text + i * LINE_BYTES, "from user%07d@example\n", i);
	double start = now();
	load(&tree, text, LINES * LINE_BYTES);
	double took = now() - start;
	for (const struct conf_statement *s = tree.first; s != NULL; s = s->next)
		count++;
	ok(errors.total == 0 && count == LINES, "a file of a million lines is read");
	ok(took < 10, "it takes seconds (%.2f s of CPU)", took);
	conf_tree_free(&tree);
	free(text);
}

int main(void)
{
	test_trees();
	test_faults();
	test_places();
	test_depth();
	test_include_depth();
	test_include_count();
	test_loops();
	test_openers();
	test_error_bound();
	test_error_length();
	test_million_lines();
	return tap_done();
}
