/*
 * arm.h: which arm of an experiment an address belongs to.
 *
 * Weighted rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit
 * rates", 1998; with weights: Schindelhauer and Schomaker, 2005).  For an address and each arm:
 *
 *     unit   the 16 bytes of the address, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), the bits
 *            behind the configured prefix 0
 *     h      the first 8 bytes, most significant first, of HMAC-SHA256(key, unit || name)
 *     u      (floor(h / 2^12) + 1/2) / 2^52
 *     score  -ln(u) / weight
 *
 * The arm with the least score has the address.  Its share of all addresses is its weight out of
 * the sum.  The order of the arms does not matter; adding, removing or weighing one anew moves
 * only addresses to it or from it.
 */
#ifndef SMTPTRAP_ARM_H
#define SMTPTRAP_ARM_H

#include "conf.h"

/* The arm of this address; NULL if there is no experiment, or no memory.  It is the
 * configuration's. */
const struct conf_arm *arm_of(const struct conf_experiment *experiment, const uint8_t ip[IP_BYTES]);

#endif
