/*
 * master.c: the process that starts the others and looks after them.
 *
 * Runs as root until all is set up, then as _smtptrap in an empty root directory.  Its loop waits for
 * signals (signalfd), the doorbell of workers, the status socket, and the ends of the logger and
 * the key holders.  It never touches a client, and a child's failure never ends it, but for the
 * logger and the key holders, which cannot be started again without root: then every client
 * gets 421 and the trap leaves with an error, for the service manager to start it anew.
 */
#include "config.h"

#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "heap_fill.h"
#include "log.h"
#include "logger.h"
#include "master_tls.h"
#include "notify.h"
#include "proc.h"
#include "sandbox.h"

#define STOP_TIMEOUT_US 10000000   /* for workers to say 421 and leave */
#define LOGGER_TIMEOUT_US 60000000 /* for the logger to write the rest */
#define LOOP_MS 500

enum watched {
	WATCH_SIGNALS,
	WATCH_DOORBELL,
	WATCH_STATUS,
	WATCH_LOGGER,
	WATCH_KEYHOLDER,
	WATCH_RESOLVER
};

static void watch(struct master *m, int fd, enum watched what)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = what};

	if (what == WATCH_LOGGER || what == WATCH_KEYHOLDER)
		e.events |= EPOLLONESHOT; /* their end, which lasts */
	if (fd >= 0 && epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		fatal("epoll_ctl: %s", strerror(errno));
}

static void watch_all(struct master *m)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		fatal("sigprocmask: %s", strerror(errno));
	m->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->signals < 0 || m->epoll < 0)
		fatal("signalfd, epoll: %s", strerror(errno));
	watch(m, m->signals, WATCH_SIGNALS);
	watch(m, m->doorbell, WATCH_DOORBELL);
	watch(m, m->status, WATCH_STATUS);
	watch(m, m->logger.control, WATCH_LOGGER);
	for (uint32_t i = 0; i < m->keyholders; i++)
		watch(m, m->keyholder[i].control, WATCH_KEYHOLDER);
	watch(m, dns_control(m), WATCH_RESOLVER);
}

/* ---- stopping ---- */

static void begin_stop(struct master *m)
{
	if (m->stopping)
		return;
	m->stopping = true;
	m->stop_deadline_us = clock_us() + STOP_TIMEOUT_US;
	notify_send("STOPPING=1\nSTATUS=waiting for %u workers", m->pool.alive);
	pool_signal(m, SIGTERM);
}

static void lost_role(struct master *m, const char *name, int status)
{
	warn("the %s is gone (%s %d)%s", name, WIFSIGNALED(status) ? "signal" : "status",
	     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	     m->stopping ? " before all was written"
			 : ": every client gets 421, and the trap must be started anew");
	m->failed = true;
	begin_stop(m);
}

/* ---- reload ---- */

/* Open a file of the configuration from within the chroot, as if we were not in it. */
static int open_in_root(void *ctx, const char *path)
{
	const struct master *m = ctx;
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			       .resolve = RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, m->root_fd, path, &how, sizeof how);
}

static bool same_listeners(const struct conf *a, const struct conf *b)
{
	if (a->nlisten != b->nlisten)
		return false;
	for (size_t i = 0; i < a->nlisten; i++)
		if (memcmp(a->listen[i].address, b->listen[i].address, IP_BYTES) != 0 ||
		    a->listen[i].port != b->listen[i].port)
			return false;
	return true;
}

/* Certificates, keys and what is served with them; false too if there is no memory to compare. */
static bool same_tls(const struct master *m, const struct conf *new)
{
	struct arena *arena = arena_new();
	const struct tls_settings *settings =
	    arena == NULL ? NULL : master_tls_settings(new, arena);
	bool same = settings != NULL &&
		    m->conf->tls.keyholders ==
			new->tls.keyholders &&master_tls_covers(m->tls_settings, settings);

	arena_free(&arena);
	return same;
}

/* What a running trap cannot change; NULL if it can take the new configuration. */
static const char *needs_restart(const struct master *m, const struct conf *new)
{
	const struct conf *old = m->conf;

	if (!same_listeners(old, new))
		return "listen";
	if (!same_tls(m, new))
		return "tls, its profiles or the certificates of an identity";
	if (!dns_same_servers(old, new))
		return "dns server";
	if (strcmp(old->log.directory, new->log.directory) != 0)
		return "log directory";
	if (new->memory.addresses != old->memory.addresses)
		return "memory addresses";
	if (new->workers.max > old->workers.max)
		return "a greater workers max";
	if (strcmp(old->user, new->user) != 0 || strcmp(old->log_user, new->log_user) != 0 ||
	    strcmp(old->run_directory, new->run_directory) != 0 ||
	    strcmp(old->sensor, new->sensor) != 0)
		return "user, run-directory or sensor";
	return NULL;
}

static void tell_logger(const struct master *m, enum logger_message_type type)
{
	const struct conf *c = m->conf;
	struct logger_message msg = {.type = type,
				     .durability = c->log.durability,
				     .compression = c->log.compression,
				     .rotate_size = c->log.rotate_size,
				     .rotate_age_us = c->log.rotate_age_us,
				     .keep = c->log.keep,
				     .keep_age_us = c->log.keep_age_us,
				     .keep_free = c->log.keep_free,
				     .reserve = c->log.reserve,
				     .message_size = c->limits.message_size,
				     .memory_save_us = c->memory.save_us,
				     .memory_tls_within_us = c->memory.tls_within_us,
				     .yakker_count = c->yakkers.count,
				     .yakker_within_us = c->yakkers.within_us,
				     .yakker_summary_us = c->yakkers.summary_us,
				     .store = c->log.store,
				     .store_index = c->log.store_index};

	if (send(m->logger.control, &msg, sizeof msg, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof msg)
		warn("the logger could not be told: %s", strerror(errno));
}

/* Fork a resolver if one is due; workers then leave one by one, and the next ones have it. */
static bool renew_resolver(struct master *m)
{
	if (!dns_adjust(m))
		return false;
	watch(m, dns_control(m), WATCH_RESOLVER);
	pool_signal(m, SIGHUP);
	return true;
}

/* The new configuration is good: it holds for those that are forked from now on. */
static void adopt(struct master *m, struct conf *new)
{
	struct conf *old = m->conf;

	m->conf = new;
	dns_reload(m, old);
	conf_free(&old);
	m->board->head.spare_min = (int32_t) new->workers.spare_min;
	master_listener_options(m);
	tell_logger(m, LOGGER_SETTINGS);
	info("reload: %s is in force for new sessions", m->conf_path);
}

/* Read the configuration and take it if that can be.  True: there is a new one. */
static bool read_anew(struct master *m)
{
	static struct conf_errors errors;
	struct conf_opener opener = {.open = open_in_root, .ctx = m};
	struct conf *new;

	memset(&errors, 0, sizeof errors);
	int rc = conf_load(&new, m->conf_path, &opener, &errors);
	for (size_t i = 0; i < errors.kept; i++)
		warn("%s", errors.text[i]);
	for (size_t i = 0; i < errors.warnings_kept; i++)
		warn("%s", errors.warning[i]);
	if (rc < 0) {
		warn("reload: %zu errors in %s: the old configuration stays", errors.total,
		     m->conf_path);
		return false;
	}
	const char *what = needs_restart(m, new);
	if (what == NULL) {
		adopt(m, new);
		return true;
	}
	warn("reload: %s changed, which needs a restart: the old configuration stays", what);
	conf_free(&new);
	return false;
}

static void reload(struct master *m)
{
	if (m->stopping)
		return;
	notify_reloading();
	heap_unfill();
	bool anew = read_anew(m);
	heap_fill();
	if (anew && !renew_resolver(m))
		pool_signal(m, SIGHUP);
	notify_send("READY=1");
}

/* ---- events ---- */

static void reap(struct master *m)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pool_child_ended(m, pid, status) || dns_child_ended(m, pid, status))
			continue;
		if (pid == m->logger.pid) {
			m->logger.pid = -1;
			lost_role(m, "logger", status);
		}
		for (uint32_t i = 0; i < m->keyholders; i++)
			if (pid == m->keyholder[i].pid) {
				m->keyholder[i].pid = -1;
				lost_role(m, "keyholder", status);
			}
	}
}

static void on_signals(struct master *m)
{
	struct signalfd_siginfo s;

	while (read(m->signals, &s, sizeof s) == sizeof s) {
		switch (s.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			info("stopping");
			begin_stop(m);
			break;
		case SIGHUP:
			reload(m);
			break;
		case SIGUSR1:
			tell_logger(m, LOGGER_ROTATE);
			break;
		case SIGCHLD:
			reap(m);
			break;
		}
	}
}

static void on_event(struct master *m, enum watched what)
{
	uint64_t rings;

	switch (what) {
	case WATCH_SIGNALS:
		on_signals(m);
		break;
	case WATCH_DOORBELL:
		(void)!read(m->doorbell, &rings, sizeof rings);
		break;
	case WATCH_STATUS:
		status_answer(m);
		break;
	case WATCH_LOGGER:
	case WATCH_KEYHOLDER:
		/* They say nothing after their start: this is their end, which reap() sees. */
		reap(m);
		break;
	case WATCH_RESOLVER:
		dns_read(m);
		break;
	}
}

/* ---- the loop ---- */

/* Which versions are served, and which are not though they are asked for. */
static const char *describe_tls(const struct master *m)
{
	static char text[160];

	if (m->tls == NULL)
		return "none configured";
	strlcpy(text, tls_server_versions(m->tls), sizeof text);
	if (*tls_server_missing(m->tls))
		snprintf(text + strlen(text), sizeof text - strlen(text), " (%s has no %s)",
			 tls_library_version(), tls_server_missing(m->tls));
	return text;
}

static void say_ready(struct master *m)
{
	static bool said;

	if (said || !pool_started(m))
		return;
	said = true;
	info("ready: %s %s, %zu listeners, workers %u to %u; TLS: %s; sandbox: %s%s%s",
	     PACKAGE_NAME, PACKAGE_VERSION, m->conf->nlisten, m->conf->workers.spare_min,
	     m->conf->workers.max, describe_tls(m),
	     m->root ? "users chroot " : "(not root: no users, no chroot) ", sandbox_describe(),
	     m->conf->log.durability == CONF_DURABILITY_NONE
		 ? "; durability none: a crash can lose messages that were acknowledged"
		 : "");
	notify_send("READY=1\nSTATUS=serving");
}

static void every_second(struct master *m)
{
	static uint64_t done_us, fed_us;
	uint64_t now = clock_us(), watchdog = notify_watchdog_us();

	if (watchdog > 0 && now - fed_us >= watchdog) {
		fed_us = now;
		notify_send("WATCHDOG=1");
	}
	if (now - done_us < 1000000)
		return;
	done_us = now;
	pool_shrink(m);
	pool_say_full(m);
	notify_send("STATUS=%u workers, %d idle, %llu sessions, %llu messages%s", m->pool.alive,
		    atomic_load(&m->board->head.idle),
		    (unsigned long long)atomic_load(&m->ack->sessions),
		    (unsigned long long)atomic_load(&m->ack->messages),
		    atomic_load(&m->ack->full) ? ", refusing messages: log directory" : "");
}

static void loop(struct master *m)
{
	while (!m->stopping || m->pool.alive > 0) {
		struct epoll_event events[8];
		bool more = pool_adjust(m);
		int n = epoll_wait(m->epoll, events, 8, more ? 0 : LOOP_MS);

		if (n < 0 && errno != EINTR)
			fatal("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			on_event(m, (enum watched)events[i].data.u32);
		pool_bury(m);
		renew_resolver(m);
		say_ready(m);
		every_second(m);
		if (m->stopping && clock_us() > m->stop_deadline_us) {
			warn("%u workers did not leave in time and are killed", m->pool.alive);
			pool_signal(m, SIGKILL);
			m->stop_deadline_us = clock_us() + STOP_TIMEOUT_US;
		}
	}
}

/* All workers are gone: close the pipe, so that the logger writes the rest and leaves. */
static void finish(struct master *m)
{
	uint64_t end = clock_us() + LOGGER_TIMEOUT_US;

	for (int i = 0; m->pool.unburied > 0 && i < 100; i++) {
		usleep(10000);
		pool_bury(m);
	}
	close(m->pipe_worker);
	close(m->pipe_master);
	for (uint32_t i = 0; i < m->keyholders; i++)
		close(m->keyholder[i].control);
	dns_finish(m);
	while (m->logger.pid > 0 && clock_us() < end) {
		int status;
		pid_t pid = waitpid(m->logger.pid, &status, WNOHANG);

		if (pid == 0) {
			usleep(10000);
			notify_send("EXTEND_TIMEOUT_USEC=5000000");
			continue;
		}
		m->logger.pid = -1;
		if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			warn("the logger did not finish in order");
			m->failed = true;
		}
	}
	if (m->logger.pid > 0) {
		warn("the logger takes too long and is left alone");
		m->failed = true;
	}
}

int master_run(struct conf *conf, const char *conf_path)
{
	static struct master m;

	m = (struct master){.conf = conf, .conf_path = conf_path, .status = -1};
	proc_signals_set(NULL, 0); /* SIGPIPE above all: the logger's end must not be ours */
	notify_init();
	master_start(&m);
	watch_all(&m);
	loop(&m);
	finish(&m);
	info("stopped");
	return m.failed ? 1 : 0;
}
