/*
 * address_state.h: the memory of addresses as a file, so that it outlives a restart.
 *
 * A head (magic, version, number of entries, the table's secret), the entries, and the CRC-32 of
 * both; in this machine's byte order.  Its numbers are of wall clock time, and so hold over a restart.
 */
#ifndef SMTPTRAP_ADDRESS_STATE_H
#define SMTPTRAP_ADDRESS_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "address_table.h"
#include "buf.h"

#define ADDRESS_STATE_FILE "addresses.state"
#define ADDRESS_STATE_VERSION 2

struct address_state_head {
	uint8_t magic[8];
	uint32_t version;
	uint32_t entries;
	uint8_t secret[ADDRESS_SECRET];
};
#define ADDRESS_STATE_ENTRY 32u /* bytes, as struct address_state_bytes in address_state.c */
#define ADDRESS_STATE_MAX                                                                \
	(sizeof(struct address_state_head) + (size_t)ADDRESS_MAX * ADDRESS_STATE_ENTRY + \
	 ADDRESS_WAYS * ADDRESS_STATE_ENTRY + sizeof(uint32_t))

/* Write all of the table behind what out holds; out->failed if there is no room. */
void address_state_encode(const struct address_table *t, struct buf *out);

/*
 * Check the len bytes of a file.  Returns 0 and *head_r; ERR_FORMAT if they are none of ours;
 * ERR_REFUSED if they are of another version; ERR_CORRUPT if they are damaged or cut.
 */
int address_state_check(const uint8_t *bytes, size_t len, struct address_state_head *head_r);

/* The entry with this number, less than head.entries, of bytes that were checked.  Returns 0, or
 * ERR_FORMAT if it is not one that address_state_encode() writes. */
int address_state_entry(const uint8_t *bytes, uint32_t number, struct address_entry *entry_r);

#endif
