/*
 * rejected.h: records that an output can never take, kept in a file.
 */
#ifndef SMTPTRAP_SHIP_REJECTED_H
#define SMTPTRAP_SHIP_REJECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"

#define REJECTED_FILE "rejected.jsonl"
#define REJECTED_OLD REJECTED_FILE ".old"
#define REJECTED_WORDS_MAX 4096 /* of a line without its record */

/* What became of it. */
struct rejected_kept {
	bool whole;       /* else it is too long: its line has all but the record */
	uint64_t dropped; /* records of the older half that made room */
};

/*
 * Append the record to the file in the folder, a line of JSON {"rejected_at", "why", "stream",
 * "id", "size", "record"}, durably; a part of a line that a crash left there is cut off.  When the file
 * would pass half of max bytes it takes the place of the older half first.  A record whose line
 * could be longer than that is left out of it.  0, or ERR_SYSTEM: nothing was added, though a half may
 * have made room.  *kept_r is set in both cases.
 */
int rejected_put(int dir, const struct ship_item *item, const char *why, uint64_t max,
		 struct rejected_kept *kept_r);

#endif
