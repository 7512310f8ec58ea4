/*
 * message_info.c: what a message record says about its raw bytes.
 *
 * Input: lines of log files, which may be damaged or not ours: a place that they name may be wrong, and
 * mail_store.c looks whether it is.
 */
#include "message_info.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "hex.h"

/* What was found of the four places, and of the six of a copy. */
enum {
	HAS_FILE = 1,
	HAS_OFFSET = 2,
	HAS_MEMBER = 4,
	HAS_SKIP = 8,
	HAS_ALL = 15,
	HAS_COPY_OF = 16,
	HAS_COPY_FILE = 32,
	HAS_COPY_OFFSET = 64,
	HAS_COPY_MEMBER = 128,
	HAS_COPY_SKIP = 256,
	HAS_COPY_FROM = 512,
	HAS_COPY = 1023 - HAS_ALL
};

struct reading {
	struct message_info *info;
	unsigned found;
};

static uint64_t number(const struct record_item *item)
{
	char text[24];

	if (item->is_string || item->len >= sizeof text)
		return UINT64_MAX;
	memcpy(text, item->text, item->len);
	text[item->len] = '\0';
	return strtoull(text, NULL, 10);
}

static bool read_name(const struct record_item *item, char to[LOG_NAME_MAX])
{
	if (item->len >= LOG_NAME_MAX)
		return false;
	memcpy(to, item->text, item->len);
	to[item->len] = '\0';
	return true;
}

/* The fields that tell a place. */
static void read_place(struct reading *r, const struct record_item *item, enum record_field field)
{
	struct message_info *info = r->info;
	const struct {
		enum record_field field;
		unsigned has;
		uint64_t *to;
	} numbers[] = {
	    {FIELD_MAIL_OFFSET, HAS_OFFSET, &info->offset},
	    {FIELD_MAIL_MEMBER, HAS_MEMBER, &info->member},
	    {FIELD_MAIL_MEMBER_SKIP, HAS_SKIP, &info->skip},
	    {FIELD_COPY_OFFSET, HAS_COPY_OFFSET, &info->copy.offset},
	    {FIELD_COPY_MEMBER, HAS_COPY_MEMBER, &info->copy.member},
	    {FIELD_COPY_MEMBER_SKIP, HAS_COPY_SKIP, &info->copy.skip},
	    {FIELD_COPY_FROM, HAS_COPY_FROM, &info->copy.from},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (numbers[i].field != field)
			continue;
		*numbers[i].to = number(item);
		r->found |= numbers[i].has;
	}
}

static int on_item(void *ctx, const struct record_item *item)
{
	struct reading *r = ctx;
	struct message_info *info = r->info;
	enum record_field field = record_field_find(item->name, strlen(item->name));

	switch (field) {
	case FIELD_VERDICT:
		info->accepted = item->len == 8 && memcmp(item->text, "accepted", 8) == 0;
		break;
	case FIELD_KEPT:
		info->discarded = item->len == 5 && memcmp(item->text, "false", 5) == 0;
		break;
	case FIELD_SIZE:
		info->size = number(item);
		info->has_size = true;
		break;
	case FIELD_SHA256:
		info->has_sha256 = hex_read(info->sha256, DIGEST_SHA256, item->text, item->len);
		break;
	case FIELD_MAIL_FILE:
		r->found |= read_name(item, info->mail_file) ? HAS_FILE : 0;
		break;
	case FIELD_COPY_OF:
		info->is_copy = true;
		if (uuid_parse(item->text, item->len, info->copy.id) == 0)
			r->found |= HAS_COPY_OF;
		break;
	case FIELD_COPY_FILE:
		r->found |= read_name(item, info->copy.file) ? HAS_COPY_FILE : 0;
		break;
	default:
		read_place(r, item, field);
		break;
	}
	return 0;
}

int message_info_read(const uint8_t *line, size_t len, struct message_info *info_r)
{
	struct reading r = {.info = info_r};

	*info_r = (struct message_info){0};
	if (record_line_head(line, len, &info_r->head) != 0)
		return ERR_FORMAT;
	if (record_line_walk(line, len, on_item, &r) != 0)
		return ERR_FORMAT;
	info_r->has_mail = (r.found & HAS_ALL) == HAS_ALL;
	info_r->has_copy = (r.found & HAS_COPY) == HAS_COPY;
	return 0;
}

void message_info_of_first(const struct message_info *copy, struct message_info *first_r)
{
	*first_r = (struct message_info){.has_mail = true,
					 .offset = copy->copy.offset,
					 .member = copy->copy.member,
					 .skip = copy->copy.skip};
	memcpy(first_r->head.id, copy->copy.id, UUID_BYTES);
	memcpy(first_r->mail_file, copy->copy.file, sizeof first_r->mail_file);
}
