/*
 * proc.c: what every process of smtptrapd does alike: descriptors, signals, limits.
 *
 * Runs in each after its fork, and in the master.  What fails here is fatal.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"

#define KEEP_MAX 160

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

void proc_keep_only(const int *fds, size_t n)
{
	int kept[KEEP_MAX];
	unsigned next = STDERR_FILENO + 1;

	if (n > KEEP_MAX)
		fatal("more than %d descriptors to keep", KEEP_MAX);
	memcpy(kept, fds, n * sizeof *fds);
	qsort(kept, n, sizeof *kept, compare_int);
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < (int)next)
			continue;
		if (kept[i] > (int)next)
			close_range(next, (unsigned)kept[i] - 1, 0);
		next = (unsigned)kept[i] + 1;
	}
	close_range(next, UINT_MAX, 0);
}

void proc_follow_parent(pid_t parent, int signal)
{
	if (prctl(PR_SET_PDEATHSIG, signal) < 0)
		fatal("PR_SET_PDEATHSIG: %s", strerror(errno));
	if (getppid() != parent)
		fatal("the master is gone");
}

void proc_pair(int pair_r[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair_r) < 0)
		fatal("socketpair: %s", strerror(errno));
}

ssize_t proc_wait_word(int control, void *word, size_t size, int seconds)
{
	struct timeval limit = {.tv_sec = seconds};
	ssize_t n;

	setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	do
		n = recv(control, word, size, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

static void set_handler(int signal, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	if (sigaction(signal, &sa, NULL) < 0)
		fatal("sigaction %d: %s", signal, strerror(errno));
}

void proc_signals_set(const struct proc_signal *table, size_t n)
{
	static const int used[] = {SIGTERM, SIGINT,  SIGHUP,  SIGUSR1,
				   SIGUSR2, SIGCHLD, SIGALRM, SIGQUIT};
	sigset_t none;

	for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
		void (*handler)(int) = SIG_DFL;

		for (size_t j = 0; j < n; j++)
			if (table[j].signal == used[i])
				handler = table[j].handler;
		set_handler(used[i], handler);
	}
	set_handler(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void proc_signals_ignore(void)
{
	static const struct proc_signal ignored[] = {
	    {SIGTERM, SIG_IGN}, {SIGINT, SIG_IGN}, {SIGHUP, SIG_IGN}, {SIGUSR1, SIG_IGN}};

	proc_signals_set(ignored, sizeof ignored / sizeof *ignored);
}

int proc_statm_open(void)
{
	return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

size_t proc_address_space(int statm)
{
	char text[128] = ""; /* seven numbers, the first counts */

	if (statm < 0 || pread(statm, text, sizeof text - 1, 0) < 0)
		return 0;
	return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

size_t proc_raise_fd_limit(size_t want)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("getrlimit nofile: %s", strerror(errno));
	if (limit.rlim_max < want && geteuid() == 0)
		limit.rlim_max = want;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("setrlimit nofile %zu: %s", want, strerror(errno));
	return limit.rlim_cur;
}
