/*
 * resolver_domain.c: could mail to a domain be delivered: its MX (RFC 5321, 5.1), a null MX
 * (RFC 7505), and whether the addresses make sense.
 *
 * Runs in the resolver.  The domain is under a stranger's control: at most DNS_NAMES_MAX hosts
 * are looked up.
 */
#include <stdlib.h>
#include <string.h>

#include "resolver_internal.h"

struct host {
	struct job *job;
	bool bad_name;
	struct dns_addresses addresses;
	char name[DNS_NAME_TEXT];
};

struct domain {
	enum dns_fact fact; /* DNS_FACT_COUNT: the hosts decide */
	bool mx;
	unsigned count;
	struct host host[DNS_NAMES_MAX];
};

static void on_addresses(void *ctx, const struct dns_answer *addresses)
{
	struct host *h = ctx;

	dns_addresses_add(&h->addresses, addresses);
	job_done(h->job);
}

static void ask_hosts(struct job *job, struct domain *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		struct host *h = &d->host[i];

		h->job = job;
		if (h->bad_name)
			continue;
		job_ask(job, DNS_A, h->name, on_addresses, h);
		job_ask(job, DNS_AAAA, h->name, on_addresses, h);
	}
}

static void on_mx(void *ctx, const struct dns_answer *mx)
{
	struct job *job = ctx;
	struct domain *d = job->state;
	struct span value;
	size_t at = 0;

	d->fact = dns_mx_fact(mx);
	d->mx = mx->status == DNS_FOUND;
	while (d->fact == DNS_FACT_COUNT && d->count < DNS_NAMES_MAX &&
	       dns_answer_next(mx, &at, &value)) {
		struct host *h = &d->host[d->count++];

		h->bad_name = dns_name_copy(h->name, span_tail(value, 2)) < 0;
	}
	if (d->fact == DNS_FACT_COUNT && !d->mx) {
		d->count = 1; /* the implicit MX */
		strlcpy(d->host[0].name, job->ask.name, sizeof d->host[0].name);
	}
	ask_hosts(job, d);
	job_done(job);
}

void domain_start(struct job *job)
{
	job->state = calloc(1, sizeof(struct domain));
	if (job->state == NULL)
		return;
	job_ask(job, DNS_MX, job->ask.name, on_mx, job);
}

void domain_finish(struct job *job)
{
	const struct domain *d = job->state;
	enum dns_host best = DNS_HOST_NO_ADDRESS;

	if (d == NULL)
		return;
	for (unsigned i = 0; i < d->count; i++) {
		enum dns_host is = dns_host_of(&d->host[i].addresses);

		if (is > best)
			best = is;
	}
	job->fact = d->fact == DNS_FACT_COUNT ? dns_domain_fact(best, d->mx) : d->fact;
}
