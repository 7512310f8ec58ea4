/*
 * fuzz_conf.c: fuzz target for reading a configuration.
 *
 * The input is the file m, then "\n%%\n" and the file a, and so on up to d; they can include
 * each other.  Properties: either there is a configuration and no error, or none and an error;
 * each error is one printable line that names a line of a file that there is; what is read
 * keeps the promises of conf.h.
 */
#include "config.h"

#include "../lib-c/fuzz_files.h"
#include "conf.h"
#include "err.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {"m", "a", "b", "c", "d"};

/* Each says near what it is. */
static void check_error(const struct fuzz_files *in, const char *text)
{
	fuzz_files_check_error(in, text);
	must(strstr(text, ", near ") != NULL || strcmp(text + strlen(text) - 3, "...") == 0);
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
	struct fuzz_files in = {.names = names, .files = sizeof names / sizeof *names};
	struct conf_opener opener = {.open = fuzz_files_open, .ctx = &in};
	struct conf *conf;

	memset(&errors, 0, sizeof errors);
	fuzz_files_split(&in, data, len, false);
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
