/*
 * master_status.c: the socket where `smtptrap status` gets the boards.
 *
 * Runs in the master.  The answer is one message with two descriptors of sealed memory, which the
 * reader maps for reading: however many workers there are, the master spends two system calls
 * and never waits.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "master.h"
#include "status_msg.h"

#define STATUS_BACKLOG 16

/* Make the run directory if it is missing; it stays root's. */
static void make_run_directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fatal("run directory %s: mkdir: %s", path, strerror(errno));
	if (chmod(path, 0755) < 0 && errno != EPERM && errno != EROFS)
		fatal("run directory %s: chmod: %s", path, strerror(errno));
}

/* Who may read the logs may see the table: the log directory's user and group. */
static void share_with_log_readers(const struct master *m, const char *path)
{
	struct stat logs;

	if (chmod(path, 0660) < 0)
		fatal("status socket %s: chmod: %s", path, strerror(errno));
	if (m->root && (fstat(m->log_dir, &logs) < 0 || chown(path, logs.st_uid, logs.st_gid) < 0))
		fatal("status socket %s: chown: %s", path, strerror(errno));
}

int status_open(const struct master *m)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n =
	    snprintf(at.sun_path, sizeof at.sun_path, "%s/" STATUS_SOCKET, m->conf->run_directory);

	if (n < 0 || (size_t)n >= sizeof at.sun_path)
		fatal("run directory %s: the name is too long for a socket",
		      m->conf->run_directory);
	make_run_directory(m->conf->run_directory);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		fatal("status socket: %s", strerror(errno));
	if (unlink(at.sun_path) < 0 && errno != ENOENT)
		fatal("status socket %s: unlink: %s", at.sun_path, strerror(errno));
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, STATUS_BACKLOG) < 0)
		fatal("status socket %s: %s", at.sun_path, strerror(errno));
	share_with_log_readers(m, at.sun_path);
	return fd;
}

void status_answer(const struct master *m)
{
	struct status_msg head = {.magic = STATUS_MAGIC, .version = STATUS_VERSION};
	struct iovec iov = {.iov_base = &head, .iov_len = sizeof head};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof control.bytes};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	const int fds[2] = {m->board_fd, m->ack_fd};
	int fd = accept4(m->status, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		debug("status: %s", strerror(errno));
	close(fd);
}
