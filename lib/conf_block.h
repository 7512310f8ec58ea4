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

struct conf_reading {
	struct conf *conf;
	struct conf_errors *errors;
	struct conf_mark seen[CONF_ROWS_MAX];          /* each key's last place; `listen` keys: of
							the last block */
	struct conf_mark listen_seen[CONF_LISTEN_MAX]; /* each listen block's place */
};

/* Set every fixed default outside listen blocks.  Returns 0 or ERR_MEMORY. */
int conf_block_defaults(struct conf_reading *r);

/* Read all statements of the tree.  What is wrong goes to r->errors.  Returns 0 or ERR_MEMORY. */
int conf_block_read(struct conf_reading *r, const struct conf_statement *first);

/* Where the row's key stands; if nowhere, word is NULL. */
struct conf_mark conf_block_seen(const struct conf_reading *r, enum conf_block block,
				 const char *key);

#endif
