/*
 * worker_who.c: what tells which program, on which system, a client is: the SYN that opened the
 * connection, and the dialect of SMTP that it speaks.
 *
 * Runs in workers.  In: the SYN as the kernel kept it, the lines that also go into the dialogue,
 * the headers of messages.  Out: fields of records.  A SYN that is not there (SYN cookies, a
 * connection from before the listener asked for it) or a digest that fails leaves its field out.
 */
#include "worker_who.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "worker_session.h"

/* IP and TCP headers: 120 bytes with IPv4.  Extension headers of IPv6 may have kilobytes; what is
 * longer than this the kernel does not give, and it counts as not there. */
#define SYN_MAX 4096

static const char *const end_words[END_COUNT] = {
    [END_NONE] = "close",
    [END_QUIT] = "quit",
    [END_CLIENT_CLOSED] = "close",
    [END_TIMEOUT] = "timeout",
    [END_TOO_MANY_ERRORS] = "server",
    [END_LIMIT] = "server",
    [END_REJECTED] = "server",
    [END_SHUTDOWN] = "server",
    [END_TOO_MANY_SESSIONS] = "server",
};

void who_begin(struct session *s, int fd)
{
	struct who *who = &s->who;
	uint8_t bytes[SYN_MAX];
	socklen_t len = sizeof bytes;

	who->dialect = (struct dialect){0};
	who->has_dialect = s->conf->smtp.dialect;
	who->pipelined = 0;
	who->has_syn = s->client.listener->tcp_syn &&
		       getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, bytes, &len) == 0 && len > 0 &&
		       tcp_syn_parse(&who->syn, bytes, len) == 1;
}

void who_line(struct session *s, const struct line *line, bool more)
{
	s->who.pipelined += more;
	if (s->who.has_dialect)
		dialect_line(&s->who.dialect, line, s->smtp.state == SMTP_STATE_AUTH);
}

/* Behind a PROXY header the SYN was the proxy's. */
static void put_syn(struct session *s, enum record_type type, struct buf *to)
{
	if (s->who.has_syn && !s->client.proxied)
		tcp_syn_put(&s->who.syn, type, to);
}

void who_put_session(struct session *s, struct buf *to)
{
	const struct dialect *d = &s->who.dialect;
	const char *end = end_words[s->client.end];
	char hash[DIALECT_HASH], text[DIALECT_TEXT_MAX];

	put_syn(s, RECORD_SESSION, to);
	record_put_u64(to, FIELD_PIPELINED, s->who.pipelined);
	if (!s->who.has_dialect || dialect_of_session(d, end, hash) < 0)
		return;
	struct span string = dialect_text(d, end, text);
	record_put_text(to, FIELD_DIALECT, hash);
	record_put_string(to, FIELD_DIALECT_STRING, string.bytes, string.len);
}

bool who_dialect(struct session *s, char hash[DIALECT_HASH])
{
	const struct session_message *m = &s->client.message;
	struct dialect *d = &s->who.dialect;
	char header[DIALECT_HEADER_MAX];

	if (!s->who.has_dialect)
		return false;
	size_t len = dialect_header(&s->header, m->bare_cr > 0, m->bare_lf > 0, header);
	if (d->header_len == 0) {
		memcpy(d->header, header, len);
		d->header_len = len;
	}
	return dialect_of_message(d, (struct span){(uint8_t *)header, len}, hash) == 0;
}

void who_put_message(struct session *s, struct buf *to)
{
	const struct mail_header_value *mailer = mail_header_mailer(&s->header);
	char hash[DIALECT_HASH];

	put_syn(s, RECORD_MESSAGE, to);
	if (mailer)
		record_put_string(to, FIELD_X_MAILER, mailer->bytes, mailer->len);
	if (who_dialect(s, hash))
		record_put_text(to, FIELD_DIALECT, hash);
}
