/*
 * mail_bytes.c: the raw bytes of messages, in chunks of objects.
 *
 * Run by smtptrap-ship.  Input: what message records say of their bytes, and the mail files beside
 * the logs, which retention may remove at any time.  No more than a chunk and the buffers of
 * mail_whole.h is in memory, whatever the size of the message.  Nothing is trusted: what is not of
 * the record's size and SHA-256 is not given out as whole.
 */
#include "mail_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drop_check(struct mail_bytes *m)
{
	if (m->checking)
		mail_check_drop(&m->check);
	m->checking = false;
}

void mail_bytes_close(struct mail_bytes *m)
{
	drop_check(m);
	if (m->opened)
		mail_whole_fini(&m->whole);
	if (m->from != NULL && m->dir.fd >= 0)
		close(m->dir.fd);
	free(m->from);
	m->from = NULL;
	m->opened = false;
}

/* Files are looked for by their names alone: the folder is not listed. */
static void begin(struct mail_bytes *m, int fd)
{
	m->dir = (struct log_dir){.fd = fd};
	mail_whole_init(&m->whole, &m->dir);
	m->opened = true;
}

void mail_bytes_at(struct mail_bytes *m, int fd)
{
	mail_bytes_close(m);
	begin(m, fd);
}

const char *mail_bytes_beside(struct mail_bytes *m, const char *log_file)
{
	char *copy = strdup(log_file);
	char *folder = copy == NULL ? NULL : strdup(dirname(copy));

	free(copy);
	if (folder == NULL)
		return "no memory";
	if (m->from != NULL && strcmp(folder, m->from) == 0) {
		free(folder);
		return NULL;
	}
	mail_bytes_close(m);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		free(folder);
		return strerror(errno);
	}
	m->from = folder;
	begin(m, fd);
	return NULL;
}

const char *mail_bytes_look(struct mail_bytes *m, bool *all_r)
{
	struct mail_head head;
	const char *wrong;

	*all_r = m->info.has_copy && m->info.copy.from == 0;
	if (!*all_r)
		return NULL;
	wrong = mail_store_find(&m->whole.own, &m->info, &head);
	*all_r = wrong == NULL && head.size == 0; /* no header of its own before the other's body */
	return wrong;
}

const char *mail_bytes_find(struct mail_bytes *m)
{
	struct mail_head head;
	const char *wrong;

	drop_check(m);
	m->read = 0;
	m->nmore = 0;
	if ((wrong = mail_whole_find(&m->whole, &m->info, &head)) != NULL)
		return wrong;
	m->size = head.size;
	wrong = mail_check_begin(&m->check);
	m->checking = wrong == NULL;
	return wrong;
}

/* Read more.  NULL, or what is wrong; at the end there are none. */
static const char *read_more(struct mail_bytes *m)
{
	const char *wrong = NULL;

	if (mail_whole_data(&m->whole, &m->more, &m->nmore, &wrong) != 1)
		m->nmore = 0;
	return wrong;
}

static const char *end(struct mail_bytes *m)
{
	m->checking = false;
	return mail_check_end(&m->check, &m->info, m->read);
}

const char *mail_bytes_next(struct mail_bytes *m)
{
	const char *wrong = NULL;

	for (m->len = 0; m->len < sizeof m->chunk;) {
		if (m->nmore == 0 && (wrong = read_more(m)) != NULL)
			return wrong;
		if (m->nmore == 0)
			break;
		size_t room = sizeof m->chunk - m->len, n = m->nmore < room ? m->nmore : room;
		memcpy(m->chunk + m->len, m->more, n);
		m->more += n;
		m->nmore -= n;
		m->len += n;
	}
	mail_check_data(&m->check, m->chunk, m->len);
	m->read += m->len;
	return m->read >= m->size || m->len < sizeof m->chunk ? end(m) : NULL;
}
