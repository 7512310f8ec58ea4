/*
 * tls_client.c: a client of GnuTLS whose handshake goes wrong where a test wants it.
 *
 *   tls_client [-p PRIORITY] [-c CERTIFICATE -k KEY] [-a TYPE:OFFSET:HEX]... ADDRESS PORT
 *
 * -a writes bytes into its own handshake message of that number, at an offset from the start of the
 * message's body or, if negative, from its end; or over the first place where OLD stands, as
 * TYPE:OLD=HEX.  TLS from the first byte; then QUIT.  Exits with 0 if the handshake was done.
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALTERATIONS 8
#define HEX_MAX 64
#define SECONDS 20000 /* ms for the handshake */

struct bytes {
	uint8_t at[HEX_MAX];
	size_t len;
};

static struct alteration {
	unsigned type;
	long offset;
	struct bytes old, new;
} alterations[ALTERATIONS];
static size_t alteration_count;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tls_client: %s\n", what);
	exit(2);
}

static struct bytes unhex(const char *text)
{
	struct bytes b = {.len = 0};
	unsigned byte;

	for (; sscanf(text, "%2x", &byte) == 1 && b.len < HEX_MAX; text += 2)
		b.at[b.len++] = (uint8_t)byte;
	return b;
}

static void add_alteration(char *text)
{
	struct alteration *a = &alterations[alteration_count++];
	char *second = strchr(text, ':'), *third;

	if (alteration_count > ALTERATIONS || second == NULL)
		die("what is to be altered?");
	a->type = (unsigned)strtoul(text, NULL, 10);
	if ((third = strchr(second, '=')) != NULL)
		a->old = unhex(second + 1);
	else if ((third = strchr(second + 1, ':')) != NULL)
		a->offset = strtol(second + 1, NULL, 10);
	else
		die("to what is it to be altered?");
	a->new = unhex(third + 1);
}

static void alter(const struct alteration *a, uint8_t *body, size_t len)
{
	size_t at = a->offset < 0 ? len - (size_t)-a->offset : (size_t)a->offset;

	if (a->old.len > 0) {
		const uint8_t *found = memmem(body, len, a->old.at, a->old.len);
		if (found == NULL)
			die("what is to be altered is not there");
		at = (size_t)(found - body);
	}
	if (at > len || a->new.len > len - at)
		die("an alteration does not fit its message");
	memcpy(body + at, a->new.at, a->new.len);
}

/* Messages are altered after they went into the transcript. */
static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		      const gnutls_datum_t *message)
{
	(void)session;
	(void)when;
	for (size_t i = 0; i < alteration_count && !incoming; i++)
		if (alterations[i].type == type)
			alter(&alterations[i], message->data, message->size);
	return 0;
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, address, &in.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
		die("cannot connect");
	return fd;
}

static int shake_hands(gnutls_session_t session)
{
	int r;

	do
		r = gnutls_handshake(session);
	while (r < 0 && !gnutls_error_is_fatal(r));
	printf("%s\n", r < 0 ? gnutls_strerror(r) : "done");
	if (r < 0) {
		gnutls_alert_send_appropriate(session, r);
		return 1;
	}
	gnutls_record_send(session, "QUIT\r\n", 6);
	char reply[512];
	while (gnutls_record_recv(session, reply, sizeof reply) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *priority = "NORMAL", *certificate = NULL, *key = NULL;
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;

	for (int c; (c = getopt(argc, argv, "p:c:k:a:")) != -1;) {
		if (c == 'p')
			priority = optarg;
		else if (c == 'c')
			certificate = optarg;
		else if (c == 'k')
			key = optarg;
		else if (c == 'a')
			add_alteration(optarg);
		else
			return 2;
	}
	if (argc - optind != 2)
		die("which address and port?");
	int fd = dial(argv[optind], argv[optind + 1]);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_certificate_allocate_credentials(&credentials);
	if (certificate != NULL && gnutls_certificate_set_x509_key_file(
				       credentials, certificate, key, GNUTLS_X509_FMT_PEM) < 0)
		die("cannot use the certificate");
	if (gnutls_priority_set_direct(session, priority, NULL) < 0)
		die("cannot use the priority");
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
					   on_message);
	gnutls_handshake_set_timeout(session, SECONDS);
	gnutls_transport_set_int(session, fd);
	int status = shake_hands(session);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	close(fd);
	return status;
}
