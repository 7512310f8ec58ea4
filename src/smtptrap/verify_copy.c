/*
 * verify_copy.c: smtptrap verify: the bytes that copies share with other messages.
 *
 * They are read where the record says, and not where the walk is; but of copies that are equal to
 * all of a message only the first time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verify.h"

/* Was the other message removed with old files?  Then it is told. */
static bool is_gone(struct verify *v, const struct place *at, const struct message_info *info,
		    const struct log_name *file)
{
	const struct log_name *oldest = verify_oldest_mail(v);
	char id[UUID_TEXT], first[UUID_TEXT];

	if (oldest != NULL && file->seq >= oldest->seq)
		return false;
	uuid_format(info->head.id, id);
	uuid_format(info->copy.id, first);
	printf("info: %s: line %" PRIu64
	       ": message %s is a copy of %s, which was removed with old files\n",
	       at->file, at->line, id, first);
	v->copies_gone++;
	return true;
}

static struct verify_first *first_at(struct verify *v, uint64_t file_seq, uint64_t offset)
{
	return &v->first[(file_seq * UINT64_C(0x9e3779b97f4a7c15) + offset) % VERIFY_FIRSTS];
}

static const char *compare(const struct verify_first *f, const struct message_info *info)
{
	if (memcmp(f->id, info->copy.id, UUID_BYTES) != 0)
		return "another message is where that should be which it is a copy of";
	if (!info->has_size || info->size != f->size)
		return "its size is not that of the message that it is a copy of";
	if (!info->has_sha256 || memcmp(info->sha256, f->sha256, DIGEST_SHA256) != 0)
		return "its sha256 is not that of the message that it is a copy of";
	return NULL;
}

/* Read the other's bytes into check; *size_r is how many they are. */
static const char *read_first(struct verify *v, const struct message_info *info,
			      struct mail_check *check, uint64_t *size_r)
{
	const char *wrong = mail_whole_find_first(&v->whole, info, size_r);
	const uint8_t *bytes;
	size_t len;

	while (wrong == NULL && mail_whole_first_data(&v->whole, &bytes, &len, &wrong) == 1)
		mail_check_data(check, bytes, len);
	return wrong;
}

/* Read them, and remember what they are if all of the other message was. */
static const char *check_first(struct verify *v, const struct message_info *info,
			       struct verify_first *f, struct mail_check *check, uint64_t own_size)
{
	uint64_t more = 0;
	const char *wrong = read_first(v, info, check, &more);
	const char *mismatch = mail_check_end(check, info, own_size + more);

	if (wrong != NULL || mismatch != NULL)
		return wrong != NULL ? wrong : mismatch;
	if (own_size > 0 || info->copy.from > 0)
		return NULL;
	f->size = more;
	memcpy(f->id, info->copy.id, UUID_BYTES);
	memcpy(f->sha256, info->sha256, DIGEST_SHA256);
	return NULL;
}

const char *verify_copy(struct verify *v, const struct place *at, const struct message_info *info,
			struct mail_check *check, uint64_t own_size)
{
	struct verify_first next = {.offset = info->copy.offset};
	struct log_name file;

	if (log_name_parse(info->copy.file, &file) != 0 || file.stream != LOG_MAIL) {
		mail_check_drop(check);
		return "its copy_file is no mail file";
	}
	v->copies++;
	struct verify_first *f = first_at(v, file.seq, info->copy.offset);
	bool known = own_size == 0 && info->copy.from == 0 && f->file_seq == file.seq &&
		     f->offset == info->copy.offset;
	if (known || is_gone(v, at, info, &file)) {
		mail_check_drop(check);
		return known ? compare(f, info) : NULL;
	}
	const char *wrong = check_first(v, info, &next, check, own_size);
	if (next.size > 0) {
		next.file_seq = file.seq;
		*f = next;
	}
	return wrong;
}
