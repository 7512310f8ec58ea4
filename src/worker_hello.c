/*
 * worker_hello.c: the ClientHello of a session, read once and kept as fields for its records.
 *
 * Runs in workers.  In: the bytes that the TLS engine kept of the client's first flight, whether
 * the handshake failed or not; they are gone with the next receive, so that what records need is
 * written into the session's memory at once.  Out: the fields, and in struct tls_info the name of
 * the server and the form of the hello, which the library does not know of every client.
 */
#include <string.h>

#include "worker_session.h"

/* Lent while no message is being stored. */
_Static_assert(SESSION_TRACE >= CLIENT_HELLO_JOIN, "trace_memory holds a hello of many records");

static const enum hello_detail details[] = {
    [CONF_HELLO_NONE] = HELLO_DETAIL_NONE,
    [CONF_HELLO_FINGERPRINT] = HELLO_DETAIL_FINGERPRINT,
    [CONF_HELLO_LISTS] = HELLO_DETAIL_LISTS,
    [CONF_HELLO_FULL] = HELLO_DETAIL_FULL,
};

void hello_init(struct session *s)
{
	buf_init(&s->hello[RECORD_SESSION], s->hello_memory, sizeof s->hello_memory);
	buf_init(&s->hello[RECORD_MESSAGE], s->prints_memory, sizeof s->prints_memory);
}

void hello_reset(struct session *s)
{
	for (int type = 0; type < RECORD_TYPE_COUNT; type++)
		buf_reset(&s->hello[type]);
}

/* The library knows no server name of a handshake that failed early, and cuts one at a NUL. */
static void complete_info(struct tls_info *info, const struct client_hello *h)
{
	struct span name = h->server_name;

	info->hello_format = h->format;
	if (name.len == 0)
		return;
	info->sni_len = name.len < sizeof info->sni ? name.len : sizeof info->sni - 1;
	memcpy(info->sni, name.bytes, info->sni_len);
	info->sni[info->sni_len] = '\0';
}

void hello_note(struct session *s)
{
	struct client_hello hello;
	struct hello_prints prints;
	struct span bytes;
	enum hello_detail detail = details[s->conf->log.hello];

	hello_reset(s);
	bytes.bytes = tls_session_hello(s->tls, &bytes.len);
	client_hello_parse(&hello, bytes, s->trace_memory);
	complete_info(tls_session_info(s->tls), &hello);
	if (detail == HELLO_DETAIL_NONE && !worker_rules_want_hello(s))
		return;
	hello_prints_make(&prints, &hello, &s->hello_scratch);
	worker_rules_hello(s, &prints);
	if (detail == HELLO_DETAIL_NONE)
		return;
	for (int type = 0; type < RECORD_TYPE_COUNT; type++)
		hello_put(&hello, &prints, (enum record_type)type, detail, &s->hello[type]);
}
