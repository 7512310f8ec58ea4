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

static struct ack_slot *find(struct ack_window *w, const void *key, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n <= to; n++) {
		struct ack_slot *s = slot_of(w, n);

		if (!s->done && s->key == key) {
			w->next = n + 1;
			return s;
		}
	}
	return NULL;
}

int ack_window_done(struct ack_window *w, const void *key)
{
	struct ack_slot *s = find(w, key, w->next, w->high);

	if (s == NULL)
		s = find(w, key, w->low + 1, w->high);
	if (s == NULL)
		return ERR_REFUSED;
	s->done = true;
	s->key = NULL;
	w->bytes -= s->bytes;
	advance(w);
	return 0;
}
