/*
 * mail_store.c: get messages out of the mail stream by what their records say.
 *
 * A record names the gzip member that its message starts in, so no more than that member is
 * inflated before it.  Records come in the order of their messages as a rule; then the stream is
 * read on.
 */
#include "mail_store.h"

#include <string.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"

#define READ_ON (2u * GZIP_MEMBER_RAW) /* rather than seek, if the message is so near */

void mail_store_init(struct mail_store *s, const struct log_dir *dir)
{
	*s = (struct mail_store){.dir = dir, .fd = -1};
}

void mail_store_fini(struct mail_store *s)
{
	mail_reader_close(&s->reader);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->name[0] = '\0';
}

const char *mail_trouble(int rc)
{
	switch (rc) {
	case ERR_END:
		return "the mail file ends before the message does";
	case ERR_CORRUPT:
		return "the gzip member is damaged";
	case ERR_FORMAT:
		return "there is no message as it must be";
	default:
		return err_text(rc);
	}
}

static const char *open_file(struct mail_store *s, const char *name)
{
	const struct log_name *n = log_dir_find(s->dir, name);
	struct log_name parsed;

	if (s->fd >= 0 && strcmp(s->name, name) == 0)
		return NULL;
	mail_store_fini(s);
	if (n == NULL) { /* made after the folder was listed? */
		if (log_name_parse(name, &parsed) != 0 || parsed.stream != LOG_MAIL)
			return "its mail_file is no mail file";
		parsed.part = true;
		n = &parsed;
	}
	if (n->stream != LOG_MAIL)
		return "its mail_file is no mail file";
	if (log_dir_open_file(s->dir, n, &s->fd) != 0)
		return "its mail file is not there";
	if (mail_reader_open(&s->reader, s->fd, 0, 0) != 0) {
		mail_store_fini(s);
		return "no memory";
	}
	strlcpy(s->name, name, sizeof s->name);
	return NULL;
}

static bool is_near(const struct mail_store *s, const struct message_info *info)
{
	return s->reader.offset > 0 && s->reader.offset <= info->offset &&
	       info->offset - s->reader.offset < READ_ON;
}

const char *mail_store_check_member(int fd, const struct message_info *info)
{
	uint8_t header[GZIP_HEADER];
	struct gzip_member member;
	size_t got;

	if (file_read_at(fd, header, sizeof header, info->member, &got) != 0)
		return "its mail file cannot be read";
	if (gzip_member_parse(header, got, &member) != 0 ||
	    member.raw_offset + info->skip != info->offset)
		return "its mail_member does not lead to its mail_offset";
	return NULL;
}

static int go_to(struct mail_store *s, const struct message_info *info, struct mail_head *head_r)
{
	int rc = mail_reader_skip(&s->reader, info->offset);

	return rc != 0 ? rc : mail_reader_head(&s->reader, head_r);
}

const char *mail_store_find(struct mail_store *s, const struct message_info *info,
			    struct mail_head *head_r)
{
	const char *wrong = open_file(s, info->mail_file);
	int got = 0;

	if (wrong == NULL)
		wrong = mail_store_check_member(s->fd, info);
	if (wrong != NULL)
		return wrong;
	if (is_near(s, info))
		got = go_to(s, info, head_r);
	if (got != 1) {
		mail_reader_seek(&s->reader, info->member, info->offset - info->skip);
		got = go_to(s, info, head_r);
	}
	if (got != 1)
		return mail_trouble(got == 0 ? ERR_END : got);
	if (memcmp(head_r->id, info->head.id, UUID_BYTES) != 0)
		return "another message is where it should be";
	return NULL;
}

const char *mail_check_begin(struct mail_check *c)
{
	return gnutls_hash_init(&c->hash, GNUTLS_DIG_SHA256) == 0 ? NULL : "SHA-256 does not work";
}

void mail_check_data(struct mail_check *c, const uint8_t *bytes, size_t len)
{
	gnutls_hash(c->hash, bytes, len);
}

const char *mail_check_end(struct mail_check *c, const struct message_info *info, uint64_t size)
{
	uint8_t digest[DIGEST_SHA256];

	gnutls_hash_deinit(c->hash, digest);
	if (!info->has_size || info->size != size)
		return "its size is not that of the raw message";
	if (!info->has_sha256 || memcmp(digest, info->sha256, sizeof digest) != 0)
		return "its sha256 is not that of the raw message";
	return NULL;
}

void mail_check_drop(struct mail_check *c)
{
	gnutls_hash_deinit(c->hash, NULL);
}
