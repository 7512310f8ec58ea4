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
#include "term_text.h"
#include "uuid.h"

#define OUT_MAX (64u * 1024 * 1024)

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

static void show_text(const struct boards *b)
{
	struct counter c[COUNTERS];
	const struct board_header *h = &b->board->head;
	char sensor[sizeof h->sensor];
	uint64_t now = wall_us();

	board_text(sensor, h->sensor, sizeof sensor);
	printf("%s: master %d, up %" PRIu64 " s, DNS %s%s\n", sensor, h->master_pid,
	       (now - h->started_us) / 1000000, boards_dns_state(b),
	       b->ack->full ? ", MESSAGES ARE REFUSED: the log directory cannot be written" : "");
	counters(b, c);
	for (size_t i = 0; i < COUNTERS; i++)
		printf("%s%20s %-12" PRIu64, i % 3 ? "" : i ? "\n" : "", c[i].name, c[i].value);
	printf("\n\n  slot     pid       age client                       phase    tls       "
	       "cmds  msgs  bytes in helo\n");
	for (uint32_t i = 0; i < b->slots; i++) {
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
	for (uint32_t i = 0; i < b->slots; i++) {
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

int cmd_status(const struct env *env, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"socket", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	const char *path = NULL;
	char why[BOARDS_WHY_MAX];
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
	path = env_status_socket(env, path);
	if (path == NULL)
		return EXIT_TROUBLE;
	if (boards_open(&b, path, why) != 0) {
		complain("%s", why);
		return EXIT_TROUBLE;
	}
	int status = EXIT_GOOD;
	if (json)
		status = show_json(&b);
	else
		show_text(&b);
	boards_close(&b);
	return status;
}
