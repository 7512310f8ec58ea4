/*
 * sandbox.h: what each process may still ask the kernel for.
 *
 * sandbox_prepare() once in the master builds a seccomp program a role (libseccomp) and looks
 * what the kernel has; sandbox_enter() in the new process installs resource limits,
 * no_new_privs, Landlock and the program.  A part that should be there and fails is fatal,
 * unless best effort was asked for: then it is left out with a warning.
 */
#ifndef SMTPTRAP_SANDBOX_H
#define SMTPTRAP_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_role {
	ROLE_MASTER,
	ROLE_LOGGER,
	ROLE_KEYHOLDER,
	ROLE_WORKER,
	ROLE_RESOLVER,
	ROLE_DIALER,
	ROLE_COUNT
};

/* The one place of files that may be written with pwrite(): all at once, and only so many bytes. */
struct sandbox_place {
	uint32_t size, offset; /* size 0: none */
	size_t file_max;       /* as far as files may be written at all */
};

struct sandbox_want {
	enum sandbox_role role;
	int tree_fd;       /* the one directory whose files may be touched (logger), -1: none */
	size_t memory_max; /* address space in bytes, 0: as it is */
	unsigned fds_max;  /* open descriptors, 0: as it is */
	const uint16_t *tcp_ports; /* where TCP may be connected to (dialer) */
	size_t tcp_port_count;
	struct sandbox_place place; /* worker */
};

/* Build the programs and probe the kernel.  best_effort: failures are warnings from here on. */
void sandbox_prepare(bool best_effort);

/* Enter; returns with the sandbox closed behind, or does not return. */
void sandbox_enter(const struct sandbox_want *want);

/* The active parts for the start-up line, as "seccomp landlock(abi 7) no_new_privs rlimits". */
const char *sandbox_describe(void);

#endif
