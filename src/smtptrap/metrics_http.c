/*
 * metrics_http.c: one HTTP request for the page of metrics.
 *
 * Runs in smtptrap metrics --serve, a process a connection, which the service manager has accepted.
 * Input: whatever connected; http_request.h reads it, within a limit of bytes, and all of it, reading
 * and writing, has one deadline.  Output: an answer, after which the connection is closed.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_request.h"
#include "metrics.h"

#define DRAIN_MAX \
	(64u * 1024) /* bytes behind a request that are read, so that the answer arrives */

struct exchange {
	int in, out;
	uint64_t deadline_us;
};

/* Wait for fd; false when the time is over. */
static bool ready(const struct exchange *x, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = clock_us();

		if (now >= x->deadline_us)
			return false;
		int n = poll(&p, 1, (int)((x->deadline_us - now) / 1000) + 1);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

/* Read what is there: 0 at the end, -1 when it fails or the time is over. */
static ssize_t read_some(const struct exchange *x, void *to, size_t len)
{
	while (ready(x, x->in, POLLIN)) {
		ssize_t n = read(x->in, to, len);

		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			return n;
	}
	return -1;
}

static bool write_all(const struct exchange *x, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		if (!ready(x, x->out, POLLOUT))
			return false;
		ssize_t n = send(x->out, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == ENOTSOCK)
			n = write(x->out, bytes, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* ---- the answer ---- */

enum answer { ANSWER_PAGE, ANSWER_MALFORMED, ANSWER_ELSEWHERE, ANSWER_METHOD, ANSWER_LATE };

static bool is_method(const struct http_request *r, const char *name)
{
	return r->method_len == strlen(name) && memcmp(r->method, name, r->method_len) == 0;
}

static enum answer judge(const struct http_request *r)
{
	if (r->has_body)
		return ANSWER_MALFORMED;
	if (!http_request_is_for(r, METRICS_PATH))
		return ANSWER_ELSEWHERE;
	return is_method(r, "GET") || is_method(r, "HEAD") ? ANSWER_PAGE : ANSWER_METHOD;
}

static void put_page(struct buf *to, enum metrics_format format, const char *status_socket)
{
	char why[BOARDS_WHY_MAX];
	struct boards b;
	bool there = boards_open(&b, status_socket, why) == 0;

	metrics_put(to, format, there ? &b : NULL);
	boards_close(&b);
}

static bool answer(const struct exchange *x, enum answer a, const struct http_request *r,
		   const char *status_socket)
{
	static const char *const lines[] = {[ANSWER_PAGE] = "200 OK",
					    [ANSWER_MALFORMED] = "400 Bad Request",
					    [ANSWER_ELSEWHERE] = "404 Not Found",
					    [ANSWER_METHOD] = "405 Method Not Allowed",
					    [ANSWER_LATE] = "408 Request Timeout"};
	enum metrics_format format = r->openmetrics ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
	struct buf body, all;

	buf_init_heap(&body, METRICS_PAGE_MAX);
	buf_init_heap(&all, METRICS_PAGE_MAX + 1024);
	if (a == ANSWER_PAGE)
		put_page(&body, format, status_socket);
	else
		buf_printf(&body, "%s\n", lines[a]);
	buf_printf(&all,
		   "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		   "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		   "Connection: close\r\n\r\n",
		   lines[a], a == ANSWER_PAGE ? metrics_type(format) : "text/plain; charset=utf-8",
		   body.len, a == ANSWER_METHOD ? "Allow: GET, HEAD\r\n" : "");
	if (!is_method(r, "HEAD"))
		buf_put(&all, body.data, body.len);
	bool sent = !body.failed && !all.failed && write_all(x, all.data, all.len);
	buf_fini(&body);
	buf_fini(&all);
	return sent;
}

/* Bytes that nobody read would make the kernel reset the connection, and the answer with it. */
static void close_gently(const struct exchange *x)
{
	uint8_t bytes[4096];
	size_t drained = 0;
	ssize_t n;

	if (shutdown(x->out, SHUT_WR) < 0)
		return;
	while (drained < DRAIN_MAX && (n = read_some(x, bytes, sizeof bytes)) > 0)
		drained += (size_t)n;
}

bool metrics_serve(int in, int out, const char *status_socket)
{
	const struct exchange x = {in, out, clock_us() + METRICS_TIMEOUT_S * UINT64_C(1000000)};
	uint8_t bytes[HTTP_REQUEST_MAX];
	struct http_request r = {0};
	size_t len = 0;
	ssize_t n = 0;
	int whole = 0;

	while (whole == 0 && (n = read_some(&x, bytes + len, sizeof bytes - len)) > 0) {
		len += (size_t)n;
		whole = http_request_parse(bytes, len, &r);
	}
	if (whole == 0 && (n == 0 || clock_us() < x.deadline_us))
		return false; /* it has left */
	/* What was late gets its answer all the same, if it takes it at once. */
	const struct exchange last = {in, out, clock_us() + UINT64_C(1000000)};
	enum answer a = whole == 0 ? ANSWER_LATE : whole < 0 ? ANSWER_MALFORMED : judge(&r);
	bool sent = answer(whole == 0 ? &last : &x, a, &r, status_socket);
	close_gently(whole == 0 ? &last : &x);
	return sent;
}
