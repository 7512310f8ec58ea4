/*
 * worker_yakker.h: clients that come again and again and do nothing.
 *
 * A yakker is an address of which many sessions came in a time and none got as far as it should
 * (or a rule said that it is one).  The logger counts and decides; a worker looks the address up
 * when it is known, and at the end tells what the session was.
 */
#ifndef SMTPTRAP_WORKER_YAKKER_H
#define SMTPTRAP_WORKER_YAKKER_H

#include <stdbool.h>
#include <stdint.h>

#include "address_table.h"
#include "conf.h"
#include "smtp.h"
#include "summary.h"

/* Of one session. */
struct yakker {
	bool begun;  /* the client's address is known and was looked up */
	bool under;  /* it was a yakker then */
	bool marked; /* a rule says that it is one from now on */
};

/* The address is known: look it up, at now_s (seconds since 1970). */
void yakker_begin(struct yakker *y, const struct address_reader *memory, const uint8_t ip[IP_BYTES],
		  uint32_t within_s, uint32_t now_s);

/* A session's end. */
struct yakker_end {
	const struct conf *conf;
	const struct address_reader *memory;
	const uint8_t *ip; /* IP_BYTES */
	enum smtp_phase phase;
	bool tls_failed, tls_negotiated;
	bool ours; /* the trap is to blame if it did nothing */
};

/* What the memory of addresses should learn of it. */
enum summary_yakker yakker_lesson(const struct yakker *y, const struct yakker_end *end);

#endif
