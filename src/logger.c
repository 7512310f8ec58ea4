/*
 * logger.c: the process that writes the logs.
 *
 * Runs as _smtptraplog with the log directory as its root directory.  Input: frames from the
 * pipe, orders from the master.  Output: the three streams, the acknowledgement board, and the
 * memory of addresses with its file.  It outlives everybody: it ignores the signals that end the others, and leaves when the last
 * writer of the pipe is gone and all is on disk.
 */
#include "logger.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "logger_dir.h"
#include "logger_intake.h"
#include "logger_memory.h"
#include "logger_store.h"
#include "proc.h"
#include "sandbox.h"

#define LOGGER_TICK_MS 500
#define LOGGER_FRAMES_A_TURN 512 /* then commit, also if more is in the pipe */

struct logger {
	const struct logger_args *args;
	struct conf conf; /* a copy: its log settings change on reload */
	struct store store;
	struct memory memory;
	struct intake intake;
	uint64_t ticked_us;
	bool master_gone;
	bool rotate; /* asked for, not done: a long message is under way */
};

/* Map what nobody else can map for writing later; the descriptor is not needed after. */
static void *map_own(int fd, size_t size, const char *name)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		fatal("%s: mmap: %s", name, strerror(errno));
	close(fd);
	return memory;
}

static struct ack_board *map_board(const struct logger_args *args)
{
	struct ack_board *ack =
	    map_own(args->ack_memory, ack_board_size(args->slots), "acknowledgement board");

	ack->magic = BOARD_MAGIC;
	ack->version = BOARD_VERSION;
	ack->slots = args->slots;
	return ack;
}

static void say_ready(int control)
{
	struct logger_message m = {.type = LOGGER_READY};

	if (send(control, &m, sizeof m, MSG_NOSIGNAL) != sizeof m)
		fatal("the master is gone");
}

static void apply_settings(struct logger *lg, const struct logger_message *m)
{
	struct conf *conf = &lg->conf;

	conf->log.rotate_size = m->rotate_size;
	conf->log.rotate_age_us = m->rotate_age_us;
	conf->log.keep = m->keep;
	conf->log.keep_age_us = m->keep_age_us;
	conf->log.keep_free = m->keep_free;
	conf->log.reserve = m->reserve;
	conf->memory.save_us = m->memory_save_us;
	conf->memory.tls_within_us = m->memory_tls_within_us;
	conf->yakkers.count = m->yakker_count;
	conf->yakkers.within_us = m->yakker_within_us;
	conf->yakkers.summary_us = m->yakker_summary_us;
	conf->log.durability = (enum conf_durability)m->durability;
	conf->log.store = (enum conf_store)m->store;
	conf->log.store_index = m->store_index;
	unique_configure(&lg->store.unique);
	for (enum log_stream i = 0; i < LOG_STREAM_COUNT; i++)
		lg->store.stream[i].level = (int)m->compression;
	/* Workers with the configuration before may still be there: never less than they take. */
	if (m->message_size > conf->limits.message_size)
		conf->limits.message_size = m->message_size;
}

static void on_control(struct logger *lg)
{
	struct logger_message m;
	ssize_t n = recv(lg->args->control, &m, sizeof m, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof m) {
		lg->master_gone = true; /* go on until the workers have left, too */
		return;
	}
	if (m.type == LOGGER_SETTINGS)
		apply_settings(lg, &m);
	else if (m.type == LOGGER_ROTATE)
		lg->rotate = true;
}

/* Take what is in the pipe; false at its end. */
static bool on_frames(struct logger *lg)
{
	uint8_t packet[FRAME_MAX];

	for (int i = 0; i < LOGGER_FRAMES_A_TURN; i++) {
		ssize_t n = read(lg->args->pipe, packet, sizeof packet);
		if (n > 0)
			intake_frame(&lg->intake, packet, (size_t)n);
		else if (n == 0)
			return false;
		else if (errno == EAGAIN)
			return true;
		else if (errno != EINTR)
			fatal("results pipe: read: %s", strerror(errno));
	}
	return true;
}

static void after_frames(struct logger *lg)
{
	struct store *st = &lg->store;

	if (!st->message_open && st->batch_count > 0)
		store_commit(st);
	if (lg->rotate && !st->message_open) {
		lg->rotate = false;
		store_rotate(st);
	}
	uint64_t now = clock_us();
	if (now - lg->ticked_us < LOGGER_TICK_MS * 1000)
		return;
	lg->ticked_us = now;
	intake_tick(&lg->intake);
	store_tick(st);
	if (!st->message_open)
		memory_tick(&lg->memory);
}

static void logger_loop(struct logger *lg)
{
	for (;;) {
		struct pollfd fds[2] = {
		    {.fd = lg->args->pipe, .events = POLLIN},
		    {.fd = lg->master_gone ? -1 : lg->args->control, .events = POLLIN}};

		if (poll(fds, 2, LOGGER_TICK_MS) < 0 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		if (fds[1].revents)
			on_control(lg);
		bool more = !fds[0].revents || on_frames(lg);
		after_frames(lg);
		if (!more)
			return;
	}
}

_Noreturn void logger_run(const struct logger_args *args)
{
	static struct logger lg;

	log_role("logger", -1);
	proc_signals_ignore();
	umask(027);
	struct ack_board *ack = map_board(args);
	void *table = map_own(args->addresses, rate_memory_size(args->conf->memory.addresses),
			      "memory of addresses");
	if (args->identity) {
		privs_chroot_fd(args->dir, args->conf->log.directory);
		privs_drop(*args->identity);
	}
	lg.args = args;
	lg.conf = *args->conf;
	store_init(&lg.store, &lg.conf, args->dir, ack);
	memory_init(&lg.memory, &lg.conf, table, &lg.store, args->dir);
	if (intake_init(&lg.intake, &lg.store, &lg.memory, args->master_cookie, args->slots) < 0)
		fatal("no memory for %u slots", args->slots);
	logger_dir_start(args->dir, lg.store.stream);
	memory_load(&lg.memory);
	sandbox_enter(&(struct sandbox_want){.role = ROLE_LOGGER, .tree_fd = args->dir});
	unique_load(&lg.store.unique, UNIQUE_LOAD_US);
	say_ready(args->control);
	logger_loop(&lg);
	intake_end(&lg.intake);
	memory_end(&lg.memory);
	store_rotate(&lg.store);
	debug("all is written");
	_exit(0);
}
