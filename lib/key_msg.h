/*
 * key_msg.h: what passes between a worker and the process that holds the private keys.
 *
 * Each worker has a SOCK_SEQPACKET pair of its own: one packet is one request or one reply, a
 * header and its data.  A worker has at most one request open; the sequence number tells a
 * reply to an earlier one, given up at its deadline, from the one that is waited for.  Packets
 * are decoded as if hostile, on both sides; one that is wrong closes the channel.
 */
#ifndef SMTPTRAP_KEY_MSG_H
#define SMTPTRAP_KEY_MSG_H

#include <stddef.h>
#include <stdint.h>

#define KEY_MSG_MAGIC 0x59454b53u /* "SKEY" */
#define KEY_DATA_MAX 2048         /* an RSA key of 16,384 bits; signed data is at most 600 */
#define KEY_MSG_MAX (sizeof(struct key_header) + KEY_DATA_MAX)
#define KEY_COUNT_MAX 64     /* keys of one process */
#define KEY_PREMASTER_LEN 48 /* what RSA key exchange decrypts to, RFC 5246, 7.4.7.1 */

/* What is asked for; 0 is none. */
enum key_op {
	KEY_SIGN_HASH = 1, /* sign a digest: RSA, ECDSA */
	KEY_SIGN_DATA,     /* sign what cannot be hashed before: EdDSA */
	KEY_DECRYPT,       /* RSA key exchange: 48 bytes come back, whatever was asked */
	KEY_REPLY,         /* the answer to any of them */
	KEY_SLOT,          /* master to key holder: this packet's descriptor serves slot `key` */
	KEY_OP_COUNT
};

enum key_status {
	KEY_OK,
	KEY_NO_KEY,  /* there is no key of that number */
	KEY_REFUSED, /* not what a TLS handshake needs, or not for this key */
	KEY_FAILED,  /* the library failed */
	KEY_STATUS_COUNT
};

/* Stands before the data in every packet; host byte order. */
struct key_header {
	uint32_t magic;
	uint32_t seq;
	uint16_t op;
	uint16_t status;    /* enum key_status in a reply, else 0 */
	uint32_t key;       /* number of the key; in KEY_SLOT of the slot; 0 in a reply */
	uint32_t algorithm; /* gnutls_sign_algorithm_t of a signature, else 0 */
	uint32_t length;    /* of the data, at most KEY_DATA_MAX */
};

/* A decoded packet; data points into the packet. */
struct key_msg {
	struct key_header head;
	const uint8_t *data;
};

/*
 * Write head (magic and length are set here) and its len bytes of data to packet, which has
 * KEY_MSG_MAX bytes.  Returns the length of the packet, or ERR_FULL if the data is too long.
 */
int key_msg_encode(uint8_t *packet, const struct key_header *head, const void *data, size_t len);

/*
 * Check a packet of len bytes.  Returns 0, or ERR_FORMAT: wrong magic, operation, status,
 * length, trailing bytes, or a field set that the operation does not have.
 */
int key_msg_decode(const uint8_t *packet, size_t len, struct key_msg *m_r);

#endif
