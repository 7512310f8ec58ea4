/*
 * boards.h: the boards of a running trap, as status, metrics and top read them.
 */
#ifndef SMTPTRAP_BOARDS_H
#define SMTPTRAP_BOARDS_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

#define BOARDS_ADDRESS_MAX 64 /* an address with its port */

struct boards {
	const struct board *board;
	const struct ack_board *ack;
	uint32_t slots; /* as they were checked */
	uint32_t used;  /* of them; the others are free, and reading them would take memory */
	size_t size, ack_size;
};

/*
 * Ask the master at this socket for its boards and map them for reading.  Returns 0, or ERR_SYSTEM
 * or ERR_FORMAT; why_r says what is wrong, with the socket's name.  Release with boards_close().
 */
#define BOARDS_WHY_MAX 256
int boards_open(struct boards *b, const char *path, char why_r[BOARDS_WHY_MAX]);

/* Release them; accepts zeroed ones. */
void boards_close(struct boards *b);

/* Sums over all slots, as the workers tell them. */
struct board_totals {
	uint32_t state[SLOT_STATE_COUNT];
	uint64_t sessions, messages, tls, tls_failed;
};
struct board_totals boards_totals(const struct boards *b);

/* A counter of the logger's. */
uint64_t boards_figure(const struct boards *b, size_t at);

/* "off", "up", "silent" or "lost". */
const char *boards_dns_state(const struct boards *b);

/* A copy of a slot, which does not change between a check and its use. */
struct board_slot boards_slot(const struct boards *b, uint32_t number);

/* "helo", "mail", ...; "?" for a number out of range. */
const char *boards_phase(const struct board_slot *s);

/* "192.0.2.1:25" or "[2001:db8::1]:25"; without a port where that is 0. */
void boards_address(const uint8_t ip[16], uint16_t port, char text[BOARDS_ADDRESS_MAX]);

#endif
