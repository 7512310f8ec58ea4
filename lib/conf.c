/*
 * conf.c: the configuration as the daemon uses it.
 *
 * Runs in the master, at start and on SIGHUP, and in tools that check files.  Input are files,
 * opened by the caller's opener; output a struct conf in which every member is set and within
 * its limits, or a list of all that is wrong.  Here stands what one key alone cannot tell: what
 * must agree with what, and defaults that are worked out.
 */
#include "conf.h"

#include "conf_block.h"
#include "conf_identity.h"
#include "conf_tls.h"
#include "err.h"
#include "rule_compile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_NAME_BYTES 256    /* HOST_NAME_MAX is 64 on Linux */
#define CHROOT_DEFAULT_MAX 256 /* the schema bounds run-directory to less */

static struct conf_place mark_place(const struct conf_mark *mark)
{
	return conf_word_place(mark->statement, mark->word);
}

/* ---- defaults that are worked out ---- */

/* Copy text into the arena, unless *to is set.  Returns 0 or ERR_MEMORY. */
static int fill(struct conf *conf, const char **to, const char *text)
{
	if (*to == NULL)
		*to = arena_copy(conf->arena, text, strlen(text));
	return *to == NULL ? ERR_MEMORY : 0;
}

static int fill_hostname(struct conf *conf)
{
	char name[HOST_NAME_BYTES] = "";

	if (gethostname(name, sizeof name - 1) < 0 || *name == '\0')
		return fill(conf, &conf->hostname, "localhost");
	return fill(conf, &conf->hostname, name);
}

static int fill_chroot(struct conf *conf)
{
	char path[CHROOT_DEFAULT_MAX];

	if (conf->chroot != NULL && *conf->chroot == '\0')
		conf->chroot = NULL;
	snprintf(path, sizeof path, "%s/empty", conf->run_directory);
	return fill(conf, &conf->chroot, path);
}

static int fill_listen(struct conf *conf, struct conf_listen *listen)
{
	char address[IP_TEXT_MAX], name[IP_TEXT_MAX + sizeof "[]:65535"];

	ip_text(listen->address, address);
	snprintf(name, sizeof name, ip_is_v4(listen->address) ? "%s:%u" : "[%s]:%u", address,
		 listen->port);
	return fill(conf, &listen->name, name);
}

static int fill_all(struct conf *conf)
{
	if (fill_hostname(conf) < 0 || fill(conf, &conf->sensor, conf->hostname) < 0 ||
	    fill_chroot(conf) < 0)
		return ERR_MEMORY;
	for (size_t i = 0; i < conf->nlisten; i++)
		if (fill_listen(conf, &conf->listen[i]) < 0)
			return ERR_MEMORY;
	return 0;
}

/* ---- what must agree ---- */

static void check_pairs(struct conf_reading *r)
{
	struct conf *conf = r->conf;
	struct conf_mark mark = conf_block_seen(r, CONF_TLS, "certificate");

	if (conf->tls.npair == 0 || conf->tls.pair[conf->tls.npair - 1].key != NULL)
		return;
	struct conf_place place = mark_place(&mark);
	conf_error_add(r->errors, &place, "this certificate has no key");
}

/* The worker counts a and b, keys a_key and b_key: a must not be over b. */
static void check_order(struct conf_reading *r, const char *a_key, uint32_t a, const char *b_key,
			uint32_t b)
{
	struct conf_mark mark = conf_block_seen(r, CONF_WORKERS, a_key);

	if (a <= b)
		return;
	if (mark.word == NULL) /* then the other one is not the default */
		mark = conf_block_seen(r, CONF_WORKERS, b_key);
	struct conf_place place = mark_place(&mark);
	conf_error_add(r->errors, &place, "%s (%u) must not be over %s (%u)", a_key, a, b_key, b);
}

static void check_same(struct conf_reading *r, size_t first, size_t second)
{
	const struct conf_listen *a = &r->conf->listen[first], *b = &r->conf->listen[second];
	struct conf_place place = mark_place(&r->elements[CONF_LISTEN][second]);
	uint32_t line = r->elements[CONF_LISTEN][first].word->line;

	if (b->port != 0 && a->port == b->port && memcmp(a->address, b->address, IP_BYTES) == 0)
		conf_error_add(r->errors, &place,
			       "the listen block of line %u has the same address and port", line);
	else if (strcmp(a->name, b->name) == 0)
		conf_error_add(r->errors, &place, "the listen block of line %u has the same name",
			       line);
}

/* Where TLS comes first there must be some: else the listener would speak in clear. */
static void check_listen_tls(struct conf_reading *r)
{
	for (size_t i = 0; i < r->conf->nlisten; i++) {
		struct conf_place place = mark_place(&r->elements[CONF_LISTEN][i]);

		if (r->conf->listen[i].tls == CONF_TLS_IMPLICIT && r->conf->tls.npair == 0)
			conf_error_add(r->errors, &place,
				       "tls implicit needs a certificate in the tls block");
	}
}

static void check_listen(struct conf_reading *r, const struct conf_tree *tree)
{
	struct conf_place end = {
	    .file = tree->file, .line = tree->end_line, .column = tree->end_column};

	bool unread = tree->first == NULL && r->errors->total > 0;

	if (r->conf->nlisten == 0 && !unread)
		conf_error_add(r->errors, &end, "there is no listen block");
	for (size_t i = 1; i < r->conf->nlisten; i++)
		for (size_t j = 0; j < i; j++)
			check_same(r, j, i);
	check_listen_tls(r);
}

/* A key of the dns block that means nothing without servers, or two that contradict. */
static void check_dns(struct conf_reading *r)
{
	static const char *const keys[] = {"dnsbl", "dbl"};
	const struct conf *conf = r->conf;

	for (size_t i = 0; conf->dns.nserver == 0 && i < sizeof keys / sizeof *keys; i++) {
		struct conf_mark mark = conf_block_seen(r, CONF_DNS, keys[i]);
		if (mark.word == NULL)
			continue;
		struct conf_place place = mark_place(&mark);
		conf_error_add(r->errors, &place, "%s needs a server to ask", keys[i]);
	}
	if (conf->dns.ttl_min_us <= conf->dns.ttl_max_us)
		return;
	struct conf_mark mark = conf_block_seen(r, CONF_DNS, "ttl-min");
	if (mark.word == NULL)
		mark = conf_block_seen(r, CONF_DNS, "ttl-max");
	struct conf_place place = mark_place(&mark);
	conf_error_add(r->errors, &place, "ttl-min must not be over ttl-max");
}

static void check_all(struct conf_reading *r, const struct conf_tree *tree)
{
	const struct conf *conf = r->conf;

	check_pairs(r);
	check_order(r, "spare-min", conf->workers.spare_min, "spare-max", conf->workers.spare_max);
	check_order(r, "spare-max", conf->workers.spare_max, "max", conf->workers.max);
	check_listen(r, tree);
	check_dns(r);
}

/* ---- all ---- */

/* Fill conf from the tree.  Returns 0 or ERR_MEMORY. */
static int read_tree(struct conf *conf, const struct conf_tree *tree,
		     const struct conf_opener *opener, struct conf_errors *errors)
{
	struct conf_reading r = {.conf = conf, .errors = errors};

	if (conf_block_defaults(&r) < 0 || conf_block_read(&r, tree->first) < 0 ||
	    fill_all(conf) < 0 || conf_tls_finish(&r) < 0)
		return ERR_MEMORY;
	conf_identity_finish(&r);
	conf->tls.minimum_named = conf_block_seen(&r, CONF_TLS, "minimum").word != NULL;
	check_all(&r, tree);
	return rule_compile(&conf->rules, tree->rules, conf->arena, opener, conf, errors);
}

static struct conf *conf_new(void)
{
	struct arena *arena = arena_new();
	struct conf *conf = arena == NULL ? NULL : arena_alloc(arena, sizeof *conf);

	if (conf == NULL)
		arena_free(&arena);
	else
		conf->arena = arena;
	return conf;
}

void conf_free(struct conf **conf)
{
	if (*conf == NULL)
		return;
	struct arena *arena = (*conf)->arena; /* *conf itself lies in it */
	arena_free(&arena);
	*conf = NULL;
}

int conf_load(struct conf **conf_r, const char *path, const struct conf_opener *opener,
	      struct conf_errors *errors)
{
	struct conf *conf = conf_new();
	struct conf_tree tree;
	int result = conf == NULL ? ERR_MEMORY : 0;

	*conf_r = NULL;
	if (result == 0) {
		result = conf_tree_load(&tree, path, CONF_TREE_CONF, opener, errors);
		if (result == 0)
			result = read_tree(conf, &tree, opener, errors);
		conf_tree_free(&tree);
	}
	if (result == 0 && errors->total > 0)
		result = ERR_FORMAT;
	if (result < 0)
		conf_free(&conf);
	*conf_r = conf;
	return result;
}
