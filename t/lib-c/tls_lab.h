/*
 * tls_lab.h: a key holder and a worker that serves TLS on a loopback port, for tests.
 *
 * The test program is the master.  The worker serves one client after the other and reports each
 * one's struct tls_info when it has gone.
 */
#ifndef SMTPTRAP_TLS_LAB_H
#define SMTPTRAP_TLS_LAB_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "../../src/tls.h"

struct lab {
	uint64_t handshake_us; /* the worker's deadline for a handshake; 0: 20 s */
	time_t receive_s;      /* the transport's for one receive; 0: 10 s */
	char dir[64];          /* certificates, clients' output; removed by lab_stop() */
	struct tls_server *server;
	pid_t keyholder, worker;
	int control, reports, listener;
	int port;
};

struct lab_report {
	struct tls_info info; /* its pointers are not valid here */
	char subject[256], issuer[256];
	char got[64];    /* the client's first data */
	bool hello_kept; /* tls_session_hello() gave what starts with a record or SSLv2 header */
	bool keyholder_failed;
	int receives, sends; /* calls of the transport */
	long private_kb;     /* the worker's private dirty memory after the session */
};

/* Make dir and server certificates in it (ec.pem, ec.key, rsa.pem, rsa.key), and what else
 * `script`, run by sh in dir, makes. */
void lab_certificates(struct lab *lab, const char *script);

/* Start; settings->files is replaced by ec and rsa.  False if a process did not start. */
bool lab_start(struct lab *lab, struct tls_settings settings);

/* Run a client to its end: sh -c of the format in dir, PORT in the environment, its output in
 * dir/client.log.  Then read the worker's report; false if none comes. */
bool lab_client(struct lab *lab, struct lab_report *report, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Read the next report, false if none comes in 20 s. */
bool lab_report(struct lab *lab, struct lab_report *report);

/* Connect to the worker; -1 on failure. */
int lab_connect(const struct lab *lab);

/* End both processes and see that they went with status 0. */
bool lab_stop(struct lab *lab);

#endif
