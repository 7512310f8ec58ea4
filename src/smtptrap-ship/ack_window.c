/*
 * ack_window.c: a ring of the items on their way.
 *
 * Acknowledgements come nearly in order, so the item is looked for from where the last was found;
 * at worst all of the ring is looked at once.
 */
#include "ack_window.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

int ack_window_init(struct ack_window *w, size_t cap)
{
	*w = (struct ack_window){.slots = calloc(cap, sizeof *w->slots), .cap = cap, .next = 1};
	return w->slots == NULL ? ERR_MEMORY : 0;
}

void ack_window_fini(struct ack_window *w)
{
	free(w->slots);
	*w = (struct ack_window){0};
}

static struct ack_slot *slot_of(const struct ack_window *w, uint64_t number)
{
	return &w->slots[number % w->cap];
}

bool ack_window_full(const struct ack_window *w)
{
	return w->high - w->low >= w->cap;
}

static void advance(struct ack_window *w)
{
	while (w->low < w->high && slot_of(w, w->low + 1)->done)
		*slot_of(w, ++w->low) = (struct ack_slot){0};
	if (w->next <= w->low)
		w->next = w->low + 1;
}

int ack_window_add(struct ack_window *w, const void *key, size_t bytes)
{
	if (ack_window_full(w))
		return ERR_FULL;
	*slot_of(w, ++w->high) = (struct ack_slot){key, bytes, key == NULL};
	if (key != NULL)
		w->bytes += bytes;
	advance(w);
	return 0;
}

void ack_window_undo(struct ack_window *w)
{
	w->bytes -= slot_of(w, w->high)->bytes;
	*slot_of(w, w->high--) = (struct ack_slot){0};
	if (w->next > w->high + 1)
		w->next = w->high + 1;
}

static uint64_t find(const struct ack_window *w, const void *key, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n <= to; n++) {
		const struct ack_slot *s = slot_of(w, n);

		if (!s->done && s->key == key)
			return n;
	}
	return 0;
}

uint64_t ack_window_number(const struct ack_window *w, const void *key)
{
	uint64_t n = find(w, key, w->next, w->high);

	return n != 0 ? n : find(w, key, w->low + 1, w->high);
}

int ack_window_done(struct ack_window *w, const void *key)
{
	uint64_t n = ack_window_number(w, key);

	if (n == 0)
		return ERR_REFUSED;
	struct ack_slot *s = slot_of(w, n);
	w->next = n + 1;
	s->done = true;
	s->key = NULL;
	w->bytes -= s->bytes;
	advance(w);
	return 0;
}
