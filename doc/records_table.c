/*
 * records_table.c: make smtptrap-records(5) of its text and the tables of the sources.
 *
 *     records_table <smtptrap-records.5.in >smtptrap-records.5
 *
 * Run by make.  A line that is @FIELDS@, @ODDITIES@, @HEADER_ODDITIES@, @TLS_FAILURES@ or
 * @UNREGISTERED@ is replaced by the list made of lib/record.def, lib/oddity.def,
 * lib/header_oddity.def, lib/tls_failure.def, or of what is not IANA's in lib/tls_*.def.
 */
#include <stdio.h>
#include <string.h>

#include "mail_header.h"
#include "oddity.h"
#include "record.h"
#include "tls_registry.h"

struct named {
	const char *name, *doc;
};

static const struct named tls_failures[] = {
#define TLS_FAILURE(sym, name, doc) {name, doc},
#include "tls_failure.def"
#undef TLS_FAILURE
};

static const char *const kinds[RECORD_KIND_COUNT] = {
    [RECORD_STRING] = "string",
    [RECORD_STRINGS] = "list of strings",
    [RECORD_NAMES] = "list of strings",
    [RECORD_U64] = "number",
    [RECORD_BOOL] = "true or false",
    [RECORD_IP] = "address",
    [RECORD_HEX] = "hexadecimal digits",
    [RECORD_TIME] = "time",
    [RECORD_UUID] = "UUID",
    [RECORD_DIALOGUE] = "list of objects",
};

#define LINE 76 /* mandoc(1) wants no longer lines */

/* A word that mdoc(7) takes as nothing else. */
static void print_word(const char *word, size_t len)
{
	if (word[0] == '.' || word[0] == '\'')
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++)
		fputs(word[i] == '\\' ? "\\e" : (const char[]){word[i], '\0'}, stdout);
}

/* Text in lines, and its end. */
static void print_text(const char *text, const char *end)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > LINE) {
			putchar('\n');
			column = 0;
		} else if (column > 0) {
			putchar(' ');
			column++;
		}
		print_word(text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	puts(end);
}

static void print_names(const struct record_info *info)
{
	if (info->zeek[0] == '\0' && info->ecs[0] == '\0')
		return;
	puts(".br");
	if (info->zeek[0] != '\0')
		printf("Zeek: %s%s\n", info->zeek, info->ecs[0] != '\0' ? ";" : "");
	if (info->ecs[0] != '\0')
		printf("ECS: %s\n", info->ecs);
}

static void print_fields(void)
{
	puts(".Bl -tag -width Ds");
	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct record_info *info = &record_table[f];
		const char *where = !info->in_session   ? "message only"
				    : !info->in_message ? "session only"
							: "both";

		printf(".It Va %s\n.Pq %s , %s", info->name, kinds[info->kind], where);
		if (info->unit[0] != '\0')
			printf(" , in %s",
			       strcmp(info->unit, "us") == 0 ? "microseconds" : info->unit);
		putchar('\n');
		print_text(info->doc, ".");
		print_names(info);
	}
	puts(".El");
}

static void print_item(const char *name, const char *doc)
{
	printf(".It Li %s\n", name);
	print_text(doc, ".");
}

static void print_oddities(void)
{
	puts(".Bl -tag -width Ds -compact");
	for (unsigned i = 0; i < ODDITY_COUNT; i++)
		print_item(oddity_table[i].name, oddity_table[i].doc);
	puts(".El");
}

static void print_header_oddities(void)
{
	puts(".Bl -tag -width Ds -compact");
	for (int i = 0; i < MAIL_ODDITY_COUNT; i++)
		print_item(mail_header_oddity_name((enum mail_header_oddity)i),
			   mail_header_oddity_doc((enum mail_header_oddity)i));
	puts(".El");
}

static void print_tls_failures(void)
{
	puts(".Bl -tag -width Ds -compact");
	for (size_t i = 0; i < sizeof tls_failures / sizeof *tls_failures; i++)
		print_item(tls_failures[i].name, tls_failures[i].doc);
	puts(".El");
}

/* Is row i the first that is from there? */
static bool is_first(const struct tls_registry_row *rows, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (rows[j].whose != NULL && strcmp(rows[j].whose, rows[i].whose) == 0)
			return false;
	return true;
}

/* Where names are from, and all of them. */
static void print_foreign(const struct tls_registry_row *rows, size_t count, const char *whose)
{
	const char *separator = "";

	puts(".It");
	print_text(whose, ":");
	for (size_t i = 0; i < count; i++) {
		if (rows[i].whose == NULL || strcmp(rows[i].whose, whose) != 0)
			continue;
		printf("%s0x%04x\n.Li %s", separator, rows[i].number, rows[i].name);
		separator = " ,\n";
	}
	puts(" .");
}

static void print_unregistered(void)
{
	puts(".Bl -bullet");
	for (int r = 0; r < TLS_REGISTRY_COUNT; r++) {
		size_t count;
		const struct tls_registry_row *rows =
		    tls_registry_rows((enum tls_registry)r, &count);

		for (size_t i = 0; i < count; i++)
			if (rows[i].whose != NULL && is_first(rows, i))
				print_foreign(rows, count, rows[i].whose);
	}
	puts(".El");
}

static const struct {
	const char *line;
	void (*print)(void);
} lists[] = {
    {"@FIELDS@\n", print_fields},
    {"@ODDITIES@\n", print_oddities},
    {"@HEADER_ODDITIES@\n", print_header_oddities},
    {"@TLS_FAILURES@\n", print_tls_failures},
    {"@UNREGISTERED@\n", print_unregistered},
};

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof line, stdin) != NULL) {
		size_t i = 0;

		while (i < sizeof lists / sizeof *lists && strcmp(line, lists[i].line) != 0)
			i++;
		if (i < sizeof lists / sizeof *lists)
			lists[i].print();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
