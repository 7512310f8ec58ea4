/*
 * worker_crowd.c: how many sessions an address may have at once.
 *
 * Runs in workers, once a session, before the client hears anything.  In: the entries of the other
 * slots, which their workers write.  Out: this slot's entry, by a descriptor, since its memory is
 * shared with all others.  Nothing there is trusted: an entry counts for one session, decides whether
 * a client is served now, and nothing else.  Sessions are counted in the order in which their
 * addresses were known, so those that come at the same moment do not refuse each other.
 */
#include "worker_crowd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "address_table.h"
#include "clock.h"
#include "crowd.h"
#include "log.h"
#include "worker_session.h"

struct sandbox_place crowd_place(const struct worker_args *args)
{
	if (args->crowd_fd < 0)
		return (struct sandbox_place){0};
	return (struct sandbox_place){.size = sizeof(struct crowd_entry),
				      .offset = (uint32_t)crowd_offset(args->slot),
				      .file_max = crowd_size(args->slots)};
}

static void show(const struct session *s, struct crowd_entry entry)
{
	const struct worker_args *args = s->args;

	if (pwrite(args->crowd_fd, &entry, sizeof entry, (off_t)crowd_offset(args->slot)) < 0)
		warn("crowd: pwrite: %s", strerror(errno));
}

bool crowd_over(struct session *s)
{
	const struct worker_args *args = s->args;
	struct crowd_entry mine = {.counted_us = clock_us(), .key = address_key(s->client.ip)};

	memcpy(s->board->client_ip, s->client.ip, IP_BYTES); /* that of the PROXY header, too */
	atomic_store(&s->board->counted_us, mine.counted_us);
	if (args->crowd_fd < 0)
		return false;
	show(s, mine);
	if (!crowd_is_over(args->crowd, args->slots, args->slot, &mine,
			   s->conf->workers.max_per_address))
		return false;
	crowd_leave(s);
	return true;
}

void crowd_leave(struct session *s)
{
	bool shown = atomic_exchange(&s->board->counted_us, 0) != 0;

	if (shown && s->args->crowd_fd >= 0)
		show(s, (struct crowd_entry){0});
}
