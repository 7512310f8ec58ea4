/*
 * rule_nets.c: many networks as sorted ranges of addresses.
 *
 * Made where a configuration is read, looked up in workers.  8 bytes a network of IPv4, and
 * joined where they touch; a look-up among a million halves them 20 times.
 */
#include "rule_set.h"

#include "err.h"

#include <stdlib.h>

static uint32_t v4_of(const uint8_t ip[IP_BYTES])
{
	return (uint32_t)ip[12] << 24 | (uint32_t)ip[13] << 16 | (uint32_t)ip[14] << 8 | ip[15];
}

int rule_nets_init(struct rule_nets *nets, struct arena *arena, size_t max)
{
	*nets = (struct rule_nets){0};
	nets->v4 = arena_alloc(arena, max * sizeof *nets->v4);
	nets->v6 =
	    arena_alloc(arena, max * sizeof *nets->v6); /* zeroed pages that nobody touches */
	return nets->v4 == NULL || nets->v6 == NULL ? ERR_MEMORY : 0;
}

/* The last address of the network. */
static void last_of(const struct ip_net *net, uint8_t last[IP_BYTES])
{
	memcpy(last, net->ip, IP_BYTES);
	for (unsigned bit = net->bits; bit < IP_BYTES * 8; bit++)
		last[bit / 8] = (uint8_t)(last[bit / 8] | 0x80u >> bit % 8);
}

void rule_nets_add(struct rule_nets *nets, const struct ip_net *net)
{
	static const struct ip_net v4 = {.ip = {[10] = 0xff, [11] = 0xff}, .bits = 96};
	struct rule_range6 range;

	memcpy(range.first, net->ip, IP_BYTES);
	last_of(net, range.last);
	if (net->bits >= v4.bits && ip_is_v4(net->ip)) {
		nets->v4[nets->n4++] = (struct rule_range4){v4_of(range.first), v4_of(range.last)};
		return;
	}
	nets->v6[nets->n6++] = range;
	if (ip_net_match(net, v4.ip)) /* as ::/0 does */
		nets->v4[nets->n4++] = (struct rule_range4){0, UINT32_MAX};
}

static int compare4(const void *a, const void *b)
{
	const struct rule_range4 *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int compare6(const void *a, const void *b)
{
	const struct rule_range6 *x = a, *y = b;

	return memcmp(x->first, y->first, IP_BYTES);
}

static void join4(struct rule_nets *nets)
{
	size_t n = 0;

	for (size_t i = 0; i < nets->n4; i++) {
		struct rule_range4 r = nets->v4[i], *before = n > 0 ? &nets->v4[n - 1] : NULL;
		if (before == NULL || (before->last != UINT32_MAX && r.first > before->last + 1))
			nets->v4[n++] = r;
		else if (r.last > before->last)
			before->last = r.last;
	}
	nets->n4 = n;
}

static void join6(struct rule_nets *nets)
{
	size_t n = 0;

	for (size_t i = 0; i < nets->n6; i++) {
		struct rule_range6 r = nets->v6[i], *before = n > 0 ? &nets->v6[n - 1] : NULL;
		if (before == NULL || memcmp(r.first, before->last, IP_BYTES) > 0)
			nets->v6[n++] = r;
		else if (memcmp(r.last, before->last, IP_BYTES) > 0)
			memcpy(before->last, r.last, IP_BYTES);
	}
	nets->n6 = n;
}

void rule_nets_finish(struct rule_nets *nets)
{
	qsort(nets->v4, nets->n4, sizeof *nets->v4, compare4);
	qsort(nets->v6, nets->n6, sizeof *nets->v6, compare6);
	join4(nets);
	join6(nets);
}

/* The range that holds ip, NULL if none does. */
static const struct rule_range4 *find4(const struct rule_nets *nets, uint32_t ip)
{
	size_t low = 0, high = nets->n4;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (nets->v4[middle].last < ip)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nets->n4 && nets->v4[low].first <= ip ? &nets->v4[low] : NULL;
}

static const struct rule_range6 *find6(const struct rule_nets *nets, const uint8_t ip[IP_BYTES])
{
	size_t low = 0, high = nets->n6;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(nets->v6[middle].last, ip, IP_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < nets->n6 && memcmp(nets->v6[low].first, ip, IP_BYTES) <= 0;
	return found ? &nets->v6[low] : NULL;
}

bool rule_nets_match(const struct rule_nets *nets, const uint8_t ip[IP_BYTES])
{
	return ip_is_v4(ip) ? find4(nets, v4_of(ip)) != NULL : find6(nets, ip) != NULL;
}

bool rule_nets_meet(const struct rule_nets *a, const struct rule_nets *b)
{
	for (size_t i = 0, j = 0; i < a->n4 && j < b->n4;) {
		if (a->v4[i].last < b->v4[j].first)
			i++;
		else if (b->v4[j].last < a->v4[i].first)
			j++;
		else
			return true;
	}
	for (size_t i = 0, j = 0; i < a->n6 && j < b->n6;) {
		if (memcmp(a->v6[i].last, b->v6[j].first, IP_BYTES) < 0)
			i++;
		else if (memcmp(b->v6[j].last, a->v6[i].first, IP_BYTES) < 0)
			j++;
		else
			return true;
	}
	return false;
}

bool rule_nets_within(const struct rule_nets *a, const struct rule_nets *b)
{
	for (size_t i = 0; i < a->n4; i++) {
		const struct rule_range4 *in = find4(b, a->v4[i].first);
		if (in == NULL || in->last < a->v4[i].last)
			return false;
	}
	for (size_t i = 0; i < a->n6; i++) {
		const struct rule_range6 *in = find6(b, a->v6[i].first);
		if (in == NULL || memcmp(in->last, a->v6[i].last, IP_BYTES) < 0)
			return false;
	}
	return true;
}
