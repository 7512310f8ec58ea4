/*
 * failing_disk.h: system calls on files that fail when told; the program is linked with --wrap
 * (DISK_WRAPS in t/local.mk).
 */
#ifndef SMTPTRAP_FAILING_DISK_H
#define SMTPTRAP_FAILING_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

int __real_openat(int dir, const char *name, int flags, mode_t mode);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);
int __real_ftruncate(int fd, off_t size);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_openat(int dir, const char *name, int flags, mode_t mode);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);

static unsigned calls;      /* so far */
static unsigned fail_from;  /* the first one that fails, from 1; 0: none */
static unsigned fail_times; /* how many in a row */
static int fail_errno;
static unsigned syncs; /* whole files and folders, so far */
static bool crash;     /* instead: the process is gone, the call half done */

static bool fails(void)
{
	calls++;
	if (fail_from == 0 || calls < fail_from || calls - fail_from >= fail_times)
		return false;
	if (crash)
		_exit(0);
	errno = fail_errno;
	return true;
}

int __wrap_openat(int dir, const char *name, int flags, mode_t mode)
{
	return flags & O_CREAT && fails() ? -1 : __real_openat(dir, name, flags, mode);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	if (fail_from > 0 && calls + 1 >= fail_from && len > 1)
		(void)!__real_pwrite(fd, bytes, len / 2, at); /* torn */
	return fails() ? -1 : __real_pwrite(fd, bytes, len, at);
}

/* Nobody pulls the machine's plug here: a sync that does not fail need not be done. */
int __wrap_fdatasync(int fd)
{
	(void)fd;
	return fails() ? -1 : 0;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	syncs++;
	return fails() ? -1 : 0;
}

int __wrap_ftruncate(int fd, off_t size)
{
	return fails() ? -1 : __real_ftruncate(fd, size);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails() ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

__attribute__((unused)) static void no_failures(void)
{
	fail_from = 0;
	crash = false;
	calls = 0;
}

/* From the n-th call on so many fail, or the process ends in it. */
__attribute__((unused)) static void failures(unsigned n, unsigned times, bool ends)
{
	calls = 0;
	fail_from = n;
	fail_times = times;
	fail_errno = n % 2 ? EIO : ENOSPC;
	crash = ends;
}

/* Have each of so many calls fail, alone and with those behind it, and end the process. */
__attribute__((unused)) static void each_failure(unsigned all,
						 void (*failing)(unsigned n, unsigned times),
						 void (*crashing)(unsigned n))
{
	for (unsigned n = 1; n <= all; n++) {
		failing(n, 1);
		failing(n, 7);
		crashing(n);
	}
}

#endif
