/*
 * verify_mail.c: smtptrap verify: the raw messages.
 *
 * Message records come in the order of their messages, so both streams are read side by side, the
 * mail stream once and whole.  A message that the walk does not meet where its record says (the
 * walk is past it, or its file is damaged before it) is looked for by its gzip member.
 *
 * A message without a record is no error: the trap may have been killed after it stored the
 * message and before the record, and then nothing was acknowledged; or the record's file was
 * removed for its age.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "verify.h"

void verify_mail_begin(struct verify *v)
{
	mail_store_init(&v->store, &v->dir);
	mail_whole_init(&v->whole, &v->dir);
	v->walk = (struct mail_walk){.fd = -1};
}

static void leave_file(struct mail_walk *w)
{
	mail_reader_close(&w->reader);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->has_head = false;
	w->index++;
}

static void walk_error(struct verify *v, const char *what)
{
	char name[LOG_NAME_MAX];
	struct place at = {.file = name, .member = v->walk.reader.gz.member_at};

	log_name_format(&v->walk.file, name);
	verify_error(v, &at, NULL, what);
}

/* The walk cannot go on in this file. */
static void walk_stuck(struct verify *v, int rc)
{
	if (rc == ERR_END && !v->walk.file.part)
		walk_error(v, "the file ends in the middle of a message");
	else if (rc == ERR_CORRUPT)
		walk_error(v, "this gzip member is damaged");
	else if (rc == ERR_FORMAT)
		walk_error(v, "there is something that is no message");
	else if (rc != ERR_END)
		walk_error(v, err_text(rc));
	leave_file(&v->walk);
}

/* Open the next mail file.  False at the end of the stream. */
static bool open_next(struct verify *v)
{
	struct mail_walk *w = &v->walk;

	while (w->index < v->dir.count) {
		w->file = v->dir.names[w->index];
		if (w->file.stream != LOG_MAIL) {
			w->index++;
		} else if (log_dir_open_file(&v->dir, &w->file, &w->fd) != 0) {
			walk_error(v, "cannot be opened");
			leave_file(w);
		} else if (mail_reader_open(&w->reader, w->fd, 0, 0) != 0) {
			walk_stuck(v, ERR_MEMORY);
		} else {
			return true;
		}
	}
	return false;
}

/* Have the next message of the stream at hand.  False at its end. */
static bool have_head(struct verify *v)
{
	struct mail_walk *w = &v->walk;

	while (!w->has_head) {
		if (w->fd < 0 && !open_next(v))
			return false;
		int got = mail_reader_head(&w->reader, &w->head);
		if (got == 1)
			w->has_head = true;
		else if (got == 0)
			leave_file(w);
		else
			walk_stuck(v, got);
	}
	return true;
}

static void pass_orphan(struct verify *v)
{
	char name[LOG_NAME_MAX], id[UUID_TEXT];

	log_name_format(&v->walk.file, name);
	uuid_format(v->walk.head.id, id);
	printf("info: %s: offset %" PRIu64 ": message %s has no record\n", name,
	       v->walk.head.offset, id);
	v->orphans++;
	v->walk.has_head = false;
}

/* Is the walk before this message? */
static bool is_before(const struct mail_walk *w, const struct log_name *file, uint64_t offset)
{
	return w->file.seq < file->seq || (w->file.seq == file->seq && w->head.offset < offset);
}

/* A record and where it is. */
struct found {
	const struct place *at;
	const struct message_info *info;
};

/* Read the message to its end and compare it with its record. */
static const char *check_bytes(struct verify *v, struct mail_reader *r, const struct found *f,
			       const struct mail_head *head)
{
	struct mail_check check;
	const uint8_t *bytes;
	size_t len;
	int got;
	const char *wrong = mail_check_begin(&check);

	if (wrong != NULL)
		return wrong;
	while ((got = mail_reader_data(r, &bytes, &len)) == 1) {
		mail_check_data(&check, bytes, len);
		v->raw_bytes += len;
	}
	v->messages += got == 0;
	if (got == 0 && f->info->is_copy)
		return verify_copy(v, f->at, f->info, &check, head->size);
	wrong = mail_check_end(&check, f->info, head->size);
	return got < 0 ? mail_trouble(got) : wrong;
}

static const char *check_by_member(struct verify *v, const struct found *f)
{
	struct mail_head head;
	const char *wrong = mail_store_find(&v->store, f->info, &head);

	return wrong != NULL ? wrong : check_bytes(v, &v->store.reader, f, &head);
}

static const char *check_in_walk(struct verify *v, const struct found *f,
				 const struct log_name *file)
{
	const struct message_info *info = f->info;
	struct mail_walk *w = &v->walk;

	while (have_head(v) && is_before(w, file, info->offset)) {
		if (v->walk_begun || v->first_message == 1) {
			pass_orphan(v);
		} else {
			v->unrecorded++;
			w->has_head = false;
		}
	}
	v->walk_begun = true;
	if (!w->has_head || w->file.seq != file->seq || w->head.offset != info->offset ||
	    memcmp(w->head.id, info->head.id, UUID_BYTES) != 0)
		return check_by_member(v, f);
	w->has_head = false;
	const char *wrong = mail_store_check_member(w->fd, info);
	return wrong != NULL ? wrong : check_bytes(v, &w->reader, f, &w->head);
}

const struct log_name *verify_oldest_mail(const struct verify *v)
{
	for (size_t i = 0; i < v->dir.count; i++) {
		if (v->dir.names[i].stream == LOG_MAIL)
			return &v->dir.names[i];
	}
	return NULL;
}

void verify_mail_of(struct verify *v, const struct place *at, const struct message_info *info)
{
	const struct log_name *oldest = verify_oldest_mail(v);
	struct log_name file;
	const char *wrong = NULL;

	if (v->records[RECORD_MESSAGE] == 1)
		v->first_message = info->head.seq;
	if (!info->has_mail) {
		if (info->accepted && !info->discarded)
			verify_error(v, at, info->head.id, "it was accepted and has no raw bytes");
		return;
	}
	if (log_name_parse(info->mail_file, &file) != 0 || file.stream != LOG_MAIL)
		wrong = "its mail_file is no mail file";
	else if (oldest == NULL || file.seq < oldest->seq)
		v->older++;
	else
		wrong = check_in_walk(v, &(struct found){at, info}, &file);
	if (wrong != NULL)
		verify_error(v, at, info->head.id, wrong);
}

void verify_mail_end(struct verify *v)
{
	while (have_head(v))
		pass_orphan(v);
	mail_store_fini(&v->store);
	mail_whole_fini(&v->whole);
}
