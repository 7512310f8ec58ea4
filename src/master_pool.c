/*
 * master_pool.c: the workers: forked before they are needed, reaped, and never forked in a loop.
 *
 * Runs in the master.  Counts idle workers on the status board; what stands there is a worker's
 * word, so it decides about numbers only, within the limits of the configuration.  The logger is told
 * of each worker before it is forked (the slot's cookie) and after it died (last words),
 * through the results pipe, behind everything that worker wrote itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "keyholder.h"
#include "listen.h"
#include "log.h"
#include "master.h"
#include "proc.h"
#include "record.h"
#include "smtp.h"
#include "worker.h"
#include "worker_offer.h"

#define FORKS_A_TURN 32      /* then look at signals again */
#define SHRINK_A_TURN 16     /* idle workers sent away at once */
#define HOLD_FIRST_US 500000 /* after a worker died at start; doubled each time */
#define HOLD_MOST_US 60000000
#define FULL_OVER_US 60000000 /* all workers in use: over when it was not so this long */
#define YOUNG_US 1000000      /* who dies at this age died of starting */
#define MEMORY_MARGIN (96u * 1024 * 1024) /* TLS, records, stacks: beyond what the master has */

void pool_init(struct master *m)
{
	m->pool.slot = calloc(m->slots, sizeof *m->pool.slot);
	if (m->pool.slot == NULL)
		fatal("no memory for %u workers", m->slots);
}

/* ---- frames of the master ---- */

/* Not of arc4random: a worker inherits its state, and could tell what comes next. */
uint64_t master_cookie(void)
{
	uint64_t cookie;

	do
		if (getrandom(&cookie, sizeof cookie, 0) != sizeof cookie)
			fatal("getrandom: %s", strerror(errno));
	while (cookie == 0);
	return cookie;
}

/* Send one frame of n parts, the first left free for the header.  False: the pipe is full. */
static bool send_frame(const struct master *m, enum frame_type type, struct iovec *parts, int n)
{
	struct frame_header head = {.magic = FRAME_MAGIC,
				    .version = FRAME_VERSION,
				    .type = (uint8_t)type,
				    .slot = FRAME_SLOT_MASTER,
				    .cookie = m->cookie,
				    .flags = FRAME_FIRST | FRAME_LAST};

	for (int i = 1; i < n; i++)
		head.length = (uint16_t)(head.length + parts[i].iov_len);
	parts[0] = (struct iovec){.iov_base = &head, .iov_len = sizeof head};
	ssize_t sent = writev(m->pipe_master, parts, n);
	bool whole = sent == (ssize_t)(sizeof head + head.length);
	parts[0] = (struct iovec){0};       /* the header ends with this function */
	explicit_bzero(&head, sizeof head); /* and the next worker inherits this stack */
	return whole;
}

static bool announce(const struct master *m, uint32_t slot, uint64_t cookie)
{
	struct frame_hello hello = {
	    .slot = slot, .cookie = cookie, .sessions = m->conf->workers.sessions};
	struct iovec parts[2] = {[1] = {.iov_base = &hello, .iov_len = sizeof hello}};

	bool sent = send_frame(m, FRAME_HELLO, parts, 2);
	explicit_bzero(&hello, sizeof hello);
	return sent;
}

/* What can be told of TLS: a handshake that was under way is not known to have failed. */
static void last_tls(const struct master *m, const struct board_slot *b, struct buf *to)
{
	char version[BOARD_TLS_VERSION_MAX];

	bool withheld = b->tls_memory == OFFER_MEMORY_NOT_OFFERED;

	record_put_text(to, FIELD_TLS_OUTCOME,
			b->tls                        ? "negotiated"
			: m->tls != NULL && !withheld ? "offered_unused"
						      : "not_offered");
	if (b->tls_memory > OFFER_MEMORY_NOTHING && b->tls_memory < OFFER_MEMORY_COUNT)
		record_put_text(to, FIELD_TLS_MEMORY,
				offer_memory_name((enum offer_memory)b->tls_memory));
	board_text(version, b->tls_version, sizeof version);
	if (b->tls)
		record_put_text(to, FIELD_TLS_VERSION, version);
}

/* What the board knew of the session that its worker could not finish. */
static void last_words(const struct master *m, const struct board_slot *b, struct buf *to)
{
	uint64_t now = wall_us();
	char helo[BOARD_HELO_MAX];
	enum smtp_phase phase =
	    b->phase < SMTP_PHASE_COUNT ? (enum smtp_phase)b->phase : SMTP_PHASE_CONNECT;

	board_text(helo, b->helo, sizeof helo);
	record_put_uuid(to, FIELD_ID, b->session_id);
	record_put_time(to, FIELD_TS, b->since_us < now ? b->since_us : now);
	record_put_ip(to, FIELD_CLIENT_IP, b->client_ip);
	record_put_u64(to, FIELD_CLIENT_PORT, b->client_port);
	record_put_ip(to, FIELD_LOCAL_IP, b->local_ip);
	record_put_u64(to, FIELD_LOCAL_PORT, b->local_port);
	if (b->listener < m->conf->nlisten)
		record_put_text(to, FIELD_LISTENER, m->conf->listen[b->listener].name);
	record_put_u64(to, FIELD_DURATION_US, now > b->since_us ? now - b->since_us : 0);
	record_put_u64(to, FIELD_BYTES_IN, b->bytes_in);
	record_put_u64(to, FIELD_BYTES_OUT, b->bytes_out);
	if (*helo)
		record_put_text(to, FIELD_HELO, helo);
	record_put_text(to, FIELD_PHASE, smtp_phase_name(phase));
	record_put_text(to, FIELD_END_REASON, "worker_died");
	record_put_u64(to, FIELD_COMMANDS, b->commands);
	record_put_u64(to, FIELD_ERRORS, b->errors);
	record_put_u64(to, FIELD_MESSAGES_ACCEPTED, b->messages_accepted);
	record_put_u64(to, FIELD_MESSAGES_REJECTED, b->messages_rejected);
	record_put_u64(to, FIELD_RECIPIENTS_ACCEPTED, b->recipients_accepted);
	record_put_u64(to, FIELD_RECIPIENTS_REJECTED, b->recipients_rejected);
	last_tls(m, b, to);
}

/* Tell the logger that the slot's worker is gone.  False: the pipe is full. */
static bool bury(struct master *m, uint32_t slot)
{
	struct board_slot b; /* a copy: other workers can write to the board at any time */
	uint8_t memory[FRAME_PAYLOAD_MAX];
	struct buf fields;

	memcpy(&b, &m->board->slot[slot], sizeof b);
	buf_init(&fields, memory, sizeof memory - sizeof slot);
	if (atomic_load(&b.state) == SLOT_SESSION)
		last_words(m, &b, &fields);
	struct iovec parts[3] = {[1] = {.iov_base = &slot, .iov_len = sizeof slot},
				 [2] = {.iov_base = fields.data, .iov_len = fields.len}};
	return send_frame(m, FRAME_DEAD, parts, 3);
}

void pool_bury(struct master *m)
{
	for (uint32_t i = 0; i < m->pool.used && m->pool.unburied > 0; i++) {
		struct pool_slot *p = &m->pool.slot[i];

		if (p->state != POOL_UNBURIED)
			continue;
		if (!bury(m, i))
			return;
		m->pool.unburied--;
		p->state = POOL_FREE;
		atomic_store(&m->board->slot[i].state, SLOT_FREE);
	}
}

/* ---- forking ---- */

/* The address space that a worker may have, the copy of ours included; 0: it is not known. */
static size_t worker_memory(const struct master *m)
{
	size_t ours = proc_address_space(m->statm);

	return ours == 0 ? 0 : ours + MEMORY_MARGIN + m->conf->limits.message_size;
}

_Noreturn static void be_worker(struct master *m, uint32_t slot, uint64_t cookie, int keyholder,
				int resolver)
{
	int keep[MASTER_LISTENERS_MAX + 4] = {m->pipe_worker, m->doorbell, keyholder, resolver};
	struct worker_args args = {.conf = m->conf,
				   .listeners = m->listener,
				   .slot = slot,
				   .slots = m->slots,
				   .cookie = cookie,
				   .pipe = m->pipe_worker,
				   .doorbell = m->doorbell,
				   .keyholder = keyholder,
				   .resolver = resolver,
				   .tls = m->tls,
				   .board = m->board,
				   .ack = m->ack,
				   .memory = &m->memory,
				   .rates = m->rates,
				   .master_pid = m->pid,
				   .drain = m->passed == 0,
				   .memory_max = worker_memory(m)};

	explicit_bzero(&m->cookie, sizeof m->cookie);
	memcpy(keep + 4, m->listener, m->conf->nlisten * sizeof *m->listener);
	proc_keep_only(keep, 4 + m->conf->nlisten);
	worker_run(&args);
}

/* Give the worker-to-be its channel to a key holder; returns the worker's end. */
static int keyholder_channel(const struct master *m, uint32_t slot)
{
	int pair[2];

	if (m->keyholders == 0)
		return -1;
	proc_pair(pair);
	if (keyholder_give(m->keyholder[slot % m->keyholders].control, slot, pair[1]) < 0)
		warn("keyholder: %s", strerror(errno));
	close(pair[1]);
	return pair[0];
}

static uint32_t free_slot(const struct master *m)
{
	uint32_t i = 0;

	while (i < m->pool.used && m->pool.slot[i].state != POOL_FREE)
		i++;
	return i;
}

/* Fork one worker; false if that must wait. */
static bool fork_worker(struct master *m)
{
	uint32_t slot = free_slot(m);

	if (slot >= m->slots)
		return false;
	uint64_t cookie = master_cookie();
	if (!announce(m, slot, cookie))
		return false;
	struct board_slot *b = &m->board->slot[slot];
	atomic_store(&b->state, SLOT_STARTING);
	if (slot >= m->pool.used)
		m->pool.used = slot + 1;
	atomic_store(&m->board->head.used, m->pool.used); /* before the worker asks who is there */
	int keyholder = keyholder_channel(m, slot), resolver = dns_channel(m, slot);
	pid_t pid = fork();
	if (pid == 0)
		be_worker(m, slot, cookie, keyholder, resolver);
	explicit_bzero(&cookie, sizeof cookie);
	if (keyholder >= 0)
		close(keyholder);
	if (resolver >= 0)
		close(resolver);
	if (pid < 0) {
		warn("fork: %s", strerror(errno));
		atomic_store(&b->state, SLOT_FREE);
		m->pool.hold_until_us = clock_us() + HOLD_FIRST_US;
		return false;
	}
	b->pid = pid;
	m->pool.slot[slot] =
	    (struct pool_slot){.pid = pid, .state = POOL_ALIVE, .forked_us = clock_us()};
	m->pool.alive++;
	m->board->head.forks++;
	return true;
}

/* ---- how many ---- */

struct pool_count {
	uint32_t idle, starting;
};

static struct pool_count count_workers(struct master *m)
{
	struct pool_count n = {0};

	for (uint32_t i = 0; i < m->pool.used; i++) {
		uint32_t state =
		    atomic_load_explicit(&m->board->slot[i].state, memory_order_acquire);

		if (m->pool.slot[i].state != POOL_ALIVE || m->pool.slot[i].asked)
			continue;
		n.idle += state == SLOT_IDLE;
		n.starting += state == SLOT_STARTING;
	}
	m->board->head.workers = m->pool.alive;
	atomic_store(&m->board->head.idle, (int32_t)n.idle);
	return n;
}

bool pool_started(const struct master *m)
{
	uint32_t started = 0;

	for (uint32_t i = 0; i < m->pool.used; i++)
		started += m->pool.slot[i].state == POOL_ALIVE &&
			   atomic_load(&m->board->slot[i].state) != SLOT_STARTING;
	return started >= m->conf->workers.spare_min;
}

static uint32_t clients_waiting(const struct master *m)
{
	uint32_t waiting = 0;

	for (size_t i = 0; i < m->conf->nlisten; i++)
		waiting += listen_backlog(m->listener[i]);
	return waiting;
}

bool pool_adjust(struct master *m)
{
	struct pool_count n = count_workers(m);
	uint32_t have = n.idle + n.starting, want = m->conf->workers.spare_min;
	uint32_t forked = 0;

	if (m->stopping || clock_us() < m->pool.hold_until_us)
		return false;
	want += clients_waiting(m);
	if (n.idle > 0 && m->pool.start_deaths > 0)
		m->pool.start_deaths = 0;
	while (have < want && m->pool.alive < m->conf->workers.max && forked < FORKS_A_TURN) {
		if (!fork_worker(m))
			return false;
		have++;
		forked++;
	}
	return have < want && m->pool.alive < m->conf->workers.max;
}

void pool_shrink(struct master *m)
{
	struct pool_count n = count_workers(m);
	uint32_t sent = 0;

	for (uint32_t i = m->pool.used; i-- > 0 && sent < SHRINK_A_TURN;) {
		struct pool_slot *p = &m->pool.slot[i];

		if (n.idle - sent <= m->conf->workers.spare_max)
			return;
		if (p->state != POOL_ALIVE || p->asked ||
		    atomic_load(&m->board->slot[i].state) != SLOT_IDLE)
			continue;
		p->asked = true;
		kill(p->pid, SIGHUP);
		sent++;
	}
}

void pool_say_full(struct master *m)
{
	uint64_t now = clock_us();
	struct pool_count n = count_workers(m);

	/* Those that start are about to take who waits. */
	if (m->stopping || m->pool.alive < m->conf->workers.max || n.idle + n.starting > 0 ||
	    clients_waiting(m) == 0)
		return;
	if (m->pool.full_us == 0 || now - m->pool.full_us > FULL_OVER_US)
		warn("all %u workers are in use, and clients wait: see workers max, and whose "
		     "sessions smtptrap status shows",
		     m->pool.alive);
	m->pool.full_us = now;
}

void pool_signal(struct master *m, int signal)
{
	for (uint32_t i = 0; i < m->pool.used; i++)
		if (m->pool.slot[i].state == POOL_ALIVE) {
			m->pool.slot[i].asked = true;
			kill(m->pool.slot[i].pid, signal);
		}
}

/* ---- ends ---- */

static void died_at_start(struct master *m)
{
	uint64_t now = clock_us();
	uint64_t hold = (uint64_t)HOLD_FIRST_US
			<< (m->pool.start_deaths < 8 ? m->pool.start_deaths : 8);

	if (now < m->pool.hold_until_us)
		return; /* forked together with one that died already */
	if (hold > HOLD_MOST_US)
		hold = HOLD_MOST_US;
	m->pool.start_deaths++;
	m->pool.hold_until_us = now + hold;
	warn("a worker died while it started: no other is forked for %.1f s",
	     (double)hold / 1000000);
}

static void say_death(const struct master *m, uint32_t slot, pid_t pid, int status)
{
	bool session = atomic_load(&m->board->slot[slot].state) == SLOT_SESSION;

	if (WIFSIGNALED(status))
		warn("worker %u (pid %d) was killed by signal %d (%s)%s", slot, (int)pid,
		     WTERMSIG(status), strsignal(WTERMSIG(status)), session ? " in a session" : "");
	else
		warn("worker %u (pid %d) left with status %d%s", slot, (int)pid,
		     WEXITSTATUS(status), session ? " in a session" : "");
}

bool pool_child_ended(struct master *m, pid_t pid, int status)
{
	uint32_t slot = 0;

	while (slot < m->pool.used &&
	       !(m->pool.slot[slot].pid == pid && m->pool.slot[slot].state == POOL_ALIVE))
		slot++;
	if (slot == m->pool.used)
		return false;
	struct board_slot *b = &m->board->slot[slot];
	uint32_t state = atomic_load(&b->state);
	bool young = clock_us() - m->pool.slot[slot].forked_us < YOUNG_US;
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!clean) {
		say_death(m, slot, pid, status);
		m->board->head.deaths++;
		if (state == SLOT_STARTING || (state == SLOT_IDLE && young))
			died_at_start(m);
	}
	m->pool.alive--;
	if (bury(m, slot)) {
		m->pool.slot[slot].state = POOL_FREE;
		atomic_store(&b->state, SLOT_FREE);
	} else {
		m->pool.slot[slot].state = POOL_UNBURIED;
		m->pool.unburied++;
	}
	return true;
}
