/*
 * tls_key_client.h: private keys that lie in another process, as the TLS library sees them.
 */
#ifndef SMTPTRAP_TLS_KEY_CLIENT_H
#define SMTPTRAP_TLS_KEY_CLIENT_H

#include <gnutls/abstract.h>
#include <stdbool.h>
#include <stdint.h>

#define KEY_CLIENT_TIMEOUT_US 10000000 /* for an answer of the key holder */

/* A worker's channel to the key holder, shared by all its keys. */
struct key_client {
	int fd; /* -1: none yet */
	uint32_t seq;
	bool failed; /* a request was not answered as it should; the caller resets it */
};

/* One key; must live as long as the gnutls_privkey_t. */
struct key_client_key {
	struct key_client *client;
	uint32_t number; /* its place among the key holder's keys */
	gnutls_pk_algorithm_t algorithm;
	unsigned bits;
};

/* Make of k a key for the library; returns 0 or a negative number of GnuTLS.  Works before the
 * channel is there: that is needed only when the key is used. */
int key_client_import(struct key_client_key *k, gnutls_privkey_t *key_r);

/* Use fd (which stays the caller's) as the channel; sets its timeout.  Returns 0, or -1 with
 * errno. */
int key_client_connect(struct key_client *c, int fd);

#endif
