/*
 * mail_out.c: the forms in which messages are handed out.
 *
 * A file appears under its name only when it is whole.  Errors are sentences for the caller, who
 * knows which message it was.
 */
#include "mail_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtptrap.h"

#define QUOTE_ROOM (256u * 1024) /* 64 KiB at a time, quoted, and what is around */

static bool make_folder(int at, const char *path)
{
	if (mkdirat(at, path, 0700) == 0 || errno == EEXIST)
		return true;
	complain("%s: %m", path);
	return false;
}

bool mail_out_open(struct mail_out *o)
{
	o->folder = -1;
	buf_init_heap(&o->buf, QUOTE_ROOM + MBOX_TRACE_MAX);
	if (o->path == NULL)
		return true;
	if (!make_folder(AT_FDCWD, o->path))
		return false;
	o->folder = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->folder < 0) {
		complain("%s: %m", o->path);
		return false;
	}
	return o->form != MAIL_MAILDIR ||
	       (make_folder(o->folder, "tmp") && make_folder(o->folder, "new") &&
		make_folder(o->folder, "cur"));
}

void mail_out_close(struct mail_out *o)
{
	if (o->folder >= 0)
		close(o->folder);
	o->folder = -1;
	buf_fini(&o->buf);
}

static const char *written(const struct mail_out *o)
{
	return ferror(o->file) ? "it cannot be written" : NULL;
}

static const char *open_file(struct mail_out *o, const char *id, uint64_t ts)
{
	if (o->form == MAIL_MAILDIR) {
		snprintf(o->unfinished, sizeof o->unfinished, "tmp/%" PRIu64 ".%s.smtptrap",
			 ts / 1000000, id);
		snprintf(o->finished, sizeof o->finished, "new%s", o->unfinished + 3);
	} else {
		snprintf(o->unfinished, sizeof o->unfinished, ".%s.tmp", id);
		snprintf(o->finished, sizeof o->finished, "%s.eml", id);
	}
	int fd = openat(o->folder, o->unfinished,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	o->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (o->file == NULL && fd >= 0)
		close(fd);
	return o->file == NULL ? "its file cannot be made" : NULL;
}

const char *mail_out_begin(struct mail_out *o, const struct mail_head *head, uint64_t ts)
{
	char id[UUID_TEXT];

	uuid_format(head->id, id);
	o->file = stdout;
	if (o->path != NULL) {
		const char *wrong = open_file(o, id, ts);

		if (wrong != NULL)
			return wrong;
	}
	if (o->form == MAIL_MBOX) {
		o->quote = (struct mbox_filter){0};
		buf_reset(&o->buf);
		mbox_put_separator(&o->buf, ts / 1000000);
		fwrite(o->buf.data, 1, o->buf.len, o->file);
	}
	if (o->trace && (o->form == MAIL_MBOX || o->form == MAIL_MAILDIR))
		fwrite(head->trace, 1, head->trace_len, o->file);
	return written(o);
}

const char *mail_out_data(struct mail_out *o, const uint8_t *bytes, size_t len)
{
	if (o->form == MAIL_MBOX) {
		buf_reset(&o->buf);
		if (mbox_quote(&o->quote, bytes, len, &o->buf) != 0)
			return "no memory";
		bytes = o->buf.data;
		len = o->buf.len;
	}
	if (len > 0)
		fwrite(bytes, 1, len, o->file);
	return written(o);
}

const char *mail_out_end(struct mail_out *o)
{
	if (o->form == MAIL_MBOX) {
		buf_reset(&o->buf);
		mbox_quote_end(&o->quote, &o->buf);
		fwrite(o->buf.data, 1, o->buf.len, o->file);
	}
	if (o->path == NULL)
		return written(o);
	bool bad = ferror(o->file) != 0;
	bad = fclose(o->file) != 0 || bad;
	o->file = NULL;
	if (bad || renameat(o->folder, o->unfinished, o->folder, o->finished) != 0) {
		unlinkat(o->folder, o->unfinished, 0);
		return "its file cannot be written";
	}
	return NULL;
}

void mail_out_abandon(struct mail_out *o)
{
	if (o->path == NULL || o->file == NULL)
		return;
	fclose(o->file);
	o->file = NULL;
	unlinkat(o->folder, o->unfinished, 0);
}
