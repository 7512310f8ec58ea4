/*
 * dns_msg.c: what is encoded between worker and resolver is decoded alike, and nothing else is.
 */
#include "dns_msg.h"

#include "../tap.h"
#include "err.h"

static const struct dns_ask asks[] = {
    {.seq = 1, .kind = DNS_ASK_REVERSE, .ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}},
    {.seq = UINT32_MAX, .kind = DNS_ASK_DNSBL, .ip = {0x20, 1}, .zone = "bl.test"},
    {.seq = 3, .kind = DNS_ASK_DBL, .name = "a.example", .zone = "dbl.test"},
    {.seq = 4, .kind = DNS_ASK_DOMAIN, .name = "a.example"},
};

static void check_asks(void)
{
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
		uint8_t packet[DNS_ASK_BYTES + 1] = {0};
		struct dns_ask got;
		int n = dns_ask_encode(packet, &asks[i]), taken = 0;

		ok(n > 0 && dns_ask_decode(&got, packet, (size_t)n) == 0 &&
		       got.seq == asks[i].seq && dns_ask_same(&got, &asks[i]),
		   "kind %u is decoded as it was encoded", asks[i].kind);
		for (size_t cut = 0; cut < (size_t)n; cut++)
			taken += dns_ask_decode(&got, packet, cut) == 0;
		is_int(taken, 0, "cut after any byte it is refused");
		is_int(dns_ask_decode(&got, packet, (size_t)n + 1), ERR_FORMAT,
		       "with a trailing byte it is refused");
		packet[0] ^= 1;
		is_int(dns_ask_decode(&got, packet, (size_t)n), ERR_FORMAT,
		       "with another magic it is refused");
	}
}

static void check_wrong_asks(void)
{
	static const struct {
		const char *title;
		struct dns_ask ask;
	} cases[] = {
	    {"kind 0", {.kind = 0}},
	    {"an unknown kind", {.kind = DNS_KIND_COUNT}},
	    {"a reverse name with a zone", {.kind = DNS_ASK_REVERSE, .zone = "x.test"}},
	    {"a list without a zone", {.kind = DNS_ASK_DNSBL}},
	    {"a list of names without a name", {.kind = DNS_ASK_DBL, .zone = "x.test"}},
	    {"a domain with an address", {.kind = DNS_ASK_DOMAIN, .name = "a", .ip = {1}}},
	    {"upper case", {.kind = DNS_ASK_DOMAIN, .name = "A.test"}},
	    {"a name that is none", {.kind = DNS_ASK_DOMAIN, .name = "a b"}},
	    {"an empty label", {.kind = DNS_ASK_DOMAIN, .name = "a..b"}},
	};
	uint8_t packet[DNS_ASK_BYTES];
	struct dns_ask got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(dns_ask_encode(packet, &cases[i].ask), ERR_FORMAT, cases[i].title);
	/* What our encoder never makes. */
	int n = dns_ask_encode(packet, &asks[3]);
	packet[sizeof(struct dns_msg_header)] = '\0';
	is_int(dns_ask_decode(&got, packet, (size_t)n), ERR_FORMAT, "a NUL in a name is refused");
	n = dns_ask_encode(packet, &asks[3]);
	packet[offsetof(struct dns_msg_header, name_len)] = 255;
	is_int(dns_ask_decode(&got, packet, (size_t)n), ERR_FORMAT,
	       "a length past the end is refused");
	n = dns_ask_encode(packet, &asks[3]);
	packet[offsetof(struct dns_msg_header, fact)] = 1;
	is_int(dns_ask_decode(&got, packet, (size_t)n), ERR_FORMAT,
	       "a question with a fact is refused");
	n = dns_ask_encode(packet, &asks[3]);
	packet[offsetof(struct dns_msg_header, us)] = 1;
	is_int(dns_ask_decode(&got, packet, (size_t)n), ERR_FORMAT,
	       "a question with a time is refused");
}

static struct dns_reply reply, got;
static uint8_t packet_r[DNS_REPLY_BYTES + 1];

static void check_replies(void)
{
	static const uint8_t code[IP_BYTES] = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 2};
	struct span item;
	size_t at = 0;
	int taken = 0;

	dns_reply_begin(&reply, &asks[1]);
	reply.fact = DNS_FACT_LISTED;
	reply.us = 1234;
	ok(dns_reply_add(&reply, DNS_ITEM_CODE, code, sizeof code) &&
	       dns_reply_add(&reply, DNS_ITEM_TEXT, "x\0y", 3) &&
	       dns_reply_add(&reply, DNS_ITEM_TEXT, "", 0),
	   "items are added");
	size_t n = dns_reply_encode(packet_r, &reply);
	ok(dns_reply_decode(&got, packet_r, n) == 0 && got.seq == UINT32_MAX &&
	       got.kind == DNS_ASK_DNSBL && got.fact == DNS_FACT_LISTED && got.us == 1234,
	   "a reply is decoded as it was encoded");
	ok(dns_reply_next(&got, &at, &item) == DNS_ITEM_CODE && item.len == IP_BYTES &&
	       dns_reply_next(&got, &at, &item) == DNS_ITEM_TEXT && item.len == 3 &&
	       dns_reply_next(&got, &at, &item) == DNS_ITEM_TEXT && item.len == 0 &&
	       dns_reply_next(&got, &at, &item) == 0,
	   "with its items in order");
	for (size_t cut = 0; cut < n; cut++)
		taken += dns_reply_decode(&got, packet_r, cut) == 0;
	is_int(taken, 0, "cut after any byte it is refused");
	is_int(dns_reply_decode(&got, packet_r, n + 1), ERR_FORMAT, "with a byte more, too");
}

static void refuse(const char *title, void (*change)(struct dns_msg_header *))
{
	struct dns_msg_header h;
	size_t n = dns_reply_encode(packet_r, &reply);

	memcpy(&h, packet_r, sizeof h);
	change(&h);
	memcpy(packet_r, &h, sizeof h);
	is_int(dns_reply_decode(&got, packet_r, n), ERR_FORMAT, title);
}

static void other_op(struct dns_msg_header *h)
{
	h->op = DNS_ASK_DNSBL;
}
static void other_kind(struct dns_msg_header *h)
{
	h->kind = DNS_ASK_DOMAIN;
}
static void no_kind(struct dns_msg_header *h)
{
	h->kind = DNS_KIND_COUNT;
}
static void other_fact(struct dns_msg_header *h)
{
	h->fact = DNS_FACT_DOMAIN_MX;
}
static void no_fact(struct dns_msg_header *h)
{
	h->fact = DNS_FACT_COUNT;
}
static void longer(struct dns_msg_header *h)
{
	h->items_len++;
}
static void with_ip(struct dns_msg_header *h)
{
	h->ip[0] = 1;
}
static void with_name(struct dns_msg_header *h)
{
	h->name_len = 1;
}

static void check_wrong_replies(void)
{
	refuse("a reply that is a question", other_op);
	refuse("items of another kind", other_kind);
	refuse("an unknown kind", no_kind);
	refuse("a fact of another kind", other_fact);
	refuse("an unknown fact", no_fact);
	refuse("a length that is not that of the packet", longer);
	refuse("an address", with_ip);
	refuse("a name", with_name);
	size_t n = dns_reply_encode(packet_r, &reply);
	packet_r[sizeof(struct dns_msg_header)] = DNS_ITEM_COUNT;
	is_int(dns_reply_decode(&got, packet_r, n), ERR_FORMAT, "an unknown item");
	n = dns_reply_encode(packet_r, &reply);
	packet_r[sizeof(struct dns_msg_header) + 1] = 15;
	is_int(dns_reply_decode(&got, packet_r, n), ERR_FORMAT, "a code of 15 bytes");
}

static void check_room(void)
{
	static const uint8_t bytes[DNS_TEXT_MAX + 1];
	unsigned added = 0;

	dns_reply_begin(&reply, &asks[1]);
	ok(!dns_reply_add(&reply, DNS_ITEM_TEXT, bytes, sizeof bytes),
	   "a text too long is not added");
	while (added < 1000 && dns_reply_add(&reply, DNS_ITEM_TEXT, bytes, DNS_TEXT_MAX))
		added++;
	is_int(added, DNS_ITEMS_MAX / (DNS_TEXT_MAX + 3), "items are added until there is no room");
	size_t n = dns_reply_encode(packet_r, &reply);
	is_int(dns_reply_decode(&got, packet_r, n), 0, "and what is there is whole");
}

int main(void)
{
	check_asks();
	check_wrong_asks();
	check_replies();
	check_wrong_replies();
	check_room();
	return tap_done();
}
