/*
 * metrics.c: counters of the running trap as text for Prometheus.
 *
 * Input: the boards.  Of the status board, which workers write, only the states of the slots are
 * shown; all that is counted is what the logger and the master count.  Labels come from closed
 * lists.  Names follow https://prometheus.io/docs/practices/naming/: base units, and `_total` behind
 * what is counted; a name once used keeps its meaning.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LABELS_MAX 96

const char *metrics_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS
		   ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		   : "text/plain; version=0.0.4; charset=utf-8";
}

enum type { GAUGE, COUNTER, INFO };

struct family;
struct page {
	struct buf *to;
	bool openmetrics;
	const struct boards *boards;
	const struct family *family; /* whose samples are put */
};

/* A family of samples; its name has neither _total nor _info. */
struct family {
	const char *name;
	enum type type;
	const char *unit; /* what the name ends in; NULL: no unit */
	const char *help;
	void (*put)(const struct page *p);
	size_t at; /* in the figures, or of a number in the logger's board */
	enum figures_list list;
	const char *label;
	size_t first; /* place in the list that is the first to be shown */
};

/* ---- samples ---- */

static void put_name(const struct page *p)
{
	static const char *const suffixes[] = {
	    [GAUGE] = "", [COUNTER] = "_total", [INFO] = "_info"};

	buf_put_str(p->to, p->family->name);
	buf_put_str(p->to, suffixes[p->family->type]);
}

/* NAME{labels} N; labels may be empty. */
static void put_sample(const struct page *p, const char *labels, uint64_t n)
{
	put_name(p);
	if (labels[0] != '\0')
		buf_printf(p->to, "{%s}", labels);
	buf_printf(p->to, " %" PRIu64 "\n", n);
}

/* Microseconds as seconds. */
static void put_seconds(const struct page *p, uint64_t us)
{
	put_name(p);
	buf_printf(p->to, " %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

static void put_figure(const struct page *p)
{
	put_sample(p, "", boards_figure(p->boards, p->family->at));
}

static void put_figure_us(const struct page *p)
{
	put_seconds(p, boards_figure(p->boards, p->family->at));
}

/* Is this place of a list worth a sample?  "other" is where something was counted there. */
static bool shown(enum figures_list list, size_t place, uint64_t n)
{
	return n > 0 || figures_name(list, place + 1) != NULL;
}

static void put_list(const struct page *p)
{
	const struct family *f = p->family;
	const char *name;

	for (size_t i = f->first; (name = figures_name(f->list, i)) != NULL; i++) {
		uint64_t n = boards_figure(p->boards, f->at + i);
		char labels[LABELS_MAX];

		snprintf(labels, sizeof labels, "%s=\"%s\"", f->label, name);
		if (shown(f->list, i, n))
			put_sample(p, labels, n);
	}
}

static void put_messages(const struct page *p)
{
	const char *verdict, *version;

	for (size_t i = 0; (verdict = figures_name(FIGURES_VERDICT, i)) != NULL; i++) {
		for (size_t j = 0; (version = figures_name(FIGURES_VERSION, j)) != NULL; j++) {
			uint64_t n =
			    boards_figure(p->boards, FIGURES_MESSAGES + i * FIGURES_VERSIONS + j);
			char labels[LABELS_MAX];

			snprintf(labels, sizeof labels, "verdict=\"%s\",tls_version=\"%s\"",
				 verdict, version);
			if (shown(FIGURES_VERDICT, i, n) && shown(FIGURES_VERSION, j, n))
				put_sample(p, labels, n);
		}
	}
}

static void put_workers(const struct page *p)
{
	struct board_totals t = boards_totals(p->boards);

	for (uint32_t i = SLOT_FREE + 1; i < SLOT_STATE_COUNT; i++) {
		char labels[LABELS_MAX];

		snprintf(labels, sizeof labels, "state=\"%s\"", slot_state_name(i));
		put_sample(p, labels, t.state[i]);
	}
}

static void put_build(const struct page *p)
{
	char release[BOARD_RELEASE_MAX], labels[LABELS_MAX];

	board_text(release, p->boards->board->head.release, sizeof release);
	/* A worker that was taken over can write there: it is not to write samples. */
	for (char *c = release; *c != '\0'; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '?';
	snprintf(labels, sizeof labels, "version=\"%s\"", release);
	put_sample(p, labels, 1);
}

static void put_start(const struct page *p)
{
	put_seconds(p, p->boards->board->head.started_us);
}

static void put_ack(const struct page *p)
{
	const char *ack = (const char *)p->boards->ack;
	const _Atomic uint64_t *n = (const _Atomic uint64_t *)(const void *)(ack + p->family->at);

	put_sample(p, "", atomic_load_explicit(n, memory_order_relaxed));
}

static void put_refusing(const struct page *p)
{
	put_sample(p, "", p->boards->ack->full != 0);
}

static void put_workers_max(const struct page *p)
{
	put_sample(p, "", p->boards->slots);
}

static void put_forks(const struct page *p)
{
	put_sample(p, "", p->boards->board->head.forks);
}

static void put_deaths(const struct page *p)
{
	put_sample(p, "", p->boards->board->head.deaths);
}

static void put_dns_up(const struct page *p)
{
	if (p->boards->board->head.dns.state != BOARD_DNS_OFF)
		put_sample(p, "", strcmp(boards_dns_state(p->boards), "up") == 0);
}

static void put_resolver_losses(const struct page *p)
{
	put_sample(p, "", p->boards->board->head.dns.lost);
}

static void put_up(const struct page *p)
{
	put_sample(p, "", p->boards != NULL);
}

/* ---- the page ---- */

#define ACK(member) .put = put_ack, .at = offsetof(struct ack_board, member)
static const struct family up = {"smtptrap_up", GAUGE, NULL, "Whether the trap answers.",
				 .put = put_up};
static const struct family families[] = {
    {"smtptrap_build", INFO, NULL, "The release of smtptrapd.", .put = put_build},
    {"smtptrap_start_time_seconds", GAUGE, "seconds", "When the trap started, since 1970.",
     .put = put_start},
    {"smtptrap_sessions", COUNTER, NULL, "Sessions recorded, by what became of TLS.",
     .put = put_list, .at = FIGURES_SESSIONS_BY_OUTCOME, .list = FIGURES_OUTCOME,
     .label = "tls_outcome"},
    {"smtptrap_tls_sessions", COUNTER, NULL, "Sessions recorded that negotiated TLS, by version.",
     .put = put_list, .at = FIGURES_SESSIONS_BY_VERSION, .list = FIGURES_VERSION,
     .label = "tls_version", .first = 1},
    {"smtptrap_tls_failures", COUNTER, NULL,
     "Sessions recorded whose TLS handshake failed, by reason.", .put = put_list,
     .at = FIGURES_SESSIONS_BY_FAILURE, .list = FIGURES_FAILURE, .label = "tls_failure",
     .first = 1},
    {"smtptrap_session_ends", COUNTER, NULL, "Sessions recorded, by what ended them.",
     .put = put_list, .at = FIGURES_SESSIONS_BY_END, .list = FIGURES_END, .label = "end_reason"},
    {"smtptrap_session_duration_seconds", COUNTER, "seconds",
     "Durations of the sessions recorded, added up.", .put = put_figure_us,
     .at = FIGURES_SESSION_US},
    {"smtptrap_received_bytes", COUNTER, "bytes", "Bytes received in the sessions recorded.",
     .put = put_figure, .at = FIGURES_BYTES_IN},
    {"smtptrap_sent_bytes", COUNTER, "bytes", "Bytes sent in the sessions recorded.",
     .put = put_figure, .at = FIGURES_BYTES_OUT},
    {"smtptrap_messages", COUNTER, NULL,
     "Messages recorded, by verdict and by the version of TLS they came over.",
     .put = put_messages},
    {"smtptrap_message_bytes", COUNTER, "bytes", "Bytes of data of the messages recorded.",
     .put = put_figure, .at = FIGURES_MESSAGE_BYTES},
    {"smtptrap_refusing", GAUGE, NULL,
     "Whether messages are refused because the log directory cannot be written.",
     .put = put_refusing},
    {"smtptrap_workers", GAUGE, NULL, "Workers, by state; each serves one session.",
     .put = put_workers},
    {"smtptrap_workers_max", GAUGE, NULL, "Workers that there may be.", .put = put_workers_max},
    {"smtptrap_worker_forks", COUNTER, NULL, "Workers started.", .put = put_forks},
    {"smtptrap_worker_deaths", COUNTER, NULL, "Workers that died without being asked.",
     .put = put_deaths},
    {"smtptrap_log_bytes", COUNTER, "bytes", "Bytes given to the logs, before compression.",
     ACK(bytes_raw)},
    {"smtptrap_log_commits", COUNTER, NULL, "Batches of messages written and synced.",
     ACK(batches)},
    {"smtptrap_log_records_dropped", COUNTER, NULL,
     "Records that were malformed, or for which there was no room.", ACK(dropped)},
    {"smtptrap_log_messages_refused", COUNTER, NULL, "Messages that could not be stored.",
     ACK(refused)},
    {"smtptrap_log_copies", COUNTER, NULL, "Messages whose bytes were stored before.", ACK(copies)},
    {"smtptrap_log_copies_bytes", COUNTER, "bytes", "Bytes of them that were not stored again.",
     ACK(copies_bytes)},
    {"smtptrap_log_store_index", GAUGE, NULL, "Stored messages whose copies are known.",
     ACK(store_index)},
    {"smtptrap_log_store_index_max", GAUGE, NULL, "Stored messages whose copies can be known.",
     ACK(store_index_max)},
    {"smtptrap_log_bad_frames", COUNTER, NULL, "Frames that the logger took for no worker's.",
     ACK(bad_frames)},
    {"smtptrap_memory_addresses", GAUGE, NULL, "Addresses remembered.", ACK(addresses)},
    {"smtptrap_memory_addresses_max", GAUGE, NULL, "Addresses that can be remembered.",
     ACK(addresses_max)},
    {"smtptrap_memory_summaries_refused", COUNTER, NULL,
     "What workers may not teach the memory of addresses.", ACK(summaries_refused)},
    {"smtptrap_dns_up", GAUGE, NULL,
     "Whether a DNS server answers; no sample where no server is configured.", .put = put_dns_up},
    {"smtptrap_resolver_losses", COUNTER, NULL, "Resolvers that died and were replaced.",
     .put = put_resolver_losses},
};

/* Before OpenMetrics the name of a family was that of its samples, there was no unit, and an info
 * was a gauge. */
static void put_family(struct page *p, const struct family *f)
{
	static const char *const types[] = {
	    [GAUGE] = "gauge", [COUNTER] = "counter", [INFO] = "info"};
	static const char *const comments[] = {"# TYPE ", "# HELP "};

	p->family = f;
	for (size_t i = 0; i < 2; i++) {
		buf_put_str(p->to, comments[i]);
		if (p->openmetrics)
			buf_put_str(p->to, f->name);
		else
			put_name(p);
		buf_printf(p->to, " %s\n",
			   i == 1                               ? f->help
			   : f->type == INFO && !p->openmetrics ? "gauge"
								: types[f->type]);
	}
	if (p->openmetrics && f->unit != NULL)
		buf_printf(p->to, "# UNIT %s %s\n", f->name, f->unit);
	f->put(p);
}

void metrics_put(struct buf *to, enum metrics_format format, const struct boards *b)
{
	struct page p = {.to = to, .openmetrics = format == METRICS_OPENMETRICS, .boards = b};

	put_family(&p, &up);
	for (size_t i = 0; b != NULL && i < sizeof families / sizeof *families; i++)
		put_family(&p, &families[i]);
	if (p.openmetrics)
		buf_put_str(to, "# EOF\n");
}
