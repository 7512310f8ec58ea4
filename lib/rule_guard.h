/*
 * rule_guard.h: rules that stand under no key, put behind conditions that they share; private to
 * rule_*.
 */
#ifndef SMTPTRAP_RULE_GUARD_H
#define SMTPTRAP_RULE_GUARD_H

#include "arena.h"

struct rules;

/* Take rules out of rules->index.always and put them behind guards, where there are some.  Returns 0
 * or ERR_MEMORY. */
int rule_guard_build(struct rules *rules, struct arena *arena);

#endif
