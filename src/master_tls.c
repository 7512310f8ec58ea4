/*
 * master_tls.c: the configuration of TLS as the TLS engine takes it.
 *
 * Runs in the master, at start and on SIGHUP.  In: a configuration.  Out: settings that outlive it,
 * for what was set up at the start is what each later configuration is compared with: certificates,
 * versions and tickets cannot change while the trap runs, which arm has which of the profiles can.
 */
#include "master_tls.h"

#include <string.h>

#include "conf_identity.h"

static const enum tls_version versions[] = {[CONF_TLS_SSL3] = TLS_SSL3_0,
					    [CONF_TLS_1_0] = TLS_1_0,
					    [CONF_TLS_1_1] = TLS_1_1,
					    [CONF_TLS_1_2] = TLS_1_2,
					    [CONF_TLS_1_3] = TLS_1_3};
static const enum tls_key_type key_types[] = {
    [CONF_KEY_ANY] = TLS_KEY_ANY, [CONF_KEY_RSA] = TLS_KEY_RSA, [CONF_KEY_ECDSA] = TLS_KEY_ECDSA};

/* ---- from the configuration ---- */

/* Copies in an arena; once one has failed, all is for nothing. */
struct copying {
	struct arena *arena;
	bool failed;
};

static void *room(struct copying *c, size_t count, size_t size)
{
	void *memory = arena_alloc(c->arena, count * size);

	c->failed |= memory == NULL;
	return memory;
}

static const char *copy(struct copying *c, const char *text)
{
	char *to = arena_copy(c->arena, text, strlen(text));

	c->failed |= to == NULL;
	return to;
}

/* A priority string; NULL where there is none. */
static const char *copy_priority(struct copying *c, const char *text)
{
	return *text == '\0' ? NULL : copy(c, text);
}

static const struct tls_files *copy_files(struct copying *c, const struct conf_keypair *pairs,
					  size_t count)
{
	struct tls_files *files = room(c, count, sizeof *files);

	for (size_t i = 0; files != NULL && i < count; i++)
		files[i] = (struct tls_files){.certificate = copy(c, pairs[i].certificate),
					      .key = copy(c, pairs[i].key)};
	return files;
}

/* A profile as it is where this identity holds; identity NULL: outside of all. */
static struct tls_profile copy_profile(struct copying *c, const struct conf_profile *p,
				       const struct conf_identity *identity)
{
	char name[CONF_IDENTITY_PROFILE_MAX];
	bool takes_pairs = identity != NULL && !p->own_pairs;
	const struct conf_keypair *pairs = takes_pairs ? identity->pair : p->pair;
	size_t npair = takes_pairs ? identity->npair : p->npair;

	return (struct tls_profile){
	    .name = copy(c, conf_identity_profile(p, identity, name)),
	    .files = copy_files(c, pairs, npair),
	    .file_count = npair,
	    .key_type = key_types[p->key_type],
	    .minimum = versions[p->minimum],
	    .maximum = versions[p->maximum],
	    .modern = p->ciphers == CONF_CIPHERS_MODERN,
	    .priority = copy_priority(c, p->priority),
	    .no_tickets = !p->tickets,
	    .expired = p->expired,
	};
}

/* What sessions without an arm get where this identity holds. */
static struct conf_profile base_profile(const struct conf *conf)
{
	return (struct conf_profile){.name = "",
				     .offer = true,
				     .minimum = conf->tls.minimum,
				     .maximum = CONF_TLS_1_3,
				     .priority = conf->tls.priority,
				     .tickets = conf->tls.tickets};
}

/* The profiles of one identity, or those outside of all, behind the settings' others. */
static void add_profiles(struct copying *c, const struct conf *conf,
			 const struct conf_identity *identity, struct tls_settings *settings,
			 struct tls_profile *to)
{
	const struct conf_profile base = base_profile(conf);

	if (identity != NULL)
		to[settings->profile_count++] = copy_profile(c, &base, identity);
	for (size_t i = 0; i < conf->tls.nprofile; i++) {
		const struct conf_profile *p = &conf->tls.profile[i];
		/* Those without TLS serve nothing. */
		if (p->offer && (identity == NULL || !p->own_pairs))
			to[settings->profile_count++] = copy_profile(c, p, identity);
	}
}

struct tls_settings *master_tls_settings(const struct conf *conf, struct arena *arena)
{
	struct copying c = {.arena = arena};
	size_t count = (conf->tls.nprofile + 1) * (conf->nidentity + 1);
	struct tls_profile *profiles = room(&c, count, sizeof *profiles);
	struct tls_settings *settings = room(&c, 1, sizeof *settings);

	if (profiles == NULL || settings == NULL)
		return NULL;
	*settings = (struct tls_settings){
	    .files = copy_files(&c, conf->tls.pair, conf->tls.npair),
	    .file_count = conf->tls.npair,
	    .minimum = versions[conf->tls.minimum],
	    .priority = copy_priority(&c, conf->tls.priority),
	    .no_tickets = !conf->tls.tickets,
	    .profiles = profiles,
	};
	if (conf->tls.npair > 0)
		add_profiles(&c, conf, NULL, settings, profiles);
	for (size_t i = 0; i < conf->nidentity && conf->tls.npair > 0; i++)
		if (conf->identity[i].npair > 0)
			add_profiles(&c, conf, &conf->identity[i], settings, profiles);
	return c.failed ? NULL : settings;
}

/* ---- old and new ---- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_files(const struct tls_files *a, size_t a_count, const struct tls_files *b,
		       size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!same_text(a[i].certificate, b[i].certificate) ||
		    !same_text(a[i].key, b[i].key))
			return false;
	return true;
}

static bool same_profile(const struct tls_profile *a, const struct tls_profile *b)
{
	return same_text(a->name, b->name) &&
	       same_files(a->files, a->file_count, b->files, b->file_count) &&
	       a->key_type == b->key_type && a->minimum == b->minimum && a->maximum == b->maximum &&
	       a->modern == b->modern && same_text(a->priority, b->priority) &&
	       a->no_tickets == b->no_tickets && a->expired == b->expired;
}

static bool has_profile(const struct tls_settings *settings, const struct tls_profile *profile)
{
	for (size_t i = 0; i < settings->profile_count; i++)
		if (same_profile(&settings->profiles[i], profile))
			return true;
	return false;
}

bool master_tls_covers(const struct tls_settings *old, const struct tls_settings *new)
{
	if (!same_files(old->files, old->file_count, new->files, new->file_count) ||
	    old->minimum != new->minimum || !same_text(old->priority, new->priority) ||
	    old->no_tickets != new->no_tickets)
		return false;
	for (size_t i = 0; i < new->profile_count; i++)
		if (!has_profile(old, &new->profiles[i]))
			return false;
	return true;
}
