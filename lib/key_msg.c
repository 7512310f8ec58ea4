/*
 * key_msg.c: encode and check what passes between a worker and the key holder.
 *
 * Runs in both, and in the master for KEY_SLOT.  Trusts no byte of a packet.  Errors are
 * returned; the caller closes the channel.
 */
#include "key_msg.h"

#include <stdbool.h>
#include <string.h>

#include "err.h"

/* What an operation's packet has: fields that it has not must be 0. */
static const struct key_op_rule {
	bool key, algorithm, status;
	bool data; /* must have some (a reply may, if its status is KEY_OK) */
} rules[KEY_OP_COUNT] = {
    [KEY_SIGN_HASH] = {.key = true, .algorithm = true, .data = true},
    [KEY_SIGN_DATA] = {.key = true, .algorithm = true, .data = true},
    [KEY_DECRYPT] = {.key = true, .data = true},
    [KEY_REPLY] = {.status = true},
    [KEY_SLOT] = {.key = true},
};

int key_msg_encode(uint8_t *packet, const struct key_header *head, const void *data, size_t len)
{
	struct key_header h = *head;

	if (len > KEY_DATA_MAX)
		return ERR_FULL;
	h.magic = KEY_MSG_MAGIC;
	h.length = (uint32_t)len;
	memcpy(packet, &h, sizeof h);
	if (len > 0)
		memcpy(packet + sizeof h, data, len);
	return (int)(sizeof h + len);
}

static bool is_legal(const struct key_header *h)
{
	if (h->op == 0 || h->op >= KEY_OP_COUNT)
		return false;
	const struct key_op_rule *rule = &rules[h->op];

	if ((!rule->key && h->key != 0) || (!rule->algorithm && h->algorithm != 0))
		return false;
	if (!rule->status)
		return h->status == 0 && rule->data == (h->length > 0);
	return h->status < KEY_STATUS_COUNT && (h->status == KEY_OK) == (h->length > 0);
}

int key_msg_decode(const uint8_t *packet, size_t len, struct key_msg *m_r)
{
	struct key_header *h = &m_r->head;

	if (len < sizeof *h || len > KEY_MSG_MAX)
		return ERR_FORMAT;
	memcpy(h, packet, sizeof *h);
	if (h->magic != KEY_MSG_MAGIC || h->length != len - sizeof *h || !is_legal(h))
		return ERR_FORMAT;
	m_r->data = packet + sizeof *h;
	return 0;
}
