/*
 * record_table.c: the table of fields, made from record.def, and looking up in it.
 *
 * Runs in every process; holds nothing that changes.
 */
#include <string.h>

#include "record.h"

#define SESSION true, false
#define MESSAGE false, true
#define BOTH true, true
#define FIELD(sym, name, kind, streams, unit, doc, zeek, ecs) \
	[FIELD_##sym] = {name, RECORD_##kind, streams, unit, doc, zeek, ecs},
const struct record_info record_table[FIELD_COUNT] = {
#include "record.def"
};
#undef FIELD

const char *record_type_name(enum record_type type)
{
	static const char *const names[RECORD_TYPE_COUNT] = {"session", "message"};

	return names[type];
}

enum record_field record_field_find(const char *name, size_t len)
{
	unsigned f = 0;

	while (f < FIELD_COUNT &&
	       (strncmp(record_table[f].name, name, len) != 0 || record_table[f].name[len] != '\0'))
		f++;
	return (enum record_field)f;
}
