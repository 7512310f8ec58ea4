/*
 * conf_doc.c: the manual page and the sample configuration agree with the schema.
 *
 * Reads doc/smtptrap.conf.5 and etc/smtptrap.conf below TRAP_SOURCE.
 */
#include "config.h"

#include "../lib-c/source_file.h"
#include "../tap.h"
#include "conf_files.h"
#include "conf_schema.h"
#include "conf_value.h"

#include <ctype.h>

#define TEXT_MAX 4096

static char manual[SOURCE_FILE_MAX], sample[SOURCE_FILE_MAX];
static struct conf_errors errors;

/* ---- the manual page ---- */

/* Where the items of a block begin in the page, and where they end. */
static const char *section(enum conf_block block, size_t *len_r)
{
	char title[100];

	if (block == CONF_TOP)
		snprintf(title, sizeof title, "\n.Ss Outside all blocks\n");
	else
		snprintf(title, sizeof title, "\n.Ss Inside %s\n", conf_block_name(block));
	const char *begin = strstr(manual, title);
	if (begin == NULL)
		return NULL;
	const char *end = strstr(begin, "\n.El\n");
	*len_r = end == NULL ? strlen(begin) : (size_t)(end - begin);
	return begin;
}

/* What the page must say of a key: its item line, then its text with single spaces. */
static void expected_item(const struct conf_row *row, char text[TEXT_MAX])
{
	char shape[CONF_VALUE_TEXT_MAX], range[CONF_VALUE_TEXT_MAX];
	const char *def = row->def != NULL ? row->def : row->otherwise;

	conf_value_range(row, range);
	snprintf(text, TEXT_MAX, ".It Ic %s %s %s %s%s%s%s %s%s%s", row->key,
		 row->words == NULL ? "Ar" : "Cm",
		 row->kind == CONF_KIND_SET || row->kind == CONF_KIND_WORDS
		     ? "word ..."
		     : conf_value_shape(row, shape),
		 row->doc, *range != '\0' ? " Limits: " : "", range, *range != '\0' ? "." : "",
		 def != NULL ? "Default: " : "Required.",
		 def == NULL    ? ""
		 : *def == '\0' ? "empty"
				: def,
		 def != NULL ? "." : "");
}

/* The item of a key in the section, with single spaces; false if it is not there. */
static bool found_item(const struct conf_row *row, char text[TEXT_MAX])
{
	char line[100];
	size_t len, n = 0;
	const char *at = section(row->block, &len);

	snprintf(line, sizeof line, "\n.It Ic %s ", row->key);
	at = at == NULL ? NULL : memmem(at, len, line, strlen(line));
	if (at == NULL)
		return false;
	const char *end = strstr(at + 1, "\n.");
	for (at++; at < end && n < TEXT_MAX - 1; at++)
		text[n++] = *at == '\n' ? ' ' : *at;
	text[n] = '\0';
	return true;
}

static size_t count(const char *text, size_t len, const char *what)
{
	size_t n = 0;

	for (const char *at = text, *end = text + len;
	     (at = memmem(at, (size_t)(end - at), what, strlen(what))) != NULL; at++)
		n++;
	return n;
}

static void test_manual(void)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		char expected[TEXT_MAX], text[TEXT_MAX], title[200];
		expected_item(&conf_rows[i], expected);
		snprintf(title, sizeof title, "the manual describes %s %s",
			 conf_block_name(conf_rows[i].block), conf_rows[i].key);
		is_str(found_item(&conf_rows[i], text) ? text : NULL, expected, title);
	}
}

static void test_manual_keys(void)
{
	size_t total = 0, len = 0;

	for (unsigned b = CONF_TOP; b < CONF_BLOCK_COUNT; b++) {
		const char *at = section((enum conf_block)b, &len);
		if (ok(at != NULL, "the manual has a section \"%s\"",
		       conf_block_name((enum conf_block)b)))
			total += count(at, len, "\n.It Ic ");
	}
	is_int((int64_t)total, (int64_t)conf_rows_count,
	       "the manual describes no key that is not there");
	is_int((int64_t)count(manual, strlen(manual), "\n.Ss Inside "), CONF_BLOCK_COUNT - 1,
	       "the manual describes no block that is not there");
}

/* ---- the sample ---- */

static struct conf *load(const char *text)
{
	struct test_file files[] = {{"/etc/smtptrap/smtptrap.conf", text, 0}, {0}};
	struct conf_opener opener = {.open = test_open, .ctx = files};
	struct conf *conf;

	memset(&errors, 0, sizeof errors);
	conf_load(&conf, files[0].path, &opener, &errors);
	for (size_t i = 0; i < errors.kept; i++)
		printf("# %s\n", errors.text[i]);
	return conf;
}

/* Take away each "#" that begins a line and has no space behind. */
static void uncomment(char *text)
{
	char *to = text;
	bool blank = true; /* nothing but white space since the line's begin */

	for (const char *from = text; *from != '\0'; from++) {
		if (!blank || *from != '#' || isspace((unsigned char)from[1]))
			*to++ = *from;
		blank = *from == '\n' || (blank && isspace((unsigned char)*from));
	}
	*to = '\0';
}

static bool is_text(enum conf_kind kind)
{
	return kind == CONF_KIND_TEXT || kind == CONF_KIND_NAME || kind == CONF_KIND_PATH;
}

static size_t member_size(enum conf_kind kind)
{
	switch (kind) {
	case CONF_KIND_SIZE:
	case CONF_KIND_DURATION:
		return sizeof(uint64_t);
	case CONF_KIND_SWITCH:
		return sizeof(bool);
	default:
		return sizeof(uint32_t);
	}
}

/* Whether the row's member is the same in both. */
static bool same_member(const struct conf_row *row, const struct conf *a, const struct conf *b)
{
	bool listen = row->block == CONF_LISTEN;
	const char *at = (listen ? (const char *)a->listen : (const char *)a) + row->offset;
	const char *bt = (listen ? (const char *)b->listen : (const char *)b) + row->offset;
	const char *as, *bs;

	if (!is_text(row->kind))
		return memcmp(at, bt, member_size(row->kind)) == 0;
	memcpy(&as, at, sizeof as);
	memcpy(&bs, bt, sizeof bs);
	return strcmp(as, bs) == 0;
}

static bool has_line(const char *text, const char *key)
{
	char line[100];

	snprintf(line, sizeof line, "\n%s ", key);
	if (strstr(text, line) != NULL)
		return true;
	snprintf(line, sizeof line, "\t%s ", key);
	return strstr(text, line) != NULL ||
	       (strcmp(key, "key") == 0 && strstr(text, " key ") != NULL);
}

static void test_sample(void)
{
	struct conf *plain = load(sample);

	ok(plain != NULL, "the sample is free of errors");
	uncomment(sample);
	struct conf *full = load(sample);
	ok(full != NULL, "the sample is free of errors with all that is commented out");
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		ok(has_line(sample, row->key), "the sample shows %s %s",
		   conf_block_name(row->block), row->key);
		if (row->def != NULL && full != NULL && plain != NULL)
			ok(same_member(row, plain, full), "the sample shows the default of %s %s",
			   conf_block_name(row->block), row->key);
	}
	conf_free(&plain);
	conf_free(&full);
}

int main(void)
{
	source_file("doc/smtptrap.conf.5", manual);
	source_file("etc/smtptrap.conf", sample);
	test_manual_keys();
	test_manual();
	test_sample();
	return tap_done();
}
