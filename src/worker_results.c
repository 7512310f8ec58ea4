/*
 * worker_results.c: a worker's way to the logger and the logger's answer.
 *
 * Runs in workers.  Cuts a record into frames and waits on this slot's word of the
 * acknowledgement board, which is mapped read-only.  That wait has a limit, so that a logger that
 * hangs costs a client a 451 and not its worker.  A write to the pipe has none: while it is full,
 * because the logger does not read, workers wait with their records rather than lose them.
 */
#include "worker_results.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define PARTS_MAX 6

/* The logger alone reads the pipe: without a reader it is dead, and nobody will answer. */
static bool logger_is_gone(const struct results *r)
{
	struct pollfd p = {.fd = r->pipe};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* Sleep until the word says something about record seq; code >= least. */
static enum ack_code results_wait(const struct results *r, uint32_t least)
{
	const struct timespec slice = {.tv_sec = 1};
	const _Atomic uint32_t *word = &r->ack->word[r->slot];
	uint64_t end = clock_us() + RESULTS_TIMEOUT_S * UINT64_C(1000000);

	for (;;) {
		uint32_t now = atomic_load_explicit(word, memory_order_acquire);
		if (now >> 2 == r->seq && (now & 3) >= least)
			return (enum ack_code)(now & 3);
		if (syscall(SYS_futex, word, FUTEX_WAIT, now, &slice, NULL, 0) == 0 ||
		    errno == EAGAIN)
			continue;
		/* A second has passed, or a signal came: both may mean that it is lost. */
		if (logger_is_gone(r) || clock_us() > end)
			return ACK_FAILED;
	}
}

static bool results_write(const struct results *r, struct frame_header *head, struct iovec *parts,
			  int n)
{
	ssize_t done;

	parts[0] = (struct iovec){.iov_base = head, .iov_len = sizeof *head};
	do
		done = writev(r->pipe, parts, n);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)(sizeof *head + head->length);
}

/* Move up to FRAME_PAYLOAD_MAX bytes from the front of *from to out[]; returns the entries used. */
static int take_payload(const struct iovec **from, size_t *offset, int *left, struct iovec *out,
			uint16_t *length_r)
{
	size_t room = FRAME_PAYLOAD_MAX;
	int used = 0;

	while (*left > 0 && room > 0) {
		size_t have = (*from)->iov_len - *offset;
		size_t len = have < room ? have : room;

		if (len > 0)
			out[used++] = (struct iovec){
			    .iov_base = (uint8_t *)(*from)->iov_base + *offset, .iov_len = len};
		room -= len;
		*offset += len;
		if (*offset == (*from)->iov_len) {
			(*from)++;
			(*left)--;
			*offset = 0;
		}
	}
	*length_r = (uint16_t)(FRAME_PAYLOAD_MAX - room);
	return used;
}

static bool results_ask(const struct results *r, struct frame_header head, uint32_t total)
{
	struct iovec parts[2] = {[1] = {.iov_base = &total, .iov_len = sizeof total}};

	head.type = FRAME_REQUEST;
	head.flags = FRAME_FIRST | FRAME_LAST;
	head.length = sizeof total;
	return results_write(r, &head, parts, 2);
}

enum ack_code results_send(struct results *r, enum frame_type type, const struct iovec *parts,
			   int n, bool want_ack)
{
	struct frame_header head = {.magic = FRAME_MAGIC,
				    .version = FRAME_VERSION,
				    .type = (uint8_t)type,
				    .slot = r->slot,
				    .cookie = r->cookie};
	size_t total = 0, offset = 0;
	uint16_t flags = FRAME_FIRST;

	for (int i = 0; i < n; i++)
		total += parts[i].iov_len;
	if (total > UINT32_MAX)
		return ACK_FAILED;
	r->seq = (r->seq + 1) & ACK_SEQ_MASK;
	head.seq = r->seq;
	/* Raw data may have to wait for another's long message: always ask for those. */
	if (want_ack || total > FRAME_PAYLOAD_MAX) {
		if (!results_ask(r, head, (uint32_t)total))
			return ACK_FAILED;
		enum ack_code code = results_wait(r, ACK_GRANTED);
		if (code != ACK_GRANTED)
			return code;
	}
	for (size_t sent = 0; sent < total;) {
		struct iovec out[1 + PARTS_MAX];
		int used = take_payload(&parts, &offset, &n, out + 1, &head.length);

		sent += head.length;
		head.flags = (uint16_t)(flags | (sent == total ? FRAME_LAST : 0) |
					(want_ack ? FRAME_WANT_ACK : 0));
		if (!results_write(r, &head, out, 1 + used))
			return ACK_FAILED;
		flags = 0;
	}
	return want_ack ? results_wait(r, ACK_STORED) : ACK_STORED;
}
