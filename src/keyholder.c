/*
 * keyholder.c: the process where the private keys live.
 *
 * Forked by the master.  In: the key files (read once), over the control socket the workers'
 * channels with their slots, over each channel requests of one worker.  Out: signatures and
 * decrypted premaster secrets, nothing else.  It opens nothing and writes nothing.
 *
 * It trusts the master, whose end it follows.  It does not trust workers: a packet that is wrong
 * closes that worker's channel, one that asks for something else than a TLS handshake's signature
 * is refused, a worker that does not take its answers loses its channel.
 */
#include "keyholder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd_pass.h"
#include "key_msg.h"
#include "key_store.h"
#include "log.h"

#define EVENTS 64          /* taken from epoll at once */
#define OWN_DESCRIPTORS 16 /* beside the channels: control, epoll, standard streams, spare */
#define CONTROL UINT32_MAX /* the control socket's number among the slots */

struct keyholder {
	int control;
	int epoll;
	struct key_store *store;
	size_t slots;
	int *channels; /* a slot each, -1: none */
};

static void channel_close(struct keyholder *h, uint32_t slot)
{
	if (h->channels[slot] >= 0)
		close(h->channels[slot]); /* which also takes it out of epoll */
	h->channels[slot] = -1;
}

static void watch(struct keyholder *h, int fd, uint32_t slot)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = slot};

	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		fatal("key holder: cannot watch a socket: %s", strerror(errno));
}

static _Noreturn void leave(struct keyholder *h)
{
	key_store_free(&h->store);
	_exit(0);
}

/* The master gives a slot a new channel, or is gone. */
static void control_read(struct keyholder *h)
{
	uint8_t packet[sizeof(struct key_header) + 1];
	struct key_msg m;
	int fd;

	ssize_t n = fd_recv(h->control, packet, sizeof packet, &fd, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		leave(h);
	if (key_msg_decode(packet, (size_t)n, &m) != 0 || m.head.op != KEY_SLOT || fd < 0 ||
	    m.head.key >= h->slots)
		fatal("key holder: the master sent what is no slot's channel");
	channel_close(h, m.head.key);
	h->channels[m.head.key] = fd;
	watch(h, fd, m.head.key);
}

/* Returns 0, or -1 if the channel is to be closed.  Of a worker that died while it waited the channel's
 * end will tell. */
static int answer(struct keyholder *h, int fd, const struct key_msg *request)
{
	uint8_t packet[KEY_MSG_MAX], out[KEY_DATA_MAX];
	size_t out_len;

	if (request->head.op >= KEY_REPLY)
		return -1;
	enum key_status status = key_store_do(h->store, request, out, &out_len);
	const struct key_header head = {
	    .op = KEY_REPLY, .seq = request->head.seq, .status = (uint16_t)status};
	int len = key_msg_encode(packet, &head, out, out_len);
	explicit_bzero(out, out_len);
	ssize_t sent = send(fd, packet, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	bool gone = sent < 0 && (errno == EPIPE || errno == ECONNRESET);
	explicit_bzero(packet, (size_t)len);
	return sent == len || gone ? 0 : -1;
}

/* One request of a worker; epoll says again when there are more, so that all get their turn. */
static void channel_read(struct keyholder *h, uint32_t slot)
{
	uint8_t packet[KEY_MSG_MAX + 1];
	struct key_msg request;
	int fd = h->channels[slot];

	if (fd < 0)
		return; /* it was replaced within this batch of events */
	ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		channel_close(h, slot);
		return;
	}
	if (key_msg_decode(packet, (size_t)n, &request) != 0 || answer(h, fd, &request) < 0) {
		warn("key holder: closed the channel of worker slot %u, which broke the protocol",
		     slot);
		channel_close(h, slot);
	}
}

static void raise_limit(size_t slots)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		fatal("key holder: getrlimit: %s", strerror(errno));
	if (lim.rlim_cur >= slots + OWN_DESCRIPTORS)
		return;
	lim.rlim_cur = slots + OWN_DESCRIPTORS;
	if (lim.rlim_max < lim.rlim_cur)
		lim.rlim_max = lim.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		fatal("key holder: cannot have %zu descriptors for %zu workers: %s",
		      slots + OWN_DESCRIPTORS, slots, strerror(errno));
}

static void start(struct keyholder *h, const struct keyholder_args *args)
{
	/* No core file, no ptrace by others of the same user. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fatal("key holder: cannot forbid core files: %s", strerror(errno));
	raise_limit(args->slots);
	h->control = args->control;
	h->slots = args->slots;
	h->channels = malloc(args->slots * sizeof *h->channels);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->channels == NULL || h->epoll < 0)
		fatal("key holder: cannot start: %s", strerror(errno));
	for (size_t i = 0; i < args->slots; i++)
		h->channels[i] = -1;
	watch(h, h->control, CONTROL);
	h->store = key_store_new(args->keys, args->key_count);
	args->enter_sandbox(args->ctx);
	args->ready(args->ctx);
}

_Noreturn void keyholder_run(const struct keyholder_args *args)
{
	struct keyholder h = {0};
	struct epoll_event events[EVENTS];

	start(&h, args);
	for (;;) {
		int n = epoll_wait(h.epoll, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			fatal("key holder: epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == CONTROL)
				control_read(&h);
			else
				channel_read(&h, events[i].data.u32);
	}
}
