/*
 * worker_rules.h: the rules of smtptrap-rules(5) in a session: what is known is put before them at
 * each phase, and what they say is done.
 *
 * Without rules all of these do nothing.
 */
#ifndef SMTPTRAP_WORKER_RULES_H
#define SMTPTRAP_WORKER_RULES_H

#include <stdbool.h>

#include "hello_put.h"
#include "record.h"
#include "smtp.h"
#include "worker_offer.h"

struct session;
struct worker_rules;
struct worker_args;
struct rules_fate;

/* Once in the life of a worker; NULL: there are no rules.  Fatal without memory. */
struct worker_rules *worker_rules_new(const struct worker_args *args);

/* A session begins, smtp_init() is done: from here on the machine asks the rules at HELO, MAIL,
 * RCPT and DATA. */
void worker_rules_begin(struct session *s);

/* The client's address is known and the offer made, from facts: decide @connect.  Changes
 * the offer as the rules want. */
void worker_rules_connect(struct session *s, const struct offer_facts *facts);

/* The connection is to be closed without a word; noted in the dialogue. */
bool worker_rules_drop(struct session *s);

/* The greeting that the rules want; false: they have none. */
bool worker_rules_greeting(struct session *s, struct smtp_verdict *v);

/* A rule looks at what is made from ClientHellos; and here it is. */
bool worker_rules_want_hello(const struct session *s);
void worker_rules_hello(struct session *s, const struct hello_prints *prints);

/* The message is complete, bytes in the store, its record's id made: decide @message.  *fate is
 * what becomes of it without rules, and changed where they say so. */
void worker_rules_message(struct session *s, const char *id, struct rules_fate *fate);

/* Wait as the last decision wants, with all that was kept back sent before.  False: the session is
 * over, s->client.end says why. */
bool worker_rules_pause(struct session *s);

/* Put the fields: of the session, or of the present message. */
void worker_rules_put(struct session *s, enum record_type type, struct buf *to);

#endif
