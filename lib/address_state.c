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

static void put_entry(struct buf *out, const struct address_entry *e)
{
	const uint8_t rest[4] = {e->tls_failures, e->flags};

	buf_put(out, &e->key, sizeof e->key);
	buf_put(out, &e->last_s, sizeof e->last_s);
	buf_put(out, rest, sizeof rest);
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

int address_state_entry(const uint8_t *bytes, uint32_t number, struct address_entry *entry_r)
{
	const uint8_t *from =
	    bytes + sizeof(struct address_state_head) + (size_t)number * ADDRESS_STATE_ENTRY;
	uint8_t rest[4];

	*entry_r = (struct address_entry){0};
	memcpy(&entry_r->key, from, sizeof entry_r->key);
	memcpy(&entry_r->last_s, from + 8, sizeof entry_r->last_s);
	memcpy(rest, from + 12, sizeof rest);
	entry_r->tls_failures = rest[0];
	entry_r->flags = rest[1];
	if (entry_r->last_s == 0 || (rest[1] & ~ADDRESS_FLAGS) != 0 || rest[2] != 0 || rest[3] != 0)
		return ERR_FORMAT;
	return 0;
}
