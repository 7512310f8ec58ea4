/*
 * tls_cert_list.c: find the certificates in a TLS Certificate message.
 *
 * Runs in a worker, on what a client sent; trusts no length in it.  A message that is wrong ends
 * the reading where it is wrong.
 */
#include "tls_cert_list.h"

struct cursor {
	const uint8_t *at;
	size_t left;
};

/* Take what a length of so many octets stands in front of; false if it is not all there. */
static bool take(struct cursor *c, size_t octets, struct cursor *part_r)
{
	size_t n = 0;

	if (octets > c->left)
		return false;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | c->at[i];
	if (n > c->left - octets)
		return false;
	*part_r = (struct cursor){c->at + octets, n};
	c->at += octets + n;
	c->left -= octets + n;
	return true;
}

unsigned tls_cert_list(const uint8_t *body, size_t len, bool tls13, const uint8_t **first_r,
		       size_t *first_len_r)
{
	struct cursor c = {body, len}, list, certificate, part;
	unsigned count = 0;

	if ((tls13 && !take(&c, 1, &part)) || c.left < 3)
		return 0;
	list = (struct cursor){c.at + 3,
			       c.left - 3}; /* to the message's end: its own length may lie */
	while (take(&list, 3, &certificate)) {
		if (count++ == 0) {
			*first_r = certificate.at;
			*first_len_r = certificate.left;
		}
		if (tls13 && !take(&list, 2, &part))
			break;
	}
	return count;
}
