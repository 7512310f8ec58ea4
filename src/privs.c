/*
 * privs.c: giving up root for good.
 *
 * Runs in the master, the logger and the keyholders while they start.  Every failure is fatal:
 * a process that could not give up a privilege must not go on.
 */
#include "privs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

struct identity privs_lookup(const char *user)
{
	errno = 0;
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		fatal("user \"%s\": %s", user,
		      errno ? strerror(errno)
			    : "no such user (systemd-sysusers makes those of the package)");
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		fatal("user \"%s\" is root, it must be an unprivileged user", user);
	return (struct identity){.uid = pw->pw_uid, .gid = pw->pw_gid};
}

bool privs_are_root(void)
{
	return geteuid() == 0;
}

static bool directory_is_empty(int fd)
{
	DIR *d = fdopendir(dup(fd));
	bool empty = d != NULL;

	for (const struct dirent *e; empty && (e = readdir(d)) != NULL;)
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	if (d)
		closedir(d);
	return empty;
}

void privs_chroot_empty(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fatal("chroot directory %s: mkdir: %s", path, strerror(errno));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		fatal("chroot directory %s: %s", path, strerror(errno));
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		fatal("chroot directory %s must belong to root and be writable by nobody else",
		      path);
	if (!directory_is_empty(fd))
		fatal("chroot directory %s must be empty", path);
	privs_chroot_fd(fd, path);
	close(fd);
}

void privs_chroot_fd(int fd, const char *path)
{
	if (fchdir(fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		fatal("chroot to %s: %s", path, strerror(errno));
}

static bool capabilities_left(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		fatal("capget: %s", strerror(errno));
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (data[i].permitted || data[i].effective || data[i].inheritable)
			return true;
	return false;
}

static void prove_root_is_gone(struct identity id)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		fatal("getresuid: %s", strerror(errno));
	if (r != id.uid || e != id.uid || s != id.uid || rg != id.gid || eg != id.gid ||
	    sg != id.gid)
		fatal("dropping privileges left another user or group id behind");
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0)
		fatal("root could be had back after dropping it");
	if (getgroups(0, NULL) != 1)
		fatal("dropping privileges left supplementary groups behind");
	if (capabilities_left())
		fatal("dropping privileges left capabilities behind");
}

void privs_drop(struct identity id)
{
	if (setgroups(1, &id.gid) < 0)
		fatal("setgroups: %s", strerror(errno));
	if (setresgid(id.gid, id.gid, id.gid) < 0)
		fatal("setresgid %u: %s", (unsigned)id.gid, strerror(errno));
	if (setresuid(id.uid, id.uid, id.uid) < 0)
		fatal("setresuid %u: %s", (unsigned)id.uid, strerror(errno));
	prove_root_is_gone(id);
}
