/*
 * logger_dir.c: test of src/logger_dir: a directory that cannot be read to its end.
 */
#include "../../src/logger_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

static bool broken; /* the directory, from its first entry on */

struct dirent *__real_readdir(DIR *d);
struct dirent *__wrap_readdir(DIR *d);

struct dirent *__wrap_readdir(DIR *d)
{
	if (broken)
		errno = EIO;
	return broken ? NULL : __real_readdir(d);
}

/* What a logger that starts there ends with. */
static int start(int dir)
{
	static struct stream streams[LOG_STREAM_COUNT];
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL) /* its last words */
			_exit(99);
		logger_dir_start(dir, streams);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

int main(void)
{
	char path[] = "/tmp/logger_dir.XXXXXX";
	int dir = mkdtemp(path) == NULL ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	is_int(start(dir), 0, "a logger starts in an empty directory");
	broken = true;
	is_int(start(dir), 1, "and not in one that cannot be read: numbers could be given twice");
	close(dir);
	rmdir(path);
	return tap_done();
}
