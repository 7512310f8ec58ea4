/*
 * conf_block.c: from the tree of statements to struct conf, by the schema.
 *
 * Runs wherever a configuration is read.  A statement is a run of keys, each with as many values
 * as its row takes; a list takes all words up to the next key of the same block.  After an error
 * reading goes on with the next key, so that one run finds all errors.  Profiles are read when all
 * else has been, for they begin as copies of what the tls block says.
 */
#include "conf_block.h"

#include "conf_identity.h"
#include "conf_suggest.h"
#include "conf_tls.h"
#include "conf_value.h"
#include "err.h"

#include <stdio.h>
#include <string.h>

#define ELSEWHERE_MAX 64 /* "BLOCK { KEY ... }" */

/* The block that a statement stands in, and the object it fills. */
struct scope {
	enum conf_block block;
	void *object;
};

/* What more there is to the elements of a block, each with the element; NULL: nothing. */
static const struct hooks {
	bool late;                                             /* they are read last */
	void (*begin)(const struct conf *conf, void *element); /* before its keys */
	int (*end)(struct conf_reading *r, void *element);     /* behind them; 0 or ERR_MEMORY */
} hooks[CONF_BLOCK_COUNT] = {
    [CONF_PROFILE] = {.late = true, .begin = conf_profile_begin, .end = conf_profile_end},
    [CONF_ARM] = {.end = conf_arm_end},
    [CONF_IDENTITY] = {.end = conf_identity_end},
};

static int read_statement(struct conf_reading *r, const struct scope *scope,
			  const struct conf_statement *s);

static struct conf_value value_of(const struct conf_reading *r, void *object, const char *file)
{
	return (struct conf_value){.arena = r->conf->arena, .object = object, .file = file};
}

static int set_defaults(struct conf_reading *r, enum conf_block block, void *object)
{
	struct conf_value value = value_of(r, object, "");

	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == block &&
		    conf_value_default(&conf_rows[i], &value) == ERR_MEMORY)
			return ERR_MEMORY;
	return 0;
}

int conf_block_defaults(struct conf_reading *r)
{
	for (unsigned b = CONF_TOP; b < CONF_BLOCK_COUNT; b++)
		if (conf_blocks[b].max == 0 &&
		    set_defaults(r, (enum conf_block)b, r->conf) == ERR_MEMORY)
			return ERR_MEMORY;
	return 0;
}

struct conf_mark conf_block_seen(const struct conf_reading *r, enum conf_block block,
				 const char *key)
{
	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == block && strcmp(conf_rows[i].key, key) == 0)
			return r->seen[i];
	return (struct conf_mark){0};
}

/* ---- keys ---- */

/* A block of this name, wherever it stands; CONF_BLOCK_COUNT if there is none. */
static enum conf_block find_block_anywhere(const struct conf_word *w)
{
	unsigned b = CONF_TOP + 1;

	while (b < CONF_BLOCK_COUNT && !conf_word_is(w, conf_blocks[b].name))
		b++;
	return (enum conf_block)b;
}

static bool is_block_name(const struct conf_word *w)
{
	return find_block_anywhere(w) != CONF_BLOCK_COUNT;
}

/* What is wrong with a word that is no key of the block. */
static const char *explain_unknown(const struct conf_word *w)
{
	if (w->quoted)
		return "a key is expected here, and keys have no quotes";
	if (conf_word_is(w, "include"))
		return "include stands on a line of its own";
	if (is_block_name(w))
		return "a block's name is followed by its opening brace";
	return "unknown key";
}

/* If the word is a key of another block, how it would be written there; NULL if not. */
static const char *find_elsewhere(const struct conf_word *w, char text[ELSEWHERE_MAX])
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		if (!conf_word_is(w, row->key))
			continue;
		if (row->block == CONF_TOP)
			snprintf(text, ELSEWHERE_MAX, "%s, outside all blocks", row->key);
		else
			snprintf(text, ELSEWHERE_MAX, "%s { %s ... }", conf_block_name(row->block),
				 row->key);
		return text;
	}
	return NULL;
}

/* The key that was probably meant, NULL if it is not known. */
static const char *find_meant(const struct scope *scope, const struct conf_word *w,
			      char elsewhere[ELSEWHERE_MAX])
{
	struct conf_suggestion near = {.word = w->text, .len = w->len};
	const char *meant = find_elsewhere(w, elsewhere);

	if (meant != NULL)
		return meant;
	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == scope->block)
			conf_suggest_try(&near, conf_rows[i].key);
	return near.best;
}

static void unknown_key(struct conf_reading *r, const struct scope *scope,
			const struct conf_statement *s, const struct conf_word *w)
{
	struct conf_place place = conf_word_place(s, w);
	char elsewhere[ELSEWHERE_MAX];

	if (!conf_errors_full(r->errors))
		place.meant = find_meant(scope, w, elsewhere);
	conf_error_add(r->errors, &place, "%s", explain_unknown(w));
}

/* Note where the key stands; an error if it has been there. */
static void mark_key(struct conf_reading *r, const struct conf_row *row,
		     const struct conf_statement *s, const struct conf_word *w)
{
	struct conf_mark *mark = &r->seen[row - conf_rows];

	if (mark->word != NULL && !conf_kind_repeats(row->kind)) {
		struct conf_place place = conf_word_place(s, w);
		conf_error_add(r->errors, &place, "%s is here twice, first at %s:%u", row->key,
			       mark->statement->file, mark->word->line);
	}
	*mark = (struct conf_mark){s, w};
}

/* The number of values behind the key at words[at]. */
static uint32_t count_values(const struct conf_row *row, const struct conf_statement *s,
			     uint32_t at, uint32_t nwords)
{
	uint32_t left = nwords - at - 1, n = 0;

	if (!conf_kind_is_list(row->kind))
		return left > 0;
	while (n < left && conf_row_find(row->block, &s->words[at + 1 + n]) == NULL)
		n++;
	return n;
}

/* Read the n values at first. */
static int read_values(struct conf_reading *r, const struct scope *scope,
		       const struct conf_row *row, const struct conf_statement *s,
		       const struct conf_word *first, uint32_t n)
{
	struct conf_value value = value_of(r, scope->object, s->file);

	conf_value_clear(row, scope->object);
	for (uint32_t i = 0; i < n; i++) {
		int result = conf_value_read(row, &first[i], &value);
		if (result == ERR_MEMORY)
			return ERR_MEMORY;
		if (result < 0) {
			struct conf_place place = conf_word_place(s, &first[i]);
			place.meant = value.meant;
			conf_error_add(r->errors, &place, "%s", value.what);
		}
	}
	return 0;
}

static void needs_value(struct conf_reading *r, const struct conf_row *row,
			const struct conf_statement *s, const struct conf_word *w)
{
	struct conf_place place = conf_word_place(s, w);
	char shape[CONF_VALUE_TEXT_MAX];

	conf_error_add(r->errors, &place, "%s needs a value: %s", row->key,
		       conf_value_shape(row, shape));
}

/* Read the key at words[*at] with its values, of nwords, and move *at behind them. */
static int read_key(struct conf_reading *r, const struct scope *scope,
		    const struct conf_statement *s, uint32_t *at, uint32_t nwords)
{
	const struct conf_word *w = &s->words[*at];
	const struct conf_row *row = conf_row_find(scope->block, w);

	if (row == NULL) {
		unknown_key(r, scope, s, w);
		while (++*at < nwords && conf_row_find(scope->block, &s->words[*at]) == NULL)
			;
		return 0;
	}
	mark_key(r, row, s, w);
	uint32_t n = count_values(row, s, *at, nwords);
	if (n == 0)
		needs_value(r, row, s, w);
	*at += 1 + n;
	return read_values(r, scope, row, s, w + 1, n);
}

/* ---- elements: blocks that are not struct conf's own ---- */

/* What is wrong with the name of an element, NULL if nothing. */
static const char *refuse_name(const struct conf_word *name)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";

	for (uint32_t i = 0; i < name->len; i++)
		if (name->text[i] == '\0' || strchr(known, name->text[i]) == NULL)
			return "a name is made of letters, digits, \".\", \"_\" and \"-\"";
	return name->len == 0 || name->len > CONF_NAME_MAX ? "a name has 1 to 63 bytes" : NULL;
}

/* An error if an earlier element of the block has this name. */
static void check_twice(struct conf_reading *r, enum conf_block block, size_t count,
			const struct conf_place *place)
{
	for (size_t i = 0; i < count; i++) {
		const struct conf_mark *other = &r->elements[block][i];
		if (other->word->len == place->near_len &&
		    memcmp(other->word->text, place->near, place->near_len) == 0) {
			conf_error_add(r->errors, place, "this %s is here twice, first at %s:%u",
				       conf_block_name(block), other->statement->file,
				       other->word->line);
			return;
		}
	}
}

/* Room for one more element, zeroed and counted, with its mark; NULL without memory. */
static void *add_element(struct conf_reading *r, const struct conf_block_row *row,
			 const struct conf_mark *mark)
{
	struct conf_mark **marks = &r->elements[row - conf_blocks];
	char *conf = (char *)r->conf;
	size_t count;
	void *array;

	memcpy(&array, conf + row->offset, sizeof array);
	memcpy(&count, conf + row->count_offset, sizeof count);
	array = arena_grow(r->conf->arena, array, count, row->bytes);
	*marks = arena_grow(r->conf->arena, *marks, count, sizeof **marks);
	if (array == NULL || *marks == NULL)
		return NULL;
	(*marks)[count] = *mark;
	memcpy(conf + row->offset, &array, sizeof array);
	void *element = (char *)array + count * row->bytes;
	count++;
	memcpy(conf + row->count_offset, &count, sizeof count);
	return element;
}

/* An element's first member is its name. */
static int set_name(struct conf_reading *r, enum conf_block block, const struct conf_mark *mark,
		    size_t count, void *element)
{
	struct conf_place place = conf_word_place(mark->statement, mark->word);
	const char *refusal = refuse_name(mark->word);
	const char *name = arena_copy(r->conf->arena, mark->word->text, mark->word->len);

	if (name == NULL)
		return ERR_MEMORY;
	if (refusal != NULL)
		conf_error_add(r->errors, &place, "%s", refusal);
	memcpy(element, &name, sizeof name);
	check_twice(r, block, count, &place);
	return 0;
}

/* Begin an element and set *element_r, NULL if there are too many.  Returns 0 or ERR_MEMORY. */
static int begin_element(struct conf_reading *r, enum conf_block block,
			 const struct conf_mark *mark, void **element_r)
{
	const struct conf_block_row *row = &conf_blocks[block];
	struct conf_place place = conf_word_place(mark->statement, mark->word);
	size_t count;

	*element_r = NULL;
	memcpy(&count, (char *)r->conf + row->count_offset, sizeof count);
	if (count == row->max) {
		conf_error_add(r->errors, &place, "more than %zu %s blocks", row->max, row->name);
		return 0;
	}
	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == block)
			r->seen[i] = (struct conf_mark){0};
	*element_r = add_element(r, row, mark);
	if (*element_r == NULL || (row->named && set_name(r, block, mark, count, *element_r) < 0) ||
	    set_defaults(r, block, *element_r) < 0)
		return ERR_MEMORY;
	if (hooks[block].begin != NULL)
		hooks[block].begin(r->conf, *element_r);
	return 0;
}

/* ---- blocks ---- */

/* Every key of a block that must be there, is. */
static void check_required(struct conf_reading *r, enum conf_block block,
			   const struct conf_mark *mark)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		if (row->block != block || row->def != NULL || row->otherwise != NULL ||
		    r->seen[i].word != NULL)
			continue;
		struct conf_place place = conf_word_place(mark->statement, mark->word);
		conf_error_add(r->errors, &place, "%s needs %s", conf_block_name(block), row->key);
	}
}

static int read_statements(struct conf_reading *r, const struct scope *scope,
			   const struct conf_statement *first)
{
	int result = 0;

	for (const struct conf_statement *s = first; s != NULL && result == 0; s = s->next)
		result = read_statement(r, scope, s);
	return result;
}

static bool holds_blocks(enum conf_block block)
{
	for (unsigned b = CONF_TOP + 1; b < CONF_BLOCK_COUNT; b++)
		if (conf_blocks[b].outer == block)
			return true;
	return false;
}

/* What is wrong with a block of this name here, NULL if nothing. */
static const char *refuse_block(const struct scope *scope, const struct conf_word *name)
{
	if (conf_row_find(scope->block, name) != NULL)
		return "this key takes a value, not a block";
	if (!holds_blocks(scope->block))
		return "no block may stand in this block";
	if (conf_block_find(scope->block, name) == CONF_BLOCK_COUNT)
		return is_block_name(name) ? "this block does not stand here" : "unknown block";
	return NULL;
}

static void wrong_block(struct conf_reading *r, const struct scope *scope,
			const struct conf_statement *s, const struct conf_word *name,
			const char *what)
{
	struct conf_suggestion near = {.word = name->text, .len = name->len};
	struct conf_place place = conf_word_place(s, name);

	if (conf_block_find(scope->block, name) == CONF_BLOCK_COUNT)
		for (unsigned b = CONF_TOP + 1; b < CONF_BLOCK_COUNT; b++)
			if (conf_blocks[b].outer == scope->block)
				conf_suggest_try(&near, conf_blocks[b].name);
	place.meant = near.best;
	conf_error_add(r->errors, &place, "%s", what);
}

/* Read the block whose statement is s; mark is where errors about it as a whole point. */
static int read_contents(struct conf_reading *r, enum conf_block block,
			 const struct conf_mark *mark)
{
	struct scope scope = {.block = block, .object = r->conf};
	int result = 0;

	r->blocks[block] = *mark;
	if (conf_blocks[block].max > 0)
		result = begin_element(r, block, mark, &scope.object);
	if (result < 0 || scope.object == NULL)
		return result;
	result = read_statements(r, &scope, mark->statement->children);
	if (result < 0)
		return result;
	check_required(r, block, mark);
	return hooks[block].end != NULL ? hooks[block].end(r, scope.object) : 0;
}

static int read_later(struct conf_reading *r, enum conf_block block, const struct conf_statement *s)
{
	struct conf_late *late = arena_alloc(r->conf->arena, sizeof *late);

	if (late == NULL)
		return ERR_MEMORY;
	*late = (struct conf_late){.block = block, .statement = s};
	*r->late_tail = late;
	r->late_tail = &late->next;
	return 0;
}

/* The words at the end of s that are a block's: none, its name, or "profile NAME". */
static uint32_t count_block_words(const struct conf_statement *s)
{
	if (!s->is_block)
		return 0;
	if (s->nwords >= 2) {
		enum conf_block block = find_block_anywhere(&s->words[s->nwords - 2]);
		if (block != CONF_BLOCK_COUNT && conf_blocks[block].named)
			return 2;
	}
	return 1;
}

static int read_block(struct conf_reading *r, const struct scope *outer,
		      const struct conf_statement *s, uint32_t block_words)
{
	const struct conf_word *name = &s->words[s->nwords - block_words];
	const char *refusal = refuse_block(outer, name);
	enum conf_block block = conf_block_find(outer->block, name);

	if (refusal == NULL && conf_blocks[block].named && block_words == 1)
		refusal = "this block has a name of its own between its word and the brace";
	if (refusal != NULL) {
		wrong_block(r, outer, s, name, refusal);
		return 0;
	}
	if (hooks[block].late)
		return read_later(r, block, s);
	return read_contents(r, block, &(struct conf_mark){s, &s->words[s->nwords - 1]});
}

static int read_statement(struct conf_reading *r, const struct scope *scope,
			  const struct conf_statement *s)
{
	uint32_t at = 0, block_words = count_block_words(s);
	int result = 0;

	while (at < s->nwords - block_words && result == 0)
		result = read_key(r, scope, s, &at, s->nwords - block_words);
	if (result == 0 && s->is_block)
		result = read_block(r, scope, s, block_words);
	return result;
}

int conf_block_read(struct conf_reading *r, const struct conf_statement *first)
{
	struct scope scope = {.block = CONF_TOP, .object = r->conf};

	r->late_tail = &r->late;
	int result = read_statements(r, &scope, first);
	for (const struct conf_late *l = r->late; l != NULL && result == 0; l = l->next) {
		const struct conf_word *name = &l->statement->words[l->statement->nwords - 1];
		result = read_contents(r, l->block, &(struct conf_mark){l->statement, name});
	}
	return result;
}
