/*
 * std_fds.c: what of the standard descriptors is closed is taken, and goes on failing; what is open
 * stays.
 */
#include "config.h"

#include "../../lib/std_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

/* Each descriptor a bit. */
#define IN 1u
#define OUT 2u
#define ERR 4u

static bool fails_with_ebadf(int fd)
{
	char byte = 0;
	ssize_t n = fd == STDIN_FILENO ? read(fd, &byte, 1) : write(fd, &byte, 1);

	return n < 0 && errno == EBADF;
}

/* In a process of its own: close these, then look what std_fds_take() makes of it. */
static int try_closed(unsigned closed)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (closed & 1u << fd)
			close(fd);
	if (std_fds_take() < 0)
		return 1;
	int next = open("/", O_RDONLY);
	if (next <= STDERR_FILENO)
		return 2;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (closed & 1u << fd && !fails_with_ebadf(fd))
			return 3;
	return closed == 0 && next != STDERR_FILENO + 1 ? 4 : 0;
}

static void check(unsigned closed, const char *title)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_closed(closed));
	ok(pid > 0 && waitpid(pid, &status, 0) == pid, "%s: a process tries it", title);
	is_int(status, 0, title);
}

int main(void)
{
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	check(0, "what is open is left alone");
	check(IN, "standard input");
	check(OUT, "standard output");
	check(ERR, "standard error");
	check(IN | OUT | ERR, "all three");
	return tap_done();
}
