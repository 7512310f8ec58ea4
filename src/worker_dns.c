/*
 * worker_dns.c: what a session asks the DNS, and what came of it.
 *
 * Runs in workers.  Look-ups are asked for as soon as their question is known and answered while
 * the session goes on; each question is asked once a session.  Waiting is bounded twice: each
 * look-up has the time-out of the configuration from when it was asked, and all waits of a
 * session together have session-wait.
 */
#include "worker_dns.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "log.h"
#include "path.h"
#include "worker_dns_internal.h"
#include "worker_session.h"

#define COLLECT_MAX (2 * DNS_OPEN_MAX) /* replies at once: this session's, and the last one's */

struct worker_dns *worker_dns_new(const struct worker_args *args)
{
	if (args->conf->dns.nserver == 0)
		return NULL;
	struct worker_dns *d = mmap(NULL, sizeof *d, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (d == MAP_FAILED)
		fatal("memory for look-ups: %s", strerror(errno));
	d->client.fd = args->resolver;
	d->conf = args->conf;
	return d;
}

void worker_dns_reset(struct session *s)
{
	struct worker_dns *d = s->dns;

	if (d == NULL)
		return;
	d->count = 0;
	d->waited_us = 0;
	d->cut = false;
}

void worker_dns_trim(struct session *s)
{
	struct worker_dns *d = s->dns;
	size_t page = 4096, used = (sizeof *d - sizeof d->lookup + page - 1) / page * page;

	if (d != NULL)
		madvise((uint8_t *)d + used, sizeof *d - used, MADV_DONTNEED);
}

/* ---- replies ---- */

static struct dns_lookup *find_open(struct worker_dns *d, uint32_t seq)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->lookup[i].ask.seq == seq && d->lookup[i].state == LOOKUP_OPEN)
			return &d->lookup[i];
	return NULL;
}

/* Those to an earlier session's questions are nobody's.  A resolver that sends without end is read
 * so far and no further: who waits looks at the clock in between. */
void worker_dns_collect(struct worker_dns *d)
{
	struct dns_reply *r = &d->scratch;
	int got = 0;

	for (int i = 0; i < COLLECT_MAX && (got = resolver_client_take(&d->client, r)) > 0; i++) {
		struct dns_lookup *l = find_open(d, r->seq);

		if (l == NULL || l->ask.kind != r->kind)
			continue;
		memcpy(&l->reply, r, offsetof(struct dns_reply, items) + r->items_len);
		l->us = r->us;
		l->state = LOOKUP_ANSWERED;
	}
	for (size_t i = 0; got < 0 && i < d->count; i++)
		if (d->lookup[i].state == LOOKUP_OPEN)
			d->lookup[i].state = LOOKUP_LOST;
}

static void give_up(struct dns_lookup *l, uint64_t now)
{
	l->state = LOOKUP_LOST;
	l->us = now - l->asked_us < UINT32_MAX ? (uint32_t)(now - l->asked_us) : UINT32_MAX;
}

/* How long this look-up may still be waited for. */
static uint64_t time_left(const struct worker_dns *d, const struct dns_lookup *l, uint64_t now)
{
	uint64_t wait = d->conf->dns.session_wait_us, end = l->asked_us + d->conf->dns.timeout_us;
	uint64_t of_session = wait > d->waited_us ? wait - d->waited_us : 0;
	uint64_t of_lookup = end > now ? end - now : 0;

	return of_session < of_lookup ? of_session : of_lookup;
}

static void wait_for(const struct session *s, struct dns_lookup *l)
{
	struct worker_dns *d = s->dns;

	for (worker_dns_collect(d); l->state == LOOKUP_OPEN; worker_dns_collect(d)) {
		uint64_t now = clock_us(), left = time_left(d, l, now);

		if (left == 0 || *s->shutting_down) {
			give_up(l, now);
			return;
		}
		resolver_client_wait(&d->client, left);
		d->waited_us += clock_us() - now;
	}
}

const struct dns_reply *worker_dns_answer(struct session *s, struct dns_lookup *lookup)
{
	if (lookup == NULL)
		return NULL;
	wait_for(s, lookup);
	return lookup->state == LOOKUP_ANSWERED ? &lookup->reply : NULL;
}

static void wait_for_all(struct session *s)
{
	for (size_t i = 0; i < s->dns->count; i++)
		(void)worker_dns_answer(s, &s->dns->lookup[i]);
}

void worker_dns_banner(struct session *s)
{
	if (s->dns != NULL && s->conf->dns.banner_waits)
		wait_for_all(s);
}

void worker_dns_finish(struct session *s)
{
	if (s->dns != NULL)
		wait_for_all(s);
}

/* ---- questions ---- */

struct dns_lookup *worker_dns_ask(struct session *s, const struct dns_ask *ask)
{
	struct worker_dns *d = s->dns;

	for (size_t i = 0; d != NULL && i < d->count; i++)
		if (dns_ask_same(&d->lookup[i].ask, ask))
			return &d->lookup[i];
	if (d == NULL || d->count == WORKER_DNS_LOOKUPS) {
		if (d != NULL)
			d->cut = true;
		return NULL;
	}
	struct dns_lookup *l = &d->lookup[d->count++];
	l->ask = *ask;
	l->asked_us = clock_us();
	l->us = 0;
	l->of_sender = l->of_recipient = false;
	l->state = resolver_client_ask(&d->client, &l->ask) ? LOOKUP_OPEN : LOOKUP_LOST;
	return l;
}

static struct dns_lookup *ask(struct session *s, enum dns_kind kind, const char *name,
			      const char *zone)
{
	struct dns_ask a = {.kind = kind};

	if (kind == DNS_ASK_REVERSE || kind == DNS_ASK_DNSBL)
		memcpy(a.ip, s->client.ip, IP_BYTES);
	strlcpy(a.name, name, sizeof a.name);
	strlcpy(a.zone, zone, sizeof a.zone);
	return worker_dns_ask(s, &a);
}

void worker_dns_connect(struct session *s)
{
	if (s->dns == NULL)
		return;
	worker_dns_collect(s->dns); /* what was left by the session before */
	if (s->conf->dns.reverse)
		(void)ask(s, DNS_ASK_REVERSE, "", "");
	for (size_t i = 0; i < s->conf->dns.ndnsbl; i++)
		(void)ask(s, DNS_ASK_DNSBL, "", s->conf->dns.dnsbl[i]);
}

bool worker_dns_name(struct span bytes, char name[DNS_NAME_TEXT])
{
	return memchr(bytes.bytes, '.', bytes.len) != NULL && !path_is_address(bytes) &&
	       dns_name_copy(name, bytes) == 0;
}

bool worker_dns_helo_name(const struct session *s, char name[DNS_NAME_TEXT])
{
	return s->smtp.helo_len > 0 &&
	       worker_dns_name((struct span){s->smtp.helo, s->smtp.helo_len}, name);
}

bool worker_dns_domain(struct span address, char name[DNS_NAME_TEXT])
{
	const uint8_t *at = address.len > 0 ? memrchr(address.bytes, '@', address.len) : NULL;

	return at != NULL &&
	       worker_dns_name(span_tail(address, (size_t)(at - address.bytes) + 1), name);
}

bool worker_dns_sender_name(const struct session *s, char name[DNS_NAME_TEXT])
{
	return worker_dns_domain(s->smtp.envelope.reverse_path, name);
}

static void ask_lists(struct session *s, const char *name)
{
	for (size_t i = 0; i < s->conf->dns.ndbl; i++)
		(void)ask(s, DNS_ASK_DBL, name, s->conf->dns.dbl[i]);
}

void worker_dns_helo(struct session *s)
{
	char name[DNS_NAME_TEXT];

	if (s->dns != NULL && worker_dns_helo_name(s, name))
		ask_lists(s, name);
}

void worker_dns_mail(struct session *s)
{
	char name[DNS_NAME_TEXT];

	if (s->dns == NULL || !worker_dns_sender_name(s, name))
		return;
	if (s->conf->dns.sender) {
		struct dns_lookup *l = ask(s, DNS_ASK_DOMAIN, name, "");
		if (l != NULL)
			l->of_sender = true;
	}
	ask_lists(s, name);
}
