/*
 * cmd_fields.c: smtptrap fields: the fields of records, from the table that makes them.
 *
 * A line each, apart by tabs: name, kind, streams, unit, documentation, Zeek's name, ECS's name.
 */
#include <stdio.h>

#include "record.h"
#include "smtptrap.h"

static const char *const kinds[RECORD_KIND_COUNT] = {
    [RECORD_STRING] = "string",
    [RECORD_STRINGS] = "list of strings",
    [RECORD_NAMES] = "list of strings",
    [RECORD_U64] = "number",
    [RECORD_BOOL] = "truth value",
    [RECORD_IP] = "address",
    [RECORD_HEX] = "hexadecimal digits",
    [RECORD_TIME] = "time",
    [RECORD_UUID] = "UUID",
    [RECORD_DIALOGUE] = "list of objects",
};

static const char *streams(const struct record_info *info)
{
	if (info->in_session && info->in_message)
		return "both";
	return info->in_session ? "session" : "message";
}

static void print_fields(void)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct record_info *info = &record_table[f];

		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", info->name, kinds[info->kind], streams(info),
		       info->unit, info->doc, info->zeek, info->ecs);
	}
}

int cmd_fields(const struct env *env, int argc, char **argv)
{
	(void)env;
	if (argc != 1 && !no_more_arguments(argv + 1))
		return usage_of("fields");
	print_fields();
	return EXIT_GOOD;
}
