/*
 * client_hello_extensions.c: the extensions of a ClientHello.
 *
 * Runs in workers; part of client_hello.c.  A row a list that is read; a list whose length does not
 * fit its extension is marked and taken as far as it goes.  Others are only counted and named.
 */
#include "client_hello.h"

#include <stddef.h>

#define EXTENSION_HEADER 4
#define HOST_NAME 0

enum {
	EXT_SERVER_NAME = 0,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_EC_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SESSION_TICKET = 35,
	EXT_PRE_SHARED_KEY = 41,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_KEY_SHARE = 51
};

static const struct list_row {
	uint16_t type;
	uint8_t length_bytes; /* in front of the list */
	uint8_t unit;         /* bytes an element, or 1 where they differ */
	uint8_t min;          /* bytes of the shortest list allowed */
	size_t at;            /* of the span in struct client_hello */
} lists[] = {
    {EXT_SERVER_NAME, 2, 1, 3, offsetof(struct client_hello, server_names)},
    {EXT_SUPPORTED_GROUPS, 2, 2, 2, offsetof(struct client_hello, groups)},
    {EXT_EC_POINT_FORMATS, 1, 1, 1, offsetof(struct client_hello, point_formats)},
    {EXT_SIGNATURE_ALGORITHMS, 2, 2, 2, offsetof(struct client_hello, signature_algorithms)},
    {EXT_ALPN, 2, 1, 2, offsetof(struct client_hello, alpn)},
    {EXT_SUPPORTED_VERSIONS, 1, 2, 2, offsetof(struct client_hello, versions)},
    {EXT_KEY_SHARE, 2, 1, 0, offsetof(struct client_hello, key_shares)},
};

static uint16_t number_at(struct span s, size_t at)
{
	return hello_number(span_tail(s, at), 0);
}

bool client_hello_extension(struct span *list, uint16_t *type_r, struct span *content_r)
{
	if (list->len < EXTENSION_HEADER)
		return false;
	size_t len = number_at(*list, 2), have = list->len - EXTENSION_HEADER;
	*type_r = number_at(*list, 0);
	*content_r = span_head(span_tail(*list, EXTENSION_HEADER), len < have ? len : have);
	*list = span_tail(*list, EXTENSION_HEADER + content_r->len);
	return true;
}

bool client_hello_protocol(struct span *list, struct span *name_r)
{
	if (list->len == 0 || list->bytes[0] > list->len - 1)
		return false;
	*name_r = span_head(span_tail(*list, 1), list->bytes[0]);
	*list = span_tail(*list, 1 + name_r->len);
	return true;
}

bool client_hello_key_share(struct span *list, uint16_t *group_r)
{
	struct span content;

	if (list->len < EXTENSION_HEADER || number_at(*list, 2) > list->len - EXTENSION_HEADER)
		return false;
	return client_hello_extension(list, group_r, &content); /* the same form */
}

/* ---- lists whose elements differ in length; true if each is as it should be ---- */

static bool read_server_names(struct client_hello *h)
{
	struct span list = h->server_names;

	while (list.len >= 3) {
		size_t len = number_at(list, 1), have = list.len - 3;
		struct span name = span_head(span_tail(list, 3), len < have ? len : have);

		if (list.bytes[0] == HOST_NAME && !h->names_server) {
			h->server_name = name;
			h->names_server = true;
		}
		if (len > have || len == 0)
			return false;
		list = span_tail(list, 3 + len);
	}
	return list.len == 0;
}

static bool read_protocols(const struct client_hello *h)
{
	struct span list = h->alpn, name;
	bool empty = false;

	while (client_hello_protocol(&list, &name))
		empty |= name.len == 0;
	return list.len == 0 && !empty;
}

static bool read_key_shares(const struct client_hello *h)
{
	struct span list = h->key_shares;
	uint16_t group;

	while (client_hello_key_share(&list, &group))
		;
	return list.len == 0;
}

/* ---- one extension ---- */

/* The list behind its length, cut to whole elements; true if it fills its extension. */
static bool take_list(const struct list_row *row, struct span content, struct span *list_r)
{
	*list_r = span_head(content, 0);
	if (content.len < row->length_bytes)
		return false;
	size_t len = row->length_bytes == 1 ? content.bytes[0] : number_at(content, 0);
	size_t have = content.len - row->length_bytes, used = len < have ? len : have;
	*list_r = span_head(span_tail(content, row->length_bytes), used - used % row->unit);
	return len == have && len % row->unit == 0 && len >= row->min;
}

static bool read_list(struct client_hello *h, const struct list_row *row, struct span content)
{
	struct span *list = (struct span *)((uint8_t *)h + row->at);

	if (list->bytes != NULL) {
		client_hello_fault(h, HELLO_REPEATED, HELLO_PART_EXTENSION);
		return true;
	}
	bool good = take_list(row, content, list);
	if (row->type == EXT_SERVER_NAME)
		return read_server_names(h) && good;
	if (row->type == EXT_ALPN)
		return read_protocols(h) && good;
	if (row->type == EXT_KEY_SHARE)
		return read_key_shares(h) && good;
	return good;
}

/* False: the content is malformed. */
static bool read_extension(struct client_hello *h, uint16_t type, struct span content)
{
	h->ticket |= type == EXT_PRE_SHARED_KEY || (type == EXT_SESSION_TICKET && content.len > 0);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (lists[i].type == type)
			return read_list(h, &lists[i], content);
	return true;
}

/* Does the next extension, or what is there of its header, lead out of the list?  Marks that. */
static bool is_complete(struct client_hello *h, struct span list, size_t missing)
{
	size_t want = EXTENSION_HEADER;
	enum hello_part part = HELLO_PART_EXTENSIONS;

	if (list.len >= EXTENSION_HEADER) {
		want += number_at(list, 2);
		part = HELLO_PART_EXTENSION;
		h->extension = number_at(list, 0);
	}
	if (want <= list.len)
		return true;
	client_hello_fault(h, want - list.len <= missing ? HELLO_CUT : HELLO_OVERRUN, part);
	return false;
}

bool client_hello_read_extensions(struct client_hello *h, size_t missing)
{
	struct span list = h->extensions, content;
	bool complete = true;
	uint16_t type, faulty = 0;

	while (complete && list.len > 0) {
		enum hello_fault before = h->fault;

		complete = is_complete(h, list, missing);
		if (client_hello_extension(&list, &type, &content) &&
		    !read_extension(h, type, content))
			client_hello_fault(h, HELLO_CONTENT, HELLO_PART_EXTENSION);
		if (before == HELLO_SOUND && h->fault != HELLO_SOUND)
			faulty = h->extension;
	}
	h->extension = faulty;
	return complete;
}
