/*
 * message_info.c: what a message record says about its raw bytes.
 */
#include "message_info.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

/* What was found of the four places. */
enum { HAS_FILE = 1, HAS_OFFSET = 2, HAS_MEMBER = 4, HAS_SKIP = 8, HAS_ALL = 15 };

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

static bool read_sha256(const struct record_item *item, uint8_t to[SHA256_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	if (item->len != 2 * SHA256_BYTES)
		return false;
	for (size_t i = 0; i < item->len; i++) {
		const char *digit = memchr(digits, item->text[i], 16);

		if (digit == NULL)
			return false;
		to[i / 2] = (uint8_t)(to[i / 2] << 4 | (digit - digits));
	}
	return true;
}

static void read_file(struct reading *r, const struct record_item *item)
{
	if (item->len >= LOG_NAME_MAX)
		return;
	memcpy(r->info->mail_file, item->text, item->len);
	r->info->mail_file[item->len] = '\0';
	r->found |= HAS_FILE;
}

static int on_item(void *ctx, const struct record_item *item)
{
	struct reading *r = ctx;
	struct message_info *info = r->info;

	switch (record_field_find(item->name, strlen(item->name))) {
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
		info->has_sha256 = read_sha256(item, info->sha256);
		break;
	case FIELD_MAIL_FILE:
		read_file(r, item);
		break;
	case FIELD_MAIL_OFFSET:
		info->offset = number(item);
		r->found |= HAS_OFFSET;
		break;
	case FIELD_MAIL_MEMBER:
		info->member = number(item);
		r->found |= HAS_MEMBER;
		break;
	case FIELD_MAIL_MEMBER_SKIP:
		info->skip = number(item);
		r->found |= HAS_SKIP;
		break;
	default:
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
	info_r->has_mail = r.found == HAS_ALL;
	return 0;
}
