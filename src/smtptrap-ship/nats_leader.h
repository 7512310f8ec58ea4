/*
 * nats_leader.h: whether the leader of the stream may be given records.
 *
 * A leader of nats-server 2.9 that was just elected takes messages before it has applied its own
 * log, and misnumbers them: replicas may come to differ for good (doc/FLEET.md).  So it is asked
 * first for the number of this sensor's last record, which it tells from what it has applied.
 */
#ifndef SMTPTRAP_SHIP_NATS_LEADER_H
#define SMTPTRAP_SHIP_NATS_LEADER_H

#include "nats_link.h"

/* Zeroed at first. */
struct nats_leader {
	bool again;            /* set by the caller: there was trouble since the start */
	uint64_t behind_since; /* when it did first not have what was acknowledged; 0: it has it */
};

/*
 * Ask the leader, nothing being stored.  *last is the highest number that a record of this sensor
 * was acknowledged with (0: none), and becomes that of its last record in the stream (0: none) when
 * the leader may be given more.  After trouble the number must not change for three seconds, nor an
 * answer take long; fifteen at most, as another shipper of the sensor may be publishing.  It must not be lower than what was
 * acknowledged; if it is for ten seconds, the servers have lost records: SHIP_LOST with why, and
 * *last is what is left.  Returns SHIP_TAKEN, or SHIP_TROUBLE with why: no leader answers within
 * conf->nats.ack_timeout_us, or it has not read its log.
 */
int nats_leader_ready(struct nats_leader *l, uint64_t *last, const struct nats_link *link,
		      const struct ship_conf *conf, struct buf *why);

#endif
