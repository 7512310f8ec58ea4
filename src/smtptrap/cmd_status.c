/*
 * cmd_status.c: smtptrap status: what the trap is doing at this moment.
 *
 * What stands on the status board was written by workers: it is escaped, and shown.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "boards.h"
#include "clock.h"
#include "ip.h"
#include "json_text.h"
#include "smtptrap.h"
#include "status_check.h"
#include "term_text.h"
#include "uuid.h"

#define OUT_MAX (64u * 1024 * 1024)

/* The counters that programs get; people get the most of them in words. */
struct counter {
	const char *name;
	uint64_t value;
};
#define COUNTERS 35
static void counters(const struct boards *b, struct counter c[COUNTERS])
{
	const struct board_header *h = &b->board->head;
	const struct dns_counters *d = &h->dns.counters;
	struct board_totals t = boards_totals(b);
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

/* ---- for a person ---- */

static void show_slot(uint32_t number, const struct board_slot *s, uint64_t now)
{
	uint8_t shown[4 * BOARD_HELO_MAX + 16];
	char client[BOARDS_ADDRESS_MAX], version[BOARD_TLS_VERSION_MAX];
	struct buf helo;
	double age = now > s->since_us ? (double)(now - s->since_us) / 1000000 : 0;

	if (s->state != SLOT_SESSION)
		return;
	buf_init(&helo, shown, sizeof shown);
	term_put(&helo, (const uint8_t *)s->helo, strnlen(s->helo, sizeof s->helo));
	board_text(version, s->tls_version, sizeof version);
	boards_address(s->client_ip, s->client_port, client);
	printf("%6" PRIu32 " %7d %9.1f %-28s %-8s %-8s %5" PRIu32 " %5" PRIu32 " %9" PRIu64
	       " %.*s\n",
	       number, s->pid, age, client, boards_phase(s), s->tls ? version : "-", s->commands,
	       s->messages_accepted, s->bytes_in, (int)helo.len, (const char *)helo.data);
}

/* Seconds as "3d 4h 5m", or what of that is not 0. */
static void put_age(uint64_t s)
{
	if (s >= 86400)
		printf("%" PRIu64 "d ", s / 86400);
	if (s >= 3600)
		printf("%" PRIu64 "h ", s / 3600 % 24);
	printf("%" PRIu64 "m", s / 60 % 60);
}

static void show_head(const struct boards *b, uint64_t now)
{
	const struct board_header *h = &b->board->head;
	char sensor[sizeof h->sensor];

	board_text(sensor, h->sensor, sizeof sensor);
	printf("%s: master %d, up ", sensor, h->master_pid);
	put_age(now > h->started_us ? (now - h->started_us) / 1000000 : 0);
	printf("%s\n",
	       b->ack->full ? ", MESSAGES ARE REFUSED: the log directory cannot be written" : "");
}

static void show_counters(const struct boards *b)
{
	const struct board_header *h = &b->board->head;
	const struct dns_counters *d = &h->dns.counters;
	const struct ack_board *a = b->ack;
	struct board_totals t = boards_totals(b);

	printf("workers   %" PRIu32 " of at most %" PRIu32 ": %" PRIu32 " in a session, %" PRIu32
	       " idle, %" PRIu32 " starting, %" PRIu32 " leaving; %" PRIu64 " died\n",
	       h->workers, b->slots, t.state[SLOT_SESSION], t.state[SLOT_IDLE],
	       t.state[SLOT_STARTING], t.state[SLOT_LEAVING], h->deaths);
	printf("sessions  %" PRIu64 " since the start: %" PRIu64 " negotiated TLS, %" PRIu64
	       " failed to\n",
	       t.sessions, t.tls, t.tls_failed);
	printf("messages  %" PRIu64 " accepted; %" PRIu64 " stored, %" PRIu64
	       " of them as copies; %" PRIu64 " refused for want of room\n",
	       t.messages, a->messages, a->copies, a->refused);
	printf("logs      %" PRIu64 " session records, %" PRIu64 " lost; %" PRIu64
	       " bytes before compression\n",
	       a->sessions, a->dropped, a->bytes_raw);
	printf("memory    %" PRIu64 " of at most %" PRIu64 " addresses\n", a->addresses,
	       a->addresses_max);
	printf("DNS       %s", boards_dns_state(b));
	if (h->dns.state != BOARD_DNS_OFF)
		printf(": %" PRIu64 " look-ups, %" PRIu64 " of them unknown; %" PRIu64 " queries",
		       d->asked, d->unknown, d->queries);
	putchar('\n');
}

static void show_text(const struct boards *b)
{
	uint64_t now = wall_us();

	show_head(b, now);
	show_counters(b);
	printf("\n  slot     pid       age client                       phase    tls       "
	       "cmds  msgs  bytes in helo\n");
	for (uint32_t i = 0; i < b->used; i++) {
		struct board_slot s = boards_slot(b, i);

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
	buf_put_u64(out, n);
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
		json_text(out, "phase", boards_phase(s), 16);
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
	json_text(&out, "dns", boards_dns_state(b), 16);
	json_number(&out, "resolver_pid", h->dns.pid > 0 ? (uint64_t)h->dns.pid : 0);
	counters(b, c);
	for (size_t i = 0; i < COUNTERS; i++)
		json_number(&out, c[i].name, c[i].value);
	json_member(&out, "slots");
	buf_put_byte(&out, '[');
	for (uint32_t i = 0; i < b->used; i++) {
		struct board_slot s = boards_slot(b, i);

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

enum form { FORM_TEXT, FORM_JSON, FORM_CHECK };

static bool take_options(int argc, char **argv, enum form *form_r, const char **path_r)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"check", no_argument, NULL, 'c'},
						{"socket", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == '?')
			return false;
		if (o == 's')
			*path_r = optarg;
		else if (*form_r != FORM_TEXT)
			return complain_usage("one of --json and --check");
		else
			*form_r = o == 'j' ? FORM_JSON : FORM_CHECK;
	}
	return no_more_arguments(argv + optind);
}

static int show(const struct boards *b, enum form form)
{
	if (form == FORM_CHECK)
		return status_check(b);
	if (form == FORM_JSON)
		return show_json(b);
	show_text(b);
	return EXIT_GOOD;
}

int cmd_status(const struct env *env, int argc, char **argv)
{
	const char *path = NULL;
	char why[BOARDS_WHY_MAX];
	enum form form = FORM_TEXT;
	struct boards b;

	if (!take_options(argc, argv, &form, &path))
		return usage_of("status");
	path = env_status_socket(env, path);
	if (path == NULL && form == FORM_CHECK)
		return status_check_failed(NULL, "the configuration is wrong");
	if (path == NULL)
		return EXIT_TROUBLE;
	if (boards_open(&b, path, why) != 0) {
		if (form == FORM_CHECK)
			return status_check_failed(path, why);
		complain("%s", why);
		return EXIT_TROUBLE;
	}
	int status = show(&b, form);
	boards_close(&b);
	return status;
}
