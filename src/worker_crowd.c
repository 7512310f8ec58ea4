/*
 * worker_crowd.c: how many sessions an address may have at once.
 *
 * Runs in workers, once a session, before the client hears anything.  In: the status board, whose
 * slots other workers write.  Nothing there is trusted: it decides whether a client is served now,
 * and nothing else.  Sessions are counted in the order in which their addresses were known, so
 * those that come at the same moment do not refuse each other.
 */
#include "worker_crowd.h"

#include <string.h>

#include "clock.h"
#include "worker_session.h"

bool crowd_over(struct session *s)
{
	const struct worker_args *args = s->args;
	uint32_t most = s->conf->workers.max_per_address;

	memcpy(s->board->client_ip, s->client.ip, IP_BYTES); /* that of the PROXY header, too */
	atomic_store(&s->board->counted_us, clock_us());
	if (most == 0 || !board_crowded(args->board, args->slots, args->slot, most))
		return false;
	atomic_store(&s->board->counted_us, 0);
	return true;
}
