/*
 * report_read.c: bring the records of log files to the tables of a report.
 *
 * Files are spread over processes, as many as there are processors, each of which sends its
 * partial report back over a pipe.  Input: log files, which may be damaged, cut or not ours: that
 * is told by name, counted and passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "progress.h"
#include "records.h"
#include "report.h"
#include "report_record.h"
#include "smtptrap.h"

#define PROCESSES_MAX 16
#define PARTIAL_MAX (1u << 30) /* bytes of a partial report; what bounds a tally keeps it below */
#define STEP (256u * 1024)
#define PROGRESS_MS 200

/* ---- one file ---- */

struct reading {
	struct report *report;
	struct report_record record;
	volatile uint64_t *done;
	uint64_t base;      /* *done before this file */
	uint64_t good, bad; /* lines of this file */
	uint64_t places;    /* of damage */
};

static void count_record(struct report_record *r, const struct report *report)
{
	for (size_t i = 0; i < REPORT_TABLES; i++) {
		r->table = report_tables[i];
		r->first_section = (unsigned)i * REPORT_SECTIONS_MAX;
		if (report->tables[i])
			report_tables[i]->add(r);
	}
}

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct reading *g = ctx;
	struct report *to = g->report;
	int chosen = to->select_given ? record_select_match(to->select, line, len) : 1;

	*g->done = g->base + at->member;
	if (chosen == 1 && report_record_read(&g->record, to->by, line, len) != 0)
		chosen = ERR_FORMAT;
	if (chosen < 0) {
		if (g->bad++ == 0)
			complain("%s: line %llu is no record; passed over", at->file,
				 (unsigned long long)at->line);
		return 0;
	}
	g->good++;
	if (chosen == 0) {
		to->read.unchosen++;
		return 0;
	}
	*(report_is_session(&g->record) ? &to->read.sessions : &to->read.messages) += 1;
	report_read_span(&to->read, report_ts(&g->record), report_ts(&g->record));
	count_record(&g->record, to);
	return g->record.no_memory ? 1 : 0;
}

static void on_trouble(void *ctx, const struct place *at, const char *what)
{
	struct reading *g = ctx;

	complain("%s: byte %llu: %s", at->file, (unsigned long long)at->member, what);
	g->places++;
}

static int open_file(const struct report_file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	size_t len = strlen(file->path);

	if (fd < 0 && errno == ENOENT && file->part) { /* finished since we looked */
		char *finished = strndup(file->path, len - strlen(".part"));

		fd = finished != NULL ? open(finished, O_RDONLY | O_CLOEXEC) : -1;
		free(finished);
	}
	if (fd < 0)
		complain("%s: %m; passed over", file->path);
	return fd;
}

/* Read one file into the report; *done grows with the bytes read. */
static bool read_file(struct report *r, struct record_scan *scan, const struct report_file *file,
		      volatile uint64_t *done)
{
	struct reading g = {.report = r, .done = done, .base = *done};
	struct visitor v = {on_record, on_trouble, &g};
	int fd = open_file(file), rc = 0;

	if (fd >= 0) {
		report_record_init(&g.record, r, scan);
		rc = records_of_file(fd, file->path, file->part, &v);
		report_record_fini(&g.record);
		close(fd);
	}
	if (g.bad > 1)
		complain("%s: %llu lines are no records", file->path, (unsigned long long)g.bad);
	r->read.files++;
	r->read.bad_lines += g.bad;
	r->read.bad_places += g.places;
	r->read.bad_files += fd < 0 || (g.good == 0 && g.bad + g.places > 0);
	*done = g.base + file->size;
	return rc == 0;
}

/* ---- many ---- */

struct share {
	const struct report_file *files;
	size_t count;
	const uint8_t *whose; /* of each file: the number of its process */
	uint8_t number;
};

static bool read_share(struct report *r, const struct share *s, volatile uint64_t *done)
{
	static struct record_scan scan; /* large */
	bool good = true;

	record_scan_init(&scan);
	report_want(r, &scan);
	for (size_t i = 0; good && i < s->count; i++) {
		if (s->whose[i] == s->number)
			good = read_file(r, &scan, &s->files[i], done);
	}
	if (!good)
		complain("%s", err_text(ERR_MEMORY));
	return good;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static _Noreturn void be_child(struct report *r, const struct share *s, int fd,
			       volatile uint64_t *done)
{
	struct buf partial;

	buf_init_heap(&partial, PARTIAL_MAX);
	bool good = read_share(r, s, done);
	report_put(r, &partial);
	good = good && !partial.failed && write_all(fd, partial.data, partial.len);
	_exit(good ? EXIT_GOOD : EXIT_TROUBLE);
}

struct child {
	pid_t pid;
	int fd;
	struct buf partial;
	volatile uint64_t *done;
};

static bool start_child(struct report *r, const struct share *s, struct child *c)
{
	int ends[2];

	buf_init_heap(&c->partial, PARTIAL_MAX);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	fflush(stdout);
	c->pid = fork();
	if (c->pid == 0) {
		close(ends[0]);
		be_child(r, s, ends[1], c->done);
	}
	close(ends[1]);
	c->fd = ends[0];
	return c->pid > 0;
}

/* More from a child's pipe; false at its end. */
static bool receive(struct child *c)
{
	uint8_t *room = buf_reserve(&c->partial, STEP);
	ssize_t n = room != NULL ? read(c->fd, room, STEP) : 0;

	if (n > 0)
		c->partial.len += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Wait for the end of its partial report and add it. */
static bool add_child(struct report *r, struct child *c)
{
	int status = -1;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GOOD &&
		    report_get(r, false, c->partial.data, c->partial.len) == 0;
	buf_fini(&c->partial);
	if (!good)
		complain("a process that read files has failed; the report is not whole");
	return good;
}

static void show_progress(struct progress *p, const struct child *children, size_t count)
{
	uint64_t done = 0;

	for (size_t i = 0; i < count; i++)
		done += *children[i].done;
	progress_show(p, done);
}

/* Receive from all until each has ended. */
static bool collect(struct report *r, struct child *children, size_t count, struct progress *p)
{
	struct pollfd fds[PROCESSES_MAX];
	bool good = true;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
	for (size_t open = count; open > 0; show_progress(p, children, count)) {
		if (poll(fds, count, PROGRESS_MS) <= 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0 || receive(&children[i]))
				continue;
			close(fds[i].fd);
			fds[i].fd = -1;
			open--;
			good &= add_child(r, &children[i]);
		}
	}
	return good;
}

/* Give each file, in the order of size, to the process that has least to do. */
static void spread(const struct report_file *files, size_t count, size_t processes, uint8_t *whose)
{
	uint64_t load[PROCESSES_MAX] = {0};

	memset(whose, UINT8_MAX, count);
	for (size_t n = 0; n < count; n++) {
		size_t largest = SIZE_MAX, least = 0;

		for (size_t i = 0; i < count; i++) {
			if (whose[i] == UINT8_MAX &&
			    (largest == SIZE_MAX || files[i].size > files[largest].size))
				largest = i;
		}
		for (size_t i = 1; i < processes; i++)
			least = load[i] < load[least] ? i : least;
		whose[largest] = (uint8_t)least;
		load[least] += files[largest].size + 1;
	}
}

static bool read_apart(struct report *r, struct share *s, size_t processes, struct progress *p)
{
	struct child children[PROCESSES_MAX] = {0};
	volatile uint64_t *done = mmap(NULL, PROCESSES_MAX * sizeof *done, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t started = 0;

	if (done == MAP_FAILED) {
		complain("mmap: %m");
		return false;
	}
	while (started < processes) {
		s->number = (uint8_t)started;
		children[started].done = &done[started];
		if (!start_child(r, s, &children[started])) {
			complain("a process cannot be started: %m");
			break;
		}
		started++;
	}
	bool good = collect(r, children, started, p);
	munmap((void *)done, PROCESSES_MAX * sizeof *done);
	return good && started == processes;
}

static size_t processes_for(size_t files)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = processors > 1 ? (size_t)processors : 1;

	if (n > PROCESSES_MAX)
		n = PROCESSES_MAX;
	return n < files ? n : files;
}

bool report_read_files(struct report *r, const struct report_file *files, size_t count)
{
	size_t processes = processes_for(count);
	struct share s = {files, count, NULL, 0};
	uint8_t *whose = calloc(1, count + 1);
	struct progress p;
	uint64_t size = 0;

	if (whose == NULL) {
		complain("%s", err_text(ERR_MEMORY));
		return false;
	}
	for (size_t i = 0; i < count; i++)
		size += files[i].size;
	spread(files, count, processes > 0 ? processes : 1, whose);
	s.whose = whose;
	progress_start(&p, size);
	bool good = count == 0 || read_apart(r, &s, processes, &p);
	progress_end(&p);
	free(whose);
	return good;
}
