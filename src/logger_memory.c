/*
 * logger_memory.c: the memory of addresses: its one writer, and its file.
 *
 * Runs in the logger.  In: summaries that logger_intake.c let through, and the file that the
 * logger before left in the log directory.  Out: the table, which all others can only read, and
 * the file; records of the sessions of yakkers, which were counted only.  The file is written anew beside the old one, synced, and renamed over it.  Nothing here stops the
 * logger: a file that cannot be read is set aside, one that cannot be written is tried again.
 */
#include "logger_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address_state.h"
#include "clock.h"
#include "err.h"
#include "file_io.h"
#include "log.h"
#include "record.h"

#define SECOND_US 1000000
#define WRITTEN_FILE ADDRESS_STATE_FILE ".new"
#define ASIDE_FILE ADDRESS_STATE_FILE ".bad"

static uint32_t now_s(void)
{
	uint64_t now = wall_us() / SECOND_US;

	return now < UINT32_MAX ? (uint32_t)now : UINT32_MAX;
}

static struct summary_limits limits(const struct memory *m)
{
	const struct conf *c = m->conf;

	return (struct summary_limits){
	    .within = {.tls_s = (uint32_t)(c->memory.tls_within_us / SECOND_US),
		       .yakker_s = (uint32_t)(c->yakkers.within_us / SECOND_US)},
	    .count = c->yakkers.count};
}

/* ---- records of sessions that were counted only ---- */

/* One record for n sessions that have all its fields in common. */
static void record_sessions(struct memory *m, const struct address_entry *e, uint32_t n,
			    const char *tls_outcome)
{
	uint8_t bytes[512], random[UUID_RANDOM], id[UUID_BYTES], ip[IP_BYTES];
	struct buf b;

	if (n == 0)
		return;
	if (getrandom(random, sizeof random, 0) != sizeof random)
		fatal("getrandom: %s", strerror(errno));
	uuid_make(&m->uuids, wall_us(), random, id);
	address_of_key(e->key, ip);
	buf_init(&b, bytes, sizeof bytes);
	record_put_uuid(&b, FIELD_ID, id);
	record_put_time(&b, FIELD_TS, e->thinned_s * UINT64_C(1000000));
	record_put_ip(&b, FIELD_CLIENT_IP, ip);
	record_put_text(&b, FIELD_END_REASON, "yakker");
	record_put_bool(&b, FIELD_YAKKER, true);
	record_put_u64(&b, FIELD_YAKKER_SESSIONS, n);
	record_put_time(&b, FIELD_YAKKER_UNTIL, e->thinned_last_s * UINT64_C(1000000));
	record_put_text(&b, FIELD_TLS_OUTCOME, tls_outcome);
	store_record(m->store, LOG_SESSION, b.data, b.len);
}

static void record_thinned(struct memory *m, const struct address_entry *e)
{
	uint32_t n = e->thinned, offered = e->thinned_offered;

	record_sessions(m, e, n - offered, "not_offered");
	record_sessions(m, e, offered, "offered_unused");
}

/* Record what was counted for long enough, or of one that is no yakker any more; or all. */
static void record_due(struct memory *m, bool all)
{
	struct summary_limits l = limits(m);
	uint32_t now = now_s();
	uint32_t most = (uint32_t)(m->conf->yakkers.summary_us / SECOND_US);
	struct address_entry e;

	for (size_t at = 0; address_next(m->table, &at, &e);) {
		bool waits = !all && now - e.thinned_s < most &&
			     address_idle_fresh(&e, now, l.within.yakker_s);

		if (e.thinned == 0 || waits)
			continue;
		record_thinned(m, &e);
		e.thinned = e.thinned_offered = 0;
		e.thinned_s = e.thinned_last_s = 0;
		address_put(m->table, &e, now);
		m->changed = true;
	}
}

/* Forget what is too old, and count the rest. */
static void sweep(struct memory *m, bool last)
{
	struct summary_limits l = limits(m);

	record_due(m, last);
	m->ack->addresses = address_sweep(m->table, now_s(), &l.within);
}

void memory_init(struct memory *m, const struct conf *conf, void *table, struct store *store,
		 int dir)
{
	uint8_t secret[ADDRESS_SECRET];

	*m = (struct memory){
	    .conf = conf, .dir = dir, .table = table, .store = store, .saved_us = clock_us()};
	if (getrandom(secret, sizeof secret, 0) != sizeof secret)
		fatal("getrandom: %s", strerror(errno));
	address_table_init(m->table, conf->memory.addresses, secret);
	m->rates = (void *)((uint8_t *)table + rate_memory_offset(conf->memory.addresses));
	rate_table_init(m->rates, secret);
	m->ack = store->ack;
	m->ack->addresses = 0;
	m->ack->addresses_max = conf->memory.addresses;
}

/* ---- from the file ---- */

static void set_aside(const struct memory *m, const char *why)
{
	bool aside = renameat(m->dir, ADDRESS_STATE_FILE, m->dir, ASIDE_FILE) == 0;

	warn("memory of addresses: %s cannot be used: %s: %s%s, the memory begins empty",
	     ADDRESS_STATE_FILE, why, aside ? "set aside as " ASIDE_FILE : "it cannot be renamed: ",
	     aside ? "" : strerror(errno));
}

/* Open the file and tell its size; -1 if there is none or it cannot be used. */
static int open_saved(const struct memory *m, size_t *size_r)
{
	int fd = openat(m->dir, ADDRESS_STATE_FILE,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0) {
		if (errno != ENOENT)
			set_aside(m, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uint64_t)st.st_size <= ADDRESS_STATE_MAX) {
		*size_r = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	set_aside(m, "it is empty, too large or no file");
	return -1;
}

static const char *why_not(int result)
{
	switch (result) {
	case ERR_FORMAT:
		return "it was not written by this program";
	case ERR_REFUSED:
		return "it is of another version";
	default:
		return "it is damaged";
	}
}

/* Put the entries of a file that was checked into the table.  The secret goes on, too, so that
 * what was learnt of it is not learnt anew at each restart. */
static uint32_t take_over(struct memory *m, const uint8_t *bytes,
			  const struct address_state_head *head)
{
	uint32_t now = now_s(), bad = 0;

	address_table_init(m->table, m->conf->memory.addresses, head->secret);
	for (uint32_t i = 0; i < head->entries; i++) {
		struct address_entry e;

		if (address_state_entry(bytes, i, &e) == 0)
			address_put(m->table, &e, now);
		else
			bad++;
	}
	return bad;
}

void memory_load(struct memory *m)
{
	struct address_state_head head;
	size_t size = 0, got = 0;
	int fd = open_saved(m, &size);

	if (fd < 0)
		return;
	uint8_t *bytes = malloc(size);
	int result = bytes == NULL ? ERR_MEMORY : file_read_at(fd, bytes, size, 0, &got);
	close(fd);
	if (result == 0) {
		result = address_state_check(bytes, got, &head);
		if (result < 0)
			set_aside(m, why_not(result));
		else if (take_over(m, bytes, &head) > 0)
			warn("memory of addresses: %s has entries that cannot be used, which are "
			     "left out",
			     ADDRESS_STATE_FILE);
	} else {
		set_aside(m, err_text(result));
	}
	free(bytes);
	sweep(m, false);
}

/* ---- to the file ---- */

/* Write, sync, rename.  Returns NULL, or what failed, with errno. */
static const char *write_file(const struct memory *m, const struct buf *state)
{
	int fd = openat(m->dir, WRITTEN_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd < 0)
		return "open";
	bool whole = file_write_at(fd, state->data, state->len, 0) == 0 && fsync(fd) == 0;
	int error = errno;
	close(fd);
	if (!whole) {
		unlinkat(m->dir, WRITTEN_FILE, 0);
		errno = error;
		return "write";
	}
	if (renameat(m->dir, WRITTEN_FILE, m->dir, ADDRESS_STATE_FILE) < 0)
		return "rename";
	return fsync(m->dir) < 0 ? "sync the directory" : NULL;
}

static void save(struct memory *m, bool last)
{
	struct buf state;

	m->saved_us = clock_us();
	sweep(m, last);
	if (!m->changed)
		return;
	buf_init_heap(&state, ADDRESS_STATE_MAX);
	address_state_encode(m->table, &state);
	const char *failed = state.failed ? "make it" : write_file(m, &state);
	if (failed && !m->failing)
		warn("memory of addresses: %s: %s: %s; trying again", ADDRESS_STATE_FILE, failed,
		     state.failed ? "no memory" : strerror(errno));
	else if (!failed && m->failing)
		info("memory of addresses: %s is written again", ADDRESS_STATE_FILE);
	m->failing = failed != NULL;
	m->changed = m->failing;
	buf_fini(&state);
}

void memory_save(struct memory *m)
{
	save(m, false);
}

void memory_end(struct memory *m)
{
	save(m, true);
}

/* ---- the table ---- */

void memory_learn(struct memory *m, const struct summary *s)
{
	struct summary_limits l = limits(m);
	struct summary_out out;
	int more = summary_apply(s, m->table, now_s(), &l, &out);

	for (unsigned i = 0; i < out.count; i++)
		record_thinned(m, &out.entry[i]);

	m->ack->addresses += (uint64_t)(int64_t)more;
	m->changed = true;
}

void memory_count(struct memory *m, const struct rate_claim *claim)
{
	for (uint32_t i = 0; i < claim->count; i++)
		rate_add(m->rates, &claim->rate[i], claim->ip, now_s());
}

void memory_tick(struct memory *m)
{
	if (clock_us() - m->saved_us >= m->conf->memory.save_us)
		memory_save(m);
}
