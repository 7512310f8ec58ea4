/*
 * rejected.h: records that an output can never take, kept in a file.
 */
#ifndef SMTPTRAP_SHIP_REJECTED_H
#define SMTPTRAP_SHIP_REJECTED_H

#include <stdint.h>

#include "output.h"

#define REJECTED_FILE "rejected.jsonl"
#define REJECTED_OLD REJECTED_FILE ".old"

/*
 * Append the record to the file in the folder, a line of JSON {"rejected_at", "why", "stream",
 * "id", "size", "record"}, durably.  When the file would pass half of max bytes it takes the place
 * of the older half first.  A record that is longer than that is left out of its line.  0, or
 * ERR_SYSTEM: the file is as it was.
 */
int rejected_put(int dir, const struct ship_item *item, const char *why, uint64_t max);

#endif
