/*
 * worker_dns.h: what a session asks the DNS, and what came of it.
 *
 * A look-up is asked for when its question is known, and nobody waits: an answer is collected
 * where it is needed.  One that does not come in time is unknown, which is a fact like others.
 * Without DNS in the configuration all of these do nothing.
 */
#ifndef SMTPTRAP_WORKER_DNS_H
#define SMTPTRAP_WORKER_DNS_H

#include "dns_msg.h"
#include "record.h"

struct session;
struct worker_dns;
struct worker_args;

/* Once in the life of a worker; NULL if no DNS is configured.  Fatal without memory. */
struct worker_dns *worker_dns_new(const struct worker_args *args);

/* A session begins: nothing is asked yet. */
void worker_dns_reset(struct session *s);

/* Ask what the configuration wants to know: of the client's address, after a PROXY header; of the
 * name in HELO or EHLO; of the reverse-path's domain. */
void worker_dns_connect(struct session *s);
void worker_dns_helo(struct session *s);
void worker_dns_mail(struct session *s);

/* The greeting is due: wait for the look-ups so far, if the configuration says so. */
void worker_dns_banner(struct session *s);

/* The client is gone: give what is under way its time, for the record. */
void worker_dns_finish(struct session *s);

/* Put the facts: of the session, or of the message whose envelope is there. */
void worker_dns_put(struct session *s, enum record_type type, struct buf *to);

/* An idle worker gives memory back. */
void worker_dns_trim(struct session *s);

/* ---- facts for those who decide ---- */

struct dns_lookup;

/* The look-up for this question (its number does not count), asked now if it was not before.
 * NULL: there is no DNS, the question has no legal names, or the session has had too many. */
struct dns_lookup *worker_dns_ask(struct session *s, const struct dns_ask *ask);

/*
 * Its answer, waited for as long as the configuration allows this look-up and this session.
 * NULL: unknown.  lookup may be NULL.  Valid until the session ends.
 */
const struct dns_reply *worker_dns_answer(struct session *s, struct dns_lookup *lookup);

#endif
