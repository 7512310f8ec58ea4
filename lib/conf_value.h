/*
 * conf_value.h: the values of keys: from words to members, and back to text for people.
 */
#ifndef SMTPTRAP_CONF_VALUE_H
#define SMTPTRAP_CONF_VALUE_H

#include "arena.h"
#include "conf_schema.h"

#define CONF_VALUE_TEXT_MAX 256

/* Where a value goes, and what was wrong with it. */
struct conf_value {
	struct arena *arena; /* for what the object points to */
	const char *file;    /* relative paths are relative to its directory */
	void *object;        /* the struct that the row's offset is in */
	char what[CONF_VALUE_TEXT_MAX];
	const char *meant; /* as in struct conf_place; points into the schema */
};

/* Whether the key takes several values. */
bool conf_kind_is_list(enum conf_kind kind);

/* Whether the key may stand in a block several times. */
bool conf_kind_repeats(enum conf_kind kind);

/* Forget a default, before the first value of a list is read. */
void conf_value_clear(const struct conf_row *row, void *object);

/*
 * Read one word.  Returns 0; ERR_FORMAT, and value->what (and perhaps value->meant) is set;
 * ERR_MEMORY.
 */
int conf_value_read(const struct conf_row *row, const struct conf_word *word,
		    struct conf_value *value);

/* Set the row's default, if it has a fixed one.  Returns as conf_value_read(). */
int conf_value_default(const struct conf_row *row, struct conf_value *value);

/* The form of the row's values ("size", "yes | no"); returns text. */
char *conf_value_shape(const struct conf_row *row, char text[CONF_VALUE_TEXT_MAX]);

/* The row's limits ("1k to 1g", "at most 32 bytes"), "" if it has none; returns text. */
char *conf_value_range(const struct conf_row *row, char text[CONF_VALUE_TEXT_MAX]);

#endif
