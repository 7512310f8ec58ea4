/*
 * worker.c: the process that serves one session at a time.
 *
 * Runs as _smtptrap in an empty root directory under seccomp.  Idle workers wait by epoll with
 * EPOLLEXCLUSIVE, so one connection wakes one worker.  Signals: SIGHUP leave when the present
 * session is over; SIGTERM end it with 421 now.  A handler only sets a flag and shuts the
 * socket's receiving side, so that a blocked receive returns whenever the signal comes.
 */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "sandbox.h"
#include "worker_crowd.h"
#include "worker_session.h"

#define SHUTDOWN_GRACE_S 3 /* then a client that does not read is cut off */
#define WORKER_FDS 64
#define HEAP_KEPT (256 * 1024)
#define IDLE_MS 1000 /* idle this long, a worker gives its session's memory back */
/* The heap that handshakes leave behind cannot be given back: after so much longer a worker
 * that did some leaves, and the master has a fresh one where it needs one. */
#define IDLE_LEAVE_MS 5000

static volatile sig_atomic_t shutting_down, leaving;
static struct session *session; /* for the handlers: its socket */

static void on_term(int signal)
{
	(void)signal;
	shutting_down = leaving = 1;
	if (session && session->conn.fd >= 0) {
		shutdown(session->conn.fd, SHUT_RD);
		alarm(SHUTDOWN_GRACE_S);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
	if (session && session->conn.fd >= 0)
		shutdown(session->conn.fd, SHUT_RDWR);
}

static void on_hup(int signal)
{
	(void)signal;
	leaving = 1;
}

static void handle_signals(void)
{
	static const struct proc_signal handled[] = {
	    {SIGTERM, on_term}, {SIGALRM, on_alarm}, {SIGHUP, on_hup},
	    {SIGINT, SIG_IGN}, /* the terminal's: the master passes on what is meant */
	    {SIGUSR1, SIG_IGN},
	};

	proc_signals_set(handled, sizeof handled / sizeof *handled);
}

static int make_epoll(const struct worker_args *args)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (size_t i = 0; ep >= 0 && i < args->conf->nlisten; i++) {
		struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = i};
		if (args->listeners[i] >= 0 &&
		    epoll_ctl(ep, EPOLL_CTL_ADD, args->listeners[i], &e) < 0)
			fatal("epoll_ctl: %s", strerror(errno));
	}
	if (ep < 0)
		fatal("epoll_create1: %s", strerror(errno));
	return ep;
}

/* One less waits.  The master allowed for so many since it last counted; the next tells it to count
 * again, so that it makes more if few are left. */
static void ring_if_few(const struct worker_args *args)
{
	const uint64_t one = 1;
	char spare;

	if (read(args->spares, &spare, 1) != 1 && write(args->doorbell, &one, sizeof one) < 0)
		debug("doorbell: %s", strerror(errno));
}

static int try_accept(const struct worker_args *args, unsigned listener,
		      struct sockaddr_storage *peer)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
	socklen_t len = sizeof *peer;
	int fd = accept4(args->listeners[listener], (struct sockaddr *)peer, &len, SOCK_CLOEXEC);

	if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		warn("accept: %s", strerror(errno));
		nanosleep(&pause, NULL); /* the system is short of something, and stays so */
	}
	return fd;
}

/* Wait for a client; -1 when a signal asks to leave. */
static int wait_for_client(const struct worker_args *args, int ep, unsigned *listener_r,
			   struct sockaddr_storage *peer)
{
	sigset_t held, before;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &before);
	int fd = -1, patience = IDLE_MS;
	while (fd < 0 && !leaving) {
		struct epoll_event e;
		int n = epoll_pwait(ep, &e, 1, patience, &before);

		if (n == 1) {
			*listener_r = (unsigned)e.data.u64;
			fd = try_accept(args, *listener_r, peer);
		} else if (n == 0 && patience == IDLE_MS) {
			session_trim(session);
			patience = session->tls_used ? IDLE_LEAVE_MS : -1;
		} else if (n == 0) {
			leaving = 1;
		}
	}
	if (fd >= 0)
		session->conn.fd = fd; /* before a signal can come: the handler shuts it */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

/* The trap goes down: those who already wait are told so. */
static void drain(const struct worker_args *args)
{
	struct sockaddr_storage peer;

	for (unsigned i = 0; i < args->conf->nlisten; i++) {
		const struct conf_listen *l = &args->conf->listen[i];
		for (int fd; args->listeners[i] >= 0 && (fd = try_accept(args, i, &peer)) >= 0;
		     close(fd)) {
			char reply[320];
			int n = snprintf(reply, sizeof reply, "421 4.3.2 %s shutting down\r\n",
					 identity_hostname(args->conf, l, fd));
			if (l->tls != CONF_TLS_IMPLICIT)
				(void)!send(fd, reply, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
	}
}

static void serve_loop(const struct worker_args *args, int ep)
{
	struct board_slot *b = args->board;
	struct sockaddr_storage peer;
	unsigned listener = 0;

	for (uint32_t served = 0; served < args->conf->workers.sessions && !leaving; served++) {
		atomic_store_explicit(&b->state, SLOT_IDLE, memory_order_release);
		int fd = wait_for_client(args, ep, &listener, &peer);
		if (fd < 0)
			break;
		ring_if_few(args);
		session_serve(session, fd, listener, &peer);
		/* A channel that does not answer is replaced with its worker. */
		if (session->tls && tls_keyholder_failed(session->tls))
			leaving = 1;
	}
	atomic_store_explicit(&b->state, SLOT_LEAVING, memory_order_release);
}

_Noreturn void worker_run(const struct worker_args *args)
{
	log_role("worker", (int)args->slot);
	handle_signals();
	int ep = make_epoll(args);
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT); /* session_trim() does it when it is time */
	mallopt(M_TOP_PAD, HEAP_KEPT / 4);
	session = session_new(args);
	session->shutting_down = session->conn.shutting_down = &shutting_down;
	proc_follow_parent(args->master_pid, SIGTERM);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_WORKER,
					     .tree_fd = -1,
					     .memory_max = args->memory_max,
					     .fds_max = WORKER_FDS,
					     .place = crowd_place(args)});
	serve_loop(args, ep);
	if (shutting_down && args->drain)
		drain(args);
	_exit(0);
}
