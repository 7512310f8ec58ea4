/*
 * rule_pattern.c: patterns of addresses, host names and words.
 *
 * Patterns are read where a configuration is read, and held against names in workers.  Names
 * come from clients and are not trusted: each byte is looked at a bounded number of times.
 */
#include "rule_pattern.h"

uint64_t rule_hash(uint64_t hash, struct span bytes)
{
	for (size_t i = bytes.len; i > 0; i--)
		hash = rule_hash_byte(hash, bytes.bytes[i - 1]);
	return hash;
}

bool rule_same(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (rule_lower(a.bytes[i]) != b.bytes[i])
			return false;
	return true;
}

/* ---- reading patterns ---- */

static const char *check_bytes(char *text, size_t len)
{
	if (len == 0)
		return "an empty pattern";
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return "a pattern holds no white space or control characters";
		text[i] = (char)rule_lower((uint8_t)text[i]);
	}
	return NULL;
}

static void set(struct rule_pattern *p, enum rule_pattern_kind kind, const char *text, size_t len)
{
	*p = (struct rule_pattern){.kind = kind, .text = {(const uint8_t *)text, len}, .labels = 1};
	p->hash = rule_hash(RULE_HASH_START, p->text);
	for (size_t i = 0; i < len; i++)
		p->labels += text[i] == '.';
}

/* What is wrong with the len bytes as a domain; NULL if nothing. */
static const char *check_domain(const char *text, size_t len)
{
	size_t labels = 1;

	if (len == 0 || text[0] == '.' || text[len - 1] == '.' ||
	    memmem(text, len, "..", 2) != NULL)
		return "a domain has no empty labels";
	if (memchr(text, '@', len) != NULL)
		return "a domain holds no @";
	if (memchr(text, '*', len) != NULL)
		return "a domain holds no *; a dot in front stands for it and all below it";
	for (size_t i = 0; i < len; i++)
		labels += text[i] == '.';
	return labels > RULE_LABELS_MAX ? "a domain with more than 32 labels" : NULL;
}

/* @, @b, @.b */
static const char *read_domain_pattern(struct rule_pattern *p, const char *text, size_t len)
{
	bool below = len > 1 && text[1] == '.';

	if (len == 1) {
		set(p, RULE_PATTERN_ANY, text, 0);
		return NULL;
	}
	set(p, below ? RULE_PATTERN_SUBDOMAINS : RULE_PATTERN_DOMAIN, text + 1 + below,
	    len - 1 - below);
	return check_domain(text + 1 + below, len - 1 - below);
}

const char *rule_pattern_address(struct rule_pattern *p, char *text, size_t *len)
{
	const char *wrong = check_bytes(text, *len);

	if (wrong != NULL)
		return wrong;
	if (*len == 2 && memcmp(text, "<>", 2) == 0) {
		set(p, RULE_PATTERN_NULL, text, 0);
		return NULL;
	}
	if (text[0] == '<')
		return "addresses stand without angle brackets";
	if (text[0] == '@')
		return read_domain_pattern(p, text, *len);
	if (text[0] == '*' && *len > 1 && text[1] == '@')
		return "@ without anything in front stands for all addresses of a domain";
	bool local = text[*len - 1] == '@';
	set(p, local ? RULE_PATTERN_LOCAL : RULE_PATTERN_ADDRESS, text, *len - local);
	return NULL;
}

const char *rule_pattern_host(struct rule_pattern *p, char *text, size_t *len)
{
	const char *wrong = check_bytes(text, *len);

	if (wrong != NULL)
		return wrong;
	if (*len == 1 && *text == '.') {
		set(p, RULE_PATTERN_HOST, text, 1);
		return NULL;
	}
	if (text[*len - 1] == '.')
		--*len;
	bool below = text[0] == '.';
	set(p, below ? RULE_PATTERN_SUBHOSTS : RULE_PATTERN_HOST, text + below, *len - below);
	return check_domain(text + below, *len - below);
}

const char *rule_pattern_word(struct rule_pattern *p, char *text, size_t *len)
{
	const char *wrong = check_bytes(text, *len);
	bool glob = memchr(text, '*', *len) != NULL || memchr(text, '?', *len) != NULL;

	set(p, glob ? RULE_PATTERN_GLOB : RULE_PATTERN_WORD, text, *len);
	return wrong;
}

/* ---- what they are held against ---- */

void rule_name_init(struct rule_name *name, struct span text)
{
	uint64_t hash = RULE_HASH_START;

	name->text = text;
	name->labels = 0;
	for (size_t i = text.len; i > 0; i--) {
		uint8_t c = text.bytes[i - 1];
		if (c == '.' && name->labels < RULE_LABELS_MAX && text.len - i <= UINT16_MAX) {
			name->at[name->labels] = (uint16_t)(text.len - i);
			name->suffix[name->labels++] = hash;
		}
		hash = rule_hash_byte(hash, c);
	}
	if (name->labels < RULE_LABELS_MAX && text.len > 0 && text.len <= UINT16_MAX) {
		name->at[name->labels] = (uint16_t)text.len;
		name->suffix[name->labels++] = hash;
	}
	name->hash = hash;
}

void rule_name_init_host(struct rule_name *name, struct span text)
{
	if (text.len > 1 && text.bytes[text.len - 1] == '.')
		text.len--;
	rule_name_init(name, text);
}

void rule_mailbox_init(struct rule_mailbox *m, struct span address)
{
	const uint8_t *at = address.len == 0 ? NULL : memrchr(address.bytes, '@', address.len);

	m->text = address;
	m->null = address.len == 0;
	m->has_domain = at != NULL;
	m->broken =
	    at != NULL && (address.bytes[0] == '@' || at == address.bytes + address.len - 1);
	m->local = at == NULL ? address : span_head(address, (size_t)(at - address.bytes));
	struct span domain = {NULL, 0};
	if (at != NULL)
		domain = span_tail(address, m->local.len + 1);
	rule_name_init(&m->domain, domain);
	m->local_hash = rule_hash(RULE_HASH_START, m->local);
	m->hash =
	    at == NULL ? m->local_hash : rule_hash(rule_hash_byte(m->domain.hash, '@'), m->local);
}

/* ---- matching ---- */

static bool is_within(const struct rule_pattern *p, const struct rule_name *name)
{
	if (p->labels > name->labels || name->suffix[p->labels - 1] != p->hash)
		return false;
	uint16_t len = name->at[p->labels - 1];
	return rule_same(span_tail(name->text, name->text.len - len), p->text);
}

static bool is_same(const struct rule_pattern *p, uint64_t hash, struct span text)
{
	return p->hash == hash && rule_same(text, p->text);
}

bool rule_pattern_match_name(const struct rule_pattern *p, const struct rule_name *name)
{
	if (name->text.len == 0)
		return false;
	if (p->kind == RULE_PATTERN_SUBHOSTS || p->kind == RULE_PATTERN_SUBDOMAINS)
		return is_within(p, name);
	return is_same(p, name->hash, name->text);
}

bool rule_pattern_match_mailbox(const struct rule_pattern *p, const struct rule_mailbox *m)
{
	if (m->null || m->broken)
		return m->null && p->kind == RULE_PATTERN_NULL;
	switch (p->kind) {
	case RULE_PATTERN_ADDRESS:
		return is_same(p, m->hash, m->text);
	case RULE_PATTERN_LOCAL:
		return is_same(p, m->local_hash, m->local);
	case RULE_PATTERN_ANY:
		return m->has_domain;
	case RULE_PATTERN_DOMAIN:
	case RULE_PATTERN_SUBDOMAINS:
	case RULE_PATTERN_HOST: /* of source */
	case RULE_PATTERN_SUBHOSTS:
		return m->has_domain && rule_pattern_match_name(p, &m->domain);
	default:
		return false;
	}
}

/* With * in the pattern the text is tried at each place, the last * only: n times m steps. */
static bool match_glob(struct span pattern, struct span text)
{
	size_t p = 0, t = 0, star = pattern.len, retry = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.bytes[p] == '*') {
			star = p++;
			retry = t;
		} else if (p < pattern.len && (pattern.bytes[p] == '?' ||
					       pattern.bytes[p] == rule_lower(text.bytes[t]))) {
			p++;
			t++;
		} else if (star < pattern.len) {
			p = star + 1;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.bytes[p] == '*')
		p++;
	return p == pattern.len;
}

bool rule_pattern_match_word(const struct rule_pattern *p, struct span word)
{
	if (p->kind == RULE_PATTERN_GLOB)
		return match_glob(p->text, word);
	return rule_same(word, p->text);
}

/* ---- patterns among themselves ---- */

/* What a pattern of addresses or hosts says, taken apart. */
struct parts {
	struct span local;  /* bytes NULL: any */
	struct span domain; /* likewise */
	bool below;         /* the domain and all below */
	bool bare;          /* there is no domain, only local */
	bool null;
};

static struct parts parts_of(const struct rule_pattern *p)
{
	struct parts parts = {.null = p->kind == RULE_PATTERN_NULL};
	const uint8_t *at = NULL;

	switch (p->kind) {
	case RULE_PATTERN_ADDRESS:
		at = memrchr(p->text.bytes, '@', p->text.len);
		parts.bare = at == NULL;
		parts.local =
		    at == NULL ? p->text : span_head(p->text, (size_t)(at - p->text.bytes));
		if (at != NULL)
			parts.domain = span_tail(p->text, parts.local.len + 1);
		break;
	case RULE_PATTERN_LOCAL:
		parts.local = p->text;
		break;
	case RULE_PATTERN_NULL:
	case RULE_PATTERN_ANY:
		break;
	default:
		parts.domain = p->text;
		parts.below =
		    p->kind == RULE_PATTERN_SUBDOMAINS || p->kind == RULE_PATTERN_SUBHOSTS;
	}
	return parts;
}

/* Whether domain is that of p, or below it if p says so. */
static bool domain_in(struct span domain, const struct parts *p)
{
	if (domain.len > p->domain.len && p->below) {
		if (domain.bytes[domain.len - p->domain.len - 1] != '.')
			return false;
		domain = span_tail(domain, domain.len - p->domain.len);
	}
	return rule_same(domain, p->domain);
}

bool rule_patterns_meet(const struct rule_pattern *a, const struct rule_pattern *b)
{
	struct parts x = parts_of(a), y = parts_of(b);

	if (a->kind >= RULE_PATTERN_WORD) {
		if (a->kind == RULE_PATTERN_GLOB && b->kind == RULE_PATTERN_GLOB)
			return true; /* not decided */
		return a->kind == RULE_PATTERN_GLOB ? rule_pattern_match_word(a, b->text)
						    : rule_pattern_match_word(b, a->text);
	}
	if (x.null || y.null)
		return x.null && y.null;
	if (x.local.bytes != NULL && y.local.bytes != NULL && !rule_same(x.local, y.local))
		return false;
	if (x.bare || y.bare) /* only a@ has no need of a domain */
		return (x.bare || a->kind == RULE_PATTERN_LOCAL) &&
		       (y.bare || b->kind == RULE_PATTERN_LOCAL);
	if (x.domain.bytes == NULL || y.domain.bytes == NULL)
		return true;
	return domain_in(x.domain, &y) || domain_in(y.domain, &x);
}

bool rule_pattern_within(const struct rule_pattern *a, const struct rule_pattern *b)
{
	struct parts x = parts_of(a), y = parts_of(b);

	if (a->kind == b->kind && rule_same(a->text, b->text))
		return true;
	if (a->kind >= RULE_PATTERN_WORD)
		return a->kind == RULE_PATTERN_WORD && rule_pattern_match_word(b, a->text);
	if (x.null || y.null)
		return false;
	if (b->kind == RULE_PATTERN_ANY)
		return !x.bare && a->kind != RULE_PATTERN_LOCAL;
	if (y.local.bytes != NULL && (x.local.bytes == NULL || !rule_same(x.local, y.local)))
		return false;
	if (y.bare)
		return x.bare;
	if (y.domain.bytes == NULL) /* a@ */
		return true;
	return x.domain.bytes != NULL && (!x.below || y.below) && domain_in(x.domain, &y);
}
