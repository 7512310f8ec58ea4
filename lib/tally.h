/*
 * tally.h: counts of what was seen, by section, time and label, each with its unique addresses.
 *
 * What a report counts while it reads: rows that can be added up with those of other logs, in any
 * order and with the same result, so long as no limit was passed.
 */
#ifndef SMTPTRAP_TALLY_H
#define SMTPTRAP_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "unique.h"

#define TALLY_LABEL_MAX 255    /* bytes; what is longer is cut */
#define TALLY_LABELS_MAX 20000 /* rows in all sections; what else comes counts as TALLY_OTHER */
#define TALLY_SURE 100         /* labels of each section that have rows all the same */
#define TALLY_BYTES_MAX (96u << 20) /* of sets; then the large ones estimate */
#define TALLY_SECTIONS 256

enum tally_kind {
	TALLY_TOTAL, /* of all labels of a section and time */
	TALLY_LABEL,
	TALLY_OTHER, /* labels beyond the limit, together */
	TALLY_KIND_COUNT
};

/* Unique addresses, their IPv4 /24 and IPv6 /64 networks, and days, where they were asked for. */
enum tally_unique { TALLY_ADDRESSES, TALLY_NET24, TALLY_NET64, TALLY_DAYS, TALLY_UNIQUE_COUNT };

struct tally_row {
	uint64_t time; /* start of its time, 0 if times are not told apart; seconds since 1970 */
	uint8_t section;
	uint8_t kind;
	uint16_t len;
	const uint8_t *label;
	uint64_t count;
	uint64_t first, last; /* ts, microseconds since 1970 */
	struct unique unique[TALLY_UNIQUE_COUNT];
};

/* Whose record, when, and how many it counts as. */
struct tally_who {
	uint64_t ts;
	uint64_t count;
	uint64_t ip_key, net_key;
	bool is_v4;
	uint64_t day_key; /* 0: days are not asked for */
};

struct tally;

/* Make an empty one, to be released with tally_free(); NULL without memory. */
struct tally *tally_new(void);
void tally_free(struct tally **t);

/* Count it; the label is not used but for TALLY_LABEL.  Returns 0 or ERR_MEMORY. */
int tally_add(struct tally *t, uint8_t section, enum tally_kind kind, uint64_t time,
	      const void *label, size_t len, const struct tally_who *who);

/* Count it by its label and in the total, but not its addresses: for sections all of whose labels have
 * rows, as the caller sees to it that they are not too many.  Returns 0 or ERR_MEMORY. */
int tally_add_plain(struct tally *t, uint8_t section, uint64_t time, const char *label,
		    const struct tally_who *who);

/* The rows, in no order, and how many; valid until the next change. */
const struct tally_row *tally_rows(const struct tally *t, size_t *count_r);

/* Append its form for files and pipes. */
void tally_put(const struct tally *t, struct buf *to);

/* Add what such a form at *at holds, and move *at behind it; bytes are of unknown origin, and
 * sections up to that number are allowed.  Returns 0, ERR_FORMAT (what was added stays) or
 * ERR_MEMORY. */
int tally_get(struct tally *t, unsigned sections, const uint8_t **at, const uint8_t *end);

#endif
