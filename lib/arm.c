/*
 * arm.c: which arm of an experiment an address belongs to.
 *
 * Runs in workers, once a session.  In: the experiment as configured and an address, which is
 * whatever the peer has.  Keeps nothing: the same key, names, weights and address give the same arm
 * on any machine at any time.
 */
#include "arm.h"

#include "digest.h"

#include <math.h>
#include <string.h>

#define V4_MAPPED_BITS 96 /* in front of an IPv4 address */

/* Copy the first `bits` bits of ip; the others are 0. */
static void mask(uint8_t to[IP_BYTES], const uint8_t ip[IP_BYTES], uint32_t bits)
{
	memset(to, 0, IP_BYTES);
	memcpy(to, ip, bits / 8);
	if (bits % 8 != 0)
		to[bits / 8] = (uint8_t)(ip[bits / 8] & (0xff00u >> bits % 8));
}

/* The score of a hash: a sample of the exponential distribution of rate weight. */
static double score(const uint8_t hash[DIGEST_SHA256], uint32_t weight)
{
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h = h << 8 | hash[i];
	double u = ((double)(h >> 12) + 0.5) * 0x1p-52; /* exact: 53 bits */
	return -log(u) / weight;
}

const struct conf_arm *arm_of(const struct conf_experiment *experiment, const uint8_t ip[IP_BYTES])
{
	uint8_t bytes[IP_BYTES + CONF_NAME_MAX], hash[DIGEST_SHA256];
	const struct conf_arm *best = NULL;
	double best_score = INFINITY;

	if (experiment->key == NULL)
		return NULL;
	mask(bytes, ip,
	     ip_is_v4(ip) ? V4_MAPPED_BITS + experiment->ipv4_prefix : experiment->ipv6_prefix);
	for (size_t i = 0; i < experiment->narm; i++) {
		const struct conf_arm *arm = &experiment->arm[i];
		size_t len = strlen(arm->name);
		memcpy(bytes + IP_BYTES, arm->name, len);
		if (digest_hmac_sha256(experiment->key, strlen(experiment->key), bytes,
				       IP_BYTES + len, hash) < 0)
			return NULL;
		double s = score(hash, arm->weight);
		if (s < best_score) {
			best = arm;
			best_score = s;
		}
	}
	return best;
}
