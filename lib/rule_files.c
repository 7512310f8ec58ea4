/*
 * rule_files.c: files of patterns: one a line, empty lines and lines that begin with # aside.
 *
 * Runs where a configuration is read.  The bytes of the file stay in memory and are the texts of
 * its set; nothing is copied.  A line that is no pattern is an error; a file without patterns is
 * not, and a condition that looks into it neither holds nor does its "not".
 */
#include "rule_compiler.h"

#include "err.h"

#include <string.h>

static const char prefix[] = "file:";

bool rule_is_file(const struct conf_word *word)
{
	return word->len > 0 &&
	       (word->text[0] == '/' || (word->len > 1 && memcmp(word->text, "./", 2) == 0) ||
		(word->len >= sizeof prefix - 1 &&
		 memcmp(word->text, prefix, sizeof prefix - 1) == 0));
}

/* A line without the white space around it. */
struct line {
	char *text;
	size_t len;
	uint32_t number, column;
};

/* What is wrong with the line, NULL if nothing; else it is in the file's set. */
typedef const char *add_fn(struct rule_file *f, struct line *line);

static const char *add_address(struct rule_file *f, struct line *line)
{
	struct rule_pattern pattern;
	const char *wrong = rule_pattern_address(&pattern, line->text, &line->len);

	line->text[line->len] = '\0';
	if (wrong == NULL)
		rule_set_add(&f->set, (size_t)(line->text - f->set.text), line->len);
	return wrong;
}

static const char *add_host(struct rule_file *f, struct line *line)
{
	struct rule_pattern pattern;
	const char *wrong = rule_pattern_host(&pattern, line->text, &line->len);

	line->text[line->len] = '\0';
	if (wrong == NULL)
		rule_set_add(&f->set, (size_t)(line->text - f->set.text), line->len);
	return wrong;
}

static const char *add_word(struct rule_file *f, struct line *line)
{
	struct rule_pattern pattern;
	const char *wrong = rule_pattern_word(&pattern, line->text, &line->len);

	line->text[line->len] = '\0';
	if (wrong == NULL && pattern.kind == RULE_PATTERN_GLOB)
		wrong = "words in files are exact: they hold no * and ?";
	if (wrong == NULL)
		rule_set_add(&f->set, (size_t)(line->text - f->set.text), line->len);
	return wrong;
}

static const char *add_net(struct rule_file *f, struct line *line)
{
	struct ip_net net;
	int result = ip_net_parse(&net, line->text, line->len);

	if (result == 0)
		rule_nets_add(&f->nets, &net);
	if (result == ERR_REFUSED)
		return "bits behind the prefix are set";
	return result < 0 ? "neither an address nor a network" : NULL;
}

static add_fn *const add_by_kind[] = {
    [RULE_FILE_ADDRESSES] = add_address,
    [RULE_FILE_HOSTS] = add_host,
    [RULE_FILE_WORDS] = add_word,
    [RULE_FILE_NETS] = add_net,
};

static size_t count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	size_t n = 1;

	for (const char *lf; (lf = memchr(text, '\n', (size_t)(end - text))) != NULL; text = lf + 1)
		n++;
	return n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Read the next line at *at, which is moved behind it; false at the end. */
static bool next_line(char **at, const char *end, struct line *line)
{
	if (*at >= end)
		return false;
	char *lf = memchr(*at, '\n', (size_t)(end - *at)), *text = *at;
	char *stop = lf == NULL ? (char *)end : lf;
	*at = stop + 1;
	while (stop > text && is_blank(stop[-1]))
		stop--;
	char *begin = text;
	while (begin < stop && is_blank(*begin))
		begin++;
	line->text = begin;
	line->len = (size_t)(stop - begin);
	line->number++;
	line->column = (uint32_t)(begin - text) + 1;
	return true;
}

static void add_lines(struct rule_compiler *c, struct rule_file *f, char *text, size_t len)
{
	struct line line = {0};

	for (char *at = text; next_line(&at, text + len, &line);) {
		if (line.len == 0 || *line.text == '#')
			continue;
		struct conf_place place = {.file = f->path,
					   .line = line.number,
					   .column = line.column,
					   .near = line.text,
					   .near_len = line.len};
		const char *wrong = add_by_kind[f->kind](f, &line);
		if (wrong != NULL)
			conf_error_add(c->errors, &place, "%s", wrong);
		f->count++;
	}
}

static int make_room(struct rule_compiler *c, struct rule_file *f, const char *text, size_t lines)
{
	if (f->kind == RULE_FILE_NETS)
		return rule_nets_init(&f->nets, c->arena, lines);
	return rule_set_init(&f->set, c->arena, text, lines);
}

/* Read the file; returns 1, 0 if it cannot be read (noted), or ERR_MEMORY. */
static int read_file(struct rule_compiler *c, const struct conf_word *word, struct rule_file *f)
{
	struct conf_statement here = {.file = c->file};
	struct conf_place place = conf_word_place(&here, word);
	struct conf_file bytes;
	int result = conf_file_read(&c->run, f->path, NULL, &place, &bytes);

	if (result <= 0)
		return result;
	if (memchr(bytes.text, '\0', bytes.len) != NULL) {
		rule_fault(c, word, "the file holds a NUL byte and is no text");
		return 0;
	}
	size_t skip = bytes.len >= 3 && memcmp(bytes.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	char *text = bytes.text + skip;
	size_t len = bytes.len - skip;
	if (make_room(c, f, text, count_lines(text, len)) < 0)
		return ERR_MEMORY;
	add_lines(c, f, text, len);
	if (f->kind == RULE_FILE_NETS)
		rule_nets_finish(&f->nets);
	return 1;
}

static const struct rule_file *find(const struct rule_compiler *c, const char *path,
				    enum rule_file_kind kind)
{
	for (const struct rule_file *f = c->files; f != NULL; f = f->next)
		if (f->kind == kind && strcmp(f->path, path) == 0)
			return f;
	return NULL;
}

int rule_file_get(struct rule_compiler *c, const struct conf_word *word, enum rule_file_kind kind,
		  const struct rule_file **file_r)
{
	size_t skip = memcmp(word->text, prefix, 1) == 0 ? sizeof prefix - 1 : 0;

	*file_r = NULL;
	if (word->len == skip || memchr(word->text, '\0', word->len) != NULL) {
		rule_fault(c, word, "not a file name");
		return 0;
	}
	const char *path = conf_path_join(c->arena, c->file, word->text + skip, word->len - skip);
	if (path == NULL)
		return ERR_MEMORY;
	*file_r = find(c, path, kind);
	if (*file_r != NULL)
		return 0;
	struct rule_file *f = arena_alloc(c->arena, sizeof *f);
	if (f == NULL)
		return ERR_MEMORY;
	f->path = path;
	f->kind = kind;
	int result = read_file(c, word, f);
	if (result <= 0)
		return result;
	if (f->count == 0)
		rule_warn(c, word, "the file holds no pattern: the condition never holds");
	f->next = c->files;
	c->files = f;
	*file_r = f;
	return 0;
}
