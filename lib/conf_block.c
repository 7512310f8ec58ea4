/*
 * conf_block.c: from the tree of statements to struct conf, by the schema.
 *
 * Runs wherever a configuration is read.  A statement is a run of keys, each with as many values
 * as its row takes; a list takes all words up to the next key of the same block.  After an error
 * reading goes on with the next key, so that one run finds all errors.
 */
#include "conf_block.h"

#include "conf_suggest.h"
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

static int read_statement(struct conf_reading *r, const struct scope *scope,
			  const struct conf_statement *s);

static struct conf_value value_of(const struct conf_reading *r, void *object, const char *file)
{
	return (struct conf_value){.arena = r->conf->arena, .object = object, .file = file};
}

static int set_defaults(struct conf_reading *r, void *object, bool in_listen)
{
	struct conf_value value = value_of(r, object, "");

	for (size_t i = 0; i < conf_rows_count; i++)
		if ((conf_rows[i].block == CONF_LISTEN) == in_listen &&
		    conf_value_default(&conf_rows[i], &value) == ERR_MEMORY)
			return ERR_MEMORY;
	return 0;
}

int conf_block_defaults(struct conf_reading *r)
{
	return set_defaults(r, r->conf, false);
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

/* What is wrong with a word that is no key of the block. */
static const char *explain_unknown(const struct conf_word *w)
{
	if (w->quoted)
		return "a key is expected here, and keys have no quotes";
	if (conf_word_is(w, "include"))
		return "include stands on a line of its own";
	if (conf_block_find(w) != CONF_BLOCK_COUNT)
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

/* Read the key at words[*at] with its values, and move *at behind them. */
static int read_key(struct conf_reading *r, const struct scope *scope,
		    const struct conf_statement *s, uint32_t *at)
{
	const struct conf_word *w = &s->words[*at];
	const struct conf_row *row = conf_row_find(scope->block, w);
	uint32_t nwords = s->nwords - s->is_block;

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

/* ---- blocks ---- */

/* Begin a listen block and set *scope_r for it; the object is NULL if there are too many. */
static int begin_listen(struct conf_reading *r, const struct conf_statement *s,
			const struct conf_word *name, struct scope *scope_r)
{
	struct conf *conf = r->conf;

	scope_r->object = NULL;
	if (conf->nlisten == CONF_LISTEN_MAX) {
		struct conf_place place = conf_word_place(s, name);
		conf_error_add(r->errors, &place, "more than %d listen blocks", CONF_LISTEN_MAX);
		return 0;
	}
	struct conf_listen *listen =
	    arena_grow(conf->arena, conf->listen, conf->nlisten, sizeof *listen);
	if (listen == NULL)
		return ERR_MEMORY;
	conf->listen = listen;
	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == CONF_LISTEN)
			r->seen[i] = (struct conf_mark){0};
	r->listen_seen[conf->nlisten] = (struct conf_mark){s, name};
	scope_r->object = &listen[conf->nlisten++];
	return set_defaults(r, scope_r->object, true);
}

/* Every key of a block that must be there, is. */
static void check_required(struct conf_reading *r, enum conf_block block,
			   const struct conf_statement *s, const struct conf_word *name)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		if (row->block != block || row->def != NULL || row->otherwise != NULL ||
		    r->seen[i].word != NULL)
			continue;
		struct conf_place place = conf_word_place(s, name);
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

/* What is wrong with a block of this name here, NULL if nothing. */
static const char *refuse_block(const struct scope *scope, const struct conf_word *name)
{
	if (conf_row_find(scope->block, name) != NULL)
		return "this key takes a value, not a block";
	if (scope->block != CONF_TOP)
		return "no block may stand in this block";
	if (conf_block_find(name) == CONF_BLOCK_COUNT)
		return "unknown block";
	return NULL;
}

static void wrong_block(struct conf_reading *r, const struct conf_statement *s,
			const struct conf_word *name, const char *what)
{
	struct conf_suggestion near = {.word = name->text, .len = name->len};
	struct conf_place place = conf_word_place(s, name);

	if (conf_block_find(name) == CONF_BLOCK_COUNT)
		for (unsigned b = CONF_TOP + 1; b < CONF_BLOCK_COUNT; b++)
			conf_suggest_try(&near, conf_block_name((enum conf_block)b));
	place.meant = near.best;
	conf_error_add(r->errors, &place, "%s", what);
}

static int read_block(struct conf_reading *r, const struct scope *outer,
		      const struct conf_statement *s)
{
	const struct conf_word *name = &s->words[s->nwords - 1];
	const char *refusal = refuse_block(outer, name);
	struct scope scope = {.block = conf_block_find(name), .object = r->conf};
	int result = 0;

	if (refusal != NULL) {
		wrong_block(r, s, name, refusal);
		return 0;
	}
	if (scope.block == CONF_LISTEN)
		result = begin_listen(r, s, name, &scope);
	if (result < 0 || scope.object == NULL)
		return result;
	result = read_statements(r, &scope, s->children);
	if (result == 0)
		check_required(r, scope.block, s, name);
	return result;
}

static int read_statement(struct conf_reading *r, const struct scope *scope,
			  const struct conf_statement *s)
{
	uint32_t at = 0;
	int result = 0;

	while (at < s->nwords - s->is_block && result == 0)
		result = read_key(r, scope, s, &at);
	if (result == 0 && s->is_block)
		result = read_block(r, scope, s);
	return result;
}

int conf_block_read(struct conf_reading *r, const struct conf_statement *first)
{
	struct scope scope = {.block = CONF_TOP, .object = r->conf};

	return read_statements(r, &scope, first);
}
