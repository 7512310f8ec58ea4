/*
 * unique.h: how many different keys were seen: exact up to a million, then HyperLogLog.
 *
 * Up to UNIQUE_EXACT_MAX keys are kept.  Beyond, 2^14 registers of HyperLogLog (Flajolet, Fusy,
 * Gandouet, Meunier 2007) are, read with the estimator of Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches" (2017), which has no bias at small or large counts.  The
 * registers are the same whether keys came one by one, from a set, or from another counter.
 */
#ifndef SMTPTRAP_UNIQUE_H
#define SMTPTRAP_UNIQUE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ip.h"

#define UNIQUE_EXACT_MAX 1000000u /* 16 MiB of slots */
#define UNIQUE_BITS 14            /* registers: 2 to this, a byte each: 16 KiB */
#define UNIQUE_REGISTERS (1u << UNIQUE_BITS)
#define UNIQUE_ERROR_PERCENT 0.81 /* standard error: 1.04 / sqrt(2^14) */

/* Zero it before the first use. */
struct unique {
	uint64_t *slots; /* 0: free; NULL once it estimates */
	uint8_t *registers;
	uint32_t count, cap; /* of slots */
};

/* A key of a number, one to one (but for one number in 2^64). */
uint64_t unique_key(uint64_t n);

/* The keys of an address and of its network, /24 or /64.  Only those of IPv6 addresses can be the
 * same for two addresses: once in 10^7 sets of a million. */
uint64_t unique_key_of_ip(const uint8_t ip[IP_BYTES]);
uint64_t unique_key_of_net(const uint8_t ip[IP_BYTES]);

/* Add a key, which is not 0.  Returns 0 or ERR_MEMORY. */
int unique_add(struct unique *u, uint64_t key);

/* Add all of the other.  Returns 0 or ERR_MEMORY. */
int unique_merge(struct unique *to, const struct unique *from);

/* Give the set up for registers.  Returns 0 or ERR_MEMORY. */
int unique_estimate(struct unique *u);

/* How many; exact unless u->registers is set. */
uint64_t unique_count(const struct unique *u);

/* Bytes of memory it holds. */
size_t unique_bytes(const struct unique *u);

/* Append its form for files and pipes, the same for the same keys. */
void unique_put(const struct unique *u, struct buf *to);

/* Add what such a form at *at holds, and move *at behind it; bytes are of unknown origin.
 * Returns 0, ERR_FORMAT or ERR_MEMORY. */
int unique_get(struct unique *u, const uint8_t **at, const uint8_t *end);

/* Release memory; it is empty afterwards. */
void unique_fini(struct unique *u);

#endif
