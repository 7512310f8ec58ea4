/*
 * conf_tls.c: profiles and the experiment: what the tls block's own blocks mean together.
 *
 * Runs wherever a configuration is read.  A profile begins as a copy of the tls block, takes what
 * the built-in profile of its name says, and then what its block says.  Built-in profiles that no
 * block writes out come into being when an arm names them.  What is wrong goes to the list of
 * errors.
 */
#include "conf_tls.h"

#include "conf_suggest.h"
#include "err.h"

#include <string.h>

/* What a built-in profile says. */
enum {
	SAYS_OFFER = 1 << 0,
	SAYS_KEY_TYPE = 1 << 1,
	SAYS_MINIMUM = 1 << 2,
	SAYS_MAXIMUM = 1 << 3,
	SAYS_CIPHERS = 1 << 4,
	SAYS_REQUEST = 1 << 5,
	SAYS_VERSIONS = SAYS_MINIMUM | SAYS_MAXIMUM | SAYS_CIPHERS,
};

static const struct preset {
	unsigned says;
	struct conf_profile is;
} presets[] = {
    {SAYS_VERSIONS, {.name = "legacy", .minimum = CONF_TLS_SSL3, .maximum = CONF_TLS_1_3}},
    {SAYS_VERSIONS,
     {.name = "modern",
      .minimum = CONF_TLS_1_2,
      .maximum = CONF_TLS_1_3,
      .ciphers = CONF_CIPHERS_MODERN}},
    {SAYS_REQUEST, {.name = "no-request", .client_certificate = false}},
    {0, {.name = "expired", .expired = true}},
    {SAYS_KEY_TYPE, {.name = "rsa", .key_type = CONF_KEY_RSA}},
    {SAYS_MAXIMUM, {.name = "tls12", .maximum = CONF_TLS_1_2}},
    {SAYS_OFFER, {.name = "none", .offer = false}},
};
#define PRESETS (sizeof presets / sizeof *presets)

static const struct preset *find_preset(const char *name)
{
	for (size_t i = 0; i < PRESETS; i++)
		if (strcmp(presets[i].is.name, name) == 0)
			return &presets[i];
	return NULL;
}

/* ---- one profile ---- */

static void apply(struct conf_profile *p, const struct preset *preset)
{
	const struct conf_profile *is = &preset->is;
	unsigned says = preset->says;

	p->offer = says & SAYS_OFFER ? is->offer : p->offer;
	p->key_type = says & SAYS_KEY_TYPE ? is->key_type : p->key_type;
	p->minimum = says & SAYS_MINIMUM ? is->minimum : p->minimum;
	p->maximum = says & SAYS_MAXIMUM ? is->maximum : p->maximum;
	p->ciphers = says & SAYS_CIPHERS ? is->ciphers : p->ciphers;
	p->client_certificate =
	    says & SAYS_REQUEST ? is->client_certificate : p->client_certificate;
	p->priority = says & SAYS_VERSIONS ? "" : p->priority;
	p->expired = is->expired;
}

void conf_profile_begin(const struct conf *conf, void *profile)
{
	struct conf_profile *p = profile;
	const struct preset *preset = find_preset(p->name);

	p->offer = true;
	p->minimum = conf->tls.minimum;
	p->maximum = CONF_TLS_1_3;
	p->priority = conf->tls.priority;
	p->client_certificate = conf->tls.client_certificate;
	p->tickets = conf->tls.tickets;
	if (preset != NULL)
		apply(p, preset);
}

/* Errors about the profile as a whole point to mark. */
static void complete(struct conf_reading *r, struct conf_profile *p, const struct conf_mark *mark)
{
	struct conf_place place = conf_word_place(mark->statement, mark->word);

	if (p->expired && p->npair == 0)
		conf_error_add(r->errors, &place,
			       "the profile %s needs a certificate that has expired, and its key",
			       p->name);
	p->own_pairs = p->npair > 0;
	if (!p->own_pairs) {
		p->pair = r->conf->tls.pair;
		p->npair = r->conf->tls.npair;
	}
	if (p->minimum > p->maximum && *p->priority == '\0')
		conf_error_add(r->errors, &place,
			       "the minimum of the profile %s is over its maximum", p->name);
}

static bool seen(const struct conf_reading *r, const char *key)
{
	return conf_block_seen(r, CONF_PROFILE, key).word != NULL;
}

int conf_profile_end(struct conf_reading *r, void *profile)
{
	struct conf_profile *p = profile;
	struct conf_mark priority = conf_block_seen(r, CONF_PROFILE, "priority");
	bool versions = seen(r, "minimum") || seen(r, "maximum") || seen(r, "ciphers");

	if (versions && priority.word != NULL) {
		struct conf_place place = conf_word_place(priority.statement, priority.word);
		conf_error_add(
		    r->errors, &place,
		    "priority stands instead of minimum, maximum and ciphers, not beside "
		    "them");
	} else if (versions) {
		p->priority = "";
	}
	if (p->npair > 0 && p->pair[p->npair - 1].key == NULL) {
		struct conf_mark mark = conf_block_seen(r, CONF_PROFILE, "certificate");
		struct conf_place place = conf_word_place(mark.statement, mark.word);
		conf_error_add(r->errors, &place, "this certificate has no key");
	}
	complete(r, p, &r->elements[CONF_PROFILE][p - r->conf->tls.profile]);
	return 0;
}

/* ---- arms ---- */

int conf_arm_end(struct conf_reading *r, void *arm)
{
	struct conf_arm *a = arm;
	size_t at = (size_t)(a - r->conf->tls.experiment.arm);
	struct conf_mark mark = conf_block_seen(r, CONF_ARM, "profile");

	r->arm_profile[at] = r->elements[CONF_ARM][at];
	if (a->profile == NULL) /* or its value is wrong, which has been said */
		a->profile = a->name;
	else
		r->arm_profile[at] = (struct conf_mark){mark.statement, mark.word + 1};
	return 0;
}

static size_t find_profile(const struct conf *conf, const char *name)
{
	size_t i = 0;

	while (i < conf->tls.nprofile && strcmp(conf->tls.profile[i].name, name) != 0)
		i++;
	return i;
}

static void no_profile(struct conf_reading *r, const struct conf_arm *arm,
		       const struct conf_mark *mark)
{
	struct conf_suggestion near = {.word = arm->profile, .len = strlen(arm->profile)};
	struct conf_place place = conf_word_place(mark->statement, mark->word);

	for (size_t i = 0; i < r->conf->tls.nprofile; i++)
		conf_suggest_try(&near, r->conf->tls.profile[i].name);
	for (size_t i = 0; i < PRESETS; i++)
		conf_suggest_try(&near, presets[i].is.name);
	place.meant = near.best;
	conf_error_add(r->errors, &place, "the arm %s names a profile that is not there",
		       arm->name);
}

/* Bring the built-in profile that an arm names into being. */
static int add_preset(struct conf_reading *r, const struct preset *preset,
		      const struct conf_mark *mark)
{
	struct conf *conf = r->conf;

	if (conf->tls.nprofile == CONF_PROFILE_MAX) {
		struct conf_place place = conf_word_place(mark->statement, mark->word);
		conf_error_add(r->errors, &place, "more than %d profiles", CONF_PROFILE_MAX);
		return 0;
	}
	struct conf_profile *profiles =
	    arena_grow(conf->arena, conf->tls.profile, conf->tls.nprofile, sizeof *profiles);
	if (profiles == NULL)
		return ERR_MEMORY;
	conf->tls.profile = profiles;
	struct conf_profile *p = &profiles[conf->tls.nprofile++];
	p->name = preset->is.name;
	conf_profile_begin(conf, p);
	complete(r, p, mark);
	return 0;
}

static int resolve_arm(struct conf_reading *r, struct conf_arm *arm, const struct conf_mark *mark)
{
	const struct preset *preset = find_preset(arm->profile);

	arm->profile_at = find_profile(r->conf, arm->profile);
	if (arm->profile_at < r->conf->tls.nprofile)
		return 0;
	if (preset != NULL)
		return add_preset(r, preset, mark); /* which takes that place */
	no_profile(r, arm, mark);
	return 0;
}

/* ---- the experiment ---- */

/* An arm without TLS cannot apply where TLS comes first: its addresses would be served
 * differently from what the record says, or be missing from one arm only. */
static void check_implicit(struct conf_reading *r, const struct conf_arm *arm)
{
	const struct conf *conf = r->conf;

	if (arm->profile_at >= conf->tls.nprofile || conf->tls.profile[arm->profile_at].offer)
		return;
	for (size_t i = 0; i < conf->nlisten; i++) {
		const struct conf_mark *mark = &r->elements[CONF_LISTEN][i];
		struct conf_place place = conf_word_place(mark->statement, mark->word);
		if (conf->listen[i].tls == CONF_TLS_IMPLICIT && conf->listen[i].experiment)
			conf_error_add(r->errors, &place,
				       "the arm %s has no TLS, which cannot be on this listener: "
				       "\"experiment no\" takes it out",
				       arm->name);
	}
}

int conf_tls_finish(struct conf_reading *r)
{
	struct conf_experiment *e = &r->conf->tls.experiment;
	const struct conf_mark *mark = &r->blocks[CONF_EXPERIMENT];

	for (size_t i = 0; i < e->narm; i++) {
		if (resolve_arm(r, &e->arm[i], &r->arm_profile[i]) < 0)
			return ERR_MEMORY;
		check_implicit(r, &e->arm[i]);
	}
	if (mark->word == NULL)
		return 0;
	struct conf_place place = conf_word_place(mark->statement, mark->word);
	if (e->narm == 0)
		conf_error_add(r->errors, &place, "the experiment has no arm");
	if (r->conf->tls.npair == 0)
		conf_error_add(r->errors, &place,
			       "an experiment needs a certificate in the tls block");
	return 0;
}
