/*
 * explain_facts.c: the facts of a session, from the command line of smtptrap explain.
 *
 * A table by option has the function that takes its argument.  What is not said is unknown to
 * the rules, but that without --tls a session is in clear.
 */
#include "explain.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "smtptrap.h"

#define MESSAGE_MAX (64u * 1024 * 1024) /* bytes of a file of --message */

/* Without angle brackets; <> is empty. */
static struct span address_of(const char *text)
{
	struct span s = span_text(text);

	if (s.len >= 2 && s.bytes[0] == '<' && s.bytes[s.len - 1] == '>')
		return span_tail(span_head(s, s.len - 1), 1);
	return s;
}

/* Returns whether the argument is right; if not, it was said. */
typedef bool take_fn(struct explain *e, const char *name, const char *argument);

static bool wrong(const char *name, const char *argument, const char *needs)
{
	complain("--%s: '%s' is not %s", name, argument, needs);
	return false;
}

static bool take_rules(struct explain *e, const char *name, const char *argument)
{
	(void)name;
	e->rules_path = argument;
	return true;
}

static bool take_verbose(struct explain *e, const char *name, const char *argument)
{
	(void)name, (void)argument;
	e->verbose = true;
	return true;
}

static bool take_client(struct explain *e, const char *name, const char *argument)
{
	if (ip_parse(e->facts.client, argument, strlen(argument)) == 0)
		return true;
	return wrong(name, argument, "an address");
}

static bool take_local(struct explain *e, const char *name, const char *argument)
{
	if (ip_parse(e->facts.local, argument, strlen(argument)) == 0)
		return true;
	return wrong(name, argument, "an address");
}

static bool parse_number(const char *text, unsigned long max, unsigned long *n_r)
{
	char *end;

	errno = 0;
	*n_r = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *n_r <= max;
}

static bool take_port(struct explain *e, const char *name, const char *argument)
{
	unsigned long n;

	if (!parse_number(argument, UINT16_MAX, &n))
		return wrong(name, argument, "a port");
	e->facts.local_port = (uint16_t)n;
	return true;
}

static bool take_listener(struct explain *e, const char *name, const char *argument)
{
	(void)name;
	e->facts.listener = argument;
	return true;
}

static bool take_helo(struct explain *e, const char *name, const char *argument)
{
	e->facts.helo = span_text(argument);
	e->facts.esmtp = name[0] == 'e';
	e->facts.known |= RULE_FACT_HELO;
	e->helo = true;
	return true;
}

static bool take_from(struct explain *e, const char *name, const char *argument)
{
	(void)name;
	e->facts.from.address = address_of(argument);
	e->facts.known |= RULE_FACT_FROM;
	e->from = true;
	return true;
}

static bool add(struct explain_list *list, const char *name, const char *argument)
{
	if (list->count == EXPLAIN_LIST_MAX) {
		complain("--%s: more than %d", name, EXPLAIN_LIST_MAX);
		return false;
	}
	list->word[list->count++] = argument;
	return true;
}

static bool take_to(struct explain *e, const char *name, const char *argument)
{
	return add(&e->to, name, argument);
}

static bool take_tls(struct explain *e, const char *name, const char *argument)
{
	static const char *const versions[RULE_TLS_COUNT] = {"off", "ssl3", "1.0",
							     "1.1", "1.2",  "1.3"};

	for (unsigned v = 0; v < RULE_TLS_COUNT; v++)
		if (strcmp(argument, versions[v]) == 0) {
			e->facts.tls = (enum rule_tls)v;
			return true;
		}
	return wrong(name, argument, "off, ssl3, 1.0, 1.1, 1.2 or 1.3");
}

static bool take_text(struct explain *e, const char *name, const char *argument)
{
	static const char *const names[RULE_TEXT_COUNT] = {"cipher", "ja3", "ja4",
							   "sni",    "arm", "dialect"};

	for (unsigned t = 0; t < RULE_TEXT_COUNT; t++)
		if (strcmp(name, names[t]) == 0) {
			e->facts.text[t] = span_text(argument);
			e->facts.known |= (uint32_t)RULE_FACT_CIPHER << t;
		}
	return true;
}

static bool take_size(struct explain *e, const char *name, const char *argument)
{
	unsigned long n;

	if (!parse_number(argument, SIZE_MAX, &n))
		return wrong(name, argument, "a number of bytes");
	e->facts.size = n;
	e->facts.known |= RULE_FACT_SIZE;
	return true;
}

bool explain_message(struct explain *e, const char *path)
{
	struct stat st;
	int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused, not waited for */
	void *bytes = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= MESSAGE_MAX)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED)
		return wrong("message", path, "a file of 1 byte to 64 MiB that can be read");
	e->facts.message = (struct span){bytes, (size_t)st.st_size};
	e->facts.size = (uint64_t)st.st_size;
	e->facts.known |= RULE_FACT_MESSAGE | RULE_FACT_SIZE;
	return true;
}

void explain_message_done(struct explain *e)
{
	munmap((void *)(uintptr_t)e->facts.message.bytes, e->facts.message.len);
	e->facts.message = (struct span){0};
}

/* Looked at once now, so that what is wrong is said before anything else. */
static bool take_message(struct explain *e, const char *name, const char *argument)
{
	uint64_t size = e->facts.size;
	uint32_t known = e->facts.known;

	(void)name;
	if (!explain_message(e, argument))
		return false;
	explain_message_done(e);
	e->facts.size = size;
	e->facts.known = known;
	e->message_path = argument;
	return true;
}

static bool take_time(struct explain *e, const char *name, const char *argument)
{
	unsigned hour, minute;
	char behind;

	if (sscanf(argument, "%2u:%2u%c", &hour, &minute, &behind) != 2 || hour > 23 || minute > 59)
		return wrong(name, argument, "HH:MM");
	e->facts.now_us = (hour * 60ull + minute) * 60 * 1000 * 1000;
	return true;
}

static bool take_random(struct explain *e, const char *name, const char *argument)
{
	char *end;
	double share = strtod(argument, &end);

	if (*argument == '\0' || *end != '\0' || !(share >= 0 && share < 100))
		return wrong(name, argument, "a number from 0 to below 100");
	e->facts.random = (uint32_t)(share / 100 * 4294967296.0);
	e->facts.known |= RULE_FACT_RANDOM;
	return true;
}

static bool take_rate(struct explain *e, const char *name, const char *argument)
{
	unsigned long n;

	if (!parse_number(argument, RULE_RATE_UNKNOWN - 1, &n))
		return wrong(name, argument, "a number of sessions");
	e->rate = (uint32_t)n;
	return true;
}

static bool take_rdns(struct explain *e, const char *name, const char *argument)
{
	e->dns = true;
	e->facts.rdns.noforward |= strcmp(name, "rdns-noforward") == 0;
	e->facts.rdns.inconsistent |= strcmp(name, "rdns-inconsistent") == 0;
	return strcmp(name, "rdns") != 0 || add(&e->verified, name, argument);
}

/* Until "=": the code with which the list answers does not matter to rules. */
static bool take_dnsbl(struct explain *e, const char *name, const char *argument)
{
	e->dns = true;
	return add(strcmp(name, "dbl") == 0 ? &e->dbl : &e->dnsbl, name, argument);
}

static bool take_dns_none(struct explain *e, const char *name, const char *argument)
{
	(void)name, (void)argument;
	e->dns = true;
	return true;
}

static bool take_domain(struct explain *e, const char *name, const char *argument)
{
	static const char *const words[] = {[RULE_DOMAIN_RESOLVES] = "resolves",
					    [RULE_DOMAIN_UNKNOWN] = "unknown",
					    [RULE_DOMAIN_BADDOM] = "baddom"};

	for (unsigned d = RULE_DOMAIN_RESOLVES; d <= RULE_DOMAIN_BADDOM; d++)
		if (strcmp(argument, words[d]) == 0) {
			bool from = strcmp(name, "from-domain") == 0;
			*(from ? &e->facts.from.domain : &e->to_domain) = (enum rule_domain)d;
			return true;
		}
	return wrong(name, argument, "resolves, unknown or baddom");
}

static const struct {
	const char *name;
	int has_argument;
	take_fn *take;
} rows[] = {
    {"rules", required_argument, take_rules},
    {"verbose", no_argument, take_verbose},
    {"client", required_argument, take_client},
    {"local", required_argument, take_local},
    {"port", required_argument, take_port},
    {"listener", required_argument, take_listener},
    {"helo", required_argument, take_helo},
    {"ehlo", required_argument, take_helo},
    {"from", required_argument, take_from},
    {"to", required_argument, take_to},
    {"tls", required_argument, take_tls},
    {"cipher", required_argument, take_text},
    {"ja3", required_argument, take_text},
    {"ja4", required_argument, take_text},
    {"sni", required_argument, take_text},
    {"arm", required_argument, take_text},
    {"dialect", required_argument, take_text},
    {"size", required_argument, take_size},
    {"message", required_argument, take_message},
    {"time", required_argument, take_time},
    {"random", required_argument, take_random},
    {"rate", required_argument, take_rate},
    {"rdns", required_argument, take_rdns},
    {"rdns-noforward", required_argument, take_rdns},
    {"rdns-inconsistent", required_argument, take_rdns},
    {"dnsbl", required_argument, take_dnsbl},
    {"dbl", required_argument, take_dnsbl},
    {"dns-none", no_argument, take_dns_none},
    {"from-domain", required_argument, take_domain},
    {"to-domain", required_argument, take_domain},
};
#define ROWS (sizeof rows / sizeof *rows)

static void set_defaults(struct explain *e)
{
	static const uint8_t loopback[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};

	memcpy(e->facts.client, loopback, IP_BYTES);
	memcpy(e->facts.local, loopback, IP_BYTES);
	e->facts.local_port = 25;
	e->facts.now_us = (uint64_t)time(NULL) * 1000 * 1000;
	e->facts.known = RULE_FACT_TLS;
	e->rate = RULE_RATE_UNKNOWN;
}

static void complete(struct explain *e)
{
	const uint32_t of_tls = RULE_FACT_CIPHER | RULE_FACT_JA3 | RULE_FACT_JA4 | RULE_FACT_SNI;

	if (e->facts.tls == RULE_TLS_OFF)
		e->facts.known |= of_tls; /* there are none */
	if (e->dns)
		e->facts.known |= RULE_FACT_RDNS;
	for (size_t i = 0; i < e->verified.count && i < RULE_NAMES_MAX; i++)
		e->names[e->facts.rdns.count++] = span_text(e->verified.word[i]);
	e->facts.rdns.names = e->names;
}

int explain_options(struct explain *e, int argc, char **argv)
{
	struct option options[ROWS + 1] = {0};
	int chosen, result;

	for (size_t i = 0; i < ROWS; i++)
		options[i] = (struct option){rows[i].name, rows[i].has_argument, NULL, 0};
	set_defaults(e);
	while ((result = getopt_long(argc, argv, "", options, &chosen)) == 0)
		if (!rows[chosen].take(e, rows[chosen].name, optarg))
			return EXIT_USAGE;
	if (result != -1)
		return usage_of("explain");
	e->files = argv + optind;
	e->nfiles = (size_t)(argc - optind);
	if (e->nfiles > 0 && (!e->helo || !e->from || e->to.count == 0)) {
		complain("a session with messages needs --helo or --ehlo, --from and --to");
		return EXIT_USAGE;
	}
	complete(e);
	return 0;
}

/* ---- answers ---- */

/* The zone of "ZONE", "ZONE=CODE", "SOURCE:ZONE" is this one, of this source. */
static bool names_zone(const char *word, const char *zone, const char *source)
{
	const char *colon = strchr(word, ':');
	size_t len;

	if (colon != NULL) {
		if (source == NULL || strncmp(word, source, (size_t)(colon - word)) != 0 ||
		    source[colon - word] != '\0')
			return false;
		word = colon + 1;
	}
	len = strcspn(word, "=");
	return strlen(zone) == len && strncasecmp(word, zone, len) == 0;
}

static bool is_listed(const struct explain *e, const struct rule_lookup *lookup)
{
	static const char *const sources[] = {[RULE_SUBJECT_CLIENT] = "client",
					      [RULE_SUBJECT_HOST] = "host",
					      [RULE_SUBJECT_HELO] = "helo",
					      [RULE_SUBJECT_FROM] = "from",
					      [RULE_SUBJECT_TO] = "to"};
	const struct explain_list *list = lookup->kind == RULE_LOOKUP_DBL ? &e->dbl : &e->dnsbl;

	for (size_t i = 0; i < list->count; i++)
		if (names_zone(list->word[i], lookup->zone, sources[lookup->subject]))
			return true;
	return false;
}

/* Whether a rule asks for each zone that is named; says which is not. */
static bool zones_are_asked(const struct explain_list *list, const char *option,
			    const struct rules *rules)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *word = list->word[i], *colon = strchr(word, ':');
		const struct rule_lookup *lookup = NULL;
		for (size_t n = 0; (lookup = rules_lookup(rules, n)) != NULL; n++)
			if (lookup->zone != NULL &&
			    names_zone(colon == NULL ? word : colon + 1, lookup->zone, NULL))
				break;
		if (lookup == NULL) {
			complain("--%s: no rule asks for %s", option, word);
			return false;
		}
	}
	return true;
}

int explain_answers(struct explain *e, const struct rules *rules, struct arena *arena)
{
	const struct rule_lookup *lookup;
	size_t nlookups = 0, nrates = 0;

	if (!zones_are_asked(&e->dnsbl, "dnsbl", rules) || !zones_are_asked(&e->dbl, "dbl", rules))
		return EXIT_USAGE;
	while (rules_lookup(rules, nlookups) != NULL)
		nlookups++;
	while (rules_rate(rules, nrates) != NULL)
		nrates++;
	uint8_t *lookups = arena_alloc(arena, nlookups);
	uint32_t *rates = arena_alloc(arena, nrates * sizeof *rates);
	e->facts.scratch = rule_scratch_new();
	if (lookups == NULL || rates == NULL || e->facts.scratch == NULL) {
		complain("no memory");
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; (lookup = rules_lookup(rules, i)) != NULL; i++)
		if (lookup->zone != NULL)
			lookups[i] = !e->dns                ? RULE_UNKNOWN
				     : is_listed(e, lookup) ? RULE_YES
							    : RULE_NO;
	for (size_t i = 0; i < nrates; i++)
		rates[i] = e->rate;
	e->facts.lookups = lookups;
	e->facts.rates = rates;
	e->facts.known |= RULE_FACT_LOOKUPS | RULE_FACT_RATES;
	return 0;
}
