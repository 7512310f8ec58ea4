/*
 * address_state.c: the memory of addresses as a file, so that it outlives a restart.
 *
 * Runs in the logger.  A file may be torn, of another program or of a later version, and no byte
 * of it is trusted; what is wrong with it is the caller's to report.
 */
#include "address_state.h"

#include <string.h>
#include <zlib.h>

#include "err.h"

static const uint8_t magic[8] = "STADDR\r\n"; /* a text conversion shows, as in PNG */

static uint32_t checksum(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, len);
}

/* An entry as it stands in the file. */
struct address_state_bytes {
	uint64_t key;
	uint32_t last_s;
	uint8_t tls_failures, flags, idle, zero;
	uint32_t idle_s;
	uint16_t thinned, thinned_offered;
	uint32_t thinned_s, thinned_last_s;
};
_Static_assert(sizeof(struct address_state_bytes) == ADDRESS_STATE_ENTRY, "no padding");

static void put_entry(struct buf *out, const struct address_entry *e)
{
	const struct address_state_bytes b = {.key = e->key,
					      .last_s = e->last_s,
					      .tls_failures = e->tls_failures,
					      .flags = e->flags,
					      .idle = e->idle,
					      .idle_s = e->idle_s,
					      .thinned = e->thinned,
					      .thinned_offered = e->thinned_offered,
					      .thinned_s = e->thinned_s,
					      .thinned_last_s = e->thinned_last_s};

	buf_put(out, &b, sizeof b);
}

void address_state_encode(const struct address_table *t, struct buf *out)
{
	struct address_state_head head = {.version = ADDRESS_STATE_VERSION};
	struct address_entry e;
	size_t start = out->len;

	memcpy(head.magic, magic, sizeof head.magic);
	memcpy(head.secret, t->secret, sizeof head.secret);
	buf_put(out, &head, sizeof head);
	for (size_t at = 0; address_next(t, &at, &e); head.entries++)
		put_entry(out, &e);
	if (out->failed)
		return;
	memcpy(out->data + start, &head, sizeof head);
	uint32_t sum = checksum(out->data + start, out->len - start);
	buf_put(out, &sum, sizeof sum);
}

int address_state_check(const uint8_t *bytes, size_t len, struct address_state_head *head_r)
{
	uint32_t sum;

	if (len < sizeof head_r->magic || memcmp(bytes, magic, sizeof magic) != 0)
		return ERR_FORMAT;
	if (len < sizeof *head_r + sizeof sum)
		return ERR_CORRUPT;
	memcpy(head_r, bytes, sizeof *head_r);
	if (head_r->version != ADDRESS_STATE_VERSION)
		return ERR_REFUSED;
	len -= sizeof sum;
	memcpy(&sum, bytes + len, sizeof sum);
	if ((len - sizeof *head_r) / ADDRESS_STATE_ENTRY != head_r->entries ||
	    (len - sizeof *head_r) % ADDRESS_STATE_ENTRY != 0 || checksum(bytes, len) != sum)
		return ERR_CORRUPT;
	return 0;
}

/* Is it one that the table may hold? */
static bool entry_holds(const struct address_state_bytes *b)
{
	bool yakker = b->flags & ADDRESS_YAKKER;
	bool tls = b->tls_failures > 0 || (b->flags & ADDRESS_BAD_CERTIFICATE);

	if ((b->flags & ~ADDRESS_FLAGS) != 0 || b->zero != 0)
		return false;
	if (b->last_s == 0 && (tls || b->idle == 0))
		return false;
	if ((yakker && b->idle == 0) || (b->idle > 0) != (b->idle_s != 0))
		return false;
	return (b->thinned == 0 || (yakker && b->thinned_s != 0)) &&
	       b->thinned_offered <= b->thinned;
}

int address_state_entry(const uint8_t *bytes, uint32_t number, struct address_entry *entry_r)
{
	struct address_state_bytes b;

	memcpy(&b, bytes + sizeof(struct address_state_head) + (size_t)number * sizeof b, sizeof b);
	if (!entry_holds(&b))
		return ERR_FORMAT;
	*entry_r = (struct address_entry){.key = b.key,
					  .last_s = b.last_s,
					  .tls_failures = b.tls_failures,
					  .flags = b.flags,
					  .idle = b.idle,
					  .idle_s = b.idle_s,
					  .thinned = b.thinned,
					  .thinned_offered = b.thinned_offered,
					  .thinned_s = b.thinned_s,
					  .thinned_last_s = b.thinned_last_s};
	return 0;
}
