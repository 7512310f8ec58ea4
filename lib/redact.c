/*
 * redact.c: the secrets of a redaction and their tokens.
 *
 * Runs in the reader.  Secrets come from the configuration, from a file of the operator, and from
 * records, so from strangers: their number and length are bounded.
 */
#include "redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "digest.h"
#include "err.h"
#include "ip.h"
#include "redact_int.h"

#define LOCAL_MIN 5 /* bytes of a local part that is looked for alone */
#define STEPS_A_BYTE 2000
#define STEPS_MORE 10000000
#define TRIES 3 /* replacing can bring to light what another form hid */

/* Local parts that tell nothing: RFC 2142 and what is like it. */
static const char *const roles[] = {"abuse",
				    "accounting",
				    "accounts",
				    "admin",
				    "administrator",
				    "billing",
				    "careers",
				    "contact",
				    "customer",
				    "enquiries",
				    "feedback",
				    "finance",
				    "hello",
				    "helpdesk",
				    "hostmaster",
				    "inquiries",
				    "invoice",
				    "legal",
				    "mailer-daemon",
				    "mailbox",
				    "manager",
				    "marketing",
				    "media",
				    "member",
				    "members",
				    "newsletter",
				    "no-reply",
				    "noreply",
				    "office",
				    "orders",
				    "owner",
				    "postmaster",
				    "press",
				    "privacy",
				    "purchasing",
				    "reception",
				    "recruitment",
				    "sales",
				    "security",
				    "service",
				    "services",
				    "subscribe",
				    "subscriber",
				    "support",
				    "undisclosed",
				    "unsubscribe",
				    "usenet",
				    "webmaster",
				    NULL};

struct redact *redact_new(const uint8_t key[REDACT_KEY_BYTES])
{
	struct redact *r = calloc(1, sizeof *r);

	if (r != NULL)
		memcpy(r->key, key, sizeof r->key);
	return r;
}

static void drop_from(struct redact *r, size_t keep)
{
	while (r->count > keep) {
		struct redact_secret *s = &r->secret[--r->count];

		r->first[s->text[0]] = s->next;
		free(s->text);
	}
}

void redact_free(struct redact **r)
{
	if (*r == NULL)
		return;
	drop_from(*r, 0);
	free((*r)->secret);
	explicit_bzero(*r, sizeof **r);
	free(*r);
	*r = NULL;
}

void redact_keep(struct redact *r)
{
	r->kept = r->count;
}

void redact_forget(struct redact *r)
{
	drop_from(r, r->kept);
}

static enum redact_kind kind_of(const char *text, size_t len)
{
	uint8_t ip[IP_BYTES];

	if (memchr(text, '@', len) != NULL)
		return REDACT_ADDRESS;
	if (ip_parse(ip, text, len) == 0)
		return REDACT_IP;
	return memchr(text, '.', len) != NULL ? REDACT_DOMAIN : REDACT_WORD;
}

/* The HMAC's bytes as the token of a kind. */
static void put_token(enum redact_kind kind, const uint8_t *mac, char token_r[REDACT_TOKEN_MAX])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	char name[13];
	struct buf token;

	buf_init(&token, token_r, REDACT_TOKEN_MAX);
	if (kind == REDACT_IP) {
		buf_put_str(&token, "2001:db8");
		for (size_t i = 0; i < 12; i += 2) /* never 0, which would be shortened */
			buf_printf(&token, ":%x", 0x1000u | (unsigned)mac[i] << 8 | mac[i + 1]);
	} else {
		for (size_t i = 0; i < 12; i++)
			name[i] = digits[mac[i] & 31];
		name[12] = '\0';
		if (kind == REDACT_ADDRESS)
			buf_printf(&token, "r-%s@redacted.invalid", name);
		else if (kind == REDACT_DOMAIN)
			buf_printf(&token, "d-%s.redacted.invalid", name);
		else
			buf_printf(&token, "l-%s", name);
	}
	buf_put_byte(&token, '\0');
}

static int hmac_of(const struct redact *r, enum redact_kind kind, const uint8_t *text, size_t len,
		   uint8_t mac_r[DIGEST_SHA256])
{
	uint8_t input[REDACT_SECRET_MAX + 1];

	if (len > REDACT_SECRET_MAX)
		return ERR_FULL;
	input[0] = (uint8_t)kind;
	memcpy(input + 1, text, len);
	return digest_hmac_sha256(r->key, sizeof r->key, input, len + 1, mac_r);
}

static struct span trimmed(const void *text, size_t len)
{
	struct span s = span_trim_right(span_trim_left((struct span){text, len}));

	if (s.len > 0 && s.bytes[s.len - 1] == '.')
		s.len--;
	return s;
}

static void lower(uint8_t *to, struct span from)
{
	for (size_t i = 0; i < from.len; i++)
		to[i] = (uint8_t)tolower(from.bytes[i]);
}

static bool is_known(const struct redact *r, enum redact_kind kind, const uint8_t *text, size_t len)
{
	for (uint32_t i = r->first[text[0]]; i != 0; i = r->secret[i - 1].next) {
		const struct redact_secret *s = &r->secret[i - 1];

		if (s->kind == kind && s->len == len && memcmp(s->text, text, len) == 0)
			return true;
	}
	return false;
}

/* Text of at least one byte, in lower case if it is no digest. */
static int add_one(struct redact *r, enum redact_kind kind, const uint8_t *text, size_t len)
{
	uint8_t mac[DIGEST_SHA256];

	if (is_known(r, kind, text, len))
		return 0;
	if (r->count == REDACT_SECRETS_MAX)
		return ERR_FULL;
	struct redact_secret *all = array_grow(r->secret, r->count, &r->room, sizeof *all);
	if (all == NULL)
		return ERR_MEMORY;
	r->secret = all;
	int rc = hmac_of(r, kind, text, len, mac);
	if (rc != 0)
		return rc;
	struct redact_secret *s = &r->secret[r->count];
	*s = (struct redact_secret){.kind = kind, .len = (uint16_t)len, .text = malloc(len)};
	if (s->text == NULL)
		return ERR_MEMORY;
	memcpy(s->text, text, len);
	if (kind == REDACT_DIGEST) {
		memcpy(s->token, mac, len);
		s->token_len = (uint8_t)len;
	} else {
		put_token(kind, mac, s->token);
		s->token_len = (uint8_t)strlen(s->token);
	}
	s->next = r->first[text[0]];
	r->first[text[0]] = (uint32_t)++r->count;
	return 0;
}

static int add_digests(struct redact *r, struct span address)
{
	uint8_t digest[DIGEST_SHA256];
	int rc = digest_md5(address.bytes, address.len, digest);

	if (rc == 0)
		rc = add_one(r, REDACT_DIGEST, digest, DIGEST_MD5);
	if (rc == 0)
		rc = digest_sha1(address.bytes, address.len, digest);
	if (rc == 0)
		rc = add_one(r, REDACT_DIGEST, digest, DIGEST_SHA1);
	if (rc == 0)
		rc = digest_sha256(address.bytes, address.len, digest);
	if (rc == 0)
		rc = add_one(r, REDACT_DIGEST, digest, DIGEST_SHA256);
	return rc;
}

static bool is_role(struct span local)
{
	for (size_t i = 0; roles[i] != NULL; i++) {
		if (span_is(local, roles[i]))
			return true;
	}
	return false;
}

/* What of an address is looked for alone. */
static int add_halves(struct redact *r, struct span address)
{
	const uint8_t *at = memrchr(address.bytes, '@', address.len);
	struct span local = span_head(address, (size_t)(at - address.bytes));
	struct span domain = span_tail(address, local.len + 1);
	int rc = 0;

	if (domain.len > 2 && domain.bytes[0] == '[')
		rc = redact_add(r, domain.bytes + 1, domain.len - 2);
	else if (domain.len >= REDACT_SECRET_MIN && memchr(domain.bytes, '.', domain.len) != NULL)
		rc = add_one(r, REDACT_DOMAIN, domain.bytes, domain.len);
	if (rc == ERR_REFUSED)
		rc = 0;
	if (rc == 0 && local.len >= LOCAL_MIN && !is_role(local))
		rc = add_one(r, REDACT_WORD, local.bytes, local.len);
	return rc;
}

int redact_add(struct redact *r, const void *text, size_t len)
{
	struct span s = trimmed(text, len);
	uint8_t low[REDACT_SECRET_MAX];

	if (s.len < REDACT_SECRET_MIN && (s.len == 0 || memchr(s.bytes, ':', s.len) == NULL))
		return ERR_REFUSED;
	if (s.len > sizeof low)
		return ERR_FULL;
	lower(low, s);
	struct span secret = {low, s.len};
	enum redact_kind kind = kind_of((const char *)low, s.len);
	int rc = add_one(r, kind, low, s.len);
	if (rc != 0 || kind != REDACT_ADDRESS)
		return rc;
	rc = add_digests(r, secret);
	if (rc == 0) /* as it is written, and in lower case */
		rc = add_digests(r, s);
	return rc == 0 ? add_halves(r, secret) : rc;
}

static void run_init(struct redact_run *run, const struct redact *r, size_t len)
{
	*run = (struct redact_run){.r = r, .steps_max = (uint64_t)len * STEPS_A_BYTE + STEPS_MORE};
	for (size_t i = 0; i < REDACT_DEPTH; i++) {
		buf_init_heap(&run->decoded[i], REDACT_OUT_MAX);
		buf_init_heap(&run->changed[i], REDACT_OUT_MAX);
	}
}

static void run_fini(struct redact_run *run)
{
	for (size_t i = 0; i < REDACT_DEPTH; i++) {
		buf_fini(&run->decoded[i]);
		buf_fini(&run->changed[i]);
	}
}

typedef void (*redact_fn)(struct redact_run *run, struct span in, unsigned depth, struct buf *out);

/* Run fn on bytes; returns its error. */
static int run_once(const struct redact *r, redact_fn fn, struct span in, struct buf *out,
		    struct redact_count *count_r)
{
	struct redact_run run;

	run_init(&run, r, in.len);
	fn(&run, in, 0, out);
	if (run.error == 0 && out != NULL && out->failed)
		run.error = ERR_FULL;
	*count_r = run.count;
	run_fini(&run);
	return run.error;
}

/* Is there anything left to find, in the parts or in all of it as one text? */
static int check(const struct redact *r, redact_fn fn, struct span in)
{
	struct redact_count count = {0};
	struct buf out;

	buf_init_heap(&out, REDACT_OUT_MAX);
	int rc = run_once(r, fn, in, &out, &count);
	buf_fini(&out);
	if (rc == 0 && count.found + count.removed == 0 && fn != redact_any)
		rc = run_once(r, redact_any, in, NULL, &count);
	if (rc == 0 && count.found + count.removed > 0)
		return ERR_REFUSED;
	return rc;
}

static int redact(const struct redact *r, redact_fn fn, struct span in, struct buf *out,
		  struct redact_count *count_r)
{
	struct redact_count count;
	struct buf made[2];
	size_t before = out->len;
	int rc = ERR_REFUSED;

	buf_init_heap(&made[0], REDACT_OUT_MAX);
	buf_init_heap(&made[1], REDACT_OUT_MAX);
	for (int i = 0; i < TRIES && rc == ERR_REFUSED; i++) {
		struct buf *to = &made[i & 1];

		buf_reset(to);
		if ((rc = run_once(r, fn, in, to, &count)) != 0)
			break;
		count_r->found += count.found;
		count_r->removed += count.removed;
		in = (struct span){to->data, to->len};
		rc = check(r, fn, in);
	}
	if (rc == 0 && in.len > 0)
		buf_put(out, in.bytes, in.len);
	buf_fini(&made[0]);
	buf_fini(&made[1]);
	if (rc == 0 && out->failed)
		rc = ERR_FULL;
	if (rc != 0)
		out->len = before;
	return rc;
}

/* A value as a field that is called x. */
static void value_as_field(struct redact_run *run, struct span in, unsigned depth, struct buf *out)
{
	struct buf field, made;
	(void)depth;

	buf_init_heap(&field, REDACT_OUT_MAX);
	buf_init_heap(&made, REDACT_OUT_MAX);
	buf_put_str(&field, "x:");
	if (in.len > 0)
		buf_put(&field, in.bytes, in.len);
	redact_field(run, redact_span(&field), &made);
	if (field.failed || made.failed)
		run->error = ERR_FULL;
	else
		buf_put(out, made.data + 2, made.len - 2);
	buf_fini(&field);
	buf_fini(&made);
}

int redact_value(const struct redact *r, const void *bytes, size_t len, struct buf *out,
		 struct redact_count *count_r)
{
	return redact(r, value_as_field, (struct span){bytes, len}, out, count_r);
}

int redact_message(const struct redact *r, const uint8_t *bytes, size_t len, struct buf *out,
		   struct redact_count *count_r)
{
	return redact(r, redact_entity, (struct span){bytes, len}, out, count_r);
}

int redact_finds(const struct redact *r, const void *bytes, size_t len)
{
	struct redact_count count;
	int rc = run_once(r, redact_any, (struct span){bytes, len}, NULL, &count);

	return rc != 0 ? rc : count.found > 0;
}
