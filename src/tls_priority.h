/*
 * tls_priority.h: which protocol versions, cipher suites, groups and signatures are served.
 */
#ifndef SMTPTRAP_TLS_PRIORITY_H
#define SMTPTRAP_TLS_PRIORITY_H

#include <stdbool.h>

#include "tls.h"

#define TLS_PRIORITY_MAX 1600 /* bytes of our own string, about 1,200 */

/* Write to `to` our priority string for what the profile serves; its own string is not looked at. */
void tls_priority_build(const struct tls_profile *profile, char to[TLS_PRIORITY_MAX]);

/* The profile's own string if it has one, else ours, which is written to `own`. */
const char *tls_priority_text(const struct tls_profile *profile, char own[TLS_PRIORITY_MAX]);

/* Does a priority string add this version by its name? */
bool tls_priority_names(const char *priority, enum tls_version version);

/* The version that has this number in the library; TLS_NO_VERSION: none of ours. */
enum tls_version tls_version_from_library(int protocol);

/* Has the library that is loaded this version?  (Debian's has no SSL 3.0.) */
bool tls_version_in_library(enum tls_version version);

/* Load the library, once a process family, with the machine's policy file shut out. */
void tls_library_start(void);

#endif
