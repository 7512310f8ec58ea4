/*
 * ship_conf.c: the manual page and the sample of the shipper's configuration agree with its table.
 *
 * Reads doc/smtptrap-ship.8 and etc/ship.conf below TRAP_SOURCE.
 */
#include "../../src/smtptrap-ship/conf_rows.h"

#include <ctype.h>
#include <stdlib.h>

#include "../lib-c/source_file.h"
#include "../tap.h"
#include "conf_value.h"

#define TEXT_MAX 4096

static char manual[SOURCE_FILE_MAX], sample[SOURCE_FILE_MAX];
static struct conf_errors errors;

static void path_of(const char *name, char path[TEXT_MAX])
{
	const char *source = getenv("TRAP_SOURCE");

	snprintf(path, TEXT_MAX, "%s/%s", source == NULL ? "." : source, name);
}

/* What the page must say of a key, with single spaces.  The folders are Debian's there. */
static void expected_item(const struct conf_row *row, char text[TEXT_MAX])
{
	char shape[CONF_VALUE_TEXT_MAX], range[CONF_VALUE_TEXT_MAX];
	const char *def = row->def != NULL ? row->def : row->otherwise, *folder = "";
	size_t local = strlen(LOCALSTATEDIR);

	conf_value_range(row, range);
	if (row->kind == CONF_KIND_PATH && strncmp(def, LOCALSTATEDIR "/", local + 1) == 0) {
		def += local;
		folder = "/var";
	}
	snprintf(text, TEXT_MAX, ".It Ic %s %s %s %s%s%s%s Default: %s%s.", row->key,
		 row->words == NULL ? "Ar" : "Cm",
		 row->kind == CONF_KIND_SET ? "word ..." : conf_value_shape(row, shape), row->doc,
		 *range != '\0' ? " Limits: " : "", range, *range != '\0' ? "." : "", folder,
		 *def == '\0' ? "empty" : def);
}

/* The key's item in the page, with single spaces; false if it is not there. */
static bool found_item(const struct ship_row *row, char text[TEXT_MAX])
{
	char title[100], line[100];
	size_t n = 0;

	snprintf(title, sizeof title, "\n.Ss %s%s\n",
		 *row->block == '\0' ? "Outside all blocks" : "Inside ", row->block);
	snprintf(line, sizeof line, "\n.It Ic %s ", row->row.key);
	const char *at = strstr(manual, title);
	const char *end = at == NULL ? NULL : strstr(at, "\n.El\n");
	if (end != NULL)
		at = memmem(at, (size_t)(end - at), line, strlen(line));
	if (end == NULL || at == NULL)
		return false;
	end = strstr(at + 1, "\n.");
	for (at++; at < end && n < TEXT_MAX - 1; at++)
		text[n++] = *at == '\n' ? ' ' : *at;
	text[n] = '\0';
	return true;
}

static void test_manual(void)
{
	for (size_t i = 0; i < ship_rows_count; i++) {
		char expected[TEXT_MAX], text[TEXT_MAX], title[200];
		expected_item(&ship_rows[i].row, expected);
		snprintf(title, sizeof title, "the manual describes %s %s", ship_rows[i].block,
			 ship_rows[i].row.key);
		is_str(found_item(&ship_rows[i], text) ? text : NULL, expected, title);
	}
}

/* ---- the sample ---- */

static struct ship_conf *load(const char *path)
{
	struct ship_conf *conf;

	memset(&errors, 0, sizeof errors);
	ship_conf_load(&conf, path, NULL, &errors);
	for (size_t i = 0; i < errors.kept; i++)
		printf("# %s\n", errors.text[i]);
	return conf;
}

/* The sample in a file, without each "#" that begins a line and has no space behind. */
static struct ship_conf *load_full(void)
{
	char path[] = "/tmp/ship_conf.XXXXXX";
	bool blank = true; /* nothing but white space since the line's begin */
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (f == NULL)
		return NULL;
	for (const char *from = sample; *from != '\0'; from++) {
		if (!blank || *from != '#' || isspace((unsigned char)from[1]))
			fputc(*from, f);
		blank = *from == '\n' || (blank && isspace((unsigned char)*from));
	}
	fclose(f);
	struct ship_conf *conf = load(path);
	remove(path);
	return conf;
}

static bool is_text(enum conf_kind kind)
{
	return kind == CONF_KIND_TEXT || kind == CONF_KIND_NAME || kind == CONF_KIND_PATH;
}

static bool same_member(const struct conf_row *row, const struct ship_conf *a,
			const struct ship_conf *b)
{
	const char *at = (const char *)a + row->offset, *bt = (const char *)b + row->offset;
	const char *as, *bs;
	bool wide = row->kind == CONF_KIND_SIZE || row->kind == CONF_KIND_DURATION;

	if (!is_text(row->kind))
		return memcmp(at, bt, wide ? sizeof(uint64_t) : sizeof(uint32_t)) == 0;
	memcpy(&as, at, sizeof as);
	memcpy(&bs, bt, sizeof bs);
	return strcmp(as, bs) == 0;
}

static bool shows(const char *key)
{
	char line[100];

	for (const char *before = "\n\t# "; *before != '\0'; before++) {
		snprintf(line, sizeof line, "%c%s ", *before, key);
		if (strstr(sample, line) != NULL)
			return true;
	}
	snprintf(line, sizeof line, "#%s ", key);
	return strstr(sample, line) != NULL;
}

static void test_sample(void)
{
	char path[TEXT_MAX];

	path_of("etc/ship.conf", path);
	struct ship_conf *plain = load(path), *full = load_full();
	ok(plain != NULL, "the sample is free of errors");
	ok(full != NULL, "the sample is free of errors with all that is commented out");
	for (size_t i = 0; i < ship_rows_count; i++) {
		const struct conf_row *row = &ship_rows[i].row;
		ok(shows(row->key), "the sample shows %s %s", ship_rows[i].block, row->key);
		/* folders have the prefix of this build */
		if (row->def == NULL || plain == NULL || full == NULL || *row->def == '/')
			continue;
		if (*row->def != '\0')
			ok(same_member(row, plain, full), "the sample shows the default of %s %s",
			   ship_rows[i].block, row->key);
	}
	ship_conf_free(&plain);
	ship_conf_free(&full);
}

int main(void)
{
	source_file("doc/smtptrap-ship.8", manual);
	source_file("etc/ship.conf", sample);
	test_manual();
	test_sample();
	return tap_done();
}
