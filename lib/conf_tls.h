/*
 * conf_tls.h: profiles and the experiment: what the tls block's own blocks mean together.
 */
#ifndef SMTPTRAP_CONF_TLS_H
#define SMTPTRAP_CONF_TLS_H

#include "conf_block.h"

/* Before the keys of a `profile` block: set the struct conf_profile, which has its name, to what
 * the tls block says, and then to what the built-in profile of that name says. */
void conf_profile_begin(const struct conf *conf, void *profile);

/* Behind them: what must agree, and the certificates of the tls block if there are no others.
 * Always 0. */
int conf_profile_end(struct conf_reading *r, void *profile);

/* Behind the keys of an `arm` block: note which profile it names, and where.  Always 0. */
int conf_arm_end(struct conf_reading *r, void *arm);

/* When all is read: find each arm's profile, make the built-in ones that are named, and check the
 * experiment against the rest.  Returns 0 or ERR_MEMORY. */
int conf_tls_finish(struct conf_reading *r);

#endif
