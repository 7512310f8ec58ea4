/*
 * keyholder.h: the process where the private keys live, and how the master feeds it.
 */
#ifndef SMTPTRAP_KEYHOLDER_H
#define SMTPTRAP_KEYHOLDER_H

#include <stddef.h>
#include <stdint.h>

/* One key: the master opens the file and reads the certificate; only the key holder reads the
 * key. */
struct keyholder_key {
	const char *certificate_file; /* names, for messages */
	const char *key_file;
	int fd;                     /* the key file, open for reading; closed by keyholder_run() */
	const uint8_t *certificate; /* DER of the certificate it belongs to */
	size_t certificate_len;
};

struct keyholder_args {
	int control; /* SOCK_SEQPACKET from the master: see keyholder_give(); its end ends us */
	const struct keyholder_key *keys; /* their order gives the keys' numbers */
	size_t key_count;                 /* 1 .. KEY_COUNT_MAX */
	size_t slots;                     /* workers at most; slots are 0 .. slots - 1 */
	void (*enter_sandbox)(void *ctx); /* called once the keys are read and checked */
	void (*ready)(void *ctx);         /* called when requests can come; the last of the start */
	void *ctx;                        /* for both, of the caller */
};

/*
 * Be the key holder: read the keys, check that each belongs to its certificate (fatal() names
 * both files if not), enter the sandbox, say ready, answer requests until the master closes the
 * control socket.  Closes no descriptor but its own: the caller has closed what it must not hold.
 */
_Noreturn void keyholder_run(const struct keyholder_args *args);

/*
 * Master: hand the key holder at control the far end of a worker's SOCK_SEQPACKET pair; a
 * channel that the slot had before is closed.  The caller closes its own copy of fd.
 * Returns 0, or -1 with errno (EPIPE: the key holder is gone).
 */
int keyholder_give(int control, uint32_t slot, int fd);

#endif
