/*
 * dns_packet.h: make messages of the DNS, right and wrong ones, for tests.
 */
#ifndef SMTPTRAP_DNS_PACKET_H
#define SMTPTRAP_DNS_PACKET_H

#include <stdint.h>
#include <string.h>

struct packet {
	uint8_t bytes[8192];
	size_t len;
};

static inline void put8(struct packet *p, unsigned n)
{
	p->bytes[p->len++] = (uint8_t)n;
}

static inline void put16(struct packet *p, unsigned n)
{
	put8(p, n >> 8);
	put8(p, n & 0xff);
}

static inline void put32(struct packet *p, uint32_t n)
{
	put16(p, n >> 16);
	put16(p, n & 0xffff);
}

static inline void put_bytes(struct packet *p, const void *bytes, size_t len)
{
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

/* A name of plain labels; "." and "" are the root. */
static inline void put_name(struct packet *p, const char *name)
{
	while (*name != '\0' && *name != '.') {
		size_t len = strcspn(name, ".");

		put8(p, (unsigned)len);
		put_bytes(p, name, len);
		name += len + (name[len] == '.');
	}
	put8(p, 0);
}

/* The head of an answer, and its question. */
static inline void packet_begin(struct packet *p, unsigned rcode, const char *name, unsigned type)
{
	p->len = 0;
	put16(p, 0x1234);
	put16(p, 0x8180 | rcode);
	put16(p, 1);
	put16(p, 0);
	put16(p, 0);
	put16(p, 0);
	put_name(p, name);
	put16(p, type);
	put16(p, 1);
}

/* Begin a record; section 1 is the answer's, 2 the authority's.  Its data follow. */
static inline size_t record_begin(struct packet *p, unsigned section, const char *name,
				  unsigned type, uint32_t ttl)
{
	p->bytes[4 + 2 * section + 1]++;
	put_name(p, name);
	put16(p, type);
	put16(p, 1);
	put32(p, ttl);
	put16(p, 0);
	return p->len;
}

static inline void record_end(struct packet *p, size_t at)
{
	p->bytes[at - 2] = (uint8_t)((p->len - at) >> 8);
	p->bytes[at - 1] = (uint8_t)(p->len - at);
}

static inline void put_record(struct packet *p, unsigned section, const char *name, unsigned type,
			      uint32_t ttl, const void *data, size_t len)
{
	size_t at = record_begin(p, section, name, type, ttl);

	put_bytes(p, data, len);
	record_end(p, at);
}

/* A record whose data are a name, behind a preference if it is an MX. */
static inline void put_name_record(struct packet *p, const char *name, unsigned type, uint32_t ttl,
				   const char *value)
{
	size_t at = record_begin(p, 1, name, type, ttl);

	if (type == 15)
		put16(p, 10);
	put_name(p, value);
	record_end(p, at);
}

static inline void put_soa(struct packet *p, const char *zone, uint32_t ttl, uint32_t minimum)
{
	size_t at = record_begin(p, 2, zone, 6, ttl);

	put_name(p, "ns.test");
	put_name(p, "hostmaster.test");
	for (uint32_t i = 0; i < 4; i++)
		put32(p, i);
	put32(p, minimum);
	record_end(p, at);
}

#endif
