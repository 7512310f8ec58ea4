/*
 * fuzz_where.c: fuzz target for lib/where and lib/record_scan.
 *
 * Up to the first LF is an expression, the rest a line.  Properties: a fault has a column within
 * the expression or just behind it, and a text; an expression and its negation are never both
 * true or both false.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_negation(struct where *w, const char *text, const uint8_t *line, size_t len)
{
	size_t size = strlen(text) + sizeof "not ()";
	char *negated = malloc(size);
	struct where_error error;
	struct where *n;
	int is, is_not;

	must(negated != NULL);
	snprintf(negated, size, "not (%s)", text);
	is = where_match(w, line, len);
	must(is == 0 || is == 1 || is == ERR_FORMAT);
	if (where_parse(&n, negated, &error) == 0) {
		is_not = where_match(n, line, len);
		must(is == ERR_FORMAT ? is_not == ERR_FORMAT : is_not == !is);
	}
	where_free(&n);
	free(negated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *lf = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t text_len = lf != NULL ? (size_t)(lf - data) : len;
	char *text = strndup((const char *)data, text_len);
	struct where_error error = {0};
	struct where *w;

	must(text != NULL);
	int rc = where_parse(&w, text, &error);
	must(rc == 0 || rc == ERR_FORMAT);
	must((rc == 0) == (w != NULL));
	if (rc != 0)
		must(error.column >= 1 && error.column <= strlen(text) + 1 &&
		     error.text[0] != '\0');
	else if (lf != NULL)
		check_negation(w, text, lf + 1, len - text_len - 1);
	where_free(&w);
	free(text);
	return 0;
}
