/*
 * cmd_status.c: smtptrap status: what the trap is doing at this moment.
 *
 * Asks the master's status socket for the boards and maps them for reading.  What stands on the
 * status board was written by workers: it is checked for its bounds and escaped, and shown.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "ip.h"
#include "json_text.h"
#include "smtp.h"
#include "smtptrap.h"
#include "status_msg.h"
#include "term_text.h"
#include "uuid.h"

#define OUT_MAX (64u * 1024 * 1024)

struct boards {
	const struct board *board;
	const struct ack_board *ack;
	uint32_t slots; /* as they were checked: the board is written to while we read */
};

struct totals {
	uint32_t state[SLOT_STATE_COUNT];
	uint64_t sessions, messages, tls, tls_failed;
};

/* Connect, and receive the two descriptors.  0, or -1 (said already). */
static int ask_master(const char *path, int fds_r[2])
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct status_msg head = {0};
	struct iovec iov = {.iov_base = &head, .iov_len = sizeof head};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof control.bytes};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlcpy(to.sun_path, path, sizeof to.sun_path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
	} else if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
		   recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) == sizeof head) {
		const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		close(fd);
		if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int)) &&
		    head.magic == STATUS_MAGIC && head.version == STATUS_VERSION) {
			memcpy(fds_r, CMSG_DATA(c), 2 * sizeof(int));
			return 0;
		}
		complain("%s: the answer is not one of this version's smtptrapd", path);
		return -1;
	}
	complain("%s: %s (is smtptrapd running, and may you ask it?)", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static const void *map_board(int fd, size_t *size_r)
{
	struct stat st;
	void *p = MAP_FAILED;

	if (fstat(fd, &st) == 0) {
		*size_r = (size_t)st.st_size;
		p = mmap(NULL, *size_r, PROT_READ, MAP_SHARED, fd, 0);
	}
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static bool get_boards(const char *path, struct boards *b)
{
	size_t size = 0, ack_size = 0;
	int fds[2];

	if (ask_master(path, fds) < 0)
		return false;
	b->board = map_board(fds[0], &size);
	b->ack = map_board(fds[1], &ack_size);
	b->slots = b->board ? b->board->head.slots : 0;
	if (b->board && b->ack && board_valid(b->board, size) && ack_size >= sizeof *b->ack &&
	    b->ack->magic == BOARD_MAGIC && b->ack->version == BOARD_VERSION &&
	    b->slots <= (size - sizeof *b->board) / sizeof *b->board->slot)
		return true;
	complain("%s: the boards are not of this version's smtptrapd", path);
	return false;
}

static struct totals count(const struct boards *b)
{
	struct totals t = {0};

	for (uint32_t i = 0; i < b->slots; i++) {
		const struct board_slot *s = &b->board->slot[i];
		uint32_t state = atomic_load(&s->state);

		if (state < SLOT_STATE_COUNT)
			t.state[state]++;
		t.sessions += s->total_sessions;
		t.messages += s->total_messages;
		t.tls += s->total_tls;
		t.tls_failed += s->total_tls_failed;
	}
	return t;
}

/* Counters that both forms show: one table. */
struct counter {
	const char *name;
	uint64_t value;
};
#define COUNTERS 35
static void counters(const struct boards *b, struct counter c[COUNTERS])
{
	const struct board_header *h = &b->board->head;
	const struct dns_counters *d = &h->dns.counters;
	struct totals t = count(b);
	const struct counter all[COUNTERS] = {
	    {"workers", h->workers},
	    {"workers_max", b->slots},
	    {"workers_starting", t.state[SLOT_STARTING]},
	    {"workers_idle", t.state[SLOT_IDLE]},
	    {"workers_in_session", t.state[SLOT_SESSION]},
	    {"workers_leaving", t.state[SLOT_LEAVING]},
	    {"forks", h->forks},
	    {"deaths", h->deaths},
	    {"sessions", t.sessions},
	    {"messages", t.messages},
	    {"tls_negotiated", t.tls},
	    {"tls_failed", t.tls_failed},
	    {"records_session", b->ack->sessions},
	    {"records_dropped", b->ack->dropped},
	    {"messages_stored", b->ack->messages},
	    {"messages_refused", b->ack->refused},
	    {"commits", b->ack->batches},
	    {"bytes_logged", b->ack->bytes_raw},
	    {"bad_frames", b->ack->bad_frames},
	    {"dns_asked", d->asked},
	    {"dns_unknown", d->unknown},
	    {"dns_queries", d->queries},
	    {"dns_cached", d->cached},
	    {"dns_joined", d->joined},
	    {"dns_failures", d->failures},
	    {"dns_refused", d->refused},
	    {"dns_cache_entries", d->entries},
	    {"resolvers_lost", h->dns.lost},
	    {"addresses", b->ack->addresses},
	    {"addresses_max", b->ack->addresses_max},
	    {"summaries_refused", b->ack->summaries_refused},
	    {"copies", b->ack->copies},
	    {"copies_bytes", b->ack->copies_bytes},
	    {"store_index", b->ack->store_index},
	    {"store_index_max", b->ack->store_index_max},
	};

	memcpy(c, all, sizeof all);
}

static const char *dns_state(const struct board_header *h)
{
	static const char *const names[] = {
	    [BOARD_DNS_OFF] = "off", [BOARD_DNS_UP] = "up", [BOARD_DNS_LOST] = "lost"};

	if (h->dns.state == BOARD_DNS_UP && h->dns.counters.silent_us != 0)
		return "silent";
	return h->dns.state <= BOARD_DNS_LOST ? names[h->dns.state] : "?";
}

static void address_text(const uint8_t ip[IP_BYTES], uint16_t port, char text[64])
{
	char a[IP_TEXT_MAX];

	snprintf(text, 64, ip_is_v4(ip) ? "%s:%u" : "[%s]:%u", ip_text(ip, a), port);
}

/* A copy, which does not change between a check and its use. */
static struct board_slot slot_copy(const struct boards *b, uint32_t number)
{
	struct board_slot s;

	memcpy(&s, &b->board->slot[number], sizeof s);
	return s;
}

static const char *phase_of(const struct board_slot *s)
{
	return s->phase < SMTP_PHASE_COUNT ? smtp_phase_name((enum smtp_phase)s->phase) : "?";
}

/* ---- for a person ---- */

static void show_slot(uint32_t number, const struct board_slot *s, uint64_t now)
{
	uint8_t shown[4 * BOARD_HELO_MAX + 16];
	char client[64], version[BOARD_TLS_VERSION_MAX];
	struct buf helo;
	double age = now > s->since_us ? (double)(now - s->since_us) / 1000000 : 0;

	if (s->state != SLOT_SESSION)
		return;
	buf_init(&helo, shown, sizeof shown);
	term_put(&helo, (const uint8_t *)s->helo, strnlen(s->helo, sizeof s->helo));
	board_text(version, s->tls_version, sizeof version);
	address_text(s->client_ip, s->client_port, client);
	printf("%6" PRIu32 " %7d %9.1f %-28s %-8s %-8s %5" PRIu32 " %5" PRIu32 " %9" PRIu64
	       " %.*s\n",
	       number, s->pid, age, client, phase_of(s), s->tls ? version : "-", s->commands,
	       s->messages_accepted, s->bytes_in, (int)helo.len, (const char *)helo.data);
}

static void show_text(const struct boards *b)
{
	struct counter c[COUNTERS];
	const struct board_header *h = &b->board->head;
	char sensor[sizeof h->sensor];
	uint64_t now = wall_us();

	board_text(sensor, h->sensor, sizeof sensor);
	printf("%s: master %d, up %" PRIu64 " s, DNS %s%s\n", sensor, h->master_pid,
	       (now - h->started_us) / 1000000, dns_state(h),
	       b->ack->full ? ", MESSAGES ARE REFUSED: the log directory cannot be written" : "");
	counters(b, c);
	for (size_t i = 0; i < COUNTERS; i++)
		printf("%s%20s %-12" PRIu64, i % 3 ? "" : i ? "\n" : "", c[i].name, c[i].value);
	printf("\n\n  slot     pid       age client                       phase    tls       "
	       "cmds  msgs  bytes in helo\n");
	for (uint32_t i = 0; i < b->slots; i++) {
		struct board_slot s = slot_copy(b, i);

		show_slot(i, &s, now);
	}
}

/* ---- for programs ---- */

static void json_member(struct buf *out, const char *name)
{
	buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name);
}

static void json_text(struct buf *out, const char *name, const char *text, size_t max)
{
	json_member(out, name);
	json_put_string(out, (const uint8_t *)text, strnlen(text, max));
}

static void json_number(struct buf *out, const char *name, uint64_t n)
{
	json_member(out, name);
	json_put_u64(out, n);
}

static void json_slot(struct buf *out, uint32_t number, const struct board_slot *s)
{
	char text[64], id[UUID_TEXT];

	buf_put_byte(out, '{');
	json_number(out, "slot", number);
	json_number(out, "pid", s->pid > 0 ? (uint64_t)s->pid : 0);
	json_text(out, "state", slot_state_name(s->state), 16);
	if (s->state == SLOT_SESSION) {
		uuid_format(s->session_id, id);
		json_text(out, "id", id, sizeof id);
		json_number(out, "since_us", s->since_us);
		json_text(out, "client_ip", ip_text(s->client_ip, text), sizeof text);
		json_number(out, "client_port", s->client_port);
		json_text(out, "local_ip", ip_text(s->local_ip, text), sizeof text);
		json_number(out, "local_port", s->local_port);
		json_text(out, "phase", phase_of(s), 16);
		if (s->tls)
			json_text(out, "tls_version", s->tls_version, sizeof s->tls_version);
		json_text(out, "helo", s->helo, sizeof s->helo);
		json_number(out, "commands", s->commands);
		json_number(out, "errors", s->errors);
		json_number(out, "messages_accepted", s->messages_accepted);
		json_number(out, "bytes_in", s->bytes_in);
		json_number(out, "bytes_out", s->bytes_out);
	}
	buf_put_byte(out, '}');
}

static int show_json(const struct boards *b)
{
	const struct board_header *h = &b->board->head;
	struct counter c[COUNTERS];
	struct buf out;
	bool first = true;

	buf_init_heap(&out, OUT_MAX);
	buf_put_byte(&out, '{');
	json_text(&out, "sensor", h->sensor, sizeof h->sensor);
	json_number(&out, "master_pid", h->master_pid > 0 ? (uint64_t)h->master_pid : 0);
	json_number(&out, "started_us", h->started_us);
	json_member(&out, "refusing");
	buf_put_str(&out, b->ack->full ? "true" : "false");
	json_text(&out, "dns", dns_state(h), 16);
	json_number(&out, "resolver_pid", h->dns.pid > 0 ? (uint64_t)h->dns.pid : 0);
	counters(b, c);
	for (size_t i = 0; i < COUNTERS; i++)
		json_number(&out, c[i].name, c[i].value);
	json_member(&out, "slots");
	buf_put_byte(&out, '[');
	for (uint32_t i = 0; i < b->slots; i++) {
		struct board_slot s = slot_copy(b, i);

		if (s.state == SLOT_FREE)
			continue;
		if (!first)
			buf_put_byte(&out, ',');
		first = false;
		json_slot(&out, i, &s);
	}
	buf_put_str(&out, "]}\n");
	if (!out.failed)
		fwrite(out.data, 1, out.len, stdout);
	else
		complain("no memory");
	int status = out.failed ? EXIT_TROUBLE : EXIT_GOOD;
	buf_fini(&out);
	return status;
}

int cmd_status(const struct env *env, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"socket", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	const char *path = NULL;
	bool json = false;
	struct boards b;

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'j')
			json = true;
		else if (o == 's')
			path = optarg;
		else
			return usage_of("status");
	}
	if (optind != argc)
		return usage_of("status");
	if (path == NULL)
		path = env_status_socket(env);
	if (path == NULL || !get_boards(path, &b))
		return EXIT_TROUBLE;
	if (json)
		return show_json(&b);
	show_text(&b);
	return EXIT_GOOD;
}
