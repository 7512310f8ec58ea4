/*
 * master_dns.c: the dialer and the resolver.
 *
 * Runs in the master.  Both are forked while it is root; a resolver that is lost, or that the
 * configuration has outdated, is followed by another, which needs no more than the master still
 * may: its sockets come from the dialer, its channel of c-ares from before the sandbox.
 * Workers keep the resolver they were forked with, so a new one means new workers.  A lost
 * dialer cannot be replaced: look-ups become unknown, and mail is taken as before.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "dialer.h"
#include "dns_msg.h"
#include "fd_pass.h"
#include "log.h"
#include "master.h"
#include "proc.h"
#include "resolver.h"
#include "sandbox.h"

#define READY_SECONDS 60
#define DIALER_FDS 32
#define HOLD_FIRST_US 500000 /* after a resolver died young; doubled each time */
#define HOLD_MOST_US 60000000
#define YOUNG_US 10000000

/* ---- children ---- */

/* One that takes another's place is forked when the boards are mapped already. */
static void forget_others(struct master *m)
{
	if (m->ack)
		munmap((void *)m->ack, ack_board_size(m->slots));
	if (m->memory.table)
		munmap((void *)m->memory.table, rate_memory_size(m->conf->memory.addresses));
	explicit_bzero(m->memory.secret, sizeof m->memory.secret);
	explicit_bzero(&m->cookie, sizeof m->cookie);
	if (m->tls)
		tls_server_forget(m->tls);
	proc_signals_ignore();
}

_Noreturn static void be_dialer(struct master *m, int control)
{
	struct dialer_args args = {.control = control};
	uint16_t ports[CONF_DNS_SERVERS_MAX];

	args.servers = resolver_net_servers(m->dns.net, &args.server_count);
	for (size_t i = 0; i < args.server_count; i++)
		ports[i] = args.servers[i].port;
	proc_keep_only(&control, 1);
	forget_others(m);
	log_role("dialer", -1);
	master_give_up_root(m);
	proc_follow_parent(m->pid, SIGKILL);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_DIALER,
					     .tree_fd = -1,
					     .tcp_ports = ports,
					     .tcp_port_count = args.server_count,
					     .fds_max = DIALER_FDS});
	if (fd_send(control, "", 1, -1, 0) < 0)
		fatal("the master is gone");
	dialer_run(&args);
}

struct resolver_context {
	const struct master *m;
	bool first; /* the master is still root */
};

static void resolver_sandbox(void *ctx)
{
	const struct resolver_context *c = ctx;

	if (c->first)
		master_give_up_root(c->m);
	proc_follow_parent(c->m->pid, SIGKILL);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_RESOLVER, .tree_fd = -1});
}

_Noreturn static void be_resolver(struct master *m, int control, int link, bool first)
{
	struct resolver_context ctx = {.m = m, .first = first};
	int keep[] = {control, link};
	struct resolver_args args = {.control = control,
				     .link = link,
				     .slots = m->slots,
				     .conf = m->conf,
				     .net = m->dns.net,
				     .enter_sandbox = resolver_sandbox,
				     .ctx = &ctx};

	proc_keep_only(keep, sizeof keep / sizeof *keep);
	forget_others(m);
	log_role("resolver", -1);
	resolver_run(&args);
}

/* Make a SOCK_SEQPACKET pair; false with errno: after the start nothing here is fatal. */
static bool make_pair(int pair_r[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair_r) == 0;
}

static void show(struct master *m, enum board_dns_state state)
{
	m->board->head.dns.state = state;
	m->board->head.dns.pid = m->dns.resolver.pid;
}

/* Fork a resolver with a link to the dialer.  False: it must be tried again. */
static bool fork_resolver(struct master *m, bool first)
{
	struct master_dns *d = &m->dns;
	int control[2], link[2];

	if (!make_pair(control))
		return false;
	if (!make_pair(link)) {
		close(control[0]);
		close(control[1]);
		return false;
	}
	if (fd_send(d->dialer.control, "", 1, link[1], MSG_DONTWAIT) < 0)
		debug("dialer: %s", strerror(errno));
	close(link[1]);
	d->resolver = (struct role){.pid = fork(), .control = control[0]};
	d->forked_us = clock_us();
	if (d->resolver.pid == 0)
		be_resolver(m, control[1], link[0], first);
	close(link[0]);
	close(control[1]);
	if (d->resolver.pid < 0) {
		close(control[0]);
		d->resolver.control = -1;
		return false;
	}
	show(m, BOARD_DNS_UP);
	return true;
}

/* ---- start ---- */

void dns_setup(struct master *m)
{
	m->dns.dialer = m->dns.resolver = (struct role){.pid = -1, .control = -1};
	if (m->conf->dns.nserver > 0)
		m->dns.net = resolver_net_new(m->conf);
}

static void wait_ready(int control, const char *name)
{
	uint8_t said[sizeof(struct dns_counters)];

	if (proc_wait_word(control, said, sizeof said, READY_SECONDS) <= 0)
		fatal("the %s did not start: see its own message", name);
}

void dns_start(struct master *m)
{
	struct master_dns *d = &m->dns;
	int pair[2];

	if (d->net == NULL)
		return;
	proc_pair(pair);
	d->dialer = (struct role){.pid = fork(), .control = pair[0]};
	if (d->dialer.pid < 0)
		fatal("fork: %s", strerror(errno));
	if (d->dialer.pid == 0)
		be_dialer(m, pair[1]);
	close(pair[1]);
	wait_ready(d->dialer.control, "dialer");
	if (!fork_resolver(m, true))
		fatal("resolver: %s", strerror(errno));
	wait_ready(d->resolver.control, "resolver");
}

/* ---- while it runs ---- */

int dns_control(const struct master *m)
{
	return m->dns.resolver.control;
}

/* One report; epoll tells of the next, so that a resolver that sends without end holds up nothing. */
void dns_read(struct master *m)
{
	struct role *resolver = &m->dns.resolver;
	struct dns_counters counters;

	if (resolver->control < 0)
		return;
	ssize_t n = recv(resolver->control, &counters, sizeof counters, MSG_DONTWAIT);
	if (n == sizeof counters) {
		m->board->head.dns.counters = counters;
	} else if (n == 0) { /* its end; how it ended is for dns_child_ended() */
		close(resolver->control);
		resolver->control = -1;
	}
}

int dns_channel(const struct master *m, uint32_t slot)
{
	int pair[2];

	if (m->dns.resolver.control < 0 || !make_pair(pair))
		return -1;
	if (resolver_give(m->dns.resolver.control, slot, pair[1]) < 0)
		debug("resolver: %s", strerror(errno));
	close(pair[1]);
	return pair[0];
}

/* How long to wait for the next, so that one that dies at once is not forked in a loop. */
static uint64_t hold_us(struct master_dns *d)
{
	if (clock_us() - d->forked_us >= YOUNG_US)
		d->deaths = 0;
	uint64_t hold = d->deaths == 0 ? 0 : (uint64_t)HOLD_FIRST_US << (d->deaths - 1);
	if (d->deaths < 8)
		d->deaths++;
	return hold > HOLD_MOST_US ? HOLD_MOST_US : hold;
}

static const char *how(int status)
{
	return WIFSIGNALED(status) ? "signal" : "status";
}

static int how_much(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

bool dns_child_ended(struct master *m, pid_t pid, int status)
{
	struct master_dns *d = &m->dns;

	if (pid == d->dialer.pid) {
		d->dialer.pid = -1;
		if (!m->stopping)
			warn("the dialer is gone (%s %d): look-ups will be unknown until the trap "
			     "is started anew",
			     how(status), how_much(status));
		return true;
	}
	if (pid != d->resolver.pid)
		return false;
	d->resolver.pid = -1;
	m->board->head.dns.lost++;
	show(m, BOARD_DNS_LOST);
	if (m->stopping)
		return true;
	uint64_t hold = hold_us(d);
	d->hold_until_us = clock_us() + hold;
	warn("the resolver is gone (%s %d): another takes its place%s", how(status),
	     how_much(status), hold > 0 ? " after a while" : "");
	return true;
}

bool dns_adjust(struct master *m)
{
	struct master_dns *d = &m->dns;

	if (d->net == NULL || m->stopping || d->resolver.pid > 0 || clock_us() < d->hold_until_us)
		return false;
	if (d->resolver.control >= 0)
		close(d->resolver.control);
	d->resolver.control = -1;
	if (fork_resolver(m, false))
		return true;
	warn("resolver: fork: %s", strerror(errno));
	d->hold_until_us = clock_us() + HOLD_FIRST_US;
	return false;
}

/* ---- reload ---- */

bool dns_same_servers(const struct conf *a, const struct conf *b)
{
	if (a->dns.nserver != b->dns.nserver)
		return false;
	for (size_t i = 0; i < a->dns.nserver; i++)
		if (a->dns.server[i].port != b->dns.server[i].port ||
		    memcmp(a->dns.server[i].address, b->dns.server[i].address, IP_BYTES) != 0)
			return false;
	return true;
}

void dns_reload(struct master *m, const struct conf *old)
{
	const struct conf *new = m->conf;

	if (m->dns.net == NULL || m->dns.resolver.control < 0 ||
	    (old->dns.cache == new->dns.cache && old->dns.ttl_min_us == new->dns.ttl_min_us &&
	     old->dns.ttl_max_us == new->dns.ttl_max_us))
		return;
	/* Without its control socket the old one leaves with its last worker. */
	close(m->dns.resolver.control);
	m->dns.resolver = (struct role){.pid = -1, .control = -1};
	m->dns.hold_until_us = 0;
}

void dns_finish(struct master *m)
{
	if (m->dns.resolver.control >= 0)
		close(m->dns.resolver.control);
	if (m->dns.dialer.control >= 0)
		close(m->dns.dialer.control);
	m->dns.resolver.control = m->dns.dialer.control = -1;
}
