/*
 * fuzz_intake.c: whatever frames come, the logger lives, its memory stays within its limits, and
 * what it wrote can be read: every message whole, every record a line.
 *
 * The input is a run of commands of one byte and their arguments: which worker, what it sends.
 * Its length decides which copies are stored once.
 */
#include <assert.h>

#include "../../src/log.h"
#include "../lib-c/intake_lab.h"

#define FUZZ_SLOTS 8
#define FUZZ_INPUT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the logger says to people is left out, and it must find nothing to die of. */
void warn(const char *format, ...)
{
	(void)format;
}

void info(const char *format, ...)
{
	(void)format;
}

void debug(const char *format, ...)
{
	(void)format;
}

_Noreturn void fatal(const char *format, ...)
{
	(void)format;
	abort();
}

struct input {
	const uint8_t *p, *end;
};

static uint8_t next(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static uint32_t next_length(struct input *in)
{
	static const uint32_t lengths[] = {0,    1,     16,    200,    4064,
					   5000, 65536, 65537, 100000, UINT32_MAX};
	uint8_t which = next(in);

	return lengths[which % (sizeof lengths / sizeof *lengths)] + which / 32;
}

/* A frame all of whose fields are chosen by the input. */
static void any_frame(struct lab *lab, struct input *in, uint32_t slot)
{
	struct frame_header h =
	    lab_head(slot, next(in) % 4, next(in) % FRAME_TYPE_COUNT, next(in) % 8);
	uint8_t payload[FRAME_PAYLOAD_MAX] = {0};
	size_t len = next(in);

	for (size_t i = 0; i < len; i++)
		payload[i] = next(in);
	lab_frame(lab, h, payload, next(in) & 1 ? len : len * 15);
}

/* A well-made message, of which sizes and bytes are then changed, or only a part is sent. */
static void message(struct lab *lab, struct input *in, uint32_t slot)
{
	struct lab_message m;
	uint32_t seq = next(in) % 4;

	uint8_t number = next(in), size = next(in);
	lab_message(&m, number,
		    size == UINT8_MAX ? UNIQUE_HELD_MAX + 1
		    : size & 1        ? 70000
				      : next(in));
	uint8_t change = next(in), by = next(in);
	if (change & 1)
		m.sizes.fields_len += by;
	if (change & 2)
		m.sizes.trace_len -= by;
	if (change & 4)
		m.sizes.data_len += by;
	lab_sizes(&m);
	if (change & 8)
		m.bytes.data[sizeof m.sizes + next(in) % (m.bytes.len - sizeof m.sizes)] ^= by;
	size_t part = change & 16 ? m.bytes.len / 2 : m.bytes.len;
	if (!(change & 32))
		lab_request(lab, slot, seq, m.bytes.len);
	lab_piece(lab, slot, seq, FRAME_MESSAGE, &m.bytes, 0, part);
	buf_fini(&m.bytes);
}

static void session(struct lab *lab, struct input *in, uint32_t slot)
{
	uint8_t memory[256];
	struct buf b;

	buf_init(&b, memory, sizeof memory);
	lab_fields(&b, next(in));
	b.data[next(in) % b.len] ^= next(in);
	lab_frame(lab, lab_head(slot, next(in) % 4, FRAME_SESSION, FRAME_FIRST | FRAME_LAST),
		  b.data, b.len);
}

static void lesson(struct lab *lab, struct input *in, uint32_t slot)
{
	uint8_t what = next(in);
	struct summary s = {.tls = what % 5, .yakker = what / 5 % 6, .offered = what / 128};

	lab_id(next(in), s.session);
	s.ip[0] = next(in);
	lab_frame(lab, lab_head(slot, next(in) % 4, FRAME_SUMMARY, FRAME_FIRST | FRAME_LAST), &s,
		  sizeof s);
}

static void claim(struct lab *lab, struct input *in, uint32_t slot)
{
	struct rate_claim c = {.count = 1};

	lab_id(next(in), c.session);
	c.ip[0] = next(in);
	c.rate[0] = (struct rate_of){.window_s = next(in), .bits4 = 32, .bits6 = 128};
	lab_frame(lab, lab_head(slot, next(in) % 4, FRAME_RATES, FRAME_FIRST | FRAME_LAST), &c,
		  RATE_CLAIM_BYTES(1));
}

static void commit(struct lab *lab)
{
	if (!lab->store.message_open)
		store_commit(&lab->store);
}

static void command(struct lab *lab, struct input *in)
{
	uint8_t what = next(in);
	uint32_t slot = what / 16 % FUZZ_SLOTS;

	if (what % 16 == 15) {
		lesson(lab, in, slot);
		claim(lab, in, slot);
		return;
	}
	switch (what % 8) {
	case 0:
		lab_hello(lab, slot);
		break;
	case 1:
		lab_dead(lab, slot, NULL);
		break;
	case 2:
		lab_request(lab, slot, next(in) % 4, next_length(in));
		break;
	case 3:
		any_frame(lab, in, slot);
		break;
	case 4:
	case 5:
		message(lab, in, slot);
		break;
	case 6:
		session(lab, in, slot);
		break;
	case 7:
		intake_tick(&lab->intake);
		commit(lab);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + (size < FUZZ_INPUT ? size : FUZZ_INPUT)};
	struct lab lab;

	lab_prepare(&lab);
	lab.conf.log.store = (enum conf_store)(size % 3);
	lab.conf.log.store_index = 5;
	lab_open(&lab);
	for (uint32_t slot = 0; slot < FUZZ_SLOTS; slot++)
		lab_hello(&lab, slot);
	while (in.p < in.end)
		command(&lab, &in);
	assert(lab.intake.whole.head.cap <= 4 << 20 && lab.intake.streamed.head.cap <= 4 << 20);
	assert(lab.ack->addresses <= LAB_ADDRESSES + ADDRESS_WAYS);
	intake_end(&lab.intake);
	for (uint32_t slot = 0; slot < FUZZ_SLOTS; slot++)
		lab_dead(&lab, slot, NULL);
	assert(lab.intake.free_buffers == UINT32_MAX && lab.intake.long_slot == INTAKE_NONE);
	assert(lab.intake.waiting_short.first == INTAKE_NONE &&
	       lab.intake.waiting_long.first == INTAKE_NONE &&
	       lab.intake.ready.first == INTAKE_NONE && !lab.store.message_open);
	store_rotate(&lab.store);
	assert(lab.ack->full == 0);
	struct lab_census c = lab_read(&lab);
	assert(c.error == 0 && c.messages >= c.mails);
	assert(lab.ack->store_index <= 5);
	lab_stop(&lab);
	lab_remove(&lab);
	return 0;
}
