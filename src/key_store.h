/*
 * key_store.h: the private keys in the key holder's memory, and what it does with them.
 */
#ifndef SMTPTRAP_KEY_STORE_H
#define SMTPTRAP_KEY_STORE_H

#include "key_msg.h"
#include "keyholder.h"

struct key_store;

/*
 * Read the count keys from their descriptors (which are closed), check that each belongs to its
 * certificate, and lock them in memory where that is allowed.  An error is fatal() and names
 * both files.
 */
struct key_store *key_store_new(const struct keyholder_key *keys, size_t count);

/* Wipe and free all keys. */
void key_store_free(struct key_store **store);

/*
 * Do what a decoded request asks.  Writes the result to out (KEY_DATA_MAX bytes) and its length
 * to *len_r; returns the status, with 0 bytes unless it is KEY_OK.  KEY_DECRYPT always gives
 * KEY_OK and KEY_PREMASTER_LEN bytes, random ones where the ciphertext is not valid, in the same
 * time (RFC 5246, 7.4.7.1: no padding oracle).
 */
enum key_status key_store_do(const struct key_store *store, const struct key_msg *request,
			     uint8_t *out, size_t *len_r);

#endif
