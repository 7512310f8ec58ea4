/*
 * tls_mend.c: let the TLS library serve hellos that it would refuse for a detail.
 *
 * Runs in workers, and once in the master for a trial.  GnuTLS 3.7 gives a hook the body of a
 * ClientHello, adds it to the transcript, and then reads it from the same memory; between the two
 * it makes its random number, which asks for the time.  So our function that tells the time
 * overwrites what hello_mend.c found: the transcript has what the client sent, and the library reads
 * what it can.  Nothing of this is promised by the library, so tls_mend_start() tries it, and where
 * it does not hold hellos are left alone.
 *
 * Memory: the body belongs to the library and is known from the hook only.  It is written to once,
 * within its length, before any other hook is called and before gnutls_handshake() returns; both
 * end our knowing of it.
 */
#include "tls_mend.h"

#include <gnutls/crypto.h>
#include <stdbool.h>
#include <time.h>

#define RANDOM 32

/* A process serves one client at a time, and the library's call for the time names none. */
static struct {
	struct tls_mend *mend; /* NULL: nothing is due */
	uint8_t *body;
	size_t len;
} due;

static bool holds;

static time_t tell_time(time_t *t)
{
	if (due.mend != NULL) {
		hello_mend_apply(&due.mend->plan, due.body, due.len);
		due.mend->mended |= due.mend->plan.set;
		tls_mend_over();
	}
	return time(t);
}

/*
 * A client that fell back looks for the mark of a downgrade in our random number (RFC 8446, 4.1.3),
 * which the library puts there where it makes the number itself.
 */
static void set_random(gnutls_session_t session)
{
	uint8_t bytes[RANDOM];
	const gnutls_datum_t random = {bytes, sizeof bytes};

	if (gnutls_rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes) == 0)
		gnutls_handshake_set_random(session, &random);
}

void tls_mend_hello(struct tls_mend *m, gnutls_session_t session, const gnutls_datum_t *body,
		    uint16_t served)
{
	tls_mend_over();
	if (!holds || !hello_mend_plan(&m->plan, (struct span){body->data, body->size}, served))
		return;
	if (m->plan.set & HELLO_MEND_BIT(FALLBACK_SCSV))
		set_random(session); /* asks for the time, so nothing may be due yet */
	due.mend = m;
	due.body = body->data;
	due.len = body->size;
}

void tls_mend_over(void)
{
	due.mend = NULL;
	due.body = NULL;
	due.len = 0;
}

const char *tls_mend_start(void)
{
	gnutls_global_set_time_function(tell_time);
	holds = true;
	const char *wrong = tls_mend_try();
	holds = wrong == NULL;
	return wrong;
}
