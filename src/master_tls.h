/*
 * master_tls.h: the configuration of TLS as the TLS engine takes it.
 */
#ifndef SMTPTRAP_MASTER_TLS_H
#define SMTPTRAP_MASTER_TLS_H

#include "arena.h"
#include "conf.h"
#include "tls.h"

/*
 * The settings that conf asks for, with copies of all they point to in the arena; a configuration
 * without certificates gives none (file_count 0).  NULL if there is no memory.
 */
struct tls_settings *master_tls_settings(const struct conf *conf, struct arena *arena);

/* Whether a trap that was set up with `old` serves `new` too: the same base, and each profile of
 * new is one of old. */
bool master_tls_covers(const struct tls_settings *old, const struct tls_settings *new);

#endif
