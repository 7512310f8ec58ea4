/*
 * conf_tree.c: configuration files as a tree of statements.
 *
 * Runs wherever a configuration is read.  The grammar calls conf_build_*() in the order of the
 * file; an include statement is read when it ends, by a parser of its own that goes on adding
 * where the includer stood.  Files are trusted to be well meant, not to be well formed: depth,
 * number and size are bounded.
 */
#include "conf_tree.h"

#include "arena.h"
#include "conf_parse.h"
#include "err.h"

#include <fcntl.h>
#include <string.h>

static int parse_file(struct conf_parser *parser, const struct conf_place *place,
		      enum conf_tree_holds holds);

static int open_plain(void *ctx, const char *path)
{
	(void)ctx;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

const struct conf_opener conf_opener_plain = {.open = open_plain};

struct conf_place conf_word_place(const struct conf_statement *s, const struct conf_word *w)
{
	return (struct conf_place){.file = s->file,
				   .line = w->line,
				   .column = w->column,
				   .near = w->text,
				   .near_len = w->len};
}

bool conf_word_is(const struct conf_word *w, const char *text)
{
	return !w->quoted && w->len == strlen(text) && memcmp(w->text, text, w->len) == 0;
}

void conf_parser_error(struct conf_parser *parser, const char *what)
{
	struct conf_statement here = {.file = parser->path};
	struct conf_place place = conf_word_place(&here, &parser->token);

	conf_error_add(parser->run->errors, &place, "%s", what);
}

char *conf_path_join(struct arena *arena, const char *file, const char *name, size_t len)
{
	const char *slash = strrchr(file, '/');
	size_t dir = slash == NULL || (len > 0 && *name == '/') ? 0 : (size_t)(slash - file) + 1;
	char *path = arena_alloc(arena, dir + len + 1);

	if (path == NULL)
		return NULL;
	memcpy(path, file, dir);
	memcpy(path + dir, name, len);
	return path;
}

/* ---- building ---- */

int conf_build_word(struct conf_parser *parser, const struct conf_word *word)
{
	if (parser->nwords == parser->words_room) {
		size_t room = parser->words_room == 0 ? 16 : parser->words_room * 2;
		struct conf_word *words = arena_alloc(parser->run->arena, room * sizeof *words);
		if (words == NULL)
			return ERR_MEMORY;
		if (parser->nwords > 0)
			memcpy(words, parser->words, parser->nwords * sizeof *words);
		parser->words = words;
		parser->words_room = room;
	}
	parser->words[parser->nwords++] = *word;
	return 0;
}

/* Make a statement of the words read; NULL if there is no memory. */
static struct conf_statement *take_words(struct conf_parser *parser)
{
	size_t size = parser->nwords * sizeof *parser->words;
	struct conf_statement *s = arena_alloc(parser->run->arena, sizeof *s);
	struct conf_word *words = arena_alloc(parser->run->arena, size);

	if (s == NULL || words == NULL)
		return NULL;
	if (size > 0)
		memcpy(words, parser->words, size);
	s->file = parser->path;
	s->words = words;
	s->nwords = (uint32_t)parser->nwords;
	parser->nwords = 0;
	return s;
}

static void link_statement(struct conf_parser *parser, struct conf_statement *s)
{
	*parser->tail = s;
	parser->tail = &s->next;
}

/* What is wrong with an include statement as such, NULL if nothing. */
static const char *refuse_include(const struct conf_parser *parser, const struct conf_statement *s)
{
	if (s->nwords != 2 || s->is_block)
		return "include takes one file name and stands on a line of its own";
	if (s->words[1].len == 0 || memchr(s->words[1].text, '\0', s->words[1].len) != NULL)
		return "not a file name";
	if (parser->include_depth + 1 == CONF_INCLUDE_DEPTH)
		return "files are included too deep";
	return NULL;
}

static int include(struct conf_parser *parser, const struct conf_statement *s)
{
	const struct conf_word *name = &s->words[s->nwords > 1];
	struct conf_place place = conf_word_place(s, name);
	const char *refusal = refuse_include(parser, s);

	if (refusal != NULL) {
		conf_error_add(parser->run->errors, &place, "%s", refusal);
		return 0;
	}
	char *path = conf_path_join(parser->run->arena, parser->path, name->text, name->len);
	if (path == NULL)
		return ERR_MEMORY;
	struct conf_parser included = {.run = parser->run,
				       .path = path,
				       .includer = parser,
				       .include_depth = parser->include_depth + 1,
				       .tail = parser->tail};
	int result =
	    parse_file(&included, &place, parser->rules_include ? CONF_TREE_RULES : CONF_TREE_CONF);
	parser->tail = included.tail;
	return result;
}

int conf_build_statement(struct conf_parser *parser)
{
	struct conf_statement *s = take_words(parser);

	if (s == NULL)
		return ERR_MEMORY;
	if (conf_word_is(&s->words[0], "include"))
		return include(parser, s);
	link_statement(parser, s);
	return 0;
}

int conf_build_open(struct conf_parser *parser)
{
	struct conf_statement *s = take_words(parser);

	if (s == NULL)
		return ERR_MEMORY;
	s->is_block = true;
	if (s->nwords == 0) /* what is inside is read for its errors and forgotten */
		conf_parser_error(parser, "a block needs its name in front, on the same line");
	else if (conf_word_is(&s->words[0], "include"))
		include(parser, s); /* refuses a block */
	else
		link_statement(parser, s);
	parser->outer_tail[parser->outer++] = parser->tail;
	parser->tail = &s->children;
	return 0;
}

int conf_build_close(struct conf_parser *parser)
{
	parser->tail = parser->outer_tail[--parser->outer];
	return 0;
}

/* ---- files ---- */

/* Skip a byte order mark, which some editors write. */
static size_t skip_mark(const struct conf_file *file)
{
	return file->len >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* A NUL byte: no text file has one, and flex takes quadratic time over many. */
static bool has_nul(struct conf_parser *parser, const struct conf_file *file)
{
	const char *nul = memchr(file->text, '\0', file->len);
	struct conf_place place = {.file = parser->path, .line = 1, .near = nul, .near_len = 1};
	const char *line = file->text;

	if (nul == NULL)
		return false;
	for (const char *lf; (lf = memchr(line, '\n', (size_t)(nul - line))) != NULL; line = lf + 1)
		place.line++;
	place.column = (uint32_t)(nul - line) + 1;
	conf_error_add(parser->run->errors, &place, "the file holds a NUL byte and is no text");
	return true;
}

/* Whether the first word is that of a block of rules. */
static bool begins_with_rules(const char *text)
{
	static const char name[] = "rules";

	text += strspn(text, " \t\r\n");
	while (*text == '#') {
		text += strcspn(text, "\n");
		text += strspn(text, " \t\r\n");
	}
	return strncmp(text, name, sizeof name - 1) == 0 &&
	       strchr(" \t{", text[sizeof name - 1]) != NULL;
}

static int parse_file(struct conf_parser *parser, const struct conf_place *place,
		      enum conf_tree_holds holds)
{
	struct conf_file file;
	int result = conf_file_read(parser->run, parser->path, parser->includer, place, &file);

	if (result <= 0)
		return result;
	if (has_nul(parser, &file))
		return 0;
	parser->device = file.device;
	parser->inode = file.inode;
	size_t skip = skip_mark(&file);
	parser->in_rules = holds == CONF_TREE_RULES || (holds == CONF_TREE_RULES_OR_BLOCKS &&
							!begins_with_rules(file.text + skip));
	return conf_parse_text(parser, file.text + skip, file.len - skip);
}

int conf_tree_load(struct conf_tree *tree_r, const char *path, enum conf_tree_holds holds,
		   const struct conf_opener *opener, struct conf_errors *errors)
{
	struct conf_run run = {.arena = arena_new(), .opener = opener, .errors = errors};
	struct conf_parser parser = {
	    .run = &run, .path = path, .line = 1, .column = 1, .tail = &tree_r->first};
	struct conf_place place = {
	    .file = path, .line = 1, .column = 1, .near = path, .near_len = strlen(path)};

	*tree_r = (struct conf_tree){.arena = run.arena, .file = path};
	if (run.arena == NULL)
		return ERR_MEMORY;
	run.rules = arena_alloc(run.arena, sizeof *run.rules);
	if (run.rules == NULL)
		return ERR_MEMORY;
	run.rules->tail = &run.rules->first;
	tree_r->rules = run.rules;
	int result = parse_file(&parser, &place, holds);
	tree_r->end_line = parser.line;
	tree_r->end_column = parser.column;
	return result;
}

void conf_tree_free(struct conf_tree *tree)
{
	arena_free(&tree->arena);
	tree->first = NULL;
}
