/*
 * privs.h: giving up root for good.
 */
#ifndef SMTPTRAP_PRIVS_H
#define SMTPTRAP_PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
};

/* Look the user up; fatal if it does not exist or is root. */
struct identity privs_lookup(const char *user);

/* True while this process may change its user and its root directory. */
bool privs_are_root(void);

/*
 * Change the root directory to `path`, which must be an empty directory that belongs to root and
 * that nobody else may write to (made if it is missing); fatal otherwise.
 */
void privs_chroot_empty(const char *path);

/* Change the root directory to the directory behind fd; fatal on failure. */
void privs_chroot_fd(int fd, const char *path);

/*
 * Become id with no supplementary groups, then prove that root is gone: all three user and
 * group ids are id's, no capability is left, and becoming root again fails.  Fatal otherwise.
 */
void privs_drop(struct identity id);

#endif
