/*
 * conf_identity.h: identities: what the trap is at some of its addresses.
 */
#ifndef SMTPTRAP_CONF_IDENTITY_H
#define SMTPTRAP_CONF_IDENTITY_H

#include "conf_block.h"

/* Behind the keys of an `identity` block: what must agree within it.  Always 0. */
int conf_identity_end(struct conf_reading *r, void *identity);

/* When all is read and the host name is known: fill in what identities inherit, and check them
 * against each other and the rest. */
void conf_identity_finish(struct conf_reading *r);

/*
 * The first identity that holds for a client that reached this address (IP_BYTES) and port by this
 * listener; NULL: none does, what stands outside of all does.
 */
const struct conf_identity *conf_identity_find(const struct conf *conf, const uint8_t *ip,
					       uint16_t port, const struct conf_listen *listener);

#define CONF_IDENTITY_PROFILE_MAX 512 /* a profile's name, "@", a host name of 255 bytes */

/*
 * The name of a profile (NULL: the tls block's own settings) as it is served where this identity
 * (NULL: none) holds: with the identity's certificates, where it has some and the profile none of
 * its own.  Written to name, which is returned.
 */
const char *conf_identity_profile(const struct conf_profile *profile,
				  const struct conf_identity *identity,
				  char name[CONF_IDENTITY_PROFILE_MAX]);

#endif
