/*
 * std_fds.c: standard input, output and error are there, whoever started the program.
 *
 * Runs first in each program, in its only process.  Errors are returned.
 */
#include "std_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include "err.h"

int std_fds_take(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int against = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY; /* its use: it was closed */

		/* All below are open, so this one gets the number. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", against) != fd)
			return ERR_SYSTEM;
	}
	return 0;
}
