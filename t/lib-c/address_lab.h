/*
 * address_lab.h: a small table of addresses, for tests of what is remembered of them.
 */
#ifndef SMTPTRAP_TEST_ADDRESS_LAB_H
#define SMTPTRAP_TEST_ADDRESS_LAB_H

#include "address_table.h"

#include <stdlib.h>
#include <string.h>

/* An empty table of ADDRESS_MIN entries, the caller's to free, and who reads it; ends the test if
 * there is no memory. */
static inline struct address_table *address_lab(struct address_reader *reader_r)
{
	static const uint8_t secret[ADDRESS_SECRET] = "an open secret.";
	size_t size = address_table_size(ADDRESS_MIN);
	struct address_table *table = aligned_alloc(64, size);

	if (table == NULL)
		exit(99);
	memset(table, 0, size);
	address_table_init(table, ADDRESS_MIN, secret);
	if (address_reader_init(reader_r, table, size) != 0)
		exit(98);
	return table;
}

#endif
