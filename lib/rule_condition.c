/*
 * rule_condition.c: from a condition as it was written to an operation.
 *
 * Runs where a configuration is read.  A table by condition has the function that checks the
 * arguments.
 */
#include "rule_compiler.h"

#include "conf_number.h"
#include "err.h"

#define ZONE_MAX 200 /* with an address of IPv6 in nibbles it is a domain name */
#define LABEL_MAX 63
#define LOOKUPS_MAX 64 /* each is a question to DNS in every session */

/* ---- patterns ---- */

typedef const char *read_fn(struct rule_pattern *pattern_r, char *text, size_t *len);

/* How conditions of one kind of pattern are compiled. */
struct pattern_use {
	enum rule_op_kind op, op_set;
	enum rule_file_kind file;
	read_fn *read;
};

static int use_file(struct rule_compiler *c, const struct conf_word *word, enum rule_file_kind kind,
		    enum rule_op_kind op_kind, struct rule_op *op)
{
	const struct rule_file *file;

	if (rule_file_get(c, word, kind, &file) < 0)
		return ERR_MEMORY;
	if (file == NULL || file->count == 0)
		return 0;
	op->kind = (uint8_t)op_kind;
	if (kind == RULE_FILE_NETS)
		op->nets = &file->nets;
	else
		op->set = &file->set;
	return 0;
}

static int use_pattern(struct rule_compiler *c, const struct rule_node *n,
		       const struct pattern_use *use, struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];

	if (rule_is_file(word))
		return use_file(c, word, use->file, use->op_set, op);
	size_t len = word->len;
	char *text = arena_copy(c->arena, word->text, len);
	if (text == NULL)
		return ERR_MEMORY;
	const char *wrong = use->read(&op->pattern, text, &len);
	if (wrong != NULL)
		rule_fault(c, word, "%s: %s", n->row->word, wrong);
	else
		op->kind = (uint8_t)use->op;
	return 0;
}

/* from example.com: probably @example.com is meant. */
static void check_address(struct rule_compiler *c, const struct rule_node *n,
			  const struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];

	if (op->kind != RULE_OP_FROM && op->kind != RULE_OP_TO)
		return;
	if (op->pattern.kind == RULE_PATTERN_ADDRESS && !memchr(word->text, '@', word->len) &&
	    memchr(word->text, '.', word->len))
		rule_warn(c, word, "without an @ this is an address, and no domain");
	if (op->kind == RULE_OP_TO && op->pattern.kind == RULE_PATTERN_NULL)
		rule_fault(c, word, "can never hold: no recipient is <>");
}

static int if_from(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_FROM, RULE_OP_FROM_SET, RULE_FILE_ADDRESSES,
					       rule_pattern_address};
	int result = use_pattern(c, n, &use, op);

	check_address(c, n, op);
	return result;
}

static int if_to(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_TO, RULE_OP_TO_SET, RULE_FILE_ADDRESSES,
					       rule_pattern_address};
	int result = use_pattern(c, n, &use, op);

	check_address(c, n, op);
	return result;
}

static int if_helo(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_HELO, RULE_OP_HELO_SET, RULE_FILE_HOSTS,
					       rule_pattern_host};
	return use_pattern(c, n, &use, op);
}

static int if_host(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_HOST, RULE_OP_HOST_SET, RULE_FILE_HOSTS,
					       rule_pattern_host};
	return use_pattern(c, n, &use, op);
}

static int if_source(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_SOURCE, RULE_OP_SOURCE_SET, RULE_FILE_HOSTS,
					       rule_pattern_host};

	c->facts |= RULE_FACT_RDNS; /* without it the others may still hold */
	return use_pattern(c, n, &use, op);
}

/* The pattern matches an arm of the experiment. */
static void check_arm(struct rule_compiler *c, const struct conf_word *word,
		      const struct rule_op *op)
{
	bool known = c->conf == NULL;

	for (size_t i = 0; !known && i < c->conf->tls.experiment.narm; i++) {
		struct span name = span_text(c->conf->tls.experiment.arm[i].name);
		known = rule_pattern_match_word(&op->pattern, name);
	}
	if (!known)
		rule_fault(c, word, "no arm has this name");
}

static int if_text(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct pattern_use use = {RULE_OP_TEXT, RULE_OP_TEXT_SET, RULE_FILE_WORDS,
					       rule_pattern_word};
	op->which = (uint8_t)n->row->which;
	if (use_pattern(c, n, &use, op) < 0)
		return ERR_MEMORY;
	if (n->row->which == RULE_TEXT_ARM && op->kind == RULE_OP_TEXT)
		check_arm(c, &n->words[0], op);
	return 0;
}

/* ---- addresses of hosts ---- */

static void mask_words(unsigned bits, uint64_t mask_r[2])
{
	for (unsigned w = 0; w < 2; w++, bits -= bits < 64 ? bits : 64)
		mask_r[w] = bits == 0 ? 0 : ~UINT64_C(0) << (bits < 64 ? 64 - bits : 0);
}

static int use_net(struct rule_compiler *c, const struct rule_node *n, enum rule_op_kind kind,
		   enum rule_op_kind kind_set, struct rule_op *op)
{
	const struct conf_word *word = &n->words[0];
	struct ip_net net;

	if (rule_is_file(word))
		return use_file(c, word, RULE_FILE_NETS, kind_set, op);
	int result = ip_net_parse(&net, word->text, word->len);
	if (result == ERR_REFUSED)
		rule_fault(c, word, "bits behind the prefix are set");
	else if (result < 0)
		rule_fault(c, word, "%s needs %s", n->row->word, n->row->form);
	if (result < 0)
		return 0;
	op->kind = (uint8_t)(net.bits == 0 ? RULE_OP_ALWAYS : kind);
	rule_ip_words(net.ip, op->net.ip);
	mask_words(net.bits, op->net.mask);
	return 0;
}

static int if_ip(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	return use_net(c, n, RULE_OP_IP, RULE_OP_IP_SET, op);
}

static int use_listener(struct rule_compiler *c, const struct conf_word *word, struct rule_op *op)
{
	bool known = c->conf == NULL;

	for (size_t i = 0; !known && i < c->conf->nlisten; i++)
		known = rule_word_is(word, c->conf->listen[i].name);
	if (!known)
		rule_fault(c, word, "no listen block has this name");
	op->listener = arena_copy(c->arena, word->text, word->len);
	op->kind = RULE_OP_LISTENER;
	return op->listener == NULL ? ERR_MEMORY : 0;
}

static int if_local(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	uint64_t port;

	if (n->nwords == 1)
		return use_net(c, n, RULE_OP_LOCAL, RULE_OP_LOCAL_SET, op);
	const struct conf_word *word = &n->words[1];
	if (conf_word_is(&n->words[0], "listener"))
		return use_listener(c, word, op);
	if (conf_number_parse(&port, word->text, word->len, conf_units_none) < 0 || port < 1 ||
	    port > UINT16_MAX) {
		rule_fault(c, word, "a port is a number from 1 to 65535");
		return 0;
	}
	op->kind = RULE_OP_LOCAL_PORT;
	op->range.min = op->range.max = port;
	return 0;
}

/* ---- lists ---- */

/* What is wrong with the zone; NULL if nothing.  Makes it lower case, without a dot at its end. */
static const char *check_zone(char *zone, size_t *len)
{
	size_t label = 0, labels = 1;

	if (*len > 0 && zone[*len - 1] == '.')
		--*len;
	zone[*len] = '\0';
	for (size_t i = 0; i < *len; i++) {
		zone[i] = (char)rule_lower((uint8_t)zone[i]);
		bool good = (zone[i] >= 'a' && zone[i] <= 'z') ||
			    (zone[i] >= '0' && zone[i] <= '9') || zone[i] == '-' ||
			    zone[i] == '_' || zone[i] == '.';
		if (!good)
			return "the zone of a list is a domain name";
		label = zone[i] == '.' ? 0 : label + 1;
		labels += zone[i] == '.';
		if (label > LABEL_MAX || (zone[i] == '.' && (i == 0 || zone[i - 1] == '.')))
			return "the zone of a list is a domain name";
	}
	if (labels < 2 || label == 0)
		return "the zone of a list has a dot in it";
	return *len > ZONE_MAX ? "the zone of a list is longer than 200 bytes" : NULL;
}

/* The number of the look-up, which is added if it is not there.  Returns it, or ERR_MEMORY. */
static int lookup_number(struct rule_compiler *c, const struct rule_lookup *lookup)
{
	struct rules *r = c->rules;

	for (size_t i = 0; i < r->nlookups; i++) {
		const struct rule_lookup *l = &r->lookup[i];
		bool same_zone = (l->zone == NULL) == (lookup->zone == NULL) &&
				 (l->zone == NULL || strcmp(l->zone, lookup->zone) == 0);
		if (l->kind == lookup->kind && l->subject == lookup->subject && same_zone)
			return (int)i;
	}
	if (r->nlookups == LOOKUPS_MAX) {
		rule_fault(c, &c->node->word, "more than %d different look-ups in DNS",
			   LOOKUPS_MAX);
		return 0;
	}
	struct rule_lookup *grown = arena_grow(c->arena, r->lookup, r->nlookups, sizeof *grown);
	if (grown == NULL)
		return ERR_MEMORY;
	r->lookup = grown;
	r->lookup[r->nlookups] = *lookup;
	r->lookup[r->nlookups].phase = RULE_PHASE_COUNT;
	return (int)r->nlookups++;
}

/* The zone in the word, NULL in *zone_r if it is wrong. */
static int read_zone(struct rule_compiler *c, const struct conf_word *word, const char **zone_r)
{
	size_t len = word->len;
	char *zone = arena_copy(c->arena, word->text, len);

	*zone_r = NULL;
	if (zone == NULL)
		return ERR_MEMORY;
	const char *wrong = check_zone(zone, &len);
	if (wrong != NULL)
		rule_fault(c, word, "%s", wrong);
	else
		*zone_r = zone;
	return 0;
}

static int add_list(struct rule_compiler *c, struct rule_op *op, enum rule_lookup_kind kind,
		    enum rule_subject subject, const char *zone)
{
	struct rule_lookup lookup = {.kind = kind, .subject = subject, .zone = zone};
	int number = lookup_number(c, &lookup);

	if (number < 0)
		return number;
	op->list[op->which++] = (uint32_t)number;
	return 0;
}

static int if_dnsbl(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	const char *zone;
	int result = read_zone(c, &n->words[0], &zone);

	if (result < 0 || zone == NULL)
		return result;
	op->kind = RULE_OP_LISTED;
	return add_list(c, op, RULE_LOOKUP_DNSBL, RULE_SUBJECT_CLIENT, zone);
}

/* The bits of the words of a list, the first count of the condition's. */
static uint32_t read_flags(struct rule_compiler *c, const struct rule_node *n, uint32_t count)
{
	const struct rule_flag *flags = rule_flags_of(n->row->condition);
	uint32_t bits = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct rule_flag *flag = rule_flag_find(flags, &n->words[i]);
		if (flag == NULL)
			rule_fault_meant(c, &n->words[i], flags, n->row->word);
		else
			bits |= flag->bits;
	}
	return bits;
}

static void need_phase(struct rule_compiler *c, const struct rule_node *n, enum rule_phase phase)
{
	if (phase > c->need) {
		c->need = phase;
		c->need_node = n;
	}
}

static int if_dbl(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	static const struct {
		uint32_t bit;
		enum rule_subject subject;
		enum rule_phase phase;
		uint32_t facts;
	} sources[] = {{RULE_DBL_HOST, RULE_SUBJECT_HOST, RULE_CONNECT, RULE_FACT_RDNS},
		       {RULE_DBL_HELO, RULE_SUBJECT_HELO, RULE_HELO, RULE_FACT_HELO},
		       {RULE_DBL_FROM, RULE_SUBJECT_FROM, RULE_MAIL, RULE_FACT_FROM}};
	uint32_t bits = read_flags(c, n, n->nwords - 1);
	const char *zone;
	int result = read_zone(c, &n->words[n->nwords - 1], &zone);

	for (size_t i = 0; i < sizeof sources / sizeof *sources && result == 0 && zone != NULL;
	     i++) {
		if (!(bits & sources[i].bit))
			continue;
		need_phase(c, n, sources[i].phase);
		c->facts |= sources[i].facts;
		op->kind = RULE_OP_LISTED;
		result = add_list(c, op, RULE_LOOKUP_DBL, sources[i].subject, zone);
	}
	return result;
}

/* ---- attributes ---- */

static int use_flags(struct rule_compiler *c, const struct rule_node *n, enum rule_op_kind kind,
		     struct rule_op *op)
{
	size_t before = c->errors->total;

	op->bits = read_flags(c, n, n->nwords);
	if (c->errors->total == before)
		op->kind = (uint8_t)kind;
	return 0;
}

/* Attributes that DNS tells need a look-up. */
static int use_domain_flags(struct rule_compiler *c, const struct rule_node *n,
			    enum rule_op_kind kind, enum rule_subject subject, struct rule_op *op)
{
	struct rule_lookup lookup = {.kind = RULE_LOOKUP_DOMAIN, .subject = subject};

	use_flags(c, n, kind, op);
	if (op->kind == kind && op->bits & RULE_ADDRESS_DNS && lookup_number(c, &lookup) < 0)
		return ERR_MEMORY;
	return 0;
}

static int if_from_has(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	return use_domain_flags(c, n, RULE_OP_FROM_HAS, RULE_SUBJECT_FROM, op);
}

static int if_to_has(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	return use_domain_flags(c, n, RULE_OP_TO_HAS, RULE_SUBJECT_TO, op);
}

static int if_helo_has(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	return use_flags(c, n, RULE_OP_HELO_HAS, op);
}

static int if_dns(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	return use_flags(c, n, RULE_OP_DNS, op);
}

static int if_all(struct rule_compiler *c, const struct rule_node *n, struct rule_op *op)
{
	(void)c, (void)n;
	op->kind = RULE_OP_ALWAYS;
	return 0;
}

static rule_condition_fn *const by_condition[RULE_CONDITION_COUNT] = {
    [RULE_IF_ALL] = if_all,
    [RULE_IF_FROM] = if_from,
    [RULE_IF_TO] = if_to,
    [RULE_IF_HELO] = if_helo,
    [RULE_IF_HOST] = if_host,
    [RULE_IF_SOURCE] = if_source,
    [RULE_IF_IP] = if_ip,
    [RULE_IF_LOCAL] = if_local,
    [RULE_IF_DNSBL] = if_dnsbl,
    [RULE_IF_DBL] = if_dbl,
    [RULE_IF_TLS] = rule_if_tls,
    [RULE_IF_TEXT] = if_text,
    [RULE_IF_FROM_HAS] = if_from_has,
    [RULE_IF_TO_HAS] = if_to_has,
    [RULE_IF_HELO_HAS] = if_helo_has,
    [RULE_IF_DNS] = if_dns,
    [RULE_IF_SIZE] = rule_if_size,
    [RULE_IF_HEADER] = rule_if_header,
    [RULE_IF_BODY] = rule_if_body,
    [RULE_IF_RATE] = rule_if_rate,
    [RULE_IF_TIME] = rule_if_time,
    [RULE_IF_RANDOM] = rule_if_random,
};

/* Conditions that need names from DNS. */
static int add_reverse(struct rule_compiler *c, const struct rule_op *op)
{
	struct rule_lookup lookup = {.kind = RULE_LOOKUP_REVERSE, .subject = RULE_SUBJECT_CLIENT};
	bool needed = op->kind == RULE_OP_HOST || op->kind == RULE_OP_HOST_SET ||
		      op->kind == RULE_OP_SOURCE || op->kind == RULE_OP_SOURCE_SET ||
		      op->kind == RULE_OP_DNS;

	for (unsigned i = 0; op->kind == RULE_OP_LISTED && i < op->which; i++)
		needed |= c->rules->lookup[op->list[i]].subject == RULE_SUBJECT_HOST;
	return needed && lookup_number(c, &lookup) < 0 ? ERR_MEMORY : 0;
}

int rule_compile_condition(struct rule_compiler *c, const struct rule_node *node,
			   struct rule_op *op)
{
	op->kind = RULE_OP_NEVER_KNOWN;
	if (node->row == NULL) /* reported already */
		return 0;
	c->node = node;
	op->facts = (uint16_t)node->row->facts;
	c->facts |= node->row->facts;
	need_phase(c, node, node->row->phase);
	size_t lookups = c->rules->nlookups;
	if (by_condition[node->row->condition](c, node, op) < 0 || add_reverse(c, op) < 0)
		return ERR_MEMORY;
	if (op->kind == RULE_OP_ALWAYS)
		op->facts = 0;
	if (c->rules->nlookups > lookups && c->conf != NULL && c->conf->dns.nserver == 0)
		rule_warn(c, &node->word, "never known: the dns block has no server to ask");
	return 0;
}
