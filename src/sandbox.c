/*
 * sandbox.c: what each process may still ask the kernel for.
 *
 * The system calls of a role stand in one table: name, and the roles that may use it.  All
 * others kill the process (SECCOMP_RET_KILL_PROCESS), which the master reports.  The programs
 * are made once, so that a new worker only installs one: at ten thousand workers this matters.
 * A build with AddressSanitizer cannot live under these limits, so there seccomp and the
 * address space limit are off and the start-up line says so.
 */
#include "config.h"

#include "sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define M (1u << ROLE_MASTER)
#define L (1u << ROLE_LOGGER)
#define K (1u << ROLE_KEYHOLDER)
#define W (1u << ROLE_WORKER)
#define R (1u << ROLE_RESOLVER)
#define D (1u << ROLE_DIALER)

/* The master's list holds all of the worker's and resolver's: a filter is inherited.  The dialer
 * is forked before the master has one. */
static const struct {
	const char *name;
	unsigned roles;
} syscall_table[] = {
    {"read", M | L | K | W | R},
    {"readv", M | L | K | W | R},
    {"write", M | L | K | W | R | D},
    {"writev", M | L | K | W | R},
    {"close", M | L | K | W | R | D},
    {"recvmsg", M | L | K | W | R | D},
    {"recvfrom", M | L | K | W | R},
    {"sendmsg", M | L | K | W | D},
    {"sendto", M | L | K | W},
    {"poll", M | L | K | W | R | D},
    {"ppoll", M | L | K | W | R | D},
    {"epoll_wait", M | L | K | W | R},
    {"epoll_pwait", M | L | K | W | R},
    {"epoll_ctl", M | L | K | W | R},
    {"futex", M | L | W | R},
    {"clock_gettime", M | L | K | W | R | D},
    {"gettimeofday", M | L | K | W | R},
    {"time", M | L | K | W | R},
    {"clock_nanosleep", M | L | K | W | R},
    {"getrandom", M | L | K | W | R},
    {"getrusage", M | L | K | W},
    {"getpid", M | L | K | W | R | D},
    {"gettid", M | L | K | W | R},
    {"brk", M | L | K | W | R | D},
    {"munmap", M | L | K | W | R | D},
    {"mremap", M | L | K | R | D}, /* W: see refuse_to_grow() */
    {"madvise", M | L | K | W | R | D},
    {"exit", M | L | K | W | R | D},
    {"exit_group", M | L | K | W | R | D},
    {"rt_sigreturn", M | L | K | W | R | D},
    {"rt_sigprocmask", M | L | K | W | R},
    {"rt_sigaction", M | L | K | W | R},
    {"restart_syscall", M | L | K | W | R | D},
    /* the client's connection */
    {"accept4", M | W},
    {"setsockopt", M | W},
    {"getsockopt", M | W},
    {"getpeername", M | W},
    {"getsockname", M | W},
    {"shutdown", M | W},
    {"setitimer", M | W},
    {"alarm", M | W},
    {"connect", D}, /* the DNS servers; its sockets stand in allow_sockets() */
    /* files under the log directory */
    {"openat", L},
    {"fstat", M | L},
    {"newfstatat", M | L},
    {"fstatfs", M | L},
    {"lseek", M | L},
    {"pread64", M | L},
    {"pwrite64", M | L}, /* W: see allow_place() */
    {"ftruncate", M | L},
    {"fallocate", L},
    {"fdatasync", L},
    {"fsync", L},
    {"renameat", L},
    {"renameat2", L},
    {"unlinkat", L},
    {"getdents64", L},
    {"fcntl", M | L}, /* not W: the pipe's flags are those of all workers */
    {"flock", L},
    /* the master's trade: children, signals, a configuration to read anew */
    {"clone", M},
    {"clone3", M},
    {"fork", M},
    {"vfork", M},
    {"wait4", M},
    {"waitid", M},
    {"kill", M},
    {"tgkill", M},
    {"prctl", M},
    {"seccomp", M},
    {"landlock_create_ruleset", M},
    {"landlock_restrict_self", M},
    {"landlock_add_rule", M},
    {"prlimit64", M},
    {"setrlimit", M},
    {"getrlimit", M},
    {"set_robust_list", M},
    {"set_tid_address", M},
    {"rseq", M},
    {"openat2", M},
    {"epoll_create1", M},
    {"signalfd4", M},
    {"memfd_create", M},
    {"socketpair", M},
    {"dup", M | R},
    {"dup2", M},
    {"dup3", M | R},
    {"close_range", M},
    {"mprotect", M},
    {"getppid", M},
    {"sysinfo", M | L}, /* qsort() of much asks how much memory there is */
    {"uname", M},
    {"sched_yield", M},
};
#define SYSCALL_COUNT (sizeof syscall_table / sizeof syscall_table[0])

/* Landlock's interface, linux/landlock.h, spelt out: Debian 12's header knows ABI 2 only. */
struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));
#define LANDLOCK_VERSION_FLAG 1u
struct net_port_attr {
	uint64_t allowed_access, port;
};
#define LANDLOCK_RULE_BENEATH 1
#define LANDLOCK_RULE_PORT 2
#define FS_ABI1 ((UINT64_C(1) << 13) - 1) /* execute ... make_sym */
#define FS_REFER (UINT64_C(1) << 13)      /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)   /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)  /* ABI 5 */
#define FS_LOG_TREE                                                                          \
	((UINT64_C(1) << 1) | (UINT64_C(1) << 2) | (UINT64_C(1) << 3) | (UINT64_C(1) << 5) | \
	 (UINT64_C(1) << 8)) /* write_file read_file read_dir remove_file make_reg */
#define NET_TCP UINT64_C(3)  /* ABI 4: bind and connect */
#define NET_CONNECT UINT64_C(2)
#define SCOPE_ALL UINT64_C(3) /* ABI 6: abstract sockets and signals */

/* Stand in the worker's program for what is known of each worker only: no other number in it is
 * like these. */
#define PLACE_SIZE UINT32_C(0x7fe5a1e0)
#define PLACE_OFFSET UINT32_C(0x7fe5a1e1)
#define PLACE_NUMBERS 2
#define PROGRAM_MAX 512 /* of the worker's, instructions; it has some 150 */

static bool lenient;
static int landlock_abi;
static struct sock_fprog program[ROLE_COUNT];

__attribute__((format(printf, 1, 2))) static void part_failed(const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (!lenient)
		fatal("sandbox: %s (\"sandbox best-effort\" in the configuration goes on without)",
		      text);
	warn("sandbox: %s: going on without it", text);
}

/* Only mappings without PROT_EXEC. */
static int allow_mmap(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* The resolver sends where its sockets are connected to, and names no other address. */
static int allow_replies(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
				SCMP_A4(SCMP_CMP_EQ, 0, 0));
}

/* The dialer makes the sockets of the DNS and no others. */
static int allow_sockets(scmp_filter_ctx ctx)
{
	static const int families[] = {AF_INET, AF_INET6};
	static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
	int rc = 0;

	for (size_t i = 0; i < 4 && rc == 0; i++)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i / 2], 0),
		    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)types[i % 2] | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0),
		    SCMP_A2(SCMP_CMP_EQ, 0, 0));
	return rc;
}

/* A shared mapping that is grown maps what comes next in its file, seals or not: the slots of other
 * workers on the status board.  realloc() then copies. */
static int refuse_to_grow(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOMEM), SCMP_SYS(mremap), 0);
}

/* A worker writes its own place in a shared file; where that is, enter_program() puts in. */
static int allow_place(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 2,
				SCMP_A2(SCMP_CMP_EQ, PLACE_SIZE, 0),
				SCMP_A3(SCMP_CMP_EQ, PLACE_OFFSET, 0));
}

static int allow_by_arguments(scmp_filter_ctx ctx, enum sandbox_role role)
{
	int rc = allow_mmap(ctx);

	if (rc == 0 && role == ROLE_WORKER)
		rc = refuse_to_grow(ctx);
	if (rc == 0 && role == ROLE_WORKER)
		rc = allow_place(ctx);
	if (rc == 0 && role == ROLE_RESOLVER)
		rc = allow_replies(ctx);
	if (rc == 0 && role == ROLE_DIALER)
		rc = allow_sockets(ctx);
	return rc;
}

static int allow_table(scmp_filter_ctx ctx, enum sandbox_role role)
{
	for (size_t i = 0; i < SYSCALL_COUNT; i++) {
		if (!(syscall_table[i].roles & (1u << role)))
			continue;
		int nr = seccomp_syscall_resolve_name(syscall_table[i].name);
		if (nr == __NR_SCMP_ERROR)
			continue; /* this libseccomp is older than the call: it stays forbidden */
		int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
		if (rc < 0 && rc != -EDOM)
			return rc;
	}
	return 0;
}

/* Read the exported program from its memfd into memory. */
static int program_read(int fd, struct sock_fprog *p)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size <= 0 || (size_t)size % sizeof(struct sock_filter) != 0)
		return -EINVAL;
	p->filter = malloc((size_t)size);
	if (p->filter == NULL)
		return -ENOMEM;
	if (pread(fd, p->filter, (size_t)size, 0) != size)
		return -EIO;
	p->len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
	return 0;
}

static int program_make(enum sandbox_role role, struct sock_fprog *p)
{
	int rc = -ENOMEM, fd = -1;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (ctx == NULL)
		return rc;
	if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2)) < 0 ||
	    (rc = allow_table(ctx, role)) < 0 || (rc = allow_by_arguments(ctx, role)) < 0)
		goto out;
	fd = memfd_create("seccomp", MFD_CLOEXEC);
	rc = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
	if (rc == 0)
		rc = program_read(fd, p);
out:
	if (fd >= 0)
		close(fd);
	seccomp_release(ctx);
	return rc;
}

void sandbox_prepare(bool best_effort)
{
	lenient = best_effort;
	landlock_abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
#ifdef SANITIZED
	landlock_abi = 0;
	return;
#endif
	for (enum sandbox_role role = 0; role < ROLE_COUNT; role++) {
		int rc = program_make(role, &program[role]);
		if (rc < 0)
			part_failed("seccomp program: %s", strerror(-rc));
	}
}

static void set_limit(__rlimit_resource_t what, const char *name, rlim_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

	if (setrlimit(what, &limit) < 0)
		part_failed("setrlimit %s: %s", name, strerror(errno));
}

/* A developer's: the limit on files would silence whoever speaks there, or kill it. */
static bool speaks_to_a_file(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static void enter_limits(const struct sandbox_want *want)
{
	set_limit(RLIMIT_CORE, "core", 0);
	if (want->role == ROLE_MASTER)
		return;
	set_limit(RLIMIT_NPROC, "nproc", 0);
	if (want->role != ROLE_LOGGER && !speaks_to_a_file())
		set_limit(RLIMIT_FSIZE, "fsize", want->place.file_max);
	if (want->fds_max)
		set_limit(RLIMIT_NOFILE, "nofile", want->fds_max);
#ifndef SANITIZED
	if (want->memory_max)
		set_limit(RLIMIT_AS, "as", want->memory_max);
#endif
}

static uint64_t landlock_fs(void)
{
	return FS_ABI1 | (landlock_abi >= 2 ? FS_REFER : 0) |
	       (landlock_abi >= 3 ? FS_TRUNCATE : 0) | (landlock_abi >= 5 ? FS_IOCTL_DEV : 0);
}

/* What the process may touch all the same.  False with errno. */
static bool landlock_allow(int ruleset, const struct sandbox_want *want)
{
	struct path_beneath_attr tree = {.allowed_access =
					     FS_LOG_TREE | (landlock_abi >= 3 ? FS_TRUNCATE : 0),
					 .parent_fd = want->tree_fd};

	if (want->tree_fd >= 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_BENEATH, &tree, 0) < 0)
		return false;
	for (size_t i = 0; landlock_abi >= 4 && i < want->tcp_port_count; i++) {
		struct net_port_attr port = {.allowed_access = NET_CONNECT,
					     .port = want->tcp_ports[i]};
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PORT, &port, 0) < 0)
			return false;
	}
	return true;
}

static void enter_landlock(const struct sandbox_want *want)
{
	struct ruleset_attr attr = {.handled_access_fs = landlock_fs(),
				    .handled_access_net = landlock_abi >= 4 ? NET_TCP : 0,
				    .scoped = landlock_abi >= 6 ? SCOPE_ALL : 0};
	size_t size = landlock_abi >= 6 ? sizeof attr : landlock_abi >= 4 ? 16 : 8;

	if (landlock_abi <= 0 || want->role == ROLE_MASTER)
		return;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0) {
		part_failed("landlock_create_ruleset: %s", strerror(errno));
		return;
	}
	if (!landlock_allow(fd, want))
		part_failed("landlock_add_rule: %s", strerror(errno));
	else if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		part_failed("landlock_restrict_self: %s", strerror(errno));
	close(fd);
}

/* Put the place into a copy of the worker's program.  False: the program is not as it was made. */
static bool program_place(struct sock_filter *own, size_t len, const struct sandbox_place *place)
{
	unsigned found = 0;

	for (size_t i = 0; i < len; i++) {
		if (own[i].code != (BPF_JMP | BPF_JEQ | BPF_K))
			continue;
		bool size = own[i].k == PLACE_SIZE, offset = own[i].k == PLACE_OFFSET;
		if (size)
			own[i].k = place->size;
		else if (offset)
			own[i].k = place->offset;
		found += size || offset;
	}
	return found == PLACE_NUMBERS;
}

static void enter_program(const struct sandbox_want *want)
{
	struct sock_filter own[PROGRAM_MAX];
	struct sock_fprog p = program[want->role];

	if (p.filter == NULL)
		return;
	if (want->place.size > 0) {
		if (p.len > PROGRAM_MAX)
			fatal("sandbox: the program has %u instructions", p.len);
		memcpy(own, p.filter, p.len * sizeof *own);
		if (!program_place(own, p.len, &want->place))
			fatal("sandbox: the program has no place");
		p.filter = own;
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		part_failed("seccomp: %s", strerror(errno));
}

void sandbox_enter(const struct sandbox_want *want)
{
	enter_limits(want);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		part_failed("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		part_failed("not dumpable: %s", strerror(errno));
	enter_landlock(want);
	enter_program(want);
}

const char *sandbox_describe(void)
{
	static char text[96];

	snprintf(text, sizeof text, "no_new_privs rlimits%s",
		 program[ROLE_WORKER].filter ? " seccomp" : " (no seccomp: sanitizer build)");
	if (landlock_abi > 0)
		snprintf(text + strlen(text), sizeof text - strlen(text), " landlock(abi %d)",
			 landlock_abi);
	return text;
}
