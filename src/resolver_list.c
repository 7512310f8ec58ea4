/*
 * resolver_list.c: is an address or a name on a list (RFC 5782).
 *
 * Runs in the resolver.  The text is asked for only where there is a listing.
 */
#include "resolver_internal.h"

static void on_text(void *ctx, const struct dns_answer *texts)
{
	struct job *job = ctx;
	struct span text;
	size_t at = 0;

	for (unsigned n = 0; n < DNS_TEXTS_MAX && dns_answer_next(texts, &at, &text); n++)
		job_add(job, DNS_ITEM_TEXT, text.bytes, text.len);
	job_done(job);
}

/* The name asked about; false if there can be none. */
static bool query_name(const struct job *job, char name[DNS_NAME_TEXT])
{
	const struct dns_ask *ask = &job->ask;

	return (ask->kind == DNS_ASK_DNSBL
		    ? dns_name_of_listed_ip(name, ask->ip, ask->zone)
		    : dns_name_of_listed_name(name, ask->name, ask->zone)) == 0;
}

static void on_codes(void *ctx, const struct dns_answer *codes)
{
	struct job *job = ctx;
	char name[DNS_NAME_TEXT];
	struct span code;
	size_t at = 0;
	bool refused = false;
	unsigned listed = 0;

	while (dns_answer_next(codes, &at, &code)) {
		enum dns_code means = dns_code_of(code.bytes);

		refused |= means == DNS_CODE_REFUSED;
		if (means == DNS_CODE_LISTED && listed++ < DNS_NAMES_MAX)
			job_add(job, DNS_ITEM_CODE, code.bytes, code.len);
	}
	if (listed > 0)
		job->fact = DNS_FACT_LISTED;
	else if (codes->status != DNS_UNKNOWN && !refused)
		job->fact = DNS_FACT_UNLISTED;
	if (listed > 0 && query_name(job, name))
		job_ask(job, DNS_TXT, name, on_text, job);
	job_done(job);
}

void list_start(struct job *job)
{
	char name[DNS_NAME_TEXT];

	if (query_name(job, name))
		job_ask(job, DNS_A, name, on_codes, job);
	else
		job->fact = DNS_FACT_UNLISTED; /* a name too long to be on the list */
}
