/*
 * tls_key_client.c: ask the key holder for signatures and decryption.
 *
 * Runs in a worker, within the TLS library's handshake.  In: what is to be signed or decrypted.
 * Out: the key holder's answer, decoded as if hostile.  A missing or wrong answer fails the
 * handshake and sets `failed`; answers to requests given up earlier are skipped by their number.
 */
#include "tls_key_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "clock.h"
#include "key_msg.h"

int key_client_connect(struct key_client *c, int fd)
{
	const struct timeval t = {.tv_sec = KEY_CLIENT_TIMEOUT_US / 1000000};

	c->fd = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

/* Wait for the answer to request seq.  Returns 0 with *m_r pointing into packet, or -1. */
static int receive(struct key_client *c, uint8_t *packet, size_t max, struct key_msg *m_r)
{
	uint64_t end = clock_us() + KEY_CLIENT_TIMEOUT_US;

	do {
		ssize_t n = recv(c->fd, packet, max, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || key_msg_decode(packet, (size_t)n, m_r) != 0 ||
		    m_r->head.op != KEY_REPLY)
			return -1;
		if (m_r->head.seq == c->seq)
			return m_r->head.status == KEY_OK ? 0 : -1;
	} while (clock_us() < end);
	return -1;
}

/* Send the request, give the answer's data as a datum of the library. */
static int ask(const struct key_client_key *k, struct key_header *head, const gnutls_datum_t *in,
	       gnutls_datum_t *out_r)
{
	struct key_client *c = k->client;
	uint8_t packet[KEY_MSG_MAX + 1];
	struct key_msg reply;
	ssize_t sent;

	*out_r = (gnutls_datum_t){0};
	head->key = k->number;
	head->seq = ++c->seq;
	int len = key_msg_encode(packet, head, in->data, in->size);
	if (len < 0)
		return -1;
	do
		sent = send(c->fd, packet, (size_t)len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent != len || receive(c, packet, sizeof packet, &reply) < 0)
		return -1;
	out_r->data = gnutls_malloc(reply.head.length);
	if (out_r->data == NULL)
		return -1;
	memcpy(out_r->data, reply.data, reply.head.length);
	out_r->size = reply.head.length;
	if (head->op == KEY_DECRYPT)
		explicit_bzero(packet, sizeof packet);
	return 0;
}

static int ask_or_fail(const struct key_client_key *k, struct key_header head,
		       const gnutls_datum_t *in, gnutls_datum_t *out_r, int error)
{
	if (ask(k, &head, in, out_r) == 0)
		return 0;
	k->client->failed = true;
	return error;
}

static int sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata,
		     unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *signature)
{
	const struct key_header head = {.op = KEY_SIGN_DATA, .algorithm = (uint32_t)algorithm};

	(void)key;
	(void)flags;
	return ask_or_fail(userdata, head, data, signature, GNUTLS_E_PK_SIGN_FAILED);
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata,
		     unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	const struct key_header head = {.op = KEY_SIGN_HASH, .algorithm = (uint32_t)algorithm};

	(void)key;
	(void)flags;
	return ask_or_fail(userdata, head, hash, signature, GNUTLS_E_PK_SIGN_FAILED);
}

/* The plaintext is set whatever happens: the library frees it even after a failure. */
static int decrypt(gnutls_privkey_t key, void *userdata, const gnutls_datum_t *ciphertext,
		   gnutls_datum_t *plaintext)
{
	const struct key_header head = {.op = KEY_DECRYPT};

	(void)key;
	return ask_or_fail(userdata, head, ciphertext, plaintext, GNUTLS_E_PK_DECRYPTION_FAILED);
}

static int key_info(gnutls_privkey_t key, unsigned flags, void *userdata)
{
	const struct key_client_key *k = userdata;

	(void)key;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return (int)k->algorithm;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)k->bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return (int)gnutls_sign_supports_pk_algorithm(GNUTLS_FLAGS_TO_SIGN_ALGO(flags),
							      k->algorithm);
	return -1;
}

int key_client_import(struct key_client_key *k, gnutls_privkey_t *key_r)
{
	int r = gnutls_privkey_init(key_r);

	if (r < 0)
		return r;
	return gnutls_privkey_import_ext4(*key_r, k, sign_data, sign_hash, decrypt, NULL, key_info,
					  0);
}
