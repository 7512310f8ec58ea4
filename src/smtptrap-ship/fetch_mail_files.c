/*
 * fetch_mail_files.c: raw messages that were fetched, as files.
 *
 * Run by smtptrap-ship --fetch-mail, the only writer of its directory (a lock says so).  Each sensor has
 * a folder, so that none can take a name before another.  Names are made of identifiers and of
 * sensors that are tokens, never of a peer's bytes; no link is followed.
 */
#include "fetch_mail_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"

#define NEW_FILE ".new"  /* the one that is being written */
#define PLACE ".fetched" /* how far the bucket was fetched */
#define NEW_PLACE PLACE ".new"
#define PLACE_MAX 96
#define PLACE_FORMAT(seq, created) "up to message " seq " of the bucket made at " created "\n"
#define NAME_ROOM (UUID_TEXT + 8)
#define FILE_MODE 0640
#define FOLDER_MODE 0750

static void name_of(char name_r[NAME_ROOM], const uint8_t id[UUID_BYTES])
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	snprintf(name_r, NAME_ROOM, "%s.eml", text);
}

static int result(bool good)
{
	return good ? 0 : ERR_SYSTEM;
}

int mail_files_open(struct mail_files *f, const char *path)
{
	*f = (struct mail_files){
	    .root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .dir = -1, .fd = -1};
	if (f->root < 0)
		return ERR_SYSTEM;
	if (flock(f->root, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? ERR_REFUSED : ERR_SYSTEM;
}

static void leave_folder(struct mail_files *f)
{
	mail_files_drop(f);
	if (f->dir >= 0)
		close(f->dir);
	f->dir = -1;
}

int mail_files_sensor(struct mail_files *f, const char *sensor)
{
	leave_folder(f);
	if (mkdirat(f->root, sensor, FOLDER_MODE) == 0 ? fsync(f->root) != 0 : errno != EEXIST)
		return ERR_SYSTEM;
	f->dir = openat(f->root, sensor, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (f->dir < 0)
		return ERR_SYSTEM;
	return result(unlinkat(f->dir, NEW_FILE, 0) == 0 || errno == ENOENT);
}

bool mail_files_have(const struct mail_files *f, const uint8_t id[UUID_BYTES])
{
	char name[NAME_ROOM];
	struct stat st;

	name_of(name, id);
	return fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int mail_files_begin(struct mail_files *f)
{
	mail_files_drop(f);
	f->size = 0;
	f->fd = openat(f->dir, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       FILE_MODE);
	return result(f->fd >= 0);
}

int mail_files_add(struct mail_files *f, const void *bytes, size_t len)
{
	int rc = file_write_at(f->fd, bytes, len, f->size);

	f->size += len;
	return rc;
}

int mail_files_finish(struct mail_files *f, const uint8_t id[UUID_BYTES])
{
	char name[NAME_ROOM];

	name_of(name, id);
	if (fdatasync(f->fd) != 0 || renameat(f->dir, NEW_FILE, f->dir, name) != 0)
		return ERR_SYSTEM;
	close(f->fd);
	f->fd = -1;
	return 0;
}

void mail_files_drop(struct mail_files *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	(void)unlinkat(f->dir, NEW_FILE, 0);
}

int mail_files_link(struct mail_files *f, const uint8_t from[UUID_BYTES],
		    const uint8_t to[UUID_BYTES])
{
	char old[NAME_ROOM], new[NAME_ROOM];

	name_of(old, from);
	name_of(new, to);
	return result(linkat(f->dir, old, f->dir, new, 0) == 0);
}

int mail_files_keep(const struct mail_files *f, const struct mail_place *p)
{
	char text[PLACE_MAX];
	int len =
	    snprintf(text, sizeof text, PLACE_FORMAT("%" PRIu64, "%" PRId64), p->seq, p->created);
	int fd = fsync(f->dir) != 0
		     ? -1
		     : openat(f->dir, NEW_PLACE,
			      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

	if (fd < 0)
		return ERR_SYSTEM;
	bool good = file_write_at(fd, text, (size_t)len, 0) == 0 && fdatasync(fd) == 0;
	close(fd);
	return result(good && renameat(f->dir, NEW_PLACE, f->dir, PLACE) == 0);
}

void mail_files_place_of(const struct mail_files *f, struct mail_place *p_r)
{
	char text[PLACE_MAX] = "";
	size_t got = 0;
	int fd = openat(f->dir, PLACE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*p_r = (struct mail_place){0};
	if (fd >= 0 && file_read_at(fd, text, sizeof text - 1, 0, &got) == 0 &&
	    sscanf(text, PLACE_FORMAT("%" SCNu64, "%" SCNd64), &p_r->seq, &p_r->created) != 2)
		*p_r = (struct mail_place){0};
	if (fd >= 0)
		close(fd);
}

void mail_files_close(struct mail_files *f)
{
	leave_folder(f);
	if (f->root >= 0)
		close(f->root);
	f->root = -1;
}
