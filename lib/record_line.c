/*
 * record_line.c: a line of JSON as a record.
 *
 * Runs in the reader and the shipper.  Input: lines of log files, which may be damaged or not ours.
 */
#include "record_line.h"

#include <string.h>
#include <yajl/yajl_parse.h>

#include "err.h"
#include "time_text.h"
#include "uuid.h"

/* What is left of the line; failed once something was not as expected. */
struct cursor {
	const char *p, *end;
	bool failed;
};

static void expect(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	c->failed |= (size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0;
	if (!c->failed)
		c->p += len;
}

/* A string without escapes; its length. */
static const char *take_string(struct cursor *c, size_t *len_r)
{
	const char *start = c->p, *quote = memchr(start, '"', (size_t)(c->end - start));

	*len_r = 0;
	c->failed |= quote == NULL;
	if (c->failed)
		return start;
	*len_r = (size_t)(quote - start);
	c->p = quote + 1;
	return start;
}

static uint64_t take_number(struct cursor *c)
{
	const char *start = c->p;
	uint64_t n = 0;

	while (!c->failed && c->p < c->end && *c->p >= '0' && *c->p <= '9') {
		c->failed |= c->p - start > 18 && n > (UINT64_MAX - 9) / 10;
		n = n * 10 + (uint64_t)(*c->p++ - '0');
	}
	c->failed |= c->p == start;
	return n;
}

int record_line_head(const uint8_t *line, size_t len, struct record_line_head *h_r)
{
	struct cursor c = {(const char *)line, (const char *)line + len, false};
	const char *text;
	size_t n;

	expect(&c, "{\"v\":1,\"type\":\"");
	text = take_string(&c, &n);
	h_r->type = n == 7 && memcmp(text, "message", n) == 0 ? RECORD_MESSAGE : RECORD_SESSION;
	c.failed |= h_r->type == RECORD_SESSION && (n != 7 || memcmp(text, "session", n) != 0);
	expect(&c, ",\"id\":\"");
	text = take_string(&c, &n);
	c.failed |= uuid_parse(text, n, h_r->id) != 0;
	expect(&c, ",\"seq\":");
	h_r->seq = take_number(&c);
	expect(&c, ",\"ts\":\"");
	text = take_string(&c, &n);
	c.failed |= time_parse(text, n, &h_r->ts) != 0;
	return c.failed ? ERR_FORMAT : 0;
}

/* Where the parser is.  Depth: 1 in the record, 2 in a list, 3 in an object of a list. */
struct walk {
	record_item_fn fn;
	void *ctx;
	int stopped; /* what fn returned */
	unsigned depth;
	struct record_item item;
	char name[RECORD_NAME_MAX], member[RECORD_NAME_MAX];
};

static int give(struct walk *w, bool is_string, const char *text, size_t len)
{
	if (w->depth == 0)
		return 0;
	w->item.is_string = is_string;
	w->item.text = text;
	w->item.len = len;
	w->stopped = w->fn(w->ctx, &w->item);
	if (w->depth == 2)
		w->item.index++;
	return w->stopped == 0;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return give(ctx, true, (const char *)text, len);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return give(ctx, false, text, len);
}

static int on_boolean(void *ctx, int yes)
{
	return give(ctx, false, yes ? "true" : "false", yes ? 4 : 5);
}

static int on_start_map(void *ctx)
{
	struct walk *w = ctx;

	if (w->depth != 0 && w->depth != 2)
		return 0;
	w->depth++;
	w->item.member = NULL;
	return 1;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct walk *w = ctx;
	char *name = w->depth == 1 ? w->name : w->member;

	if (len >= RECORD_NAME_MAX || memchr(text, '\0', len) != NULL)
		return 0;
	memcpy(name, text, len);
	name[len] = '\0';
	if (w->depth == 1)
		w->item = (struct record_item){.name = name};
	else
		w->item.member = name;
	return 1;
}

static int on_end_map(void *ctx)
{
	struct walk *w = ctx;

	w->depth--;
	w->item.member = NULL;
	if (w->depth == 2)
		w->item.index++;
	return 1;
}

static int on_start_list(void *ctx)
{
	struct walk *w = ctx;

	if (w->depth != 1)
		return 0;
	w->depth = 2;
	w->item.in_list = true;
	return 1;
}

static int on_end_list(void *ctx)
{
	((struct walk *)ctx)->depth = 1;
	return 1;
}

static int on_null(void *ctx)
{
	(void)ctx;
	return 0;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_list,
    .yajl_end_array = on_end_list,
};

int record_line_walk(const uint8_t *line, size_t len, record_item_fn fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	yajl_handle parser = yajl_alloc(&callbacks, NULL, &w);

	if (parser == NULL)
		return ERR_MEMORY;
	yajl_status status = yajl_parse(parser, line, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(parser);
	yajl_free(parser);
	if (w.stopped != 0)
		return w.stopped;
	return status == yajl_status_ok ? 0 : ERR_FORMAT;
}
