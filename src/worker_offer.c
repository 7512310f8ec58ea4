/*
 * worker_offer.c: what TLS a client is offered.
 *
 * Runs in workers, once for each client.  In: the configuration, the listener, the client's
 * address, and what is remembered of that from earlier sessions.  Out: a struct offer, which the
 * session obeys and its records name; and at the end what is to be remembered of this one.
 * Where the memory cannot be read at once, the client is offered what a new one is.
 */
#include "worker_offer.h"

#include <string.h>

#include "arm.h"

#define SECOND_US 1000000

static const char *const memory_names[OFFER_MEMORY_COUNT] = {
    [OFFER_MEMORY_NO_CERTIFICATE_REQUEST] = "no_certificate_request",
    [OFFER_MEMORY_NOT_OFFERED] = "not_offered",
};

/* Failures that are not remembered as such; all others are. */
static const struct {
	enum tls_failure failure;
	enum summary_tls lesson;
} exceptions[] = {
    {TLS_FAILURE_CLIENT_CERTIFICATE, SUMMARY_TLS_BAD_CERTIFICATE},
    {TLS_FAILURE_NOT_TLS, SUMMARY_TLS_NOTHING},  /* nothing was learnt of its TLS */
    {TLS_FAILURE_INTERNAL, SUMMARY_TLS_NOTHING}, /* our own, and so are the next */
    {TLS_FAILURE_KEYHOLDER, SUMMARY_TLS_NOTHING},
    {TLS_FAILURE_SHUTDOWN, SUMMARY_TLS_NOTHING},
};

const char *offer_memory_name(enum offer_memory memory)
{
	return memory_names[memory];
}

/* Whether EHLO may announce STARTTLS at this address. */
static bool announces_starttls(const struct offer_facts *f)
{
	return f->identity == NULL ? f->conf->smtp.extensions & CONF_EXT_STARTTLS
				   : f->identity->starttls;
}

/* The client's arm; NULL where it takes no part, for want of TLS or by choice. */
static const struct conf_arm *find_arm(const struct offer_facts *f, bool tls)
{
	return tls && f->listener->experiment ? arm_of(&f->conf->tls.experiment, f->ip) : NULL;
}

/* The entry of the client's address; false: nothing is remembered. */
static bool recall(const struct offer_facts *f, struct address_entry *e)
{
	return f->conf->memory.tls_failures > 0 &&
	       address_find(f->memory, address_key(f->ip), e) == 1 &&
	       address_entry_fresh(e, (uint32_t)(f->now_us / SECOND_US),
				   (uint32_t)(f->conf->memory.tls_within_us / SECOND_US));
}

/* Implicit TLS cannot be left out: there only the request is. */
static void obey_memory(struct offer *o, const struct offer_facts *f, const struct address_entry *e)
{
	o->failures = e->tls_failures > 0;
	if (o->starttls && e->tls_failures >= f->conf->memory.tls_failures) {
		o->starttls = false;
		o->memory = OFFER_MEMORY_NOT_OFFERED;
	} else if (o->ask_certificate) {
		o->ask_certificate = false;
		o->memory = OFFER_MEMORY_NO_CERTIFICATE_REQUEST;
	}
}

struct offer offer_decide(const struct offer_facts *f)
{
	enum conf_tls_mode mode = f->tls_ready ? f->listener->tls : CONF_TLS_OFF;
	bool implicit = mode == CONF_TLS_IMPLICIT;
	bool starttls = mode == CONF_TLS_STARTTLS && announces_starttls(f);
	const struct conf_arm *arm = find_arm(f, implicit || starttls);
	const struct conf_profile *profile =
	    arm == NULL ? NULL : &f->conf->tls.profile[arm->profile_at];
	struct offer offer = {
	    .starttls = starttls && (profile == NULL || profile->offer),
	    .implicit = implicit,
	    .ask_certificate =
		profile == NULL ? f->conf->tls.client_certificate : profile->client_certificate,
	    .arm = arm,
	    .profile = profile,
	};
	struct address_entry e;

	if ((offer.starttls || offer.implicit) && recall(f, &e))
		obey_memory(&offer, f, &e);
	return offer;
}

static const struct conf_profile *find_profile(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->tls.nprofile; i++)
		if (strcmp(conf->tls.profile[i].name, name) == 0)
			return &conf->tls.profile[i];
	return NULL;
}

/* Unknown names were found when the rules were read. */
static void obey_profile(struct offer *o, const struct offer_facts *f, const char *name)
{
	const struct conf_profile *profile = find_profile(f->conf, name);
	bool possible = f->tls_ready && f->listener->tls == CONF_TLS_STARTTLS &&
			announces_starttls(f) && o->memory != OFFER_MEMORY_NOT_OFFERED;

	if (profile == NULL)
		return;
	o->profile = profile;
	o->starttls = possible && profile->offer;
	o->refused_by_rule = possible && !profile->offer;
	o->ask_certificate =
	    profile->client_certificate && o->memory != OFFER_MEMORY_NO_CERTIFICATE_REQUEST;
}

void offer_obey_rule(struct offer *o, const struct offer_facts *f,
		     const struct rule_options *options)
{
	if (!(options->set & RULE_SET_TLS))
		return;
	if (options->tls == RULE_TLS_OPTION_PROFILE) {
		obey_profile(o, f, options->profile);
	} else if (options->tls == RULE_TLS_OPTION_NO_CLIENT_CERT) {
		o->ask_certificate = false;
	} else {
		o->refused_by_rule = o->starttls;
		o->starttls = false;
	}
}

static enum summary_tls lesson_of_failure(enum tls_failure failure)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
		if (exceptions[i].failure == failure)
			return exceptions[i].lesson;
	return SUMMARY_TLS_FAILED;
}

enum summary_tls offer_lesson(const struct conf *conf, const struct offer *offer,
			      const struct tls_info *info)
{
	if (conf->memory.tls_failures == 0)
		return SUMMARY_TLS_NOTHING;
	if (info->outcome == TLS_FAILED)
		return lesson_of_failure(info->failure);
	if (info->outcome == TLS_NEGOTIATED && offer->failures && conf->memory.tls_forgive)
		return SUMMARY_TLS_NEGOTIATED;
	return SUMMARY_TLS_NOTHING;
}
