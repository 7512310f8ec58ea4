/*
 * tls_lab.c: a key holder and a worker that serves TLS on a loopback port, for tests.
 */
#include "tls_lab.h"

#include "../../src/heap_fill.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_WAIT_MS 20000
#define SLOTS 4
#define LONG_REPLY 100000 /* bytes */

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the worker ---- */

struct lab_io {
	int fd, receives, sends;
};

static ssize_t io_recv(void *ctx, void *buf, size_t len)
{
	struct lab_io *io = ctx;
	ssize_t n = recv(io->fd, buf, len, 0);

	io->receives++;
	if (n < 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	return n;
}

static bool io_wait(void *ctx, uint64_t us)
{
	struct lab_io *io = ctx;
	struct pollfd p = {.fd = io->fd, .events = POLLIN};

	return poll(&p, 1, (int)(us / 1000)) == 1;
}

static ssize_t io_send(void *ctx, const struct iovec *iov, int count)
{
	struct lab_io *io = ctx;
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov,
			     .msg_iovlen = (size_t)count};

	io->sends++;
	return sendmsg(io->fd, &msg, MSG_NOSIGNAL);
}

static void copy_name(char *to, size_t size, const uint8_t *from, size_t len)
{
	snprintf(to, size, "%.*s", (int)len, from ? (const char *)from : "");
}

static void send_long(struct tls_session *s)
{
	char *text = malloc(LONG_REPLY);

	memset(text, 'x', LONG_REPLY);
	tls_send(s, text, LONG_REPLY);
	free(text);
}

/* Answer the client's first data; "quit" and "long" get the last reply at once. */
static void talk(struct tls_session *s, struct lab_report *report)
{
	char buf[512];
	ssize_t n = tls_recv(s, buf, sizeof buf);

	if (n <= 0)
		return;
	copy_name(report->got, sizeof report->got, (uint8_t *)buf, (size_t)n);
	if (strncmp(buf, "long", 4) == 0)
		send_long(s);
	if (strncmp(buf, "quit", 4) == 0 || strncmp(buf, "long", 4) == 0) {
		tls_send_last(s, "221 bye\r\n", 9);
		return;
	}
	tls_send(s, "250 ok\r\n", 8);
	while (tls_recv(s, buf, sizeof buf) > 0)
		;
}

static long private_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kb = -1;

	while (f && fgets(line, sizeof line, f))
		sscanf(line, "Private_Dirty: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

static void serve(const struct lab *lab, struct tls_session *s, int fd, struct lab_report *report)
{
	struct lab_io io = {.fd = fd};
	const struct tls_transport transport = {&io, io_recv, io_send, io_wait};
	const struct timeval t = {.tv_sec = lab->receive_s};
	size_t len;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	tls_begin(s);
	int r = tls_accept(s, &(struct tls_accept_args){.transport = &transport,
							.timeout_us = lab->handshake_us,
							.ask_certificate = true,
							.implicit = true});
	const uint8_t *hello = tls_session_hello(s, &len);
	report->hello_kept = hello != NULL && len == tls_session_info(s)->hello_bytes && len > 5 &&
			     (hello[0] == 0x16 || hello[0] == 0x80);
	if (r == 0)
		talk(s, report);
	tls_close(s);
	report->info = *tls_session_info(s);
	copy_name(report->subject, sizeof report->subject, report->info.cert.subject,
		  report->info.cert.subject_len);
	copy_name(report->issuer, sizeof report->issuer, report->info.cert.issuer,
		  report->info.cert.issuer_len);
	report->keyholder_failed = tls_keyholder_failed(s);
	report->receives = io.receives;
	report->sends = io.sends;
}

static _Noreturn void worker_run(const struct lab *lab, int keys, int reports)
{
	struct tls_session *s = tls_session_new(lab->server, keys);

	for (;;) {
		struct lab_report report = {0};
		int fd = accept(lab->listener, NULL, NULL);
		if (fd < 0)
			break; /* lab_stop() shut the listener */
		serve(lab, s, fd, &report);
		close(fd);
		tls_session_trim(s);
		report.private_kb = private_kb();
		if (write(reports, &report, sizeof report) != sizeof report)
			_exit(1);
	}
	tls_session_free(&s);
	exit(s != NULL); /* not _exit(): a leak is to be found */
}

/* ---- the master ---- */

static void run_script(const char *dir, const char *script)
{
	char command[4096];

	if (snprintf(command, sizeof command, "cd %s && { %s ; } >make.log 2>&1", dir, script) >=
	    (int)sizeof command)
		die("a script that is too long");
	if (system(command) != 0) {
		printf("# failed: %s\n", command);
		die("making certificates");
	}
}

void lab_certificates(struct lab *lab, const char *script)
{
	strlcpy(lab->dir, "/tmp/smtptrap-tls.XXXXXX", sizeof lab->dir);
	if (mkdtemp(lab->dir) == NULL)
		die("mkdtemp");
	run_script(lab->dir,
		   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
		   " -keyout ec.key -out ec.pem -days 30 -subj /CN=mx.test &&"
		   "openssl req -x509 -newkey rsa:2048 -nodes"
		   " -keyout rsa.key -out rsa.pem -days 30 -subj /CN=mx.test");
	if (script)
		run_script(lab->dir, script);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void say_ready(void *ctx)
{
	if (write(*(int *)ctx, "r", 1) != 1)
		_exit(1);
}

/* Returns whether it said ready. */
static bool start_keyholder(struct lab *lab)
{
	int pair[2], ready[2];
	char c;
	size_t count;
	const struct keyholder_key *keys = tls_server_keys(lab->server, &count);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || pipe(ready) < 0)
		die("socketpair");
	fflush(stdout);
	lab->keyholder = fork();
	if (lab->keyholder == 0) {
		close(pair[0]);
		close(ready[0]);
		keyholder_run(&(struct keyholder_args){.control = pair[1],
						       .keys = keys,
						       .key_count = count,
						       .slots = SLOTS,
						       .enter_sandbox = nothing,
						       .ready = say_ready,
						       .ctx = &ready[1]});
	}
	close(pair[1]);
	close(ready[1]);
	lab->control = pair[0];
	tls_server_close_keys(lab->server);
	bool good = read(ready[0], &c, 1) == 1;
	close(ready[0]);
	return good;
}

static void start_worker(struct lab *lab)
{
	int pair[2], reports[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || pipe(reports) < 0)
		die("socketpair");
	fflush(stdout);
	lab->worker = fork();
	if (lab->worker == 0) {
		prctl(PR_SET_PDEATHSIG, 9);
		close(lab->control);
		close(reports[0]);
		worker_run(lab, pair[0], reports[1]);
	}
	close(pair[0]);
	close(reports[1]);
	lab->reports = reports[0];
	if (keyholder_give(lab->control, 1, pair[1]) < 0)
		die("keyholder_give");
	close(pair[1]);
}

static void listen_loopback(struct lab *lab)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;

	lab->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (lab->listener < 0 || bind(lab->listener, (struct sockaddr *)&in, len) < 0 ||
	    listen(lab->listener, 20) < 0 ||
	    getsockname(lab->listener, (struct sockaddr *)&in, &len) < 0)
		die("listen");
	lab->port = ntohs(in.sin_port);
}

bool lab_start(struct lab *lab, struct tls_settings settings)
{
	char path[4][96];
	static const char *const names[] = {"ec.pem", "ec.key", "rsa.pem", "rsa.key"};

	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof path[i], "%s/%s", lab->dir, names[i]);
	const struct tls_files files[] = {{path[0], path[1]}, {path[2], path[3]}};
	if (settings.files == NULL) {
		settings.files = files;
		settings.file_count = 2;
	}
	lab->handshake_us = lab->handshake_us ? lab->handshake_us : 20000000;
	lab->receive_s = lab->receive_s ? lab->receive_s : 10;
	lab->server = tls_setup(&settings);
	if (!start_keyholder(lab))
		return false;
	listen_loopback(lab);
	heap_fill();
	start_worker(lab);
	return true;
}

bool lab_report(struct lab *lab, struct lab_report *report)
{
	struct pollfd p = {.fd = lab->reports, .events = POLLIN};

	memset(report, 0, sizeof *report);
	return poll(&p, 1, REPORT_WAIT_MS) == 1 &&
	       read(lab->reports, report, sizeof *report) == sizeof *report;
}

bool lab_client(struct lab *lab, struct lab_report *report, const char *format, ...)
{
	char command[2048];
	int len = snprintf(command, sizeof command, "cd %s && PORT=%d && { ", lab->dir, lab->port);
	va_list ap;

	va_start(ap, format);
	len += vsnprintf(command + len, sizeof command - (size_t)len, format, ap);
	va_end(ap);
	snprintf(command + len, sizeof command - (size_t)len, " ; } >client.log 2>&1 </dev/null");
	(void)!system(command); /* many of them end with a failure, as they should */
	return lab_report(lab, report);
}

int lab_connect(const struct lab *lab)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)lab->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool lab_stop(struct lab *lab)
{
	char command[96];

	shutdown(lab->listener, SHUT_RDWR);
	bool good = ended_well(lab->worker);
	close(lab->control);
	good = ended_well(lab->keyholder) && good;
	close(lab->listener);
	close(lab->reports);
	snprintf(command, sizeof command, "rm -rf %s", lab->dir);
	return system(command) == 0 && good;
}
