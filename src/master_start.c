/*
 * master_start.c: everything up to the moment workers can be forked.
 *
 * Runs in the master, as root where the trap was started so.  In order: listeners, log directory,
 * status socket, TLS (certificates read, key files opened), boards, pipe, logger and key holders;
 * then the empty root directory, the unprivileged user, and the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "heap_fill.h"
#include "listen.h"
#include "log.h"
#include "master.h"
#include "master_tls.h"
#include "proc.h"
#include "sandbox.h"
#include "tls_priority.h"
#include "worker_conn.h"

#define PIPE_BYTES (1024 * 1024) /* 256 frames */
#define MASTER_FDS 1024

static int memory_fd(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		fatal("%s of %zu bytes: %s", name, size, strerror(errno));
	return fd;
}

static void *map_shared(int fd, size_t size, int protection, const char *name)
{
	void *p = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		fatal("%s: mmap: %s", name, strerror(errno));
	return p;
}

/* From here on the memory can be mapped for reading only; mappings that exist stay as they are. */
static void seal(int fd, const char *name)
{
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		fatal("%s: seal: %s", name, strerror(errno));
}

static void open_boards(struct master *m)
{
	uint32_t slots = m->slots = m->conf->workers.max;

	m->board_fd = memory_fd("status board", board_size(slots));
	m->board =
	    map_shared(m->board_fd, board_size(slots), PROT_READ | PROT_WRITE, "status board");
	m->board->head = (struct board_header){.magic = BOARD_MAGIC,
					       .version = BOARD_VERSION,
					       .slot_size = sizeof(struct board_slot),
					       .slots = slots,
					       .started_us = wall_us(),
					       .master_pid = m->pid,
					       .spare_min = (int32_t)m->conf->workers.spare_min};
	strlcpy(m->board->head.sensor, m->conf->sensor, sizeof m->board->head.sensor);
	strlcpy(m->board->head.release, PACKAGE_VERSION, sizeof m->board->head.release);
	seal(m->board_fd, "status board");
	m->ack_fd = memory_fd("acknowledgement board", ack_board_size(slots));
	m->memory_fd =
	    memory_fd("memory of addresses", rate_memory_size(m->conf->memory.addresses));
}

/* The logger has mapped what it alone writes: from here on nobody else can. */
static void take_logger_boards(struct master *m)
{
	size_t size = rate_memory_size(m->conf->memory.addresses);

	seal(m->ack_fd, "acknowledgement board");
	m->ack =
	    map_shared(m->ack_fd, ack_board_size(m->slots), PROT_READ, "acknowledgement board");
	seal(m->memory_fd, "memory of addresses");
	if (address_reader_init(&m->memory,
				map_shared(m->memory_fd, size, PROT_READ, "memory of addresses"),
				size) < 0)
		fatal("memory of addresses: the logger did not make it");
	m->rates = (const void *)((const uint8_t *)m->memory.table +
				  rate_memory_offset(m->conf->memory.addresses));
	close(m->memory_fd);
}

/* The results pipe; returns its read end. */
static int open_pipe(struct master *m)
{
	char path[32];
	int ends[2];

	if (pipe2(ends, O_DIRECT | O_CLOEXEC) < 0)
		fatal("results pipe: %s", strerror(errno));
	if (fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		warn("results pipe: %d bytes are not allowed, going on with fewer", PIPE_BYTES);
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		fatal("results pipe: fcntl: %s", strerror(errno));
	m->pipe_worker = ends[1];
	/* A second open file for the master: not blocking must be its alone. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
	m->pipe_master = open(path, O_WRONLY | O_CLOEXEC);
	if (m->pipe_master < 0 || fcntl(m->pipe_master, F_SETFL, O_DIRECT | O_NONBLOCK) < 0)
		fatal("results pipe: %s: %s", path, strerror(errno));
	return ends[0];
}

static void open_log_dir(struct master *m)
{
	const char *path = m->conf->log.directory;
	struct stat st;

	m->log_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uid_t writer = m->root ? m->log_id.uid : geteuid();
	if (m->log_dir < 0 || fstat(m->log_dir, &st) < 0)
		fatal("log directory %s: %s%s", path, strerror(errno),
		      errno == ENOENT ? " (make it, and give it to who writes there)" : "");
	if (st.st_uid != writer && writer != 0)
		fatal("log directory %s must belong to user id %u, who writes there (chown %u %s)",
		      path, (unsigned)writer, (unsigned)writer, path);
}

/* The default asks for all there may be: only who asks by name is told that it is not there. */
static void warn_missing(const struct master *m)
{
	const char *missing = tls_server_missing(m->tls);
	const struct conf *conf = m->conf;

	if (*missing && (conf->tls.minimum_named || *conf->tls.priority))
		warn("tls %s: asked for, but %s has no %s: not served",
		     *conf->tls.priority ? "priority" : "minimum", tls_library_version(), missing);
}

static void setup_tls(struct master *m)
{
	m->tls_arena = arena_new();
	m->tls_settings = m->tls_arena == NULL ? NULL : master_tls_settings(m->conf, m->tls_arena);
	if (m->tls_settings == NULL)
		fatal("no memory for TLS");
	if (m->tls_settings->file_count == 0)
		return;
	m->tls = tls_setup(m->tls_settings);
	warn_missing(m);
}

void master_give_up_root(const struct master *m)
{
	char empty[PATH_MAX];

	if (!m->root)
		return;
	if (*m->conf->chroot)
		strlcpy(empty, m->conf->chroot, sizeof empty);
	else
		snprintf(empty, sizeof empty, "%s/empty", m->conf->run_directory);
	privs_chroot_empty(empty);
	privs_drop(m->network_id);
}

void master_listener_options(const struct master *m)
{
	for (size_t i = 0; i < m->conf->nlisten; i++)
		if (m->listener[i] >= 0) {
			conn_listener_options(m->listener[i], m->conf->limits.command_timeout_us,
					      m->conf->limits.write_timeout_us);
			listen_save_syn(&m->conf->listen[i], m->listener[i]);
		}
}

void master_start(struct master *m)
{
	m->root = privs_are_root();
	m->pid = getpid();
	if (m->root) {
		m->network_id = privs_lookup(m->conf->user);
		m->log_id = privs_lookup(m->conf->log_user);
	}
	umask(027);
	proc_raise_fd_limit(MASTER_FDS + m->conf->workers.max);
	if (m->conf->nlisten > MASTER_LISTENERS_MAX)
		fatal("%s: more than %d listen blocks", m->conf_path, MASTER_LISTENERS_MAX);
	m->passed = listen_open_all(m->conf, m->listener);
	master_listener_options(m);
	open_log_dir(m);
	m->status = status_open(m);
	m->statm = proc_statm_open();
	m->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (m->root_fd < 0)
		fatal("/: %s", strerror(errno));
	tls_library_start(); /* the digests of records are its too, with TLS or without */
	setup_tls(m);
	dns_setup(m);
	open_boards(m);
	int pipe_read = open_pipe(m);
	m->cookie = master_cookie();
	m->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->doorbell < 0)
		fatal("eventfd: %s", strerror(errno));
	sandbox_prepare(m->conf->sandbox == CONF_SANDBOX_BEST_EFFORT);
	roles_start(m, pipe_read);
	dns_start(m);
	take_logger_boards(m);
	pool_init(m);
	heap_fill();
	master_give_up_root(m);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_MASTER, .tree_fd = -1});
}
