/*
 * fuzz_conf.c: fuzz target for reading a configuration.
 *
 * The input is the file m, then "\n%%\n" and the file a, and so on up to d; they can include
 * each other.  Properties: either there is a configuration and no error, or none and an error;
 * each error is one printable line that names a line of a file that there is; what is read
 * keeps the promises of conf.h.
 */
#include "config.h"

#include "conf.h"
#include "err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILES 5
#define OPENS_MAX 30 /* then opening fails: files that include each other widely take long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[FILES] = {"m", "a", "b", "c", "d"};
static const char separator[] = "\n%%\n";

struct input {
	const uint8_t *text[FILES];
	size_t len[FILES];
	size_t count;
	unsigned opens;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t find(const struct input *in, const char *name, size_t len)
{
	for (size_t i = 0; i < in->count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return i;
	return in->count;
}

static int open_input(void *ctx, const char *path)
{
	struct input *in = ctx;
	size_t i = find(in, path, strlen(path));

	if (i == in->count || in->opens == OPENS_MAX) {
		errno = ENOENT;
		return -1;
	}
	in->opens++;
	int fd = memfd_create("conf", MFD_CLOEXEC);
	must(fd >= 0);
	must(write(fd, in->text[i], in->len[i]) == (ssize_t)in->len[i]);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void split(struct input *in, const uint8_t *data, size_t len)
{
	while (in->count < FILES) {
		const uint8_t *end = memmem(data, len, separator, sizeof separator - 1);
		bool last = end == NULL || in->count == FILES - 1;
		size_t part = last ? len : (size_t)(end - data);
		in->text[in->count] = data;
		in->len[in->count++] = part;
		if (last)
			return;
		data += part + sizeof separator - 1;
		len -= part + sizeof separator - 1;
	}
}

static size_t count_lines(const uint8_t *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* "FILE:LINE:COLUMN: WHAT, near ..." */
static void check_error(const struct input *in, const char *text)
{
	size_t file = find(in, text, strcspn(text, ":")), len = strlen(text);
	char *end;

	must(file < in->count && text[1] == ':' && len < CONF_ERROR_TEXT_MAX);
	unsigned long line = strtoul(text + 2, &end, 10);
	must(line >= 1 && line <= count_lines(in->text[file], in->len[file]) && *end == ':');
	unsigned long column = strtoul(end + 1, &end, 10);
	must(column >= 1 && column <= in->len[file] + 1 && strncmp(end, ": ", 2) == 0);
	must(strstr(end, ", near ") != NULL || strcmp(text + len - 3, "...") == 0);
	for (size_t i = 0; i < len; i++)
		must(text[i] >= ' ' && text[i] <= '~');
}

static void check_text(const char *text, size_t min, size_t max)
{
	must(text != NULL && strlen(text) >= min && strlen(text) <= max);
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_listen(const struct conf *conf)
{
	must(conf->nlisten >= 1 && conf->nlisten <= CONF_LISTEN_MAX);
	for (size_t i = 0; i < conf->nlisten; i++) {
		const struct conf_listen *l = &conf->listen[i];
		check_text(l->name, 1, CONF_NAME_MAX);
		must(l->port > 0 && l->backlog > 0 && l->tls <= CONF_TLS_OFF);
		for (size_t n = 0; n < l->nproxy_from; n++)
			must(l->proxy_from[n].bits <= 128);
	}
}

static void check_pairs(const struct conf_keypair *pairs, size_t count)
{
	must(count <= CONF_PAIR_MAX);
	for (size_t i = 0; i < count; i++) {
		check_text(pairs[i].certificate, 1, 4000);
		check_text(pairs[i].key, 1, 4000);
	}
}

static void check_name(const char *name)
{
	check_text(name, 1, CONF_NAME_MAX);
	must(strchr(name, ' ') == NULL && strchr(name, '"') == NULL);
}

static void check_profiles(const struct conf *conf)
{
	must(conf->tls.nprofile <= CONF_PROFILE_MAX);
	for (size_t i = 0; i < conf->tls.nprofile; i++) {
		const struct conf_profile *p = &conf->tls.profile[i];
		check_name(p->name);
		check_text(p->priority, 0, 4000);
		check_pairs(p->pair, p->npair);
		must(p->minimum <= p->maximum || *p->priority != '\0');
		must(p->maximum <= CONF_TLS_1_3 && p->key_type <= CONF_KEY_ECDSA);
		must(p->pair != conf->tls.pair || p->npair == conf->tls.npair);
		must(!p->expired || p->npair > 0);
		for (size_t j = 0; j < i; j++)
			must(strcmp(p->name, conf->tls.profile[j].name) != 0);
	}
}

static void check_experiment(const struct conf *conf)
{
	const struct conf_experiment *e = &conf->tls.experiment;

	must((e->key != NULL) == (e->narm > 0) && e->narm <= CONF_ARM_MAX);
	if (e->key != NULL)
		check_text(e->key, 16, 255);
	must(e->key == NULL || conf->tls.npair > 0);
	must(e->ipv4_prefix >= 8 && e->ipv4_prefix <= 32);
	must(e->ipv6_prefix >= 16 && e->ipv6_prefix <= 128);
	for (size_t i = 0; i < e->narm; i++) {
		const struct conf_arm *arm = &e->arm[i];
		check_name(arm->name);
		must(arm->weight >= 1 && arm->weight <= 1000000);
		must(arm->profile_at < conf->tls.nprofile);
		must(strcmp(arm->profile, conf->tls.profile[arm->profile_at].name) == 0);
	}
}

static void check_conf(const struct conf *conf)
{
	check_text(conf->hostname, 1, 255);
	check_text(conf->sensor, 1, 255);
	check_text(conf->banner, 0, 200);
	check_text(conf->log.directory, 1, 4000);
	must(*conf->log.directory == '/' && *conf->run_directory == '/' && *conf->chroot == '/');
	check_listen(conf);
	must(conf->tls.minimum <= CONF_TLS_1_3);
	check_pairs(conf->tls.pair, conf->tls.npair);
	check_profiles(conf);
	check_experiment(conf);
	must(conf->workers.spare_min >= 1 && conf->workers.spare_min <= conf->workers.spare_max &&
	     conf->workers.spare_max <= conf->workers.max && conf->workers.max <= 20000);
	must(conf->limits.recipients >= 1 && conf->limits.recipients <= 4000);
	must(conf->limits.line_length >= 512 && conf->limits.line_length <= 65536);
	must(conf->smtp.extensions < 1u << 9 && conf->auth.mechanisms < 1u << 2);
	must(conf->log.compression >= 1 && conf->log.compression <= 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct conf_errors errors;
	struct input in = {.count = 0};
	struct conf_opener opener = {.open = open_input, .ctx = &in};
	struct conf *conf;

	memset(&errors, 0, sizeof errors);
	split(&in, data, len);
	int result = conf_load(&conf, names[0], &opener, &errors);
	must(result == 0 || result == ERR_FORMAT);
	must((result == 0) == (conf != NULL) && (result == 0) == (errors.total == 0));
	must(errors.kept == (errors.total < CONF_ERRORS_MAX ? errors.total : CONF_ERRORS_MAX));
	for (size_t i = 0; i < errors.kept; i++)
		check_error(&in, errors.text[i]);
	if (conf != NULL)
		check_conf(conf);
	conf_free(&conf);
	return 0;
}
