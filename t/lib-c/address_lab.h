/*
 * address_lab.h: a small table of addresses, for tests of what is remembered of them.
 */
#ifndef SMTPTRAP_TEST_ADDRESS_LAB_H
#define SMTPTRAP_TEST_ADDRESS_LAB_H

#include "address_table.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t address_lab_secret[ADDRESS_SECRET] = "an open secret.";

/* An empty table for so many addresses, the caller's to free; ends the test if there is no memory. */
static inline struct address_table *address_lab_table(uint32_t addresses)
{
	size_t size = address_table_size(addresses);
	struct address_table *table = aligned_alloc(64, size);

	if (table == NULL)
		exit(99);
	memset(table, 0, size);
	address_table_init(table, addresses, address_lab_secret);
	return table;
}

/* One of ADDRESS_MIN entries, and who reads it. */
static inline struct address_table *address_lab(struct address_reader *reader_r)
{
	struct address_table *table = address_lab_table(ADDRESS_MIN);

	if (address_reader_init(reader_r, table, address_table_size(ADDRESS_MIN)) != 0)
		exit(98);
	return table;
}

#endif
