/*
 * master_board.c: the memory where workers show what they do, and how little of it each can write.
 *
 * Runs in the master, at its start, around forks and on SIGHUP.  The status board is mapped for writing
 * once, then sealed; no child inherits that mapping but, as a worker, the page of its slot.  Growing
 * a page into its neighbours (mremap) is refused by the sandbox, for seals do not.  The entries of
 * crowd.h are smaller than pages: who may write one has a descriptor for writing only, which cannot
 * be mapped, and the sandbox names the place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "address_table.h"
#include "clock.h"
#include "config.h"
#include "log.h"
#include "master.h"

int master_memory(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		fatal("%s of %zu bytes: %s", name, size, strerror(errno));
	return fd;
}

void *master_map(int fd, size_t size, int protection, const char *name)
{
	void *p = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		fatal("%s: mmap: %s", name, strerror(errno));
	return p;
}

void master_seal(int fd, int seals, const char *name)
{
	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		fatal("%s: seal: %s", name, strerror(errno));
}

/* Another open file of the same memory, for what `how` says and nothing else. */
static int open_again(int fd, int how, const char *name)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, how | O_CLOEXEC);
	if (again < 0)
		fatal("%s: %s: %s", name, path, strerror(errno));
	return again;
}

static void open_status(struct master *m)
{
	size_t size = board_size(m->slots);

	m->board_fd = master_memory("status board", size);
	m->board = master_map(m->board_fd, size, PROT_READ | PROT_WRITE, "status board");
	m->board->head = (struct board_header){.magic = BOARD_MAGIC,
					       .version = BOARD_VERSION,
					       .slot_size = (uint32_t)board_page(),
					       .slots = m->slots,
					       .started_us = wall_us(),
					       .master_pid = m->pid};
	strlcpy(m->board->head.sensor, m->conf->sensor, sizeof m->board->head.sensor);
	strlcpy(m->board->head.release, PACKAGE_VERSION, sizeof m->board->head.release);
	master_seal(m->board_fd, F_SEAL_FUTURE_WRITE, "status board");
}

/* What was opened for reading only can never be made writable; what was for writing only, not be
 * mapped.  At its end, which cannot grow, write() is refused: only pwrite() is left. */
static void open_crowd(struct master *m)
{
	size_t size = crowd_size(m->slots);
	int fd = master_memory("crowd", size), read_fd = open_again(fd, O_RDONLY, "crowd");

	m->crowd = master_map(fd, size, PROT_READ | PROT_WRITE, "crowd");
	m->crowd_seen = master_map(read_fd, size, PROT_READ, "crowd");
	m->crowd_fd = open_again(fd, O_WRONLY, "crowd");
	if (lseek(m->crowd_fd, (off_t)size, SEEK_SET) < 0)
		fatal("crowd: lseek: %s", strerror(errno));
	master_seal(fd, 0, "crowd");
	close(read_fd);
	close(fd);
}

/* ---- what a child has of it ---- */

static void advise(const void *p, size_t size, int advice)
{
	if (madvise((void *)(uintptr_t)p, size, advice) < 0)
		fatal("madvise: %s", strerror(errno));
}

void boards_make(struct master *m)
{
	m->slots = m->conf->workers.max;
	open_status(m);
	open_crowd(m);
	advise(m->board, board_size(m->slots), MADV_DONTFORK);
	advise(m->crowd, crowd_size(m->slots), MADV_DONTFORK);
	advise(m->crowd_seen, crowd_size(m->slots), MADV_DONTFORK);
}

static void inherit(const struct master *m, uint32_t slot, int advice)
{
	advise(board_slot(m->board, slot), board_page(), advice);
	if (m->conf->workers.max_per_address > 0)
		advise(m->crowd_seen, crowd_size(m->slots), advice);
}

void boards_lend(const struct master *m, uint32_t slot)
{
	inherit(m, slot, MADV_DOFORK);
}

void boards_keep(const struct master *m, uint32_t slot)
{
	inherit(m, slot, MADV_DONTFORK);
}

/* ---- who is there, for workers that are about to count ---- */

void boards_fill_crowd(const struct master *m)
{
	for (uint32_t i = 0; i < m->pool.used; i++) {
		const struct board_slot *b = board_slot(m->board, i);
		uint64_t counted = atomic_load(&b->counted_us);

		if (m->pool.slot[i].state != POOL_ALIVE || atomic_load(&b->state) != SLOT_SESSION ||
		    counted == 0)
			continue;
		atomic_store(&m->crowd->entry[i].key, address_key(b->client_ip));
		atomic_store(&m->crowd->entry[i].counted_us, counted);
	}
}
