/*
 * worker_yakker.c: clients that come again and again and do nothing.
 *
 * Runs in workers, twice a session.  In: what is remembered of the client's address, the
 * configuration, how far the session got.  Out: whether the client is stalled and slowed, and
 * what the logger is told.  Where the memory cannot be read at once, nothing is held against the client.
 */
#include "worker_yakker.h"

_Static_assert((int)SMTP_PHASE_MESSAGE == (int)CONF_PHASE_MESSAGE + 1, "phases in one order");

void yakker_begin(struct yakker *y, const struct address_reader *memory, const uint8_t ip[IP_BYTES],
		  uint32_t within_s, uint32_t now_s)
{
	struct address_entry e;

	*y = (struct yakker){.begun = true};
	y->under = address_find(memory, address_key(ip), &e) == 1 &&
		   (e.flags & ADDRESS_YAKKER) != 0 && address_idle_fresh(&e, now_s, within_s);
}

/* Is there something to forget?  Looked up anew: other sessions may have come meanwhile. */
static bool held_against(const struct yakker_end *end)
{
	struct address_entry e;

	return address_find(end->memory, address_key(end->ip), &e) == 1 && e.idle > 0;
}

enum summary_yakker yakker_lesson(const struct yakker *y, const struct yakker_end *end)
{
	if (y->marked)
		return SUMMARY_YAKKER_MARK;
	if (end->phase > (enum smtp_phase)end->conf->yakkers.phase)
		return held_against(end) ? SUMMARY_YAKKER_PROGRESS : SUMMARY_YAKKER_NOTHING;
	if (end->ours || end->tls_failed)
		return SUMMARY_YAKKER_NOTHING;
	if (y->under) /* all handshakes are recorded */
		return end->tls_negotiated ? SUMMARY_YAKKER_NOTHING : SUMMARY_YAKKER_THINNED;
	return end->conf->yakkers.count > 0 ? SUMMARY_YAKKER_IDLE : SUMMARY_YAKKER_NOTHING;
}
