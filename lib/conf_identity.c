/*
 * conf_identity.c: identities: what the trap is at some of its addresses.
 *
 * Runs where a configuration is read, and conf_identity_find() in workers, once for each client.
 * An identity inherits what it does not name.  What is wrong goes to the list of errors: among
 * that, an identity that can never be found because an earlier one holds for all that it would.
 */
#include "conf_identity.h"

#include "conf_suggest.h"

#include <string.h>

/* ---- finding ---- */

const struct conf_identity *conf_identity_find(const struct conf *conf, const uint8_t *ip,
					       uint16_t port, const struct conf_listen *listener)
{
	for (size_t i = 0; i < conf->nidentity; i++) {
		const struct conf_identity *id = &conf->identity[i];
		if ((id->nlocal == 0 || ip_nets_match(id->local, id->nlocal, ip)) &&
		    (id->port == 0 || id->port == port) &&
		    (id->listener == NULL || strcmp(id->listener, listener->name) == 0))
			return id;
	}
	return NULL;
}

const char *conf_identity_profile(const struct conf_profile *profile,
				  const struct conf_identity *identity,
				  char name[CONF_IDENTITY_PROFILE_MAX])
{
	strlcpy(name, profile == NULL ? "" : profile->name, CONF_IDENTITY_PROFILE_MAX);
	if (identity != NULL && identity->npair > 0 && (profile == NULL || !profile->own_pairs)) {
		strlcat(name, "@", CONF_IDENTITY_PROFILE_MAX);
		strlcat(name, identity->name, CONF_IDENTITY_PROFILE_MAX);
	}
	return name;
}

/* ---- reading ---- */

int conf_identity_end(struct conf_reading *r, void *identity)
{
	struct conf_identity *id = identity;
	size_t at = (size_t)(id - r->conf->identity);
	struct conf_mark certificate = conf_block_seen(r, CONF_IDENTITY, "certificate");
	struct conf_mark listener = conf_block_seen(r, CONF_IDENTITY, "listener");

	id->ehlo_named = conf_block_seen(r, CONF_IDENTITY, "extensions").word != NULL;
	r->identity_listener[at] = r->elements[CONF_IDENTITY][at];
	if (id->listener != NULL)
		r->identity_listener[at] =
		    (struct conf_mark){listener.statement, listener.word + 1};
	if (id->npair > 0 && id->pair[id->npair - 1].key == NULL) {
		struct conf_place place = conf_word_place(certificate.statement, certificate.word);
		conf_error_add(r->errors, &place, "this certificate has no key");
	}
	return 0;
}

static struct conf_place place_of(const struct conf_reading *r, size_t at)
{
	const struct conf_mark *mark = &r->elements[CONF_IDENTITY][at];

	return conf_word_place(mark->statement, mark->word);
}

static void inherit(const struct conf *conf, struct conf_identity *id)
{
	if (id->hostname == NULL)
		id->hostname = conf->hostname;
	if (id->name == NULL)
		id->name = id->hostname;
	if (id->banner == NULL && id->looks_like == CONF_LOOKS_NONE)
		id->banner = conf->banner;
	id->starttls = (conf->smtp.extensions & CONF_EXT_STARTTLS) != 0;
	if (!id->ehlo_named)
		return;
	id->starttls = id->nehlo > 0 && memchr(id->ehlo, CONF_EHLO_STARTTLS, id->nehlo) != NULL;
}

/* ---- what must agree ---- */

static void check_listener(struct conf_reading *r, size_t at)
{
	const struct conf_identity *id = &r->conf->identity[at];
	const struct conf_mark *mark = &r->identity_listener[at];
	struct conf_place place = conf_word_place(mark->statement, mark->word);
	struct conf_suggestion near = {.word = id->listener};

	if (id->listener == NULL)
		return;
	near.len = strlen(id->listener);
	for (size_t i = 0; i < r->conf->nlisten; i++) {
		if (strcmp(r->conf->listen[i].name, id->listener) == 0)
			return;
		conf_suggest_try(&near, r->conf->listen[i].name);
	}
	place.meant = near.best;
	conf_error_add(r->errors, &place, "there is no listener of this name");
}

/* Whether all of net lies in one of the networks of an identity. */
static bool covers_net(const struct conf_identity *id, const struct ip_net *net)
{
	for (size_t i = 0; i < id->nlocal; i++)
		if (id->local[i].bits <= net->bits && ip_net_match(&id->local[i], net->ip))
			return true;
	return id->nlocal == 0;
}

/* Whether `first` holds wherever `second` does. */
static bool covers(const struct conf_identity *first, const struct conf_identity *second)
{
	if ((first->port != 0 && first->port != second->port) ||
	    (first->listener != NULL &&
	     (second->listener == NULL || strcmp(first->listener, second->listener) != 0)))
		return false;
	for (size_t i = 0; i < second->nlocal; i++)
		if (!covers_net(first, &second->local[i]))
			return false;
	return second->nlocal > 0 || first->nlocal == 0;
}

static void check_two(struct conf_reading *r, size_t first, size_t second)
{
	const struct conf_identity *a = &r->conf->identity[first];
	const struct conf_identity *b = &r->conf->identity[second];
	struct conf_place place = place_of(r, second);
	uint32_t line = r->elements[CONF_IDENTITY][first].word->line;

	if (strcmp(a->name, b->name) == 0)
		conf_error_add(r->errors, &place,
			       "the identity block of line %u has the same name, %s: \"name\" "
			       "tells them apart",
			       line, b->name);
	if (covers(a, b))
		conf_error_add(r->errors, &place,
			       "this identity is never found: that of line %u holds for all of it",
			       line);
}

/* TLS is set up where the tls block has certificates. */
static void check_pairs(struct conf_reading *r, size_t at)
{
	struct conf_place place = place_of(r, at);

	if (r->conf->identity[at].npair > 0 && r->conf->tls.npair == 0)
		conf_error_add(r->errors, &place,
			       "an identity with a certificate needs one in the tls block too");
}

void conf_identity_finish(struct conf_reading *r)
{
	struct conf *conf = r->conf;

	for (size_t i = 0; i < conf->nidentity; i++) {
		inherit(conf, &conf->identity[i]);
		check_listener(r, i);
		check_pairs(r, i);
		for (size_t j = 0; j < i; j++)
			check_two(r, j, i);
	}
}
