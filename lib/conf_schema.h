/*
 * conf_schema.h: the table of all keys of smtptrap.conf.
 */
#ifndef SMTPTRAP_CONF_SCHEMA_H
#define SMTPTRAP_CONF_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "conf_tree.h"

enum conf_block {
	CONF_TOP, /* outside all blocks */
	CONF_LISTEN,
	CONF_IDENTITY,
	CONF_TLS,
	CONF_PROFILE,
	CONF_EXPERIMENT,
	CONF_ARM,
	CONF_WORKERS,
	CONF_LIMITS,
	CONF_SMTP,
	CONF_AUTH,
	CONF_DNS,
	CONF_LOG,
	CONF_MEMORY,
	CONF_YAKKERS,
	CONF_RULES, /* has no keys: rule_compile.h */
	CONF_BLOCK_COUNT
};

/* What a value is written as, and the type of its member. */
enum conf_kind {
	CONF_KIND_TEXT,     /* printable text: const char * */
	CONF_KIND_NAME,     /* the same without white space */
	CONF_KIND_PATH,     /* an absolute path, or "" where min is 0: const char * */
	CONF_KIND_NUMBER,   /* uint32_t */
	CONF_KIND_PORT,     /* uint16_t */
	CONF_KIND_SIZE,     /* bytes: uint64_t */
	CONF_KIND_SIZE32,   /* bytes: uint32_t */
	CONF_KIND_DURATION, /* microseconds: uint64_t */
	CONF_KIND_CHOICE,   /* one of words: an enum, its number */
	CONF_KIND_SWITCH,   /* one of two words: bool */
	CONF_KIND_SET,      /* several of words, or "none": uint32_t, bit 1 << its number */
	CONF_KIND_WORDS, /* several of words in an order, or "none": uint8_t *, size_t at count_offset */
	CONF_KIND_IP,          /* uint8_t[16] */
	CONF_KIND_NETS,        /* several networks: struct ip_net *, and a size_t at count_offset */
	CONF_KIND_CERTIFICATE, /* begins a pair: struct conf_keypair *, size_t at count_offset */
	CONF_KIND_KEY,         /* ends it */
	CONF_KIND_SERVERS, /* several addresses with ports: struct conf_dns_server *, and so on */
	CONF_KIND_ZONES,   /* several names of the DNS: const char **, and so on */
	CONF_KIND_COUNT
};

struct conf_row {
	enum conf_block block;
	const char *key;
	enum conf_kind kind;
	uint64_t min, max;        /* of numbers; of texts and paths the length in bytes */
	const char *def;          /* the default, as it would be written; NULL: none */
	const char *otherwise;    /* the manual's word for a default that is worked out; both NULL:
				     the key must be there */
	const char *const *words; /* of choices, switches and sets; ends with NULL */
	size_t offset;            /* in struct conf, or in the block's element */
	size_t count_offset;
	const char *doc; /* for the manual: sentences */
};

#define CONF_ROWS_MAX 160 /* room for marks, one a row */
extern const struct conf_row conf_rows[];
extern const size_t conf_rows_count;

/*
 * A kind of block.  Most fill struct conf, several of a name together.  Of others each one is an
 * element of its own in an array of struct conf.
 */
struct conf_block_row {
	const char *name;
	enum conf_block outer; /* where it stands */
	bool named;   /* "profile NAME {": the element's first member is const char *name */
	size_t max;   /* elements at most; 0: the block fills struct conf */
	size_t bytes; /* of an element */
	size_t offset, count_offset; /* of the array and of its size_t */
};

extern const struct conf_block_row conf_blocks[CONF_BLOCK_COUNT];

/* The block's name in the file; "" for CONF_TOP. */
const char *conf_block_name(enum conf_block block);

/* The block with this name that may stand in outer, or CONF_BLOCK_COUNT. */
enum conf_block conf_block_find(enum conf_block outer, const struct conf_word *word);

/* The row of this bare word in the block, or NULL. */
const struct conf_row *conf_row_find(enum conf_block block, const struct conf_word *word);

#endif
