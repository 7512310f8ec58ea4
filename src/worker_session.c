/*
 * worker_session.c: one session with a client, from the banner to its record.
 *
 * Runs in workers: drives the SMTP machine of lib/ with plain blocking calls.  Replies to a
 * pipelined group go out in one write.  Whatever the client does ends this session at worst; what
 * it said and how it ended is in the record.
 */
#include "worker_session.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "ip.h"
#include "log.h"
#include "proxy.h"
#include "worker_crowd.h"

#define SESSION_GIVE_BACK (64u * 1024) /* touched beyond this: pages go back to the kernel */

static const enum session_end end_of_smtp[] = {
    [SMTP_END_NONE] = END_NONE,
    [SMTP_END_QUIT] = END_QUIT,
    [SMTP_END_TOO_MANY_ERRORS] = END_TOO_MANY_ERRORS,
    [SMTP_END_LIMIT] = END_LIMIT,
    [SMTP_END_SHUTDOWN] = END_SHUTDOWN,
    [SMTP_END_TIMEOUT] = END_TIMEOUT,
    [SMTP_END_CLIENT_CLOSED] = END_CLIENT_CLOSED,
    [SMTP_END_REJECTED] = END_REJECTED,
    [SMTP_END_TOO_MANY_SESSIONS] = END_TOO_MANY_SESSIONS,
    [SMTP_END_TOO_EARLY] = END_REJECTED,
};

/* conf.h and params.h name the same extensions. */
static const struct {
	enum conf_extension conf;
	enum smtp_extension smtp;
} extension_map[] = {
    {CONF_EXT_SIZE, EXT_SIZE},         {CONF_EXT_PIPELINING, EXT_PIPELINING},
    {CONF_EXT_8BITMIME, EXT_8BITMIME}, {CONF_EXT_SMTPUTF8, EXT_SMTPUTF8},
    {CONF_EXT_CHUNKING, EXT_CHUNKING}, {CONF_EXT_ENHANCEDSTATUSCODES, EXT_ENHANCEDSTATUSCODES},
    {CONF_EXT_DSN, EXT_DSN},           {CONF_EXT_AUTH, EXT_AUTH},
};

static void policy_make(struct smtp_policy *p, const struct conf *conf)
{
	*p = (struct smtp_policy){
	    .hostname = conf->hostname,
	    .banner = conf->banner,
	    .strictness = (enum strictness)conf->strictness,
	    .auth = conf->auth.verdict == CONF_AUTH_ACCEPT ? SMTP_AUTH_ACCEPT : SMTP_AUTH_REFUSE,
	    .auth_secrets = conf->auth.auth_secrets,
	    .max_message_size = conf->limits.message_size,
	    .max_line = conf->limits.line_length,
	    .max_recipients = conf->limits.recipients,
	    .max_messages = conf->limits.messages,
	    .max_errors = conf->limits.errors,
	    .max_commands = conf->limits.commands,
	};
	for (size_t i = 0; i < sizeof extension_map / sizeof *extension_map; i++)
		if (conf->smtp.extensions & extension_map[i].conf)
			p->extensions |= extension_map[i].smtp;
	p->mechanisms = (conf->auth.mechanisms & CONF_MECH_PLAIN ? SMTP_MECHANISM_PLAIN : 0u) |
			(conf->auth.mechanisms & CONF_MECH_LOGIN ? SMTP_MECHANISM_LOGIN : 0u);
	if (p->mechanisms == 0)
		p->extensions &= ~(unsigned)EXT_AUTH;
}

/* A memfd of the greatest message, whose pages exist where they were written.  Mapped before
 * RLIMIT_FSIZE forbids files to grow; the descriptor is not needed after. */
static void store_new(struct message_store *store, size_t cap)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)cap) < 0)
		fatal("message store of %zu bytes: %s", cap, strerror(errno));
	void *bytes = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (bytes == MAP_FAILED)
		fatal("message store of %zu bytes: mmap: %s", cap, strerror(errno));
	close(fd);
	*store = (struct message_store){.bytes = bytes, .cap = cap};
}

static void tls_new(struct session *s)
{
	s->tls = tls_session_new(s->args->tls, s->args->keyholder);
	if (s->tls == NULL)
		fatal("TLS session: %s", strerror(errno));
	s->profile_number = identity_profiles(s->conf, s->args->tls);
}

struct session *session_new(const struct worker_args *args)
{
	struct session *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (s == MAP_FAILED)
		fatal("session memory: %s", strerror(errno));
	s->args = args;
	s->conf = args->conf;
	s->board = &args->board->slot[args->slot];
	s->results = (struct results){
	    .pipe = args->pipe, .slot = args->slot, .cookie = args->cookie, .ack = args->ack};
	if (getrandom(&s->results.seq, sizeof s->results.seq, 0) != sizeof s->results.seq)
		fatal("getrandom: %s", strerror(errno));
	s->results.seq &= ACK_SEQ_MASK;
	policy_make(&s->policy[0], args->conf);
	s->policy[1] = s->policy[0];
	s->policy[1].extensions |= EXT_STARTTLS;
	if (args->tls)
		tls_new(s);
	s->dns = worker_dns_new(args);
	s->rules = worker_rules_new(args);
	store_new(&s->store, args->conf->limits.message_size);
	conn_init(&s->conn, s->in, s->out);
	buf_init(&s->dialogue, s->dialogue_memory,
		 args->conf->limits.dialogue < SESSION_DIALOGUE ? args->conf->limits.dialogue
								: SESSION_DIALOGUE);
	buf_init(&s->auth, s->auth_memory, sizeof s->auth_memory);
	buf_init(&s->fields, s->fields_memory, sizeof s->fields_memory);
	buf_init(&s->trace, s->trace_memory, sizeof s->trace_memory);
	hello_init(s);
	return s;
}

/* ---- the client's identity ---- */

void session_new_id(struct session *s, uint64_t now_us, uint8_t id_r[UUID_BYTES])
{
	if (s->random_left < UUID_RANDOM) {
		if (getrandom(s->random, sizeof s->random, 0) != sizeof s->random)
			fatal("getrandom: %s", strerror(errno));
		s->random_left = sizeof s->random;
	}
	s->random_left -= UUID_RANDOM;
	uuid_make(&s->uuids, now_us, s->random + s->random_left, id_r);
}

/* The address that the client reached; the listener's own, unless that is the wildcard. */
static void find_local_address(struct session_client *c, int fd)
{
	static const uint8_t any4[IP_BYTES] = {[10] = 0xff, [11] = 0xff}, any6[IP_BYTES];
	struct sockaddr_storage local;
	socklen_t len = sizeof local;

	memcpy(c->local_ip, c->listener->address, IP_BYTES);
	c->local_port = c->listener->port;
	if (memcmp(c->local_ip, any4, IP_BYTES) != 0 && memcmp(c->local_ip, any6, IP_BYTES) != 0)
		return;
	if (getsockname(fd, (struct sockaddr *)&local, &len) == 0)
		ip_from_sockaddr(c->local_ip, &c->local_port, (struct sockaddr *)&local);
}

static void client_begin(struct session *s, int fd, unsigned listener,
			 const struct sockaddr_storage *peer)
{
	struct session_client *c = &s->client;

	*c = (struct session_client){.listener = &s->conf->listen[listener],
				     .listener_index = (uint16_t)listener,
				     .accepted_us = wall_us(),
				     .started_us = clock_us()};
	session_new_id(s, c->accepted_us, c->id);
	ip_from_sockaddr(c->ip, &c->port, (const struct sockaddr *)peer);
	find_local_address(c, fd);
	who_begin(s, fd);
	c->message.store = &s->store;
	buf_reset(&s->dialogue);
	buf_reset(&s->auth);
	hello_reset(s);
	worker_dns_reset(s);
	s->lines = (struct line_reader){0};
	s->conn.session_end_us = c->started_us + s->conf->limits.session_timeout_us;
	if (s->tls)
		tls_begin(s->tls);
	conn_open(&s->conn, fd, s->tls, s->conf->limits.command_timeout_us);
	smtp_init(&s->smtp, &s->policy[0], s->envelope, sizeof s->envelope);
	worker_rules_begin(s);
	atomic_store_explicit(&s->board->counted_us, 0, memory_order_relaxed);
	record_board(s); /* before it counts: what a killed session's last words are made of */
	atomic_store_explicit(&s->board->state, SLOT_SESSION, memory_order_release);
}

/* ---- ends ---- */

/* The socket ended or failed: by shutdown, by a deadline, or by the client. */
static enum session_end end_of_errno(const struct session *s, int error)
{
	if (*s->shutting_down)
		return END_SHUTDOWN;
	return error == ETIMEDOUT ? END_TIMEOUT : END_CLIENT_CLOSED;
}

bool session_lost(struct session *s, int rc)
{
	s->client.end = end_of_errno(s, rc < 0 ? errno : 0);
	return false;
}

/* Say 421 where the client may still listen, and be done. */
static void session_say_end(struct session *s, enum smtp_end why)
{
	struct smtp_verdict v;

	smtp_close(&s->smtp, why, &v);
	if (v.message_over)
		message_aborted(s);
	if (v.auth)
		record_auth(s, v.auth);
	/* Behind a handshake that failed, text in clear would only confuse. */
	bool broken = s->tls && tls_session_info(s->tls)->outcome == TLS_FAILED;
	if (v.reply_len == 0 || broken)
		return;
	dialogue_server(s, v.reply, v.reply_len);
	conn_last_words(&s->conn, s->conf->limits.write_timeout_us);
	if (conn_put(&s->conn, v.reply, v.reply_len) == 0)
		(void)conn_flush_last(&s->conn);
}

/* ---- PROXY, banner ---- */

/* Read the PROXY header that this listener's trusted peers send; false: there is none. */
static bool read_proxy_header(struct session *s)
{
	struct session_client *c = &s->client;
	struct proxy_header header;
	uint8_t bytes[PROXY_HEADER_MAX];
	size_t len = 0, n;
	int rc;

	conn_deadline(&s->conn, s->conf->limits.command_timeout_us);
	while ((rc = proxy_parse(&header, bytes, len, &n)) == 0) {
		if (n > sizeof bytes - len)
			return false;
		ssize_t got = s->conn.transport.recv(&s->conn, bytes + len, n);
		if (got <= 0)
			return false;
		len += (size_t)got;
	}
	if (rc < 0 || header.local)
		return rc > 0;
	memcpy(c->proxy_ip, c->ip, IP_BYTES);
	c->proxied = true;
	memcpy(c->ip, header.source_ip, IP_BYTES);
	memcpy(c->local_ip, header.destination_ip, IP_BYTES);
	c->port = header.source_port;
	c->local_port = header.destination_port;
	return true;
}

/* Did the client speak before the banner?  Waits for the configured delay to find out. */
static bool talks_early(struct session *s)
{
	uint64_t delay = s->conf->smtp.banner_delay_us;
	struct pollfd p = {.fd = s->conn.fd, .events = POLLIN};

	if (delay > 0 && !s->conn.encrypted && poll(&p, 1, (int)(delay / 1000)) < 0)
		debug("poll: %s", strerror(errno));
	return conn_readable(&s->conn);
}

/* ---- TLS ---- */

static bool start_tls(struct session *s, bool implicit)
{
	struct tls_accept_args args = {
	    .transport = &s->conn.transport,
	    .timeout_us = s->conf->limits.handshake_timeout_us,
	    .profile = identity_profile_number(s->conf, s->profile_number, s->client.identity,
					       s->client.offer.profile),
	    .ask_certificate = s->client.offer.ask_certificate,
	    .implicit = implicit};

	s->tls_used = true;
	conn_deadline(&s->conn, s->conf->limits.handshake_timeout_us);
	bool accepted = tls_accept(s->tls, &args) == 0;
	hello_note(s);
	if (!accepted) {
		const struct tls_info *info = tls_session_info(s->tls);

		dialogue_event(s, "TLS handshake failed");
		s->board->total_tls_failed++;
		s->client.end = *s->shutting_down                      ? END_SHUTDOWN
				: info->failure == TLS_FAILURE_TIMEOUT ? END_TIMEOUT
								       : END_CLIENT_CLOSED;
		return false;
	}
	s->conn.encrypted = true;
	s->board->total_tls++;
	smtp_tls_started(&s->smtp);
	dialogue_event(s, tls_version_name(tls_session_info(s->tls)->version));
	return true;
}

/* After the 220 to STARTTLS: what came in clear behind it is gone, RFC 3207, 4.2. */
static bool on_starttls(struct session *s)
{
	if (conn_flush(&s->conn) < 0)
		return session_lost(s, -1);
	line_reset(&s->lines);
	if (conn_drop_all(&s->conn) > 0) {
		s->client.injected = true;
		dialogue_event(s, "bytes in clear behind STARTTLS discarded");
	}
	return start_tls(s, false);
}

/* ---- commands ---- */

/* Carry out what a verdict asks for besides its reply; false: the session is over. */
static bool follow(struct session *s, struct smtp_verdict *v)
{
	for (;;) {
		if (v->message_over)
			message_over(s, v);
		if (v->auth)
			record_auth(s, v->auth);
		if (!worker_rules_pause(s))
			return false;
		if (v->reply_len > 0) {
			dialogue_server(s, v->reply, v->reply_len);
			if (conn_put(&s->conn, v->reply, v->reply_len) < 0)
				return session_lost(s, -1);
		}
		if (v->flush && v->next != SMTP_NEXT_CLOSE && conn_flush(&s->conn) < 0)
			return session_lost(s, -1);
		switch (v->next) {
		case SMTP_NEXT_COMMAND:
		case SMTP_NEXT_AUTH:
			return true;
		case SMTP_NEXT_STARTTLS:
			return on_starttls(s);
		case SMTP_NEXT_DATA:
			if (!message_data(s, v))
				return false;
			continue;
		case SMTP_NEXT_CHUNK:
			if (!message_chunk(s, v))
				return false;
			continue;
		case SMTP_NEXT_CLOSE:
			s->client.end = end_of_smtp[v->end];
			(void)conn_flush_last(&s->conn);
			return false;
		}
	}
}

static bool on_line(struct session *s, const struct line *line, bool more)
{
	struct smtp_input in = {
	    .line = *line,
	    .more_buffered = more,
	    .out_of_space = atomic_load_explicit(&s->args->ack->full, memory_order_relaxed)};
	struct smtp_verdict v;

	who_line(s, line, more);
	smtp_command(&s->smtp, &in, &v);
	dialogue_client(s, line, v.secret_at);
	if (v.verb == SMTP_EHLO && v.code == 250 && !s->smtp.tls &&
	    (s->smtp.policy->extensions & EXT_STARTTLS))
		s->client.starttls_offered = true;
	record_board(s);
	if ((v.verb == SMTP_EHLO || v.verb == SMTP_HELO) && v.code == 250)
		worker_dns_helo(s);
	else if (v.verb == SMTP_MAIL && v.code == 250)
		worker_dns_mail(s);
	if ((v.oddities & ODDITY_BIT(PIPELINED_EARLY)) &&
	    s->conf->smtp.pipelining_early == CONF_REJECT) {
		session_say_end(s, SMTP_END_TOO_EARLY);
		s->client.end = END_REJECTED;
		return false;
	}
	return follow(s, &v);
}

/* No complete line is buffered: get more, or find the end. */
static bool more_input(struct session *s, struct line *line, bool *have_line)
{
	*have_line = false;
	if (conn_flush(&s->conn) < 0)
		return session_lost(s, -1);
	int rc = conn_fill(&s->conn);
	if (rc > 0)
		return true;
	if (rc < 0 || *s->shutting_down)
		return session_lost(s, rc);
	*have_line = line_finish(&s->lines, s->conn.in + s->conn.in_at,
				 s->conn.in_len - s->conn.in_at, line);
	s->client.end = END_CLIENT_CLOSED;
	return *have_line;
}

static void command_loop(struct session *s)
{
	struct conn *c = &s->conn;
	struct line line;
	size_t used;

	conn_deadline(c, s->conf->limits.command_timeout_us);
	while (!*s->shutting_down) {
		bool have = line_read(&s->lines, c->in + c->in_at, c->in_len - c->in_at,
				      smtp_line_limit(&s->smtp), &line, &used);

		if (!have) {
			conn_consume(c, used);
			if (!more_input(s, &line, &have))
				break;
			if (!have)
				continue;
			used = c->in_len - c->in_at;
		}
		/* The line lies in c->in until the next fill, which only comes after it is handled. */
		conn_consume(c, used);
		/* Behind the start of a line that is too long lies the rest of it. */
		if (!on_line(s, &line, !line.too_long && c->in_len > c->in_at))
			break;
		conn_deadline(c, s->conf->limits.command_timeout_us);
	}
	if (*s->shutting_down && s->client.end == END_NONE)
		s->client.end = END_SHUTDOWN;
}

/* Speak as the identity that the client reached, with what it is offered. */
static void take_policy(struct session *s)
{
	struct session_client *c = &s->client;

	identity_policy(&s->client_policy, &s->policy[c->offer.starttls], c->identity);
	s->smtp.policy = &s->client_policy;
	smtp_client(&s->smtp, c->ip, c->accepted_us);
}

/* The addresses of both ends are known now. */
static void make_offer(struct session *s)
{
	struct session_client *c = &s->client;

	c->identity = conf_identity_find(s->conf, c->local_ip, c->local_port, c->listener);
	struct offer_facts facts = {.conf = s->conf,
				    .listener = c->listener,
				    .identity = c->identity,
				    .tls_ready = s->tls != NULL,
				    .memory = s->args->memory,
				    .ip = c->ip,
				    .now_us = c->accepted_us};

	c->offer = offer_decide(&facts);
	worker_rules_connect(s, &facts);
	take_policy(s);
}

/* Its address has too many sessions already: over at once, and nothing is learnt of it. */
static void refuse_crowd(struct session *s)
{
	struct session_client *c = &s->client;

	dialogue_event(s, "too many sessions of this address");
	c->identity = conf_identity_find(s->conf, c->local_ip, c->local_port, c->listener);
	take_policy(s);
	if (c->listener->tls != CONF_TLS_IMPLICIT)
		session_say_end(s, SMTP_END_TOO_MANY_SESSIONS);
	c->end = END_TOO_MANY_SESSIONS;
}

/* A yakker is not served: it gets the reply of one that comes too often, slowly. */
static void greet_yakker(struct session *s)
{
	struct smtp_verdict v;

	smtp_close(&s->smtp, SMTP_END_TOO_MANY_SESSIONS, &v);
	dialogue_server(s, v.reply, v.reply_len);
	s->client.end = END_REJECTED;
	if (conn_put(&s->conn, v.reply, v.reply_len) < 0 || conn_flush_last(&s->conn) < 0)
		session_lost(s, -1);
}

/* Slow a yakker down; false: it did not wait for its greeting. */
static bool slow_yakker(struct session *s)
{
	if (!s->client.yakker.under)
		return true;
	if (s->conf->yakkers.slow > 0)
		s->conn.slow = s->conf->yakkers.slow;
	conn_pause(&s->conn, s->conf->yakkers.delay_us);
	if (*s->shutting_down)
		s->client.end = END_SHUTDOWN;
	return s->client.end == END_NONE;
}

static void greet(struct session *s)
{
	struct smtp_verdict v;

	worker_dns_banner(s);
	if (!worker_rules_pause(s))
		return;
	if (talks_early(s)) {
		smtp_note(&s->smtp, ODDITY_EARLY_TALK);
		if (s->conf->smtp.early_talk == CONF_REJECT) {
			session_say_end(s, SMTP_END_TOO_EARLY);
			s->client.end = END_REJECTED;
			return;
		}
	}
	if (!worker_rules_greeting(s, &v))
		smtp_greeting(&s->smtp, &v);
	if (follow(s, &v) && conn_flush(&s->conn) < 0)
		session_lost(s, -1);
}

static void converse(struct session *s)
{
	const struct conf_listen *l = s->client.listener;

	if (ip_nets_match(l->proxy_from, l->nproxy_from, s->client.ip) && !read_proxy_header(s)) {
		dialogue_event(s, "no PROXY header");
		s->client.end = *s->shutting_down ? END_SHUTDOWN : END_REJECTED;
		return;
	}
	if (crowd_over(s)) {
		refuse_crowd(s);
		return;
	}
	memory_recall(s);
	bool stalled = s->client.yakker.under && s->conf->yakkers.stall;
	if (!stalled)
		worker_dns_connect(s);
	make_offer(s);
	record_board(s);
	if (worker_rules_drop(s)) {
		s->client.end = END_REJECTED;
		return;
	}
	if (s->client.offer.implicit && !start_tls(s, true))
		return;
	if (!slow_yakker(s))
		return;
	if (stalled) {
		greet_yakker(s);
		return;
	}
	greet(s);
	if (s->client.end == END_NONE)
		command_loop(s);
	if (s->client.end == END_TIMEOUT)
		session_say_end(s, SMTP_END_TIMEOUT);
	else if (s->client.end == END_SHUTDOWN)
		session_say_end(s, SMTP_END_SHUTDOWN);
	else
		session_say_end(s, SMTP_END_CLIENT_CLOSED);
}

/* The pages of a message beyond this much go back to the kernel. */
static void give_back(struct message_store *store, size_t most)
{
	if (store->touched <= most)
		return;
	madvise(store->bytes, store->cap, MADV_REMOVE);
	store->touched = 0;
}

void session_trim(struct session *s)
{
	size_t at = offsetof(struct session, smtp);

	give_back(&s->store, 0);
	madvise((uint8_t *)s + at, sizeof *s - at, MADV_DONTNEED);
	worker_dns_trim(s);
	if (s->tls)
		tls_session_trim(s->tls);
}

void session_serve(struct session *s, int fd, unsigned listener,
		   const struct sockaddr_storage *peer)
{
	client_begin(s, fd, listener, peer);
	converse(s);
	/* While the client still waits, so that it finds it learnt when it comes again. */
	bool thinned = memory_teach(s);
	conn_close(&s->conn);
	s->client.closed_us = clock_us();
	record_board(s);
	if (!thinned) {
		worker_dns_finish(s);
		record_session(s);
	}
	s->board->total_sessions++;
	give_back(&s->store, SESSION_GIVE_BACK);
}
