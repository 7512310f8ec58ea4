/*
 * export_redact.c: the key and the secrets of an export, and its records without them.
 *
 * The key lies in a file of its own, made at first use, so that tokens are the same in all reports
 * of a trap.  Secrets are: the host names and addresses of the configuration, what the file of the
 * operator lists, and what each record says of the trap.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "err.h"
#include "export.h"
#include "file_io.h"
#include "ip.h"
#include "log_read.h"
#include "span.h"

#define KEY_NAME "export.key"
#define LINE_MAX_LEN 1024 /* bytes of a line of --redact-file */

/* ---- the key ---- */

/* Read it from an open file; false (said) if it is none. */
static bool read_key(const char *path, int fd, uint8_t key_r[REDACT_KEY_BYTES])
{
	struct stat st;
	size_t got = 0;
	uint8_t more[REDACT_KEY_BYTES + 1];

	if (fstat(fd, &st) != 0 || file_read_at(fd, more, sizeof more, 0, &got) != 0) {
		complain("%s: %m", path);
		return false;
	}
	if ((st.st_mode & 077) != 0) {
		complain("%s: others may read this key; chmod 600 it", path);
		return false;
	}
	memcpy(key_r, more, REDACT_KEY_BYTES);
	explicit_bzero(more, sizeof more);
	if (got == REDACT_KEY_BYTES)
		return true;
	complain("%s: a key has %d bytes", path, REDACT_KEY_BYTES);
	return false;
}

/* Make a key and its file; another program may be faster.  The file appears whole. */
static bool make_key(const char *path, uint8_t key_r[REDACT_KEY_BYTES])
{
	char unfinished[4096];
	bool good;

	if (snprintf(unfinished, sizeof unfinished, "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof unfinished) {
		complain("%s: too long", path);
		return false;
	}
	int fd = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		complain("%s: %m", path);
		return false;
	}
	good = getrandom(key_r, REDACT_KEY_BYTES, 0) == REDACT_KEY_BYTES &&
	       write(fd, key_r, REDACT_KEY_BYTES) == REDACT_KEY_BYTES && fsync(fd) == 0;
	if (close(fd) != 0 || !good || (link(unfinished, path) != 0 && errno != EEXIST)) {
		complain("%s: %m", path);
		good = false;
	}
	unlink(unfinished);
	return good;
}

static bool load_key(const char *path, uint8_t key_r[REDACT_KEY_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		if (!make_key(path, key_r))
			return false;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0) {
		complain("%s: %m", path);
		return false;
	}
	bool good = read_key(path, fd, key_r);
	close(fd);
	return good;
}

/* --key-file, else in the folder for the user's data. */
static const char *key_path(const struct export *e, char *path, size_t size)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (e->key_file != NULL)
		return e->key_file;
	if (data != NULL && data[0] == '/')
		snprintf(path, size, "%s/smtptrap", data);
	else if (home != NULL && home[0] == '/')
		snprintf(path, size, "%s/.local/share/smtptrap", home);
	else
		return NULL;
	for (char *p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	mkdir(path, 0700); /* if that failed, so will what follows, and say so */
	strlcat(path, "/" KEY_NAME, size);
	return path;
}

/* ---- secrets ---- */

/* Add one; what is too short to be looked for is told. */
static bool add(struct redact *r, const char *where, const void *text, size_t len)
{
	int rc = redact_add(r, text, len);

	if (rc == 0)
		return true;
	complain("%s: '%.*s': %s", where, (int)len, (const char *)text,
		 rc == ERR_REFUSED ? "too short to be looked for" : err_text(rc));
	return false;
}

/* Is it one that every host has: 0.0.0.0, ::, 127.0.0.1 or ::1? */
static bool is_everybodys(const uint8_t ip[IP_BYTES])
{
	static const uint8_t those[][IP_BYTES] = {
	    {0},
	    {[15] = 1},
	    {[10] = 0xff, [11] = 0xff},
	    {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
	};

	for (size_t i = 0; i < sizeof those / sizeof those[0]; i++) {
		if (memcmp(ip, those[i], IP_BYTES) == 0)
			return true;
	}
	return false;
}

static bool add_ip(struct redact *r, const char *where, const uint8_t ip[IP_BYTES])
{
	char text[IP_TEXT_MAX];

	if (is_everybodys(ip))
		return true;
	ip_text(ip, text);
	return add(r, where, text, strlen(text));
}

/* Host names that are too short to be looked for are common words: those stay. */
static bool add_name(struct redact *r, const char *where, const char *name)
{
	return strlen(name) < REDACT_SECRET_MIN || add(r, where, name, strlen(name));
}

static bool add_conf(struct redact *r, const struct env *env)
{
	const struct conf *conf;
	const char *path;
	bool good = true;

	if (!env_conf(env, &path, &conf))
		return false;
	if (conf == NULL)
		return true;
	good = add_name(r, path, conf->hostname) && add_name(r, path, conf->sensor);
	for (size_t i = 0; good && i < conf->nlisten; i++)
		good = add_ip(r, path, conf->listen[i].address);
	for (size_t i = 0; good && i < conf->nidentity; i++) {
		const struct conf_identity *id = &conf->identity[i];

		good = add_name(r, path, id->hostname);
		for (size_t k = 0; good && k < id->nlocal; k++)
			good = id->local[k].bits != 128 || add_ip(r, path, id->local[k].ip);
	}
	return good;
}

static bool add_file(struct redact *r, const char *path)
{
	char line[LINE_MAX_LEN];
	FILE *file = fopen(path, "re");
	bool good = file != NULL;

	while (good && fgets(line, sizeof line, file) != NULL) {
		size_t len = strcspn(line, "\r\n");

		if (line[0] != '#' && len > strspn(line, " \t\r\n"))
			good = add(r, path, line, len);
	}
	if (file == NULL || ferror(file)) {
		complain("%s: %m", path);
		good = false;
	}
	if (file != NULL)
		fclose(file);
	return good;
}

bool export_redact_begin(struct export *e)
{
	char memory[4096];
	uint8_t key[REDACT_KEY_BYTES];

	if (e->redact_given < 0 || (e->redact_given == 0 && !e->format->redacts))
		return true;
	const char *path = key_path(e, memory, sizeof memory);
	if (path == NULL) {
		complain("there is no HOME for the key; name a file with --key-file");
		return false;
	}
	if (!load_key(path, key))
		return false;
	e->redact = redact_new(key);
	explicit_bzero(key, sizeof key);
	if (e->redact == NULL) {
		complain("no memory");
		return false;
	}
	if (!add_conf(e->redact, e->env) ||
	    (e->redact_file != NULL && !add_file(e->redact, e->redact_file)))
		return false;
	redact_keep(e->redact);
	return true;
}

/* ---- records ---- */

/* Add what the record gives away.  Too short is what need not be hidden. */
static int add_secrets(struct export *e)
{
	const struct buf *secrets = &e->record.secrets;
	size_t len;

	redact_forget(e->redact);
	for (size_t i = 0; i < secrets->len; i += len) {
		memcpy(&len, secrets->data + i, sizeof len);
		i += sizeof len;
		int rc = redact_add(e->redact, secrets->data + i, len);
		if (rc != 0 && rc != ERR_REFUSED)
			return rc;
	}
	return 0;
}

static bool is_text(enum record_field f)
{
	return record_table[f].kind == RECORD_STRING || record_table[f].kind == RECORD_STRINGS;
}

/* Item n, redacted, at the end of `text`. */
static int redact_item(struct export *e, enum record_field f, size_t n, struct buf *text)
{
	struct export_item *item = &e->record.item[n];
	struct redact_count count = {0};
	size_t at = text->len;
	int rc = 0;

	if (is_text(f) || f == FIELD_LOCAL_IP || f == FIELD_PROXY_IP)
		rc = redact_value(e->redact, e->record.text.data + item->at, item->len, text,
				  &count);
	else if (item->len > 0)
		buf_put(text, e->record.text.data + item->at, item->len);
	*item = (struct export_item){at, text->len - at};
	return rc == 0 && text->failed ? ERR_FULL : rc;
}

int export_redact_record(struct export *e)
{
	struct export_record *r = &e->record;
	struct buf text;
	int rc;

	if (e->redact == NULL)
		return 0;
	if ((rc = add_secrets(e)) != 0)
		return rc;
	/* Who sent each trap its own message would know the trap by its digest; the trap's certificate
	 * stands with its address in what scans the Internet. */
	r->field[FIELD_SHA256].count = r->field[FIELD_BODY_SHA256].count = 0;
	r->field[FIELD_TLS_CERTIFICATE].count = 0;
	buf_init_heap(&text, LOG_LINE_MAX);
	for (unsigned f = 0; f < FIELD_COUNT && rc == 0; f++) {
		for (size_t n = 0; n < r->field[f].count && rc == 0; n++)
			rc = redact_item(e, (enum record_field)f, r->field[f].first + n, &text);
	}
	buf_fini(&r->text);
	r->text = text;
	return rc;
}
