/*
 * boards.c: the boards of a running trap.
 *
 * Asks the master's status socket for the boards and maps them for reading.  What stands on the
 * status board in a slot was written by a worker: it is checked for its bounds, and copied before it
 * is looked at.
 */
#include "boards.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "err.h"
#include "ip.h"
#include "smtp.h"
#include "status_msg.h"

#define BOARDS_TIMEOUT_S 10 /* a master that is stopped answers nobody */

static int fail(const char *path, int err, const char *what, char why_r[BOARDS_WHY_MAX])
{
	snprintf(why_r, BOARDS_WHY_MAX, "%s: %s", path, what);
	return err;
}

static int fail_system(const char *path, char why_r[BOARDS_WHY_MAX])
{
	snprintf(why_r, BOARDS_WHY_MAX, "%s: %s (%s)", path, strerror(errno),
		 errno == EACCES ? "only those who may read the logs may ask"
				 : "is smtptrapd running?");
	return ERR_SYSTEM;
}

/* A socket that is connected; -1 and errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = BOARDS_TIMEOUT_S};

	if (strlcpy(to.sun_path, path, sizeof to.sun_path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Take the descriptors of a message; those that are not what was asked for are closed. */
static bool take_fds(struct msghdr *msg, int fds_r[2])
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return false;
	if (c->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
		memcpy(fds_r, CMSG_DATA(c), 2 * sizeof(int));
		return true;
	}
	if (c->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(fds_r, CMSG_DATA(c), sizeof(int));
		close(fds_r[0]);
	}
	return false;
}

/* Receive the two descriptors. */
static int receive(int fd, const char *path, int fds_r[2], char why_r[BOARDS_WHY_MAX])
{
	struct status_msg head = {0};
	struct iovec iov = {.iov_base = &head, .iov_len = sizeof head};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return fail_system(path, why_r);
	bool given = take_fds(&msg, fds_r);
	if (given && n == sizeof head && head.magic == STATUS_MAGIC &&
	    head.version == STATUS_VERSION)
		return 0;
	if (given) {
		close(fds_r[0]);
		close(fds_r[1]);
	}
	return fail(path, ERR_FORMAT, "the answer is not one of this version's smtptrapd", why_r);
}

static const void *map_board(int fd, size_t *size_r)
{
	struct stat st;
	void *p = MAP_FAILED;

	if (fstat(fd, &st) == 0) {
		*size_r = (size_t)st.st_size;
		p = mmap(NULL, *size_r, PROT_READ, MAP_SHARED, fd, 0);
	}
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static bool valid(const struct boards *b)
{
	return b->board && b->ack && board_valid(b->board, b->size) &&
	       b->ack_size >= sizeof *b->ack && b->ack->magic == BOARD_MAGIC &&
	       b->ack->version == BOARD_VERSION && b->slots <= b->size / board_page() - 1;
}

int boards_open(struct boards *b, const char *path, char why_r[BOARDS_WHY_MAX])
{
	int fds[2], fd = connect_to(path);

	*b = (struct boards){0};
	if (fd < 0)
		return fail_system(path, why_r);
	int rc = receive(fd, path, fds, why_r);
	close(fd);
	if (rc != 0)
		return rc;
	b->board = map_board(fds[0], &b->size);
	b->ack = map_board(fds[1], &b->ack_size);
	b->slots = b->board && b->size >= sizeof *b->board ? b->board->head.slots : 0;
	if (valid(b)) {
		b->used = b->board->head.used < b->slots ? b->board->head.used : b->slots;
		return 0;
	}
	boards_close(b);
	return fail(path, ERR_FORMAT, "the boards are not of this version's smtptrapd", why_r);
}

void boards_close(struct boards *b)
{
	if (b->board)
		munmap((void *)(uintptr_t)b->board, b->size);
	if (b->ack)
		munmap((void *)(uintptr_t)b->ack, b->ack_size);
	*b = (struct boards){0};
}

struct board_totals boards_totals(const struct boards *b)
{
	struct board_totals t = {.state = {[SLOT_FREE] = b->slots - b->used}};

	for (uint32_t i = 0; i < b->used; i++) {
		const struct board_slot *s = board_slot_of(b->board, i);
		uint32_t state = atomic_load(&s->state);

		if (state < SLOT_STATE_COUNT)
			t.state[state]++;
		board_add(&t.sessions, s->total_sessions);
		board_add(&t.messages, s->total_messages);
		board_add(&t.tls, s->total_tls);
		board_add(&t.tls_failed, s->total_tls_failed);
	}
	return t;
}

uint64_t boards_figure(const struct boards *b, size_t at)
{
	return atomic_load_explicit(&b->ack->figures.n[at], memory_order_relaxed);
}

const char *boards_dns_state(const struct boards *b)
{
	static const char *const names[] = {
	    [BOARD_DNS_OFF] = "off", [BOARD_DNS_UP] = "up", [BOARD_DNS_LOST] = "lost"};
	const struct board_dns *dns = &b->board->head.dns;

	if (dns->state == BOARD_DNS_UP && dns->counters.silent_us != 0)
		return "silent";
	return dns->state <= BOARD_DNS_LOST ? names[dns->state] : "?";
}

struct board_slot boards_slot(const struct boards *b, uint32_t number)
{
	struct board_slot s;

	memcpy(&s, board_slot_of(b->board, number), sizeof s);
	return s;
}

const char *boards_phase(const struct board_slot *s)
{
	return s->phase < SMTP_PHASE_COUNT ? smtp_phase_name((enum smtp_phase)s->phase) : "?";
}

void boards_address(const uint8_t ip[IP_BYTES], uint16_t port, char text[BOARDS_ADDRESS_MAX])
{
	char a[IP_TEXT_MAX];

	ip_text(ip, a);
	if (port == 0)
		snprintf(text, BOARDS_ADDRESS_MAX, "%s", a);
	else
		snprintf(text, BOARDS_ADDRESS_MAX, ip_is_v4(ip) ? "%s:%u" : "[%s]:%u", a, port);
}
