/*
 * hello_mend.c: what a TLS library stumbles over in a ClientHello that is usable all the same.
 *
 * Runs in workers.  In: the body of a ClientHello, nothing of it trusted; out: where two bytes are
 * to be overwritten.  Only what GnuTLS 3.7 is known to refuse and other servers serve is mended: a
 * hello that is broken elsewhere is refused as before.
 */
#include "hello_mend.h"

#include "client_hello.h"

#define HOST_NAME 0
#define CIPHER_FALLBACK_SCSV 0x5600
#define EXT_PRE_SHARED_KEY 41
#define EXT_RENEGOTIATION_INFO 65281
#define SEEN_RENEGOTIATION_INFO 63 /* its bit in a set of types; nothing has that number */

static const char *const names[HELLO_MEND_COUNT] = {
    [HELLO_MEND_SERVER_NAME] = "server_name",
    [HELLO_MEND_REPEATED] = "repeated_extension",
    [HELLO_MEND_SIGNATURE_ALGORITHMS] = "signature_algorithms",
    [HELLO_MEND_GROUPS] = "supported_groups",
    [HELLO_MEND_FALLBACK_SCSV] = "fallback_scsv",
    [HELLO_MEND_RECORD_VERSION] = "record_version",
};

/* ---- what GnuTLS refuses ---- */

/* A list behind its length of two bytes that fills all of the extension. */
static bool enter_list(struct span content, struct span *list_r)
{
	if (content.len < 2 || hello_number(content, 0) != content.len - 2)
		return false;
	*list_r = span_tail(content, 2);
	return list_r->len > 0;
}

static bool is_dns_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.bytes[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return name.len > 0;
}

/* RFC 6066, 3. */
static bool bad_server_name(struct span content)
{
	struct span list;

	if (!enter_list(content, &list))
		return true;
	while (list.len >= 3) {
		size_t len = hello_number(span_tail(list, 1), 0);

		if (len == 0 || len > list.len - 3)
			return true;
		if (list.bytes[0] == HOST_NAME) /* those behind the first are not read */
			return !is_dns_name(span_head(span_tail(list, 3), len));
		list = span_tail(list, 3 + len);
	}
	return list.len > 0;
}

static bool bad_numbers(struct span content)
{
	struct span list;

	return !enter_list(content, &list) || list.len % 2 != 0;
}

/* Bytes behind the list are let pass, and so is an empty one. */
static bool bad_groups(struct span content)
{
	if (content.len < 2)
		return true;
	size_t len = hello_number(content, 0);
	return len % 2 != 0 || len > content.len - 2;
}

static const struct {
	uint16_t type;
	enum hello_mend mend;
	bool (*bad)(struct span content);
} checks[] = {
    {0, HELLO_MEND_SERVER_NAME, bad_server_name},
    {10, HELLO_MEND_GROUPS, bad_groups},
    {13, HELLO_MEND_SIGNATURE_ALGORITHMS, bad_numbers},
};

/* Those that GnuTLS 3.7 reads of a client, and so refuses if they come twice.  A pre-shared key must
 * be the last, so twice is a mistake of another kind. */
static bool is_read(uint16_t type, unsigned *bit_r)
{
	static const uint8_t read[] = {0,  1,  5,  10, 11, 12, 13, 14, 15, 16, 19, 20,
				       21, 22, 23, 27, 28, 35, 42, 43, 44, 45, 49, 51};

	*bit_r = SEEN_RENEGOTIATION_INFO;
	if (type == EXT_RENEGOTIATION_INFO)
		return true;
	*bit_r = type;
	for (size_t i = 0; i < sizeof read; i++)
		if (read[i] == type)
			return true;
	return false;
}

/* ---- the plan ---- */

struct planner {
	struct hello_mends *m;
	const uint8_t *body;
	bool full;
};

static void overwrite(struct planner *p, const uint8_t *at)
{
	if (p->m->count == HELLO_PATCHES) {
		p->full = true;
		return;
	}
	p->m->at[p->m->count++] = (size_t)(at - p->body);
}

/* Refused only where a higher version could be had. */
static void plan_ciphers(struct planner *p, struct span list)
{
	for (size_t i = 0; i < hello_count(list); i++) {
		if (hello_number(list, i) != CIPHER_FALLBACK_SCSV)
			continue;
		overwrite(p, list.bytes + 2 * i);
		p->m->set |= HELLO_MEND_BIT(FALLBACK_SCSV);
	}
}

/* What is wrong with an extension, HELLO_MEND_COUNT if nothing is. */
static enum hello_mend judge(uint16_t type, struct span content, uint64_t *seen)
{
	unsigned bit;

	if (is_read(type, &bit)) {
		if (*seen >> bit & 1)
			return HELLO_MEND_REPEATED;
		*seen |= UINT64_C(1) << bit;
	}
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i].type == type && checks[i].bad(content))
			return checks[i].mend;
	return HELLO_MEND_COUNT;
}

static void plan_extensions(struct planner *p, struct span list)
{
	const uint8_t *key = NULL, *at = list.bytes;
	struct span content;
	uint64_t seen = 0;
	uint16_t type;

	for (; client_hello_extension(&list, &type, &content); at = list.bytes) {
		enum hello_mend mend = judge(type, content, &seen);

		if (type == EXT_PRE_SHARED_KEY)
			key = at;
		if (mend == HELLO_MEND_COUNT)
			continue;
		overwrite(p, at);
		p->m->set |= 1u << mend;
	}
	if (p->m->set != 0 && key != NULL)
		overwrite(p, key);
}

bool hello_mend_plan(struct hello_mends *m, struct span body, uint16_t served)
{
	struct planner p = {.m = m, .body = body.bytes};
	struct client_hello h = {0};

	*m = (struct hello_mends){0};
	client_hello_read_body(&h, body, 0);
	if (!h.whole)
		return false; /* it is broken in a way that nobody overlooks */
	if (client_hello_highest(&h) < served)
		plan_ciphers(&p, h.ciphers);
	plan_extensions(&p, h.extensions);
	if (p.full)
		*m = (struct hello_mends){0};
	return m->set != 0;
}

void hello_mend_apply(const struct hello_mends *m, uint8_t *body, size_t len)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->at[i] >= len || len - m->at[i] < 2)
			continue;
		body[m->at[i]] = HELLO_GREASE >> 8;
		body[m->at[i] + 1] = HELLO_GREASE & 0xff;
	}
}

const char *hello_mend_name(enum hello_mend mend)
{
	return names[mend];
}
