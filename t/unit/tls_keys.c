/*
 * The private keys: in no memory but the key holder's, and what it refuses.
 */
#include "../lib-c/tls_lab.h"
#include "../tap.h"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/tls_key_client.h"
#include "key_msg.h"

#define S_CLIENT \
	"printf 'quit\\r\\n' | timeout 15 openssl s_client -connect 127.0.0.1:$PORT -quiet "
#define NEEDLE 24                /* bytes of a secret number that are looked for */
#define MAPPING_MAX (256l << 20) /* larger ones are a sanitizer's */

/* ---- no key bytes in memory ---- */

struct needles {
	uint8_t bytes[8][NEEDLE];
	int count;
};

/* A secret number as files have it, and as numbers lie in memory (least significant first). */
static void needle_add(struct needles *n, const gnutls_datum_t *number)
{
	const uint8_t *middle = number->data + number->size / 2 - NEEDLE / 2;

	for (int i = 0; i < NEEDLE; i++) {
		n->bytes[n->count][i] = middle[i];
		n->bytes[n->count + 1][i] = middle[NEEDLE - 1 - i];
	}
	n->count += 2;
}

/* From the text of the PEM file, and from the numbers of an EC or RSA key. */
static void needles_make(struct needles *n, const char *dir, const char *name)
{
	char path[96];
	gnutls_datum_t pem, x, y, k = {0}, m, e, d, p = {0}, q, u, e1, e2;
	gnutls_privkey_t key;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	gnutls_load_file(path, &pem);
	memcpy(n->bytes[n->count++], pem.data + 80, NEEDLE);
	gnutls_privkey_init(&key);
	gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (gnutls_privkey_export_ecc_raw(key, NULL, &x, &y, &k) == 0)
		needle_add(n, &k);
	else if (gnutls_privkey_export_rsa_raw(key, &m, &e, &d, &p, &q, &u, &e1, &e2) == 0)
		needle_add(n, &p);
}

static bool in_mapping(int memory, unsigned long from, unsigned long to, const struct needles *n)
{
	size_t len = to - from;
	uint8_t *copy = malloc(len);
	bool found = false;

	if (copy && pread(memory, copy, len, (off_t)from) == (ssize_t)len)
		for (int i = 0; i < n->count; i++)
			found = found || memmem(copy, len, n->bytes[i], NEEDLE) != NULL;
	free(copy);
	return found;
}

/* 1 if the process's writable memory holds a needle, 0 if not, -1 if it may not be read. */
static int in_memory(pid_t pid, const struct needles *n)
{
	char path[64], line[512], mode[5];
	unsigned long from, to;
	int found = 0;

	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int memory = open(path, O_RDONLY);
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "r");
	if (memory < 0 || maps == NULL)
		return -1;
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && mode[1] == 'w' &&
		    (long)(to - from) < MAPPING_MAX)
			found |= in_mapping(memory, from, to, n);
	fclose(maps);
	close(memory);
	return found;
}

/* In a process of its own, since to know what to look for it must read the keys. */
static int search(const char *dir, pid_t pid)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct needles n = {0};
		needles_make(&n, dir, "ec.key");
		needles_make(&n, dir, "rsa.key");
		if (n.count != 6)
			_exit(3);
		_exit(in_memory(pid ? pid : getpid(), &n) & 0xff);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

static void check_memory(struct lab *lab)
{
	struct lab_report r;
	static const char *const uses[] = {"-tls1_3", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA",
					   "-tls1_2 -cipher AES128-SHA",
					   "-tls1 -cipher ALL@SECLEVEL=0"};

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
		lab_client(lab, &r, S_CLIENT "%s", uses[i]);
		ok(r.info.outcome == TLS_NEGOTIATED, "the keys are used: %s", uses[i]);
	}
	is_int(search(lab->dir, 0), 1, "the search finds a key where one is");
	if (search(lab->dir, lab->worker) == 255) {
		ok(true, "memory of others # SKIP this user may not read it");
		return;
	}
	is_int(search(lab->dir, lab->worker), 0, "the worker's memory holds no byte of a key");
	is_int(search(lab->dir, getpid()), 0, "the master's memory holds no byte of a key");
}

/* ---- what the key holder refuses ---- */

/* A channel to it for slot; the other end is handed over. */
static int channel(struct lab *lab, uint32_t slot)
{
	int pair[2];

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	keyholder_give(lab->control, slot, pair[1]);
	close(pair[1]);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10},
		   sizeof(struct timeval));
	return pair[0];
}

/* Ask; returns the status, -1 if the channel was closed, -2 if the answer is not one. */
static int ask(int fd, struct key_header head, const void *data, size_t len,
	       uint8_t out[KEY_DATA_MAX])
{
	uint8_t packet[KEY_MSG_MAX];
	struct key_msg m;
	static uint32_t seq = 77;

	head.seq = ++seq;
	send(fd, packet, (size_t)key_msg_encode(packet, &head, data, len), MSG_NOSIGNAL);
	ssize_t n = recv(fd, packet, sizeof packet, 0);
	if (n <= 0)
		return -1;
	if (key_msg_decode(packet, (size_t)n, &m) != 0 || m.head.seq != seq)
		return -2;
	memcpy(out, m.data, m.head.length);
	return m.head.status;
}

#define EC 0
#define RSA 1

static void check_requests(struct lab *lab)
{
	static const struct {
		const char *title;
		struct key_header head;
		size_t len;
		int expected;
	} cases[] = {
	    {"ECDSA with SHA-256 signs 32 bytes",
	     {.op = KEY_SIGN_HASH, .key = EC, .algorithm = GNUTLS_SIGN_ECDSA_SHA256},
	     32,
	     KEY_OK},
	    {"and not 31",
	     {.op = KEY_SIGN_HASH, .key = EC, .algorithm = GNUTLS_SIGN_ECDSA_SHA256},
	     31,
	     KEY_REFUSED},
	    {"ECDSA with an RSA key is refused",
	     {.op = KEY_SIGN_HASH, .key = RSA, .algorithm = GNUTLS_SIGN_ECDSA_SHA256},
	     32,
	     KEY_REFUSED},
	    {"RSA-PSS with SHA-384 signs 48 bytes",
	     {.op = KEY_SIGN_HASH, .key = RSA, .algorithm = GNUTLS_SIGN_RSA_PSS_RSAE_SHA384},
	     48,
	     KEY_OK},
	    {"raw RSA of bytes without the form of a digest is refused",
	     {.op = KEY_SIGN_HASH, .key = RSA, .algorithm = GNUTLS_SIGN_RSA_RAW},
	     51,
	     KEY_REFUSED},
	    {"raw RSA signs MD5 and SHA-1",
	     {.op = KEY_SIGN_HASH, .key = RSA, .algorithm = GNUTLS_SIGN_RSA_RAW},
	     36,
	     KEY_OK},
	    {"raw RSA with an EC key is refused",
	     {.op = KEY_SIGN_HASH, .key = EC, .algorithm = GNUTLS_SIGN_RSA_RAW},
	     36,
	     KEY_REFUSED},
	    {"an unknown algorithm is refused",
	     {.op = KEY_SIGN_HASH, .key = EC, .algorithm = 99999},
	     32,
	     KEY_REFUSED},
	    {"data that is no handshake's is refused",
	     {.op = KEY_SIGN_DATA, .key = EC, .algorithm = GNUTLS_SIGN_ECDSA_SHA256},
	     100,
	     KEY_REFUSED},
	    {"a key that is not there", {.op = KEY_DECRYPT, .key = 2}, 256, KEY_NO_KEY},
	    {"decryption with an EC key is refused",
	     {.op = KEY_DECRYPT, .key = EC},
	     256,
	     KEY_REFUSED},
	    {"a ciphertext that is none gives a secret all the same",
	     {.op = KEY_DECRYPT, .key = RSA},
	     256,
	     KEY_OK},
	    {"one of a wrong length too", {.op = KEY_DECRYPT, .key = RSA}, 20, KEY_OK},
	};
	uint8_t data[KEY_DATA_MAX], out[KEY_DATA_MAX];
	int fd = channel(lab, 2);

	memset(data, 0x41, sizeof data);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(ask(fd, cases[i].head, data, cases[i].len, out), cases[i].expected,
		       cases[i].title);
	close(fd);
}

static void check_random_secret(struct lab *lab)
{
	uint8_t data[256] = {1}, first[KEY_DATA_MAX], second[KEY_DATA_MAX];
	const struct key_header head = {.op = KEY_DECRYPT, .key = RSA};
	int fd = channel(lab, 2);

	ask(fd, head, data, sizeof data, first);
	ask(fd, head, data, sizeof data, second);
	ok(memcmp(first, second, KEY_PREMASTER_LEN) != 0,
	   "the secret of a ciphertext that is none is another each time");
	close(fd);
}

static void check_channels(struct lab *lab)
{
	uint8_t out[KEY_DATA_MAX];
	const struct key_header good = {
	    .op = KEY_SIGN_HASH, .key = EC, .algorithm = GNUTLS_SIGN_ECDSA_SHA256};
	static const uint8_t hash[32];
	int first = channel(lab, 2), second = channel(lab, 2), other = channel(lab, 3);
	char byte;

	is_int(recv(first, &byte, 1, 0), 0, "a slot's new channel closes the old one");
	is_int(ask(second, good, hash, 32, out), KEY_OK, "and is served");
	is_int(ask(second, (struct key_header){.op = KEY_REPLY}, hash, 32, out), -1,
	       "a packet that is no request closes the channel");
	is_int(ask(other, good, hash, 32, out), KEY_OK, "of that worker alone");
	send(other, "noise", 5, MSG_NOSIGNAL);
	is_int(recv(other, &byte, 1, 0), 0, "noise closes the channel");
	close(first);
	close(second);
	close(other);
}

/* Everything written to this pipe, whose other end nobody has any more; 0 stands behind it. */
static void read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	for (ssize_t n; len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0;)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
}

/* Start the lab with its standard error going to a pipe; returns the end to read. */
static int lab_start_heard(struct lab *lab)
{
	int errors[2], own = dup(STDERR_FILENO);

	if (pipe(errors) < 0)
		return -1;
	dup2(errors[1], STDERR_FILENO);
	close(errors[1]);
	bool started = lab_start(lab, (struct tls_settings){0});
	dup2(own, STDERR_FILENO);
	close(own);
	ok(started, "key holder and worker start");
	return errors[0];
}

static void check_worker_that_died(void)
{
	static struct lab lab;
	uint8_t packet[KEY_MSG_MAX], out[KEY_DATA_MAX];
	static const uint8_t hash[32];
	const struct key_header sign = {
	    .op = KEY_SIGN_HASH, .key = EC, .algorithm = GNUTLS_SIGN_ECDSA_SHA256};
	char said[512];
	int status;

	lab_certificates(&lab, NULL);
	int errors = lab_start_heard(&lab);
	int dead = channel(&lab, 2), other = channel(&lab, 3);
	is_int(ask(dead, sign, hash, sizeof hash, out), KEY_OK, "a worker is served");
	kill(lab.keyholder, SIGSTOP);
	waitpid(lab.keyholder, &status, WUNTRACED);
	send(dead, packet, (size_t)key_msg_encode(packet, &sign, hash, sizeof hash), MSG_NOSIGNAL);
	close(dead);
	kill(lab.keyholder, SIGCONT);
	is_int(ask(other, sign, hash, sizeof hash, out), KEY_OK,
	       "when it dies before it has its answer, others are served");
	close(other);
	ok(lab_stop(&lab), "both processes end when they are told to");
	read_all(errors, said, sizeof said);
	is_str(said, "", "and nobody is said to have broken the protocol");
}

/* ---- what a worker takes for an answer ---- */

struct answer {
	int offset; /* of its number from the one of the request */
	struct key_header head;
	const char *data;
};

/* Play a key holder that gives these answers to one request; returns what the worker's side
 * made of them, and its signature in text. */
static int sign_with(const struct answer *answers, int count, char text[64])
{
	struct key_client client = {.fd = -1};
	struct key_client_key k = {.client = &client, .algorithm = GNUTLS_PK_ECDSA, .bits = 256};
	static uint8_t hash[32];
	const gnutls_datum_t in = {hash, sizeof hash};
	gnutls_datum_t out = {0};
	gnutls_privkey_t key;
	int pair[2];

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	for (int i = 0; i < count; i++) {
		uint8_t packet[KEY_MSG_MAX];
		struct key_header head = answers[i].head;
		head.seq = (uint32_t)(1 + answers[i].offset); /* the first request is number 1 */
		int len = key_msg_encode(packet, &head, answers[i].data, strlen(answers[i].data));
		send(pair[1], packet, (size_t)len, 0);
	}
	shutdown(pair[1], SHUT_WR);
	key_client_connect(&client, pair[0]);
	key_client_import(&k, &key);
	int r = gnutls_privkey_sign_hash2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &in, &out);
	snprintf(text, 64, "%.*s", r == 0 ? (int)out.size : 0, r == 0 ? (char *)out.data : "");
	ok(client.failed == (r < 0), "a failure is noted, a success is not");
	gnutls_free(out.data);
	gnutls_privkey_deinit(key);
	close(pair[0]);
	close(pair[1]);
	return r;
}

#define REPLY(status_)                               \
	{                                            \
		.op = KEY_REPLY, .status = (status_) \
	}

static void check_answers(void)
{
	static const struct {
		const char *title;
		struct answer answers[3];
		int count;
		const char *expected; /* NULL: a failure */
	} cases[] = {
	    {"the answer is taken", {{0, REPLY(KEY_OK), "signature"}}, 1, "signature"},
	    {"answers to requests given up are skipped",
	     {{-1, REPLY(KEY_OK), "stale"}, {-9, REPLY(KEY_FAILED), ""}, {0, REPLY(KEY_OK), "new"}},
	     3,
	     "new"},
	    {"a refusal is a failure", {{0, REPLY(KEY_REFUSED), ""}}, 1, NULL},
	    {"what is no answer is a failure", {{0, {.op = KEY_SLOT}, ""}}, 1, NULL},
	    {"the end of the channel is a failure", {{-1, REPLY(KEY_OK), "stale"}}, 1, NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];
		int r = sign_with(cases[i].answers, cases[i].count, text);
		if (cases[i].expected)
			is_str(text, cases[i].expected, cases[i].title);
		else
			ok(r == GNUTLS_E_PK_SIGN_FAILED, "%s", cases[i].title);
	}
}

/* ---- pairs that are none ---- */

/* Start with these files; true if that fails with text and the key's name in the message. */
static bool refuses(const char *certificate, const char *key, const char *text)
{
	struct lab lab = {0};
	char path[2][96], message[512] = "", command[96];
	int errors[2], status;

	lab_certificates(&lab, "printf noise >noise.key");
	snprintf(path[0], sizeof path[0], "%s/%s", lab.dir, certificate);
	snprintf(path[1], sizeof path[1], "%s/%s", lab.dir, key);
	const struct tls_files files = {path[0], path[1]};
	fflush(stdout);
	pid_t child = pipe(errors) == 0 ? fork() : -1;
	if (child == 0) {
		dup2(errors[1], 2);
		_exit(lab_start(&lab, (struct tls_settings){.files = &files, .file_count = 1}));
	}
	close(errors[1]);
	waitpid(child, &status, 0);
	if (read(errors[0], message, sizeof message - 1) < 0)
		message[0] = '\0';
	close(errors[0]);
	bool good = strstr(message, text) && strstr(message, path[1]) && status == 0;
	if (!good)
		printf("# status %x, message %s\n", (unsigned)status, message);
	snprintf(command, sizeof command, "rm -rf %s", lab.dir);
	return system(command) == 0 && good;
}

/* Ed25519 takes another way through the key holder: the data, not its digest. */
static void check_eddsa(void)
{
	static struct lab lab;
	struct lab_report r;
	char path[2][96];

	lab_certificates(&lab, "openssl req -x509 -newkey ed25519 -nodes -keyout ed.key"
			       " -out ed.pem -days 30 -subj /CN=mx.test");
	snprintf(path[0], sizeof path[0], "%s/ed.pem", lab.dir);
	snprintf(path[1], sizeof path[1], "%s/ed.key", lab.dir);
	const struct tls_files files = {path[0], path[1]};
	if (!ok(lab_start(&lab, (struct tls_settings){.files = &files, .file_count = 1}),
		"an Ed25519 key is taken"))
		return;
	lab_client(&lab, &r, S_CLIENT "-tls1_3");
	ok(r.info.version == TLS_1_3, "and signs under TLS 1.3");
	lab_client(&lab, &r, S_CLIENT "-tls1_2");
	ok(r.info.version == TLS_1_2, "and under TLS 1.2");
	lab_client(&lab, &r, S_CLIENT "-tls1_1 -cipher ALL@SECLEVEL=0");
	ok(r.info.failure == TLS_FAILURE_NO_SHARED_SIGNATURE, "and not where there is no EdDSA");
	int fd = channel(&lab, 2);
	uint8_t data[130] = {0}, out[KEY_DATA_MAX];
	is_int(ask(fd,
		   (struct key_header){.op = KEY_SIGN_DATA, .algorithm = GNUTLS_SIGN_EDDSA_ED25519},
		   data, sizeof data, out),
	       KEY_REFUSED, "data without the form of a handshake's it does not sign");
	close(fd);
	ok(lab_stop(&lab), "both processes end when they are told to");
}

int main(void)
{
	static struct lab lab;

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "key holder and worker start"))
		return tap_done();
	check_memory(&lab);
	check_requests(&lab);
	check_random_secret(&lab);
	check_channels(&lab);
	check_answers();
	ok(lab_stop(&lab), "both processes end when they are told to");
	check_worker_that_died();
	check_eddsa();
	ok(refuses("ec.pem", "rsa.key", "does not belong to the certificate"),
	   "a key that belongs to another certificate is fatal and named");
	ok(refuses("ec.pem", "noise.key", "cannot use the key"),
	   "a key file that holds none is fatal and named");
	return tap_done();
}
