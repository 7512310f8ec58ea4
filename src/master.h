/*
 * master.h: the process that starts the others and looks after them.
 *
 * The master's parts (start, pool, status, loop) share struct master; no other process sees it,
 * and a worker wipes the secret in it first of all.
 */
#ifndef SMTPTRAP_MASTER_H
#define SMTPTRAP_MASTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "address_table.h"
#include "board.h"
#include "conf.h"
#include "privs.h"
#include "rate_table.h"
#include "tls.h"

#define MASTER_LISTENERS_MAX 64
#define MASTER_KEYHOLDERS_MAX 16

enum pool_state { POOL_FREE, POOL_ALIVE, POOL_UNBURIED };

/* What the master alone knows about a slot. */
struct pool_slot {
	pid_t pid;
	enum pool_state state;
	bool asked; /* told to leave */
	uint64_t forked_us;
};

struct pool {
	struct pool_slot *slot; /* board->head.slots of them */
	uint32_t used;          /* slots from here on were never used */
	uint32_t alive;
	uint32_t unburied;      /* dead workers whose last words wait for room in the pipe */
	uint64_t hold_until_us; /* workers die at start: none is forked before this */
	uint32_t start_deaths;  /* in a row */
	uint64_t full_us;       /* when all were last in use with clients waiting; 0: never */
};

struct role {
	pid_t pid;
	int control; /* SOCK_SEQPACKET */
};

/* The DNS, where it is configured (master_dns.c). */
struct master_dns {
	struct resolver_net *net; /* NULL: it is not */
	struct role dialer, resolver;
	uint64_t forked_us;     /* when the resolver was */
	uint64_t hold_until_us; /* it died: none is forked before this */
	uint32_t deaths;        /* in a row, soon after their start */
};

struct master {
	struct conf *conf;
	const char *conf_path;
	bool root; /* we were root when we started */
	pid_t pid;
	struct identity network_id, log_id;
	int root_fd; /* O_PATH of /, to read the configuration again from within the chroot */
	int listener[MASTER_LISTENERS_MAX];
	int passed; /* listeners that came from the service manager */
	int log_dir;
	int pipe_worker;     /* write end, blocking: what workers inherit */
	int pipe_master;     /* the same pipe, not blocking */
	uint64_t cookie;     /* proves the master's own frames to the logger */
	struct board *board; /* workers write there: nothing that we act upon is read from it
				but slot states */
	uint32_t slots;      /* of the boards; stays when the configuration changes */
	int board_fd;        /* sealed: whoever gets it can only read */
	const struct ack_board *ack;
	int ack_fd;
	struct address_reader memory;   /* what is remembered of addresses */
	const struct rate_table *rates; /* behind it */
	int memory_fd;
	struct tls_server *tls;                  /* NULL: none configured */
	struct arena *tls_arena;                 /* holds tls_settings as long as the trap runs */
	const struct tls_settings *tls_settings; /* what it was made from */
	struct role logger;
	struct role keyholder[MASTER_KEYHOLDERS_MAX];
	uint32_t keyholders;
	struct master_dns dns;
	struct pool pool;
	int doorbell, signals, epoll;
	int status; /* listening Unix socket, -1: none */
	int statm;  /* tells our address space, which a worker begins with */
	bool stopping, failed;
	uint64_t stop_deadline_us;
};

/* Start everything and run until told to stop; returns the exit status. */
int master_run(struct conf *conf, const char *conf_path);

/* master_start.c: everything up to the moment workers can be forked; fatal on any failure. */
void master_start(struct master *m);
/* Enter the empty root directory as the unprivileged user; nothing where we were not root. */
void master_give_up_root(const struct master *m);
/* What sessions inherit from the listeners, as the configuration has it now. */
void master_listener_options(const struct master *m);

/* master_roles.c: fork the logger and the key holders, wait until they are ready. */
void roles_start(struct master *m, int pipe_read);

/* master_dns.c: the dialer and the resolver, and nothing where no DNS is configured. */
/* At start, while files can be opened. */
void dns_setup(struct master *m);
/* Fork both, and wait until they are ready. */
void dns_start(struct master *m);
/* Where to watch for what the resolver tells, -1: nowhere. */
int dns_control(const struct master *m);
/* The resolver told something, or ended. */
void dns_read(struct master *m);
/* Give the worker-to-be its channel; returns the worker's end, -1 if there is none. */
int dns_channel(const struct master *m, uint32_t slot);
/* A child ended: if it was one of these, see to it.  False: it was not. */
bool dns_child_ended(struct master *m, pid_t pid, int status);
/* Fork a resolver if one is due; true if there is a new one, so that workers must change too. */
bool dns_adjust(struct master *m);
/* What needs a restart; and what a new resolver: the old one serves its workers to their end. */
bool dns_same_servers(const struct conf *a, const struct conf *b);
void dns_reload(struct master *m, const struct conf *old);
/* All workers are gone. */
void dns_finish(struct master *m);

/* master_pool.c */
/* What proves frames to the logger: never 0. */
uint64_t master_cookie(void);
void pool_init(struct master *m);
/* Fork or send away workers as idle workers, backlog and limits ask for.  Returns true if more
 * are wanted than could be forked in one go. */
bool pool_adjust(struct master *m);
/* A child ended: if it was a worker, see to its slot and its last words.  False: not a worker. */
bool pool_child_ended(struct master *m, pid_t pid, int status);
/* Try again to hand over last words that found the pipe full. */
void pool_bury(struct master *m);
/* As many as spare-min have started, whether they wait or serve. */
bool pool_started(const struct master *m);
/* Send a signal to every worker. */
void pool_signal(struct master *m, int signal);
/* Send idle workers beyond spare-max away, a few at a time. */
void pool_shrink(struct master *m);
/* Say that clients wait because all workers are in use; once for as long as that comes again within
 * a minute. */
void pool_say_full(struct master *m);

/* master_status.c: the socket where smtptrap(1) status gets the boards. */
int status_open(const struct master *m);
void status_answer(const struct master *m);

#endif
