/*
 * logger_intake.c: frames from the pipe, put together to records.
 *
 * Runs in the logger.  Trusts no frame: the cookie must be the one that the master announced for the
 * slot, lengths must be those that were granted, and what is inside is checked where it is used.
 * A record of one frame is taken at once.  A short record is gathered in one of a fixed number of
 * buffers; one long record at a time is streamed.  Whoever finds no place waits on the
 * acknowledgement board, in order of asking; the logger itself waits for nobody.
 */
#include "logger_intake.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "log.h"
#include "record.h"

#define HEAD_MAX (sizeof(struct frame_message) + FRAME_FIELDS_MAX + MBOX_TRACE_MAX)

int intake_init(struct intake *in, struct store *store, struct memory *memory,
		uint64_t master_cookie, uint32_t slots)
{
	*in = (struct intake){.store = store,
			      .memory = memory,
			      .ack = store->ack,
			      .master_cookie = master_cookie,
			      .slots = slots,
			      .free_buffers = UINT32_MAX,
			      .long_slot = INTAKE_NONE};
	in->waiting_short = in->waiting_long = in->ready =
	    (struct intake_queue){INTAKE_NONE, INTAKE_NONE};
	buf_init_heap(&in->whole.head, HEAD_MAX);
	buf_init_heap(&in->streamed.head, HEAD_MAX);
	in->slot = calloc(slots, sizeof *in->slot);
	for (uint32_t i = 0; in->slot && i < slots; i++) {
		lessons_init(&in->slot[i].lessons);
		lessons_init(&in->slot[i].claims);
	}
	return in->slot == NULL ? ERR_MEMORY : 0;
}

/* ---- queues of slots ---- */

static void queue_add(struct intake *in, struct intake_queue *q, uint32_t slot)
{
	in->slot[slot].next = INTAKE_NONE;
	if (q->last == INTAKE_NONE)
		q->first = slot;
	else
		in->slot[q->last].next = slot;
	q->last = slot;
}

static uint32_t queue_take(struct intake *in, struct intake_queue *q)
{
	uint32_t slot = q->first;

	if (slot == INTAKE_NONE)
		return slot;
	q->first = in->slot[slot].next;
	if (q->first == INTAKE_NONE)
		q->last = INTAKE_NONE;
	return slot;
}

static void queue_remove(struct intake *in, struct intake_queue *q, uint32_t slot)
{
	struct intake_queue kept = {INTAKE_NONE, INTAKE_NONE};

	for (uint32_t s; (s = queue_take(in, q)) != INTAKE_NONE;)
		if (s != slot)
			queue_add(in, &kept, s);
	*q = kept;
}

/* ---- a complete or streamed record ---- */

/* Begin anew, with a message of total bytes. */
static void message_reset(struct intake_message *m, uint64_t total)
{
	buf_reset(&m->head);
	m->part = PART_HEAD;
	m->code = ACK_STORED;
	m->opened = false;
	m->total = total;
}

static void message_refuse(struct intake_message *m, enum ack_code code)
{
	m->part = PART_REFUSED;
	m->code = code;
	m->opened = false; /* whoever refuses has undone what stood in the mail stream */
}

/*
 * The length of the head, as far as it can be told; 0 if it is malformed.  All lengths together
 * must be the length of the record: once its data goes to the mail stream it can no longer be
 * wrong, or it would take the batch with it.
 */
static size_t head_length(struct intake_message *m)
{
	struct frame_message *z = &m->sizes;
	size_t fixed = sizeof *z;

	if (m->head.len < fixed)
		return fixed;
	memcpy(z, m->head.data, fixed);
	if (z->fields_len > FRAME_FIELDS_MAX || z->trace_len > MBOX_TRACE_MAX ||
	    (z->trace_len == 0 && z->data_len > 0))
		return 0;
	size_t head = fixed + z->fields_len + z->trace_len;
	return head <= m->total && z->data_len == m->total - head ? head : 0;
}

static void message_begin(struct intake *in, struct intake_message *m)
{
	const uint8_t *fields = m->head.data + sizeof m->sizes;
	struct store_message message = {.fields = fields,
					.fields_len = m->sizes.fields_len,
					.trace = fields + m->sizes.fields_len,
					.trace_len = m->sizes.trace_len,
					.data_len = m->sizes.data_len};

	m->part = PART_DATA;
	if (message.trace_len == 0)
		return; /* a record alone */
	enum ack_code code = store_message_begin(in->store, &message);
	if (code != ACK_STORED)
		message_refuse(m, code);
	else
		m->opened = true;
}

/* Its sender is gone: take back what stands in the mail stream. */
static void message_abort(struct intake *in, struct intake_message *m)
{
	if (m->opened)
		store_message_abort(in->store);
	m->opened = false;
}

/* Gather the head; returns how many bytes of it were here. */
static size_t head_feed(struct intake *in, struct intake_message *m, const uint8_t *bytes,
			size_t len)
{
	size_t used = 0;

	while (m->part == PART_HEAD && used < len) {
		size_t need = head_length(m);
		size_t more = need > m->head.len ? need - m->head.len : 0;

		if (more > len - used)
			more = len - used;
		buf_put(&m->head, bytes + used, more);
		used += more;
		if (need == 0 || m->head.failed)
			message_refuse(m, ACK_FAILED);
		else if (m->head.len >= sizeof m->sizes && m->head.len == head_length(m))
			message_begin(in, m);
	}
	return used;
}

/* Take the next bytes of a message, in any chunking. */
static void message_feed(struct intake *in, struct intake_message *m, const uint8_t *bytes,
			 size_t len)
{
	size_t used = head_feed(in, m, bytes, len);

	bytes += used;
	len -= used;
	if (!m->opened || len == 0)
		return;
	enum ack_code code = store_message_data(in->store, bytes, len);
	if (code != ACK_STORED)
		message_refuse(m, code);
}

static void message_end(struct intake *in, struct intake_message *m, uint32_t slot)
{
	const struct intake_slot *s = &in->slot[slot];
	enum ack_code code = m->code;

	if (m->part == PART_HEAD)
		code = ACK_FAILED; /* shorter than its head */
	else if (m->opened)
		code = store_message_end(in->store, slot, s->seq);
	else if (m->part == PART_DATA && s->want_ack)
		code = store_record_acked(in->store, slot, s->seq, m->head.data + sizeof m->sizes,
					  m->sizes.fields_len);
	else if (m->part == PART_DATA)
		store_record(in->store, LOG_MESSAGE, m->head.data + sizeof m->sizes,
			     m->sizes.fields_len);
	if (code != ACK_STORED)
		store_answer(in->store, slot, s->seq, code);
	m->opened = false;
}

/* A session's record, whose sender may have taught something before it. */
static void lesson_over(struct intake *in, uint32_t slot, const uint8_t *fields, size_t len)
{
	bool counted = lessons_compare(&in->slot[slot].claims, fields, len);

	if (!lessons_compare(&in->slot[slot].lessons, fields, len) || !counted)
		warn("worker slot %u: the session record does not go with what was said of its "
		     "address: the memory of addresses takes no more from this worker",
		     slot);
}

static void session_record(struct intake *in, uint32_t slot, const uint8_t *fields, size_t len)
{
	struct intake_slot *s = &in->slot[slot];
	const uint8_t *id;
	size_t id_len;

	if (record_get(fields, len, FIELD_ID, &id, &id_len) == 1 &&
	    id_len == sizeof s->last_session) {
		if (memcmp(id, s->last_session, id_len) == 0)
			return; /* the worker wrote it and died before it could say so */
		memcpy(s->last_session, id, id_len);
	}
	store_record(in->store, LOG_SESSION, fields, len);
}

/* All bytes of a record are at hand. */
static void record_whole(struct intake *in, uint32_t slot, const uint8_t *bytes, size_t len)
{
	if (in->slot[slot].type == FRAME_SESSION) {
		lesson_over(in, slot, bytes, len);
		session_record(in, slot, bytes, len);
		return;
	}
	message_reset(&in->whole, len);
	message_feed(in, &in->whole, bytes, len);
	message_end(in, &in->whole, slot);
}

/* ---- places and grants ---- */

static void slot_release(struct intake *in, uint32_t slot)
{
	struct intake_slot *s = &in->slot[slot];

	if (s->state == INTAKE_SHORT || s->state == INTAKE_READY)
		in->free_buffers |= 1u << s->buffer;
	if (s->state == INTAKE_LONG)
		in->long_slot = INTAKE_NONE;
	s->state = INTAKE_IDLE;
}

static bool grant_short(struct intake *in, uint32_t slot)
{
	int b = __builtin_ctz(in->free_buffers);

	if (in->buffer[b] == NULL)
		in->buffer[b] = malloc(FRAME_SHORT_RECORD);
	if (in->buffer[b] == NULL)
		return false;
	in->free_buffers &= ~(1u << b);
	in->slot[slot].buffer = b;
	in->slot[slot].state = INTAKE_SHORT;
	return true;
}

static void grant_now(struct intake *in, uint32_t slot)
{
	struct intake_slot *s = &in->slot[slot];

	s->got = 0;
	s->granted_ticks = s->silent_ticks = 0;
	store_answer(in->store, slot, s->seq, ACK_GRANTED);
}

/* Give places that are free to those who wait longest. */
static void grant(struct intake *in)
{
	while (in->free_buffers && in->waiting_short.first != INTAKE_NONE) {
		uint32_t slot = in->waiting_short.first;

		if (!grant_short(in, slot))
			break;
		queue_take(in, &in->waiting_short);
		grant_now(in, slot);
	}
	if (in->long_slot == INTAKE_NONE && in->waiting_long.first != INTAKE_NONE) {
		uint32_t slot = queue_take(in, &in->waiting_long);

		in->long_slot = slot;
		in->slot[slot].state = INTAKE_LONG;
		grant_now(in, slot);
	}
}

/* The long record is over: those that waited behind it with full buffers go on. */
static void long_over(struct intake *in)
{
	for (uint32_t slot; (slot = queue_take(in, &in->ready)) != INTAKE_NONE;) {
		struct intake_slot *s = &in->slot[slot];

		record_whole(in, slot, in->buffer[s->buffer], s->got);
		slot_release(in, slot);
	}
}

/* Whatever this slot had under way is over without a record. */
static void slot_drop(struct intake *in, uint32_t slot)
{
	struct intake_slot *s = &in->slot[slot];
	enum intake_state was = s->state;

	if (was == INTAKE_WAITING) {
		queue_remove(in, &in->waiting_short, slot);
		queue_remove(in, &in->waiting_long, slot);
	}
	if (was == INTAKE_READY)
		queue_remove(in, &in->ready, slot);
	slot_release(in, slot);
	if (was == INTAKE_LONG) {
		message_abort(in, &in->streamed);
		long_over(in);
	}
	grant(in);
}

/* ---- frames ---- */

static void bad_frame(struct intake *in)
{
	in->ack->bad_frames++;
}

static void on_hello(struct intake *in, const uint8_t *payload, size_t len)
{
	struct frame_hello hello;

	if (len != sizeof hello) {
		bad_frame(in);
		return;
	}
	memcpy(&hello, payload, sizeof hello);
	if (hello.slot >= in->slots) {
		bad_frame(in);
		return;
	}
	slot_drop(in, hello.slot);
	in->slot[hello.slot].cookie = hello.cookie;
	lessons_begin(&in->slot[hello.slot].lessons, hello.sessions);
	lessons_begin(&in->slot[hello.slot].claims, hello.sessions);
}

static void on_dead(struct intake *in, const uint8_t *payload, size_t len)
{
	uint32_t slot;

	if (len < sizeof slot) {
		bad_frame(in);
		return;
	}
	memcpy(&slot, payload, sizeof slot);
	if (slot >= in->slots) {
		bad_frame(in);
		return;
	}
	slot_drop(in, slot);
	in->slot[slot].cookie = 0;
	lessons_begin(&in->slot[slot].lessons, 0);
	lessons_begin(&in->slot[slot].claims, 0);
	if (len > sizeof slot)
		session_record(in, slot, payload + sizeof slot, len - sizeof slot);
}

/* A worker that speaks of another record has given up the one it had under way. */
static void overtake(struct intake *in, const struct frame_header *h)
{
	const struct intake_slot *s = &in->slot[h->slot];

	if (s->state != INTAKE_IDLE && s->seq != h->seq)
		slot_drop(in, h->slot);
}

static void on_request(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	struct intake_slot *s = &in->slot[h->slot];

	if (h->length != sizeof s->want || s->state != INTAKE_IDLE) {
		bad_frame(in);
		return;
	}
	memcpy(&s->want, payload, sizeof s->want);
	s->seq = h->seq;
	if (s->want > HEAD_MAX + in->store->conf->limits.message_size) {
		bad_frame(in);
		store_answer(in->store, h->slot, s->seq, ACK_FAILED);
		return;
	}
	s->state = INTAKE_WAITING;
	queue_add(in, s->want <= FRAME_SHORT_RECORD ? &in->waiting_short : &in->waiting_long,
		  h->slot);
	grant(in);
}

static void short_frame(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	struct intake_slot *s = &in->slot[h->slot];

	memcpy(in->buffer[s->buffer] + s->got, payload, h->length);
	s->got += h->length;
	if (!(h->flags & FRAME_LAST))
		return;
	if (in->long_slot != INTAKE_NONE && s->type == FRAME_MESSAGE) {
		s->state = INTAKE_READY;
		queue_add(in, &in->ready, h->slot);
		return;
	}
	record_whole(in, h->slot, in->buffer[s->buffer], s->got);
	slot_release(in, h->slot);
	grant(in);
}

static void long_frame(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	struct intake_slot *s = &in->slot[h->slot];
	struct intake_message *m = &in->streamed;

	if (h->flags & FRAME_FIRST) {
		/* So that losing this message costs nobody else's. */
		store_commit(in->store);
		message_reset(m, s->want);
	}
	s->got += h->length;
	if (s->type == FRAME_MESSAGE)
		message_feed(in, m, payload, h->length);
	else
		buf_put(&m->head, payload, h->length);
	if (!(h->flags & FRAME_LAST))
		return;
	if (s->type == FRAME_MESSAGE)
		message_end(in, m, h->slot);
	else if (!m->head.failed) {
		lesson_over(in, h->slot, m->head.data, m->head.len);
		session_record(in, h->slot, m->head.data, m->head.len);
	}
	slot_release(in, h->slot);
	long_over(in);
	grant(in);
}

/* A frame of a granted record: does it belong there? */
static bool frame_fits(const struct intake_slot *s, const struct frame_header *h)
{
	bool first = h->flags & FRAME_FIRST, last = h->flags & FRAME_LAST;

	return h->seq == s->seq && first == (s->got == 0) && (first || h->type == s->type) &&
	       h->length > 0 && h->length <= s->want - s->got &&
	       last == (h->length == s->want - s->got);
}

/* Fields without raw data, which need not wait for another's long message? */
static bool is_alone(const struct frame_header *h, const uint8_t *payload)
{
	struct frame_message sizes;

	if (h->type == FRAME_SESSION)
		return true;
	if (h->length < sizeof sizes)
		return false;
	memcpy(&sizes, payload, sizeof sizes);
	return sizes.trace_len == 0 && sizes.data_len == 0;
}

/* A record that fits one frame and was not asked for. */
static void single_frame(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	const uint16_t single = FRAME_FIRST | FRAME_LAST;
	struct intake_slot *s = &in->slot[h->slot];

	if (s->state != INTAKE_IDLE || h->flags != single || !is_alone(h, payload)) {
		bad_frame(in);
		return;
	}
	s->type = h->type;
	s->seq = h->seq;
	s->want_ack = false; /* who waits has asked for leave */
	record_whole(in, h->slot, payload, h->length);
}

static void on_record(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	struct intake_slot *s = &in->slot[h->slot];

	if (s->state != INTAKE_SHORT && s->state != INTAKE_LONG) {
		single_frame(in, h, payload);
		return;
	}
	if (!frame_fits(s, h)) {
		bad_frame(in);
		return;
	}
	s->type = h->type;
	s->want_ack = h->flags & FRAME_WANT_ACK;
	s->silent_ticks = 0;
	if (s->state == INTAKE_SHORT)
		short_frame(in, h, payload);
	else
		long_frame(in, h, payload);
}

static void on_master(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	if (h->type == FRAME_HELLO)
		on_hello(in, payload, h->length);
	else if (h->type == FRAME_DEAD)
		on_dead(in, payload, h->length);
	else
		bad_frame(in);
}

static void on_worker(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	overtake(in, h);
	if (h->type == FRAME_REQUEST)
		on_request(in, h, payload);
	else if (h->type == FRAME_SESSION || h->type == FRAME_MESSAGE)
		on_record(in, h, payload);
	else if (!intake_lesson(in, h, payload))
		bad_frame(in);
}

/* The cookie proves that the worker of this slot sent it. */
static bool from_worker(const struct intake *in, const struct frame_header *h)
{
	return h->slot < in->slots && h->cookie != 0 && in->slot[h->slot].cookie == h->cookie;
}

static bool from_master(const struct intake *in, const struct frame_header *h)
{
	return h->slot == FRAME_SLOT_MASTER && h->cookie == in->master_cookie;
}

void intake_frame(struct intake *in, const uint8_t *packet, size_t len)
{
	struct frame_header h;
	const uint8_t *payload;
	bool good = frame_decode(packet, len, &h, &payload) == 0 && h.seq <= ACK_SEQ_MASK;

	if (good && from_master(in, &h))
		on_master(in, &h, payload);
	else if (good && from_worker(in, &h))
		on_worker(in, &h, payload);
	else
		bad_frame(in);
}

void intake_tick(struct intake *in)
{
	for (uint32_t slot = 0; slot < in->slots; slot++) {
		struct intake_slot *s = &in->slot[slot];

		lessons_tick(&s->lessons);
		if (s->state != INTAKE_SHORT && s->state != INTAKE_LONG)
			continue;
		if (++s->silent_ticks < INTAKE_SILENCE_TICKS &&
		    ++s->granted_ticks < INTAKE_GRANT_TICKS + s->want / INTAKE_TICK_BYTES)
			continue;
		warn("worker slot %u fell silent in the middle of a record, which is dropped",
		     slot);
		store_answer(in->store, slot, s->seq, ACK_FAILED);
		slot_drop(in, slot);
	}
}

void intake_end(struct intake *in)
{
	if (in->long_slot != INTAKE_NONE)
		slot_drop(in, in->long_slot);
}
