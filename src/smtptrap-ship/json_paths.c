/*
 * json_paths.c: the values of an object of JSON, by their paths.
 *
 * Run by smtptrap-ship --fetch-mail.  Input: texts of sensors, any of which may be hostile, and
 * answers of servers.  Memory is the parser's, which grows with the depth of the text: so the
 * caller bounds its length.
 */
#include "json_paths.h"

#include <string.h>
#include <yajl/yajl_parse.h>

#include "err.h"

#define DEPTH 8 /* of objects whose values are given; NATS's own have three */
#define DIGITS_MAX 18

struct walk {
	json_path_fn fn;
	void *ctx;
	char path[JSON_PATH_MAX];
	size_t prefix[DEPTH]; /* bytes of the path before the names of each depth */
	size_t depth;         /* of objects and lists */
	size_t hidden;        /* of these, from the first that is not looked into */
	bool named;           /* the path is that of a value */
	bool begun;
};

static bool is_open(const struct walk *w)
{
	return w->hidden == 0 && w->depth > 0;
}

static int give(struct walk *w, const void *text, size_t len)
{
	if (is_open(w) && w->named)
		w->fn(w->ctx, w->path, (struct span){text, len});
	return w->depth > 0;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return give(ctx, text, len);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return give(ctx, text, len);
}

static int on_boolean(void *ctx, int yes)
{
	return give(ctx, yes ? "true" : "false", yes ? 4 : 5);
}

static int on_null(void *ctx)
{
	const struct walk *w = ctx;

	return w->depth > 0;
}

/* An object or a list begins. */
static int enter(struct walk *w, bool is_list)
{
	bool look = !is_list && w->depth < DEPTH && (!w->begun || (is_open(w) && w->named));

	if (!w->begun && is_list)
		return 0;
	w->begun = true;
	if (look && w->depth > 0) {
		size_t len = strlen(w->path);
		look = len + 1 < JSON_PATH_MAX;
		w->prefix[w->depth] = len + 1;
		if (look)
			strlcat(w->path, ".", sizeof w->path);
	}
	if (!look)
		w->hidden++;
	w->depth++;
	return 1;
}

static int leave(void *ctx)
{
	struct walk *w = ctx;

	w->depth--;
	if (w->hidden > 0)
		w->hidden--;
	w->named = false;
	return 1;
}

static int on_start_map(void *ctx)
{
	return enter(ctx, false);
}

static int on_start_list(void *ctx)
{
	return enter(ctx, true);
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct walk *w = ctx;

	if (!is_open(w))
		return 1;
	size_t before = w->prefix[w->depth - 1];
	w->named = len < JSON_PATH_MAX - before && memchr(text, '\0', len) == NULL &&
		   memchr(text, '.', len) == NULL;
	if (w->named)
		memcpy(w->path + before, text, len);
	w->path[before + (w->named ? len : 0)] = '\0';
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = leave,
    .yajl_start_array = on_start_list,
    .yajl_end_array = leave,
};

int json_paths_read(const uint8_t *text, size_t len, json_path_fn fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	yajl_handle parser = yajl_alloc(&callbacks, NULL, &w);

	if (parser == NULL)
		return ERR_MEMORY;
	bool good = yajl_parse(parser, text, len) == yajl_status_ok &&
		    yajl_complete_parse(parser) == yajl_status_ok && w.begun && w.depth == 0;
	yajl_free(parser);
	return good ? 0 : ERR_FORMAT;
}

int json_path_number(struct span text, uint64_t *n_r)
{
	if (text.len == 0 || text.len > DIGITS_MAX)
		return ERR_FORMAT;
	*n_r = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return ERR_FORMAT;
		*n_r = *n_r * 10 + (uint64_t)(text.bytes[i] - '0');
	}
	return 0;
}
