/*
 * conf.c: ship.conf, from the tree of its statements to struct ship_conf.
 *
 * Runs in smtptrap-ship.  The grammar, the kinds of values and the words of errors are those of
 * smtptrap.conf (conf_tree.h, conf_value.h); a file of its own keeps what the shipper needs,
 * secrets' names included, from the trap.  After an error reading goes on with the next key, so
 * that one run finds all errors.
 */
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf_rows.h"
#include "conf_suggest.h"
#include "conf_value.h"
#include "err.h"

#define HOST_NAME_ROOM 256
#define PATH_ROOM 4096

static const char *const blocks[] = {"mail", "nats", "setup"};

/* A word and where it stands; word NULL: nowhere. */
struct mark {
	const struct conf_statement *statement;
	const struct conf_word *word;
};

struct reading {
	struct ship_conf *conf;
	struct conf_errors *errors;
	const struct conf_tree *tree;
	struct mark seen[SHIP_ROWS_MAX]; /* each key's last value, or the key if it has none */
};

/* ---- keys ---- */

static const struct ship_row *find_row(const char *block, const struct conf_word *w)
{
	for (size_t i = 0; i < ship_rows_count; i++)
		if (strcmp(ship_rows[i].block, block) == 0 && conf_word_is(w, ship_rows[i].row.key))
			return &ship_rows[i];
	return NULL;
}

static void refuse_word(struct reading *r, const char *block, const struct conf_statement *s,
			const struct conf_word *w, const char *what)
{
	struct conf_suggestion near = {.word = w->text, .len = w->len};
	struct conf_place place = conf_word_place(s, w);

	for (size_t i = 0; i < ship_rows_count; i++)
		if (strcmp(ship_rows[i].block, block) == 0)
			conf_suggest_try(&near, ship_rows[i].row.key);
	place.meant = near.best;
	conf_error_add(r->errors, &place, "%s", what);
}

/* Where the next value of a list goes: its row's place moved on; false if the list is full. */
static bool next_of_list(struct reading *r, const struct ship_row *row, struct conf_row *slot_r)
{
	size_t count;
	char *at = (char *)r->conf + row->row.count_offset;

	*slot_r = row->row;
	if (!row->list)
		return true;
	memcpy(&count, at, sizeof count);
	if (count == SHIP_SERVERS_MAX)
		return false;
	slot_r->offset += count * sizeof(const char *);
	count++;
	memcpy(at, &count, sizeof count);
	return true;
}

static int read_value(struct reading *r, const struct ship_row *row, const struct conf_statement *s,
		      const struct conf_word *w)
{
	struct conf_value value = {
	    .arena = r->conf->arena, .object = r->conf, .file = s == NULL ? "" : s->file};
	struct conf_place place = conf_word_place(s, w);
	struct conf_row slot;

	if (!next_of_list(r, row, &slot)) {
		conf_error_add(r->errors, &place, "more than %d of %s", SHIP_SERVERS_MAX,
			       row->row.key);
		return 0;
	}
	int rc = conf_value_read(&slot, w, &value);
	if (rc == ERR_FORMAT) {
		place.meant = value.meant;
		conf_error_add(r->errors, &place, "%s", value.what);
	}
	return rc == ERR_MEMORY ? rc : 0;
}

/* The number of values behind the key at words[at]. */
static uint32_t count_values(const struct ship_row *row, const struct conf_statement *s,
			     uint32_t at, uint32_t nwords)
{
	uint32_t left = nwords - at - 1, n = 0;

	if (!conf_kind_is_list(row->row.kind))
		return left > 0;
	while (n < left && find_row(row->block, &s->words[at + 1 + n]) == NULL)
		n++;
	return n;
}

/* Read the key at words[*at] with its values, and move *at behind them. */
static int read_key(struct reading *r, const char *block, const struct conf_statement *s,
		    uint32_t *at, uint32_t nwords)
{
	const struct conf_word *w = &s->words[*at];
	const struct ship_row *row = find_row(block, w);

	if (row == NULL) {
		refuse_word(r, block, s, w, "unknown key");
		while (++*at < nwords && find_row(block, &s->words[*at]) == NULL)
			;
		return 0;
	}
	struct mark *mark = &r->seen[row - ship_rows];
	struct conf_place place = conf_word_place(s, w);
	uint32_t n = count_values(row, s, *at, nwords);
	if (mark->word != NULL && !row->list)
		conf_error_add(r->errors, &place, "%s is here twice, first at %s:%u", row->row.key,
			       mark->statement->file, mark->word->line);
	if (n == 0)
		conf_error_add(r->errors, &place, "%s needs a value", row->row.key);
	*mark = (struct mark){s, n > 0 ? w + 1 : w};
	*at += 1 + n;
	if (n > 0)
		conf_value_clear(&row->row, r->conf);
	int rc = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = read_value(r, row, s, w + 1 + i);
	return rc;
}

/* ---- blocks ---- */

static int read_statements(struct reading *r, const char *block, const struct conf_statement *s);

static int read_block(struct reading *r, const char *outer, const struct conf_statement *s)
{
	const struct conf_word *name = &s->words[s->nwords - 1];

	for (size_t i = 0; *outer == '\0' && i < sizeof blocks / sizeof *blocks; i++)
		if (conf_word_is(name, blocks[i]))
			return read_statements(r, blocks[i], s->children);
	refuse_word(r, "", s, name, "unknown block");
	return 0;
}

static int read_statements(struct reading *r, const char *block, const struct conf_statement *s)
{
	int rc = 0;

	for (; s != NULL && rc == 0; s = s->next) {
		uint32_t at = 0, nwords = s->nwords - s->is_block;
		while (at < nwords && rc == 0)
			rc = read_key(r, block, s, &at, nwords);
		if (rc == 0 && s->is_block)
			rc = read_block(r, block, s);
	}
	return rc;
}

static int set_defaults(struct ship_conf *conf)
{
	struct conf_value value = {.arena = conf->arena, .object = conf, .file = ""};

	for (size_t i = 0; i < ship_rows_count; i++)
		if (conf_value_default(&ship_rows[i].row, &value) == ERR_MEMORY)
			return ERR_MEMORY;
	return 0;
}

/* ---- what must agree ---- */

static const struct mark *mark_of(const struct reading *r, const char *block, const char *key)
{
	size_t i = 0;

	while (strcmp(ship_rows[i].block, block) != 0 || strcmp(ship_rows[i].row.key, key) != 0)
		i++;
	return &r->seen[i];
}

/* The place of a key's value, or the end of the file where it is not there. */
static struct conf_place place_of(const struct reading *r, const char *block, const char *key)
{
	const struct mark *mark = mark_of(r, block, key);

	if (mark->word != NULL)
		return conf_word_place(mark->statement, mark->word);
	return (struct conf_place){
	    .file = r->tree->file, .line = r->tree->end_line, .column = r->tree->end_column};
}

static void wrong(struct reading *r, const char *block, const char *key, const char *what)
{
	struct conf_place place = place_of(r, block, key);

	conf_error_add(r->errors, &place, "%s", what);
}

static void check_token(struct reading *r, const char *block, const char *key, const char *value)
{
	if (value != NULL && *value != '\0' && !ship_is_token(value))
		wrong(r, block, key, "only letters, digits, - and _ may stand here");
}

static void check_mail(struct reading *r)
{
	const struct ship_conf *c = r->conf;

	check_token(r, "mail", "bucket", c->mail.bucket);
	if (c->setup.mail_max_age_us > 0 && c->setup.duplicate_window_us > c->setup.mail_max_age_us)
		wrong(r, "setup", "mail-max-age", "duplicate-window must not be over mail-max-age");
	if (*c->mail.bucket == '\0')
		return;
	if (c->output != SHIP_OUTPUT_NATS)
		wrong(r, "mail", "bucket", "raw messages go to output nats alone");
	if ((c->streams & SHIP_MESSAGE) == 0)
		wrong(r, "mail", "bucket",
		      "raw messages go with the records of the stream message");
}

static void check_all(struct reading *r)
{
	const struct ship_conf *c = r->conf;

	check_token(r, "", "sensor", c->sensor);
	check_token(r, "nats", "subject", c->nats.subject);
	check_token(r, "nats", "stream", c->nats.stream);
	check_mail(r);
	if (c->streams == 0)
		wrong(r, "", "streams", "no stream is to be shipped");
	if (c->retry_min_us > c->retry_max_us)
		wrong(r, "", "retry-min", "retry-min must not be over retry-max");
	if (c->output == SHIP_OUTPUT_FILE && *c->file == '\0')
		wrong(r, "", "output", "output file needs file");
	if (c->output == SHIP_OUTPUT_NATS && c->nats.nserver == 0)
		wrong(r, "nats", "server", "output nats needs a server in the block nats");
	if ((*c->nats.certificate == '\0') != (*c->nats.key == '\0'))
		wrong(r, "nats", *c->nats.key == '\0' ? "certificate" : "key",
		      "certificate and key need each other");
	if (c->setup.max_age_us > 0 && c->setup.duplicate_window_us > c->setup.max_age_us)
		wrong(r, "setup", "duplicate-window", "duplicate-window must not be over max-age");
}

/* ---- what is worked out ---- */

/* The host's name as a token of a subject. */
static int fill_sensor(struct ship_conf *conf)
{
	char name[HOST_NAME_ROOM] = "", token[SHIP_TOKEN_MAX + 1];

	if (conf->sensor != NULL)
		return 0;
	if (gethostname(name, sizeof name - 1) != 0 || *name == '\0')
		strlcpy(name, "unnamed", sizeof name);
	ship_token_make(token, name, strlen(name));
	conf->sensor = arena_copy(conf->arena, token, strlen(token));
	return conf->sensor == NULL ? ERR_MEMORY : 0;
}

/* A relative name is that of a credential that systemd hands over, if there is one of that name,
 * else of a file beside the configuration. */
static int resolve(struct ship_conf *conf, const char *conf_path, const char **path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char name[PATH_ROOM];

	if (**path == '\0' || **path == '/')
		return 0;
	int len = folder == NULL ? -1 : snprintf(name, sizeof name, "%s/%s", folder, *path);
	if (len > 0 && (size_t)len < sizeof name && access(name, F_OK) == 0)
		*path = arena_copy(conf->arena, name, (size_t)len);
	else
		*path = conf_path_join(conf->arena, conf_path, *path, strlen(*path));
	return *path == NULL ? ERR_MEMORY : 0;
}

static int fill_all(struct ship_conf *conf, const char *conf_path)
{
	if (fill_sensor(conf) < 0 || resolve(conf, conf_path, &conf->nats.ca) < 0 ||
	    resolve(conf, conf_path, &conf->nats.certificate) < 0 ||
	    resolve(conf, conf_path, &conf->nats.key) < 0 ||
	    resolve(conf, conf_path, &conf->nats.credentials) < 0)
		return ERR_MEMORY;
	return 0;
}

/* ---- all ---- */

/* What the command line says of the output. */
static int override(struct reading *r, const char *output)
{
	struct ship_conf *conf = r->conf;

	if (output == NULL)
		return 0;
	conf->output = strcmp(output, "nats") == 0     ? SHIP_OUTPUT_NATS
		       : strcmp(output, "stdout") == 0 ? SHIP_OUTPUT_STDOUT
						       : SHIP_OUTPUT_FILE;
	if (conf->output != SHIP_OUTPUT_FILE)
		return 0;
	if (*output != '/')
		conf_error_add(r->errors,
			       &(struct conf_place){
				   .file = "--output", .near = output, .near_len = strlen(output)},
			       "neither nats nor stdout nor an absolute path");
	conf->file = arena_copy(conf->arena, output, strlen(output));
	return conf->file == NULL ? ERR_MEMORY : 0;
}

static int read_tree(struct ship_conf *conf, const struct conf_tree *tree, const char *output,
		     struct conf_errors *errors)
{
	struct reading r = {.conf = conf, .errors = errors, .tree = tree};

	if (set_defaults(conf) < 0 || read_statements(&r, "", tree->first) < 0 ||
	    override(&r, output) < 0)
		return ERR_MEMORY;
	check_all(&r);
	return fill_all(conf, tree->file);
}

static struct ship_conf *conf_new(void)
{
	struct arena *arena = arena_new();
	struct ship_conf *conf = arena == NULL ? NULL : arena_alloc(arena, sizeof *conf);

	if (conf == NULL)
		arena_free(&arena);
	else
		conf->arena = arena;
	return conf;
}

void ship_conf_free(struct ship_conf **conf)
{
	if (*conf == NULL)
		return;
	struct arena *arena = (*conf)->arena; /* *conf itself lies in it */
	arena_free(&arena);
	*conf = NULL;
}

int ship_conf_load(struct ship_conf **conf_r, const char *path, const char *output,
		   struct conf_errors *errors)
{
	struct ship_conf *conf = conf_new();
	struct conf_tree tree;
	int rc = conf == NULL ? ERR_MEMORY : 0;

	if (rc == 0) {
		rc = conf_tree_load(&tree, path, CONF_TREE_CONF, &conf_opener_plain, errors);
		if (rc == 0)
			rc = read_tree(conf, &tree, output, errors);
		conf_tree_free(&tree);
	}
	if (rc == 0 && errors->total > 0)
		rc = ERR_FORMAT;
	if (rc < 0)
		ship_conf_free(&conf);
	*conf_r = conf;
	return rc;
}
