/*
 * fetch_check.c: look at what a sensor sent before it goes to a file beside those of others.
 *
 * Run by smtptrap-ship --fetch.  Input: messages of sensors, any of which may be hostile.
 */
#include "fetch_check.h"

#include <string.h>

#include "log_read.h"
#include "record.h"
#include "token.h"

struct claim {
	const char *token; /* the sensor, as in the subject */
	size_t len;
	unsigned right, wrong;
};

/* Is the sensor of the subject the token of this name? */
static bool is_token_of(const struct claim *c, const char *name, size_t len)
{
	if (len != c->len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (c->token[i] != ship_token_byte(name[i]))
			return false;
	return true;
}

/* Readers differ in which of two fields with one name they take: so each has to be right. */
static int see_item(void *ctx, const struct record_item *item)
{
	struct claim *c = ctx;

	if (item->name == NULL || strcmp(item->name, "sensor") != 0)
		return 0;
	if (item->is_string && !item->in_list && is_token_of(c, item->text, item->len))
		c->right++;
	else
		c->wrong++;
	return 0;
}

static bool is_clean(const uint8_t *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] < 0x20)
			return false;
	}
	return len > 0 && len <= LOG_LINE_MAX;
}

bool fetch_check(const char *prefix, const char *subject, const uint8_t *line, size_t len,
		 struct record_line_head *head_r)
{
	size_t before = strlen(prefix);

	if (strncmp(subject, prefix, before) != 0 || subject[before] != '.')
		return false;
	struct claim c = {.token = subject + before + 1};
	c.len = strcspn(c.token, ".");
	return c.token[c.len] == '.' && is_clean(line, len) &&
	       record_line_head(line, len, head_r) == 0 &&
	       strcmp(c.token + c.len + 1, record_type_name(head_r->type)) == 0 &&
	       record_line_walk(line, len, see_item, &c) == 0 && c.right > 0 && c.wrong == 0;
}
