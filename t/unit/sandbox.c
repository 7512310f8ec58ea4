/*
 * sandbox.c: from within each process's sandbox, what a taken-over process would try must fail.
 *
 * Each attempt is made by a child that enters the sandbox by the code the daemon uses: as root
 * with an empty root directory (the logger: the log directory) and an unprivileged user first.
 * It must be killed by SIGSYS or see the call fail; a call that succeeds fails the test.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/log.h"
#include "../../src/privs.h"
#include "../../src/sandbox.h"
#include "../tap.h"

#define WORKED 42 /* exit status: the call succeeded, which it must not */

static char empty_dir[] = "/tmp/smtptrap-sandbox-XXXXXX";
static char log_dir[] = "/tmp/smtptrap-logs-XXXXXX";
static struct sockaddr_in listener;
static int unconnected = -1; /* a socket made before the sandbox was entered */
static const uint16_t dns_port = 53;
static int datagrams = -1; /* the same */
static int log_fd = -1;

static bool try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

/* Out of the log directory by way of its descriptor. */
static bool try_openat(void)
{
	return openat(log_fd, "../../etc/passwd", O_RDONLY) >= 0;
}

static bool try_create(void)
{
	return open("/tmp/smtptrap-sandbox-file", O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_connect(void)
{
	return connect(unconnected, (struct sockaddr *)&listener, sizeof listener) == 0;
}

static bool try_bind(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};

	return bind(unconnected, (struct sockaddr *)&any, sizeof any) == 0;
}

/* A datagram socket that is not connected, but the address is named. */
static bool try_sendto(void)
{
	return sendto(datagrams, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&listener,
		      sizeof listener) == 1;
}

static bool try_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0 ||
	       socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0;
}

static bool try_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP) >= 0;
}

static bool try_execve(void)
{
	char *argv[] = {(char *)"true", NULL}, *envp[] = {NULL};

	execve("/bin/true", argv, envp);
	return false;
}

static bool try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool try_kill(void)
{
	return kill(getppid(), 0) == 0;
}

static bool try_setuid(void)
{
	return setuid(0) == 0;
}

static bool try_chroot(void)
{
	return chroot(".") == 0;
}

static bool try_exec_memory(void)
{
	return syscall(SYS_mmap, NULL, 4096, 7, 0x22, -1, 0) != -1;
}

static bool try_unlink(void)
{
	return unlink("/etc/hostname") == 0;
}

/* The flags of an open file belong to all who share it: those of the results pipe, to all
 * workers. */
static bool try_flags(void)
{
	return fcntl(unconnected, F_SETFL, O_NONBLOCK) == 0;
}

/* ---- memory that workers share, a page each ---- */

enum { PLACE = 64, PLACE_BYTES = 16, PLACE_FILE = 4096 };
static uint8_t *own_page;     /* written by this one; its neighbours are others' */
static const uint8_t *theirs; /* can be read only */
static size_t page;
static int place_fd = -1;

static void make_shared(void)
{
	int fd = memfd_create("slots", MFD_ALLOW_SEALING),
	    file = memfd_create("place", MFD_ALLOW_SEALING);
	char path[32];

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (fd < 0 || ftruncate(fd, (off_t)(3 * page)) < 0 || file < 0 ||
	    ftruncate(file, PLACE_FILE) < 0)
		fatal("memfd: %s", strerror(errno));
	uint8_t *all = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (all == MAP_FAILED || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_FUTURE_WRITE) < 0)
		fatal("memfd: mmap, seal: %s", strerror(errno));
	theirs = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, fd, 0);
	own_page = all + page;
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	place_fd = open(path, O_WRONLY);
	if (theirs == MAP_FAILED || place_fd < 0 || lseek(place_fd, 0, SEEK_END) != PLACE_FILE ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		fatal("%s: %s", path, strerror(errno));
	madvise(all, page, MADV_DONTFORK);
	madvise(all + 2 * page, page, MADV_DONTFORK);
}

static bool try_grow(void)
{
	return mremap(own_page, page, 2 * page, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool try_duplicate(void)
{
	return mremap(own_page, 0, 2 * page, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool try_protect(void)
{
	return mprotect((void *)(uintptr_t)theirs, page, PROT_READ | PROT_WRITE) == 0;
}

static bool try_other_file_pages(void)
{
	return remap_file_pages(own_page, page, 0, 2, 0) == 0;
}

static bool try_hole(void)
{
	return madvise((void *)(uintptr_t)theirs, page, MADV_REMOVE) == 0;
}

static bool try_map_place(void)
{
	return mmap(NULL, PLACE_FILE, PROT_READ | PROT_WRITE, MAP_SHARED, place_fd, 0) !=
	       MAP_FAILED;
}

static bool write_place(size_t size, off_t at)
{
	static const uint8_t bytes[2 * PLACE_BYTES];

	return pwrite(place_fd, bytes, size, at) == (ssize_t)size;
}

static bool try_own_place(void)
{
	return write_place(PLACE_BYTES, PLACE);
}

static bool try_next_place(void)
{
	return write_place(PLACE_BYTES, PLACE + PLACE_BYTES);
}

static bool try_longer_place(void)
{
	return write_place(2 * PLACE_BYTES, PLACE);
}

static bool try_far_place(void)
{
	return write_place(PLACE_BYTES, PLACE + ((off_t)1 << 32));
}

/* Where the descriptor stands, which all workers share. */
static bool try_plain_write(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return write(place_fd, "x", 1) == 1;
}

#define ALL ((1u << ROLE_COUNT) - 1)
#define WORKER (1u << ROLE_WORKER)
#define DIALER (1u << ROLE_DIALER)
#define CHILDREN (ALL & ~(1u << ROLE_MASTER)) /* the master forks and signals for a living */

static const struct {
	const char *name;
	bool (*attempt)(void);
	unsigned roles;    /* those that must not */
	bool only_as_root; /* means something only for one that was root */
} attempts[] = {
    {"open a file", try_open, ALL, false},
    {"open a file past a directory it holds", try_openat, ALL, false},
    {"create a file", try_create, ALL, false},
    {"make a socket", try_socket, ALL, false},
    {"make a packet or Unix socket", try_packet_socket, ALL, false},
    {"make a raw socket", try_raw_socket, ALL, false},
    {"name an address to send to", try_sendto, DIALER | 1u << ROLE_RESOLVER, false},
    {"connect", try_connect, ALL & ~DIALER, false},
    {"connect to another port", try_connect, DIALER, false},
    {"bind", try_bind, ALL, false},
    {"execve", try_execve, ALL, false},
    {"fork", try_fork, CHILDREN, false},
    {"ptrace its parent", try_ptrace, ALL, false},
    {"kill its parent", try_kill, CHILDREN, false},
    {"setuid(0)", try_setuid, ALL, true},
    {"chroot", try_chroot, ALL, true},
    {"map memory to execute", try_exec_memory, ALL, false},
    {"remove a file", try_unlink, ALL, false},
    {"change a shared file's flags", try_flags, CHILDREN & ~(1u << ROLE_LOGGER), false},
    {"grow its page into the next worker's", try_grow, WORKER, false},
    {"map its page once more, and the next", try_duplicate, WORKER, false},
    {"make pages that it can read writable", try_protect, CHILDREN, false},
    {"have another page in its page's place", try_other_file_pages, CHILDREN, false},
    {"make a hole in what it can read", try_hole, ALL, false},
    {"map the file where it has a place", try_map_place, ALL, false},
    {"write another worker's place", try_next_place, WORKER, false},
    {"write beyond its place", try_longer_place, WORKER, false},
    {"write the same place 4 GiB on", try_far_place, WORKER, false},
    {"write where that file's descriptor stands", try_plain_write, WORKER, false},
};

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_MASTER] = "master", [ROLE_LOGGER] = "logger",     [ROLE_KEYHOLDER] = "keyholder",
    [ROLE_WORKER] = "worker", [ROLE_RESOLVER] = "resolver", [ROLE_DIALER] = "dialer",
};

static void enter(enum sandbox_role role)
{
	struct sandbox_want want = {.role = role, .tree_fd = -1};

	if (privs_are_root()) {
		struct identity nobody = privs_lookup("nobody"); /* while /etc is in reach */

		if (role == ROLE_LOGGER)
			privs_chroot_fd(log_fd, log_dir);
		else
			privs_chroot_empty(empty_dir);
		privs_drop(nobody);
	}
	if (role == ROLE_LOGGER)
		want.tree_fd = log_fd;
	if (role == ROLE_WORKER) {
		want.fds_max = 64;
		want.place = (struct sandbox_place){
		    .size = PLACE_BYTES, .offset = PLACE, .file_max = PLACE_FILE};
	}
	if (role == ROLE_DIALER) {
		want.tcp_ports = &dns_port;
		want.tcp_port_count = 1;
	}
	sandbox_enter(&want);
}

/* Make the attempt in a child; returns its wait status. */
static int attempt_as(enum sandbox_role role, bool (*attempt)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		enter(role);
		_exit(attempt != NULL && attempt() ? WORKED : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool is_refused(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
}

static void make_world(void)
{
	socklen_t len = sizeof listener;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	listener.sin_family = AF_INET;
	listener.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&listener, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&listener, &len) < 0)
		fatal("listener: %s", strerror(errno));
	unconnected = socket(AF_INET, SOCK_STREAM, 0);
	datagrams = socket(AF_INET, SOCK_DGRAM, 0);
	if (mkdtemp(empty_dir) == NULL || mkdtemp(log_dir) == NULL || chmod(empty_dir, 0755) < 0)
		fatal("mkdtemp: %s", strerror(errno));
	log_fd = open(log_dir, O_RDONLY | O_DIRECTORY);
	make_shared();
}

int main(void)
{
#ifdef SANITIZED
	printf("1..0 # SKIP a sanitizer build has no seccomp\n");
	return 0;
#endif
	make_world();
	sandbox_prepare(false);
	for (enum sandbox_role role = 0; role < ROLE_COUNT; role++) {
		ok(attempt_as(role, NULL) == 0, "%s: enters its sandbox and lives",
		   role_names[role]);
		for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
			if (!(attempts[i].roles & 1u << role) ||
			    (attempts[i].only_as_root && !privs_are_root()))
				continue;
			if (role == ROLE_DIALER && attempts[i].attempt == try_connect &&
			    landlock_abi() < 4)
				continue; /* only Landlock can tell ports apart */
			int status = attempt_as(role, attempts[i].attempt);
			if (!ok(is_refused(status), "%s: cannot %s", role_names[role],
				attempts[i].name))
				printf("# wait status %#x\n", (unsigned)status);
		}
	}
	int status = attempt_as(ROLE_WORKER, try_own_place);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == WORKED, "worker: writes its own place");
	rmdir(empty_dir);
	rmdir(log_dir);
	return tap_done();
}
