/*
 * conf_block.h: from the tree of statements to struct conf, by the schema.
 */
#ifndef SMTPTRAP_CONF_BLOCK_H
#define SMTPTRAP_CONF_BLOCK_H

#include "arena.h"
#include "conf_schema.h"

/* Where a word stands; word NULL: nowhere yet. */
struct conf_mark {
	const struct conf_statement *statement;
	const struct conf_word *word;
};

/* A block that is read when all others have been. */
struct conf_late {
	struct conf_late *next;
	enum conf_block block;
	const struct conf_statement *statement;
};

struct conf_reading {
	struct conf *conf;
	struct conf_errors *errors;
	struct conf_mark seen[CONF_ROWS_MAX]; /* each key's last place; of keys of an element: in
						 the last one */
	struct conf_mark blocks[CONF_BLOCK_COUNT];    /* each block's last place */
	struct conf_mark *elements[CONF_BLOCK_COUNT]; /* each element's place, that of its name */
	struct conf_mark arm_profile[CONF_ARM_MAX];   /* where each arm's profile is named */
	struct conf_mark identity_listener[CONF_IDENTITY_MAX]; /* where each one's is named */
	struct conf_late *late, **late_tail;
};

/* Set every fixed default outside elements.  Returns 0 or ERR_MEMORY. */
int conf_block_defaults(struct conf_reading *r);

/* Read all statements of the tree.  What is wrong goes to r->errors.  Returns 0 or ERR_MEMORY. */
int conf_block_read(struct conf_reading *r, const struct conf_statement *first);

/* Where the row's key stands; if nowhere, word is NULL. */
struct conf_mark conf_block_seen(const struct conf_reading *r, enum conf_block block,
				 const char *key);

#endif
