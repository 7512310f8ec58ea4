/*
 * ack_window.h: the acknowledgements of what was published, in order.
 *
 * JetStream acknowledges out of order; an item counts only when all before it are there.  Shared
 * by the shipper's thread and libnats's, who lock around it (output_nats.c).
 */
#ifndef SMTPTRAP_SHIP_ACK_WINDOW_H
#define SMTPTRAP_SHIP_ACK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ack_slot {
	const void *key; /* what the acknowledgement will name; unique among those that wait */
	size_t bytes;
	bool done;
};

struct ack_window {
	struct ack_slot *slots; /* of the numbers after low: number % cap */
	size_t cap;
	uint64_t low;  /* all up to this number are done */
	uint64_t high; /* the last number that was added */
	uint64_t next; /* where the next acknowledgement is looked for first */
	size_t bytes;  /* of those above low that are not done */
};

/* Room for cap items.  Returns 0, or ERR_MEMORY. */
int ack_window_init(struct ack_window *w, size_t cap);
void ack_window_fini(struct ack_window *w);

/* Are there cap items above low? */
bool ack_window_full(const struct ack_window *w);

/* Add the item with the number after high; its key, or NULL: it is done already.  Returns 0, or
 * ERR_FULL. */
int ack_window_add(struct ack_window *w, const void *key, size_t bytes);

/* Take back the last that was added, which is not done. */
void ack_window_undo(struct ack_window *w);

/* The number of the item with this key that is not done; 0 if none has it. */
uint64_t ack_window_number(const struct ack_window *w, const void *key);

/* The item with this key is done.  Returns 0, or ERR_REFUSED if none has it. */
int ack_window_done(struct ack_window *w, const void *key);

#endif
