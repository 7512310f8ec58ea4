/*
 * dns_msg.c: encode and check what passes between a worker and the resolver.
 *
 * Runs in both.  Trusts no byte of a packet.  Errors are returned; the caller closes the channel.
 */
#include "dns_msg.h"

#include <string.h>

#include "err.h"

/* What a question of a kind has; the rest of it must be empty. */
static const struct {
	bool ip, name, zone;
} has[DNS_KIND_COUNT] = {
    [DNS_ASK_REVERSE] = {.ip = true},
    [DNS_ASK_DNSBL] = {.ip = true, .zone = true},
    [DNS_ASK_DBL] = {.name = true, .zone = true},
    [DNS_ASK_DOMAIN] = {.name = true},
};

/* What an item may be: of which kinds' replies, and how long. */
static const struct {
	unsigned kinds;
	size_t min, max;
} items[DNS_ITEM_COUNT] = {
    [DNS_ITEM_VERIFIED] = {1u << DNS_ASK_REVERSE, 1, DNS_LABELS_MAX},
    [DNS_ITEM_INCONSISTENT] = {1u << DNS_ASK_REVERSE, 1, DNS_LABELS_MAX},
    [DNS_ITEM_NOFORWARD] = {1u << DNS_ASK_REVERSE, 1, DNS_LABELS_MAX},
    [DNS_ITEM_FORWARD_UNKNOWN] = {1u << DNS_ASK_REVERSE, 1, DNS_LABELS_MAX},
    [DNS_ITEM_CODE] = {1u << DNS_ASK_DNSBL | 1u << DNS_ASK_DBL, IP_BYTES, IP_BYTES},
    [DNS_ITEM_TEXT] = {1u << DNS_ASK_DNSBL | 1u << DNS_ASK_DBL, 0, DNS_TEXT_MAX},
};
#define ITEM_HEAD (1 + sizeof(uint16_t))

static bool is_kind(unsigned kind)
{
	return kind >= DNS_ASK_REVERSE && kind < DNS_KIND_COUNT;
}

/* ---- questions ---- */

bool dns_ask_same(const struct dns_ask *a, const struct dns_ask *b)
{
	return a->kind == b->kind && memcmp(a->ip, b->ip, IP_BYTES) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->zone, b->zone) == 0;
}

/* What the kind has is there, and nothing else. */
static bool ask_is_legal(const struct dns_ask *ask)
{
	static const uint8_t none[IP_BYTES];
	size_t name = strnlen(ask->name, sizeof ask->name);
	size_t zone = strnlen(ask->zone, sizeof ask->zone);

	if (!is_kind(ask->kind))
		return false;
	if (has[ask->kind].name ? !dns_name_valid(ask->name, name) : name > 0)
		return false;
	if (has[ask->kind].zone ? !dns_name_valid(ask->zone, zone) : zone > 0)
		return false;
	return has[ask->kind].ip || memcmp(ask->ip, none, IP_BYTES) == 0;
}

int dns_ask_encode(uint8_t packet[DNS_ASK_BYTES], const struct dns_ask *ask)
{
	struct dns_msg_header h = {
	    .magic = DNS_MSG_MAGIC, .seq = ask->seq, .op = (uint8_t)ask->kind};

	if (!ask_is_legal(ask))
		return ERR_FORMAT;
	h.name_len = (uint8_t)strlen(ask->name);
	h.zone_len = (uint8_t)strlen(ask->zone);
	memcpy(h.ip, ask->ip, IP_BYTES);
	memcpy(packet, &h, sizeof h);
	memcpy(packet + sizeof h, ask->name, h.name_len);
	memcpy(packet + sizeof h + h.name_len, ask->zone, h.zone_len);
	return (int)(sizeof h + h.name_len + h.zone_len);
}

int dns_ask_decode(struct dns_ask *ask_r, const uint8_t *packet, size_t len)
{
	struct dns_msg_header h;

	if (len < sizeof h)
		return ERR_FORMAT;
	memcpy(&h, packet, sizeof h);
	if (h.magic != DNS_MSG_MAGIC || h.kind != 0 || h.fact != 0 || h.zero != 0 ||
	    h.items_len != 0 || h.us != 0 || h.name_len > DNS_NAME_MAX ||
	    h.zone_len > DNS_NAME_MAX || len != sizeof h + h.name_len + h.zone_len)
		return ERR_FORMAT;
	memset(ask_r, 0, sizeof *ask_r);
	ask_r->seq = h.seq;
	ask_r->kind = (enum dns_kind)h.op;
	memcpy(ask_r->ip, h.ip, IP_BYTES);
	memcpy(ask_r->name, packet + sizeof h, h.name_len);
	memcpy(ask_r->zone, packet + sizeof h + h.name_len, h.zone_len);
	/* A NUL within would make them shorter than they say. */
	if (strlen(ask_r->name) != h.name_len || strlen(ask_r->zone) != h.zone_len)
		return ERR_FORMAT;
	return ask_is_legal(ask_r) ? 0 : ERR_FORMAT;
}

/* ---- replies ---- */

void dns_reply_begin(struct dns_reply *reply, const struct dns_ask *ask)
{
	reply->seq = ask->seq;
	reply->kind = ask->kind;
	reply->fact = DNS_FACT_UNKNOWN;
	reply->us = 0;
	reply->items_len = 0;
}

bool dns_reply_add(struct dns_reply *reply, enum dns_item tag, const void *bytes, size_t len)
{
	size_t room = sizeof reply->items - reply->items_len;
	uint16_t length = (uint16_t)len;
	uint8_t *to = reply->items + reply->items_len;

	if (room < ITEM_HEAD || len > room - ITEM_HEAD || len > items[tag].max)
		return false;
	to[0] = (uint8_t)tag;
	memcpy(to + 1, &length, sizeof length);
	if (len > 0)
		memcpy(to + ITEM_HEAD, bytes, len);
	reply->items_len += ITEM_HEAD + len;
	return true;
}

size_t dns_reply_encode(uint8_t packet[DNS_REPLY_BYTES], const struct dns_reply *reply)
{
	const struct dns_msg_header h = {.magic = DNS_MSG_MAGIC,
					 .seq = reply->seq,
					 .op = DNS_OP_REPLY,
					 .kind = (uint8_t)reply->kind,
					 .fact = (uint8_t)reply->fact,
					 .us = reply->us,
					 .items_len = (uint16_t)reply->items_len};

	memcpy(packet, &h, sizeof h);
	memcpy(packet + sizeof h, reply->items, reply->items_len);
	return sizeof h + reply->items_len;
}

enum dns_item dns_reply_next(const struct dns_reply *reply, size_t *at, struct span *item_r)
{
	uint16_t length;
	size_t left = reply->items_len - *at;

	if (left < ITEM_HEAD)
		return 0;
	uint8_t tag = reply->items[*at];
	memcpy(&length, reply->items + *at + 1, sizeof length);
	if (length > left - ITEM_HEAD)
		return 0;
	*item_r = (struct span){reply->items + *at + ITEM_HEAD, length};
	*at += ITEM_HEAD + length;
	return (enum dns_item)tag;
}

static bool items_are_legal(const struct dns_reply *reply)
{
	struct span item;
	size_t at = 0;

	for (unsigned tag; (tag = dns_reply_next(reply, &at, &item)) != 0;)
		if (tag >= DNS_ITEM_COUNT || !(items[tag].kinds & 1u << reply->kind) ||
		    item.len < items[tag].min || item.len > items[tag].max)
			return false;
	return at == reply->items_len;
}

int dns_reply_decode(struct dns_reply *reply_r, const uint8_t *packet, size_t len)
{
	static const uint8_t none[IP_BYTES];
	struct dns_msg_header h;

	if (len < sizeof h)
		return ERR_FORMAT;
	memcpy(&h, packet, sizeof h);
	if (h.magic != DNS_MSG_MAGIC || h.op != DNS_OP_REPLY || !is_kind(h.kind) ||
	    !dns_fact_is_of((enum dns_fact)h.fact, (enum dns_kind)h.kind) || h.name_len != 0 ||
	    h.zone_len != 0 || h.zero != 0 || memcmp(h.ip, none, IP_BYTES) != 0 ||
	    h.items_len > DNS_ITEMS_MAX || len != sizeof h + h.items_len)
		return ERR_FORMAT;
	reply_r->seq = h.seq;
	reply_r->kind = (enum dns_kind)h.kind;
	reply_r->fact = (enum dns_fact)h.fact;
	reply_r->us = h.us;
	reply_r->items_len = h.items_len;
	memcpy(reply_r->items, packet + sizeof h, h.items_len);
	return items_are_legal(reply_r) ? 0 : ERR_FORMAT;
}
