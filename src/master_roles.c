/*
 * master_roles.c: fork the logger and the key holders, and wait until they are ready.
 *
 * Runs in the master while it is root.  What each child keeps is one list here; all other
 * descriptors are closed before it does anything.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "keyholder.h"
#include "log.h"
#include "logger.h"
#include "master.h"
#include "proc.h"
#include "sandbox.h"

#define READY_TIMEOUT_S 60 /* repair of a large log takes a while */
#define SEND_TIMEOUT_S 1

/* What a key holder needs once it has its keys: keyholder_run() calls back with it. */
struct keyholder_context {
	const struct master *m;
	int control;
};

_Noreturn static void be_logger(const struct master *m, int pipe_read, int control)
{
	int keep[] = {m->log_dir, pipe_read, control, m->ack_fd, m->memory_fd};
	struct logger_args args = {.conf = m->conf,
				   .dir = m->log_dir,
				   .pipe = pipe_read,
				   .control = control,
				   .ack_memory = m->ack_fd,
				   .addresses = m->memory_fd,
				   .slots = m->slots,
				   .master_cookie = m->cookie,
				   .identity = m->root ? &m->log_id : NULL};

	proc_keep_only(keep, sizeof keep / sizeof *keep);
	logger_run(&args);
}

static void keyholder_sandbox(void *ctx)
{
	const struct keyholder_context *k = ctx;

	master_give_up_root(k->m);
	proc_follow_parent(k->m->pid, SIGKILL);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_KEYHOLDER, .tree_fd = -1});
}

static void keyholder_ready(void *ctx)
{
	const struct keyholder_context *k = ctx;
	const uint32_t ready = LOGGER_READY;

	if (send(k->control, &ready, sizeof ready, MSG_NOSIGNAL) != sizeof ready)
		fatal("the master is gone");
}

_Noreturn static void be_keyholder(struct master *m, int control)
{
	struct keyholder_context ctx = {.m = m, .control = control};
	struct keyholder_args args = {.control = control,
				      .slots = m->slots,
				      .enter_sandbox = keyholder_sandbox,
				      .ready = keyholder_ready,
				      .ctx = &ctx};
	int keep[1 + CONF_PAIR_MAX] = {control};
	size_t n = 1;

	args.keys = tls_server_keys(m->tls, &args.key_count);
	for (size_t i = 0; i < args.key_count && n < sizeof keep / sizeof *keep; i++)
		keep[n++] = args.keys[i].fd;
	proc_keep_only(keep, n);
	explicit_bzero(&m->cookie, sizeof m->cookie);
	proc_signals_ignore();
	log_role("keyholder", -1);
	keyholder_run(&args);
}

static void wait_ready(const struct role *role, const char *name)
{
	struct timeval send_limit = {.tv_sec = SEND_TIMEOUT_S};
	struct logger_message m;

	/* Later, nothing may hold the master: a key holder that hangs must not stop its forks. */
	setsockopt(role->control, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof send_limit);
	if (proc_wait_word(role->control, &m, sizeof m, READY_TIMEOUT_S) > 0)
		return;
	fatal("the %s did not start: see its own message%s", name,
	      errno == EAGAIN ? " (it takes too long)" : "");
}

void roles_start(struct master *m, int pipe_read)
{
	int pair[2];

	proc_pair(pair);
	m->logger = (struct role){.pid = fork(), .control = pair[0]};
	if (m->logger.pid < 0)
		fatal("fork: %s", strerror(errno));
	if (m->logger.pid == 0)
		be_logger(m, pipe_read, pair[1]);
	close(pair[1]);
	close(pipe_read);
	close(m->log_dir);
	m->log_dir = -1;
	m->keyholders = m->tls ? m->conf->tls.keyholders : 0;
	for (uint32_t i = 0; i < m->keyholders; i++) {
		proc_pair(pair);
		m->keyholder[i] = (struct role){.pid = fork(), .control = pair[0]};
		if (m->keyholder[i].pid < 0)
			fatal("fork: %s", strerror(errno));
		if (m->keyholder[i].pid == 0)
			be_keyholder(m, pair[1]);
		close(pair[1]);
	}
	if (m->tls)
		tls_server_close_keys(m->tls);
	wait_ready(&m->logger, "logger");
	for (uint32_t i = 0; i < m->keyholders; i++)
		wait_ready(&m->keyholder[i], "keyholder");
}
