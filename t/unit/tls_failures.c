/*
 * Handshakes that fail, and the one reason that is recorded of each.
 */
#include "../lib-c/tls_lab.h"
#include "../lib-c/tls_raw.h"
#include "../tap.h"

#include <sys/socket.h>
#include <unistd.h>

#define S_CLIENT "timeout 15 openssl s_client -connect 127.0.0.1:$PORT -quiet "

#define EXT_SIGNATURES "\0\x0d\0\x08\0\x06\4\3\x08\4\4\1"
#define EXT_GROUPS "\0\x0a\0\4\0\2\0\x1d"
#define EXT_P256 "\0\x0a\0\4\0\2\0\x17"
#define EXT_TLS13 "\0\x2b\0\3\2\3\4"
#define EXT_SHARE                        \
	"\0\x33\0\x26\0\x24\0\x1d\0\x20" \
	"\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define EXT_SHARE_ZERO                   \
	"\0\x33\0\x26\0\x24\0\x1d\0\x20" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define TEXT(s) (s), sizeof(s) - 1

/* What a client does after its first bytes. */
enum then {
	THEN_CLOSE,  /* closes at once */
	THEN_WAIT,   /* waits for the server to close */
	THEN_RESET,  /* closes so that the server sees ECONNRESET */
	THEN_FLIGHT, /* waits for the server's flight, then sends `second`, then as THEN_WAIT */
};

struct failure {
	const char *title;
	struct raw_hello hello; /* if version is not 0, sent first */
	const char *first;
	size_t first_len;
	enum then then;
	const char *second;
	size_t second_len;
	enum tls_failure failure;
	int alert; /* number; negative: none */
	bool sent;
	const char *stage;
	enum tee_format format;
};

#define TLS13_HELLO                                                                   \
	{                                                                             \
		0x0303, {0x1301}, TEXT(EXT_SIGNATURES EXT_GROUPS EXT_TLS13 EXT_SHARE) \
	}
#define TLS12_RSA                                      \
	{                                              \
		0x0303, {0x002f}, TEXT(EXT_SIGNATURES) \
	}

static const struct failure failures[] = {
    {.title = "nothing, then closed",
     .then = THEN_CLOSE,
     .failure = TLS_FAILURE_CLIENT_CLOSED,
     .alert = -1,
     .stage = ""},
    {.title = "half a hello, then closed",
     .first = "\x16\3\1\0\x80\1\0\0\x7c\3\3",
     .first_len = 11,
     .then = THEN_CLOSE,
     .failure = TLS_FAILURE_CLIENT_CLOSED,
     .alert = -1,
     .stage = "",
     .format = TEE_FORMAT_TLS},
    {.title = "a hello, then a reset",
     .hello = TLS12_RSA,
     .then = THEN_RESET,
     .failure = TLS_FAILURE_CLIENT_CLOSED,
     .alert = -1,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "SMTP",
     .first = TEXT("EHLO there\r\n"),
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NOT_TLS,
     .alert = 10,
     .sent = true,
     .stage = ""},
    {.title = "HTTP",
     .first = TEXT("GET / HTTP/1.0\r\n\r\n"),
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NOT_TLS,
     .alert = 10,
     .sent = true,
     .stage = ""},
    {.title = "noise",
     .first = TEXT("\377\376\375\374\373\372\371\370"),
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NOT_TLS,
     .alert = -2,
     .sent = true,
     .stage = ""},
    {.title = "a TLS 1.3 hello, then an alert in clear",
     .hello = TLS13_HELLO,
     .then = THEN_FLIGHT,
     .second = TEXT("\x15\3\3\0\2\2\x2e"),
     .failure = TLS_FAILURE_CLIENT_ALERT,
     .alert = 46,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a TLS 1.2 hello, then an alert",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x15\3\3\0\2\2\x30"),
     .failure = TLS_FAILURE_CLIENT_ALERT,
     .alert = 48,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a TLS 1.2 hello, then close_notify",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x15\3\3\0\2\1\0"),
     .failure = TLS_FAILURE_CLIENT_ALERT,
     .alert = 0,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a TLS 1.3 hello, then a record that does not decrypt",
     .hello = TLS13_HELLO,
     .then = THEN_FLIGHT,
     .second = TEXT("\x17\3\3\0\x20"
		    "abcdefghijklmnopqrstuvwxyz012345"),
     .failure = TLS_FAILURE_BAD_RECORD,
     .alert = 20,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a TLS 1.2 hello, then a record that is too long",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x16\3\3\xff\xff"
		    "abcd"),
     .failure = TLS_FAILURE_BAD_RECORD,
     .alert = -2,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a certificate that is none",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x16\3\3\0\x0d\x0b\0\0\x09\0\0\6\0\0\3"
		    "abc"),
     .failure = TLS_FAILURE_CLIENT_CERTIFICATE,
     .alert = -2,
     .sent = true,
     .stage = "certificate",
     .format = TEE_FORMAT_TLS},
    {.title = "Finished in the place of ClientKeyExchange",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x16\3\3\0\x10\x14\0\0\x0c"
		    "abcdefghijkl"),
     .failure = TLS_FAILURE_UNEXPECTED_MESSAGE,
     .alert = 10,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a ClientKeyExchange cut short",
     .hello = TLS12_RSA,
     .then = THEN_FLIGHT,
     .second = TEXT("\x16\3\3\0\7\x10\0\0\3\0\1\1"
		    "\x14\3\3\0\1\1\x16\3\3\0\x40"
		    "abcdefghijklmnopqrstuvwxyz012345abcdefghijklmnopqrstuvwxyz012345"),
     .failure = TLS_FAILURE_BAD_RECORD,
     .alert = 20,
     .sent = true,
     .stage = "client_key_exchange",
     .format = TEE_FORMAT_TLS},
    {.title = "a key share that is no point of the curve",
     .hello = {0x0303, {0x1301}, TEXT(EXT_SIGNATURES EXT_GROUPS EXT_TLS13 EXT_SHARE_ZERO)},
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_KEY_EXCHANGE,
     .alert = 47,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a ClientKeyExchange that is no point of the curve",
     .hello = {0x0303, {0xc02f}, TEXT(EXT_SIGNATURES EXT_P256)},
     .then = THEN_FLIGHT,
     .second = TEXT("\x16\3\3\0\x46\x10\0\0\x42\x41\4"
		    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
     .failure = TLS_FAILURE_KEY_EXCHANGE,
     .alert = -2,
     .sent = true,
     .stage = "client_key_exchange",
     .format = TEE_FORMAT_TLS},
    {.title = "no cipher suite in common",
     .hello = {0x0303, {0x0001, 0x0002}, TEXT(EXT_SIGNATURES)},
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NO_SHARED_CIPHER,
     .alert = 40,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "no version in common",
     .hello = {0x0200, {0x002f}, NULL, 0},
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NO_SHARED_VERSION,
     .alert = 70,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "a hello whose lengths are wrong",
     .first = TEXT("\x16\3\1\0\x2f\1\0\0\x2b\3\3"
		   "0123456789abcdef0123456789abcdef"
		   "\xff\0\2\0/"
		   "\1\0\0\0"),
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_UNREADABLE_HELLO,
     .alert = 50,
     .sent = true,
     .stage = "client_hello",
     .format = TEE_FORMAT_TLS},
    {.title = "an SSLv2 hello that offers SSLv2 alone",
     .first = TEXT("\x80\x1c\1\0\2\0\3\0\0\0\x10\1\0\x80"
		   "0123456789abcdef"),
     .then = THEN_WAIT,
     .failure = TLS_FAILURE_NO_SHARED_VERSION,
     .alert = -2,
     .sent = true,
     .stage = "client_hello_v2",
     .format = TEE_FORMAT_SSLV2},
};

static void show(const struct lab_report *r)
{
	const struct tls_info *i = &r->info;

	printf("# outcome %s failure %s alert %s %d stage '%s' error '%s' version %s format %s\n",
	       tls_outcome_name(i->outcome), tls_failure_name(i->failure),
	       i->alert.sent ? "sent" : "received", i->alert.seen ? i->alert.number : -1, i->stage,
	       i->error, tls_version_name(i->version), tee_format_name(i->hello_format));
}

static void read_until_closed(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof buf, 0) > 0)
		;
}

/* The server's flight has come: its last record is in, since the server waits now. */
static void read_flight(int fd)
{
	char buf[8192];
	const struct timeval t = {.tv_usec = 100000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	while (recv(fd, buf, sizeof buf, 0) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 15}, sizeof t);
}

static void play(int fd, const struct failure *f)
{
	struct raw raw = {0};

	if (f->hello.version != 0)
		raw_put_hello(&raw, &f->hello);
	if (f->first_len > 0) {
		memcpy(raw.bytes, f->first, f->first_len);
		raw.len = f->first_len;
	}
	send(fd, raw.bytes, raw.len, MSG_NOSIGNAL);
	if (f->then == THEN_FLIGHT) {
		read_flight(fd);
		send(fd, f->second, f->second_len, MSG_NOSIGNAL);
	} else if (f->then == THEN_RESET) {
		/* Unread bytes in the socket make close() a reset. */
		char byte;
		recv(fd, &byte, 1, MSG_PEEK);
		return;
	}
	if (f->then != THEN_CLOSE)
		read_until_closed(fd);
}

/* -1: none; -2: any. */
static bool is_alert(const struct tls_alert *a, const struct failure *f)
{
	if (f->alert == -1)
		return !a->seen;
	return a->seen && a->sent == f->sent && (f->alert == -2 || a->number == f->alert);
}

/* SHA-256 of "abc": FIPS 180-4's own example. */
static bool is_abc(const struct tls_client_cert *c)
{
	return c->present && !c->readable && c->chain == 1 &&
	       memcmp(c->sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8) == 0;
}

static void check_table(struct lab *lab)
{
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		const struct failure *f = &failures[i];
		struct lab_report r;
		int fd = lab_connect(lab);

		play(fd, f);
		close(fd);
		bool there = lab_report(lab, &r);
		if (!ok(there && r.info.outcome == TLS_FAILED && r.info.failure == f->failure &&
			    is_alert(&r.info.alert, f) && strcmp(r.info.stage, f->stage) == 0 &&
			    r.info.hello_format == f->format && r.info.error[0] != '\0',
			"%s: %s", f->title, tls_failure_name(f->failure)))
			show(&r);
		if (f->failure == TLS_FAILURE_CLIENT_CERTIFICATE)
			ok(is_abc(&r.info.cert), "its hash is recorded");
	}
}

/* A byte each 0.2 s stays within the deadline for one receive, and still does not hold a worker. */
static void check_drip(struct lab *lab)
{
	struct raw raw = {0};
	struct lab_report r;
	int fd = lab_connect(lab);

	raw_put_hello(&raw, &(struct raw_hello)TLS12_RSA);
	for (size_t i = 0; i < raw.len; i++) {
		if (send(fd, raw.bytes + i, 1, MSG_NOSIGNAL) < 0)
			break;
		usleep(200000);
		char byte;
		if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0)
			break;
	}
	close(fd);
	ok(lab_report(lab, &r) && r.info.failure == TLS_FAILURE_TIMEOUT &&
	       r.info.handshake_us < lab->handshake_us + 5000000,
	   "a hello that drips in is timed out as a whole");
}

static void check_silence(struct lab *lab)
{
	struct lab_report r;
	int fd = lab_connect(lab);

	read_until_closed(fd);
	close(fd);
	ok(lab_report(lab, &r) && r.info.failure == TLS_FAILURE_TIMEOUT && !r.info.alert.seen,
	   "silence is timed out");
}

static void check_timeouts(void)
{
	static struct lab lab = {.handshake_us = 1500000, .receive_s = 1};

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "a worker with short deadlines starts"))
		return;
	check_silence(&lab);
	check_drip(&lab);
	ok(lab_stop(&lab), "both processes end well");
}

static const struct {
	const char *title, *command;
	enum tls_failure failure;
	int alert;
} refusals[] = {
    {"OpenSSL that verifies, TLS 1.2", S_CLIENT "-tls1_2 -verify_return_error",
     TLS_FAILURE_CLIENT_ALERT, 48},
    {"OpenSSL that verifies, TLS 1.3", S_CLIENT "-tls1_3 -verify_return_error",
     TLS_FAILURE_CLIENT_ALERT, 48},
    {"OpenSSL that verifies, TLS 1.0", S_CLIENT "-tls1 -cipher ALL@SECLEVEL=0 -verify_return_error",
     TLS_FAILURE_CLIENT_ALERT, 48},
    {"OpenSSL whose policy refuses our key",
     S_CLIENT "-tls1_2 -cipher ECDHE-RSA-AES128-SHA@SECLEVEL=4", TLS_FAILURE_CLIENT_ALERT, -2},
    {"NSS that verifies, TLS 1.3",
     "timeout 15 tstclnt -h 127.0.0.1 -p $PORT -D -Q -V tls1.3:", TLS_FAILURE_CLIENT_ALERT, -2},
};

static void check_refusals(struct lab *lab)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct lab_report r;
		bool there = lab_client(lab, &r, "%s", refusals[i].command);
		const struct tls_alert *a = &r.info.alert;

		if (!ok(there && r.info.outcome == TLS_FAILED &&
			    r.info.failure == refusals[i].failure && a->seen && !a->sent &&
			    (refusals[i].alert == -2 || a->number == refusals[i].alert),
			"%s: its alert is recorded", refusals[i].title))
			show(&r);
	}
}

static void check_keyholder_gone(struct lab *lab)
{
	struct lab_report r;

	lab_client(lab, &r, S_CLIENT "-tls1_3 -verify_return_error");
	ok(!r.keyholder_failed, "a client's failure is not the key holder's");
	close(lab->control);
	lab_client(lab, &r,
		   "until ! kill -0 %d 2>/dev/null || grep -q '^State:.Z' /proc/%d/status;"
		   " do sleep 0.05; done; " S_CLIENT "-tls1_3",
		   lab->keyholder, lab->keyholder);
	if (!ok(r.info.failure == TLS_FAILURE_KEYHOLDER && r.keyholder_failed,
		"without a key holder it is our failure"))
		show(&r);
}

int main(void)
{
	static struct lab lab;

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "key holder and worker start"))
		return tap_done();
	check_table(&lab);
	check_refusals(&lab);
	check_keyholder_gone(&lab);
	lab.control = -1;
	ok(lab_stop(&lab), "both processes end well");
	check_timeouts();
	return tap_done();
}
