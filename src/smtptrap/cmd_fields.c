/*
 * cmd_fields.c: smtptrap fields: the fields of records, from the table that makes them.
 *
 * With --mdoc it writes the lists of smtptrap-records(5), which the build puts into the page.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "record.h"
#include "smtptrap.h"

static const char *const kinds[RECORD_KIND_COUNT] = {
    [RECORD_STRING] = "string",
    [RECORD_STRINGS] = "list of strings",
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

static void print_plain(void)
{
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct record_info *info = &record_table[f];

		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", info->name, kinds[info->kind], streams(info),
		       info->unit, info->doc, info->zeek, info->ecs);
	}
}

/* Text that mdoc(7) takes as text. */
static void print_mdoc_text(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-' || ((*p == '.' || *p == '\'') && p == text))
			printf("\\%s%c", *p == '-' ? "" : "&", *p);
		else
			putchar(*p);
	}
	putchar('\n');
}

static void print_mdoc_names(const struct record_info *info)
{
	if (info->zeek[0] != '\0')
		printf("Zeek: %s%s\n", info->zeek, info->ecs[0] != '\0' ? ";" : ".");
	if (info->ecs[0] != '\0')
		printf("ECS: %s.\n", info->ecs);
}

static void print_mdoc(void)
{
	puts(".Bl -tag -width Ds");
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct record_info *info = &record_table[f];

		printf(".It Va %s\n.Pq %s , %s", info->name, kinds[info->kind], streams(info));
		printf(info->unit[0] != '\0' ? " , in %s\n" : "\n", info->unit);
		print_mdoc_text(info->doc);
		print_mdoc_names(info);
	}
	puts(".El");
}

int cmd_fields(const struct env *env, int argc, char **argv)
{
	(void)env;
	if (argc == 1)
		print_plain();
	else if (argc == 2 && strcmp(argv[1], "--mdoc") == 0)
		print_mdoc();
	else
		return usage_of("fields");
	return EXIT_GOOD;
}
