/*
 * env.c: where the logs are, and the options that several commands share.
 *
 * Input: arguments and the configuration of the user; what is wrong with them is complained about.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "conf_suggest.h"
#include "err.h"
#include "smtptrap.h"
#include "status_msg.h"
#include "time_text.h"
#include "uuid.h"

#define DEFAULT_CONF SYSCONFDIR "/smtptrap/smtptrap.conf"
#define DEFAULT_LOGS LOCALSTATEDIR "/log/smtptrap"
#define DEFAULT_RUN RUNSTATEDIR "/smtptrap"

/* The configuration, read once and kept to the end; NULL if it is wrong (said already). */
static const struct conf *conf_at(const char *conf_path, const char *instead)
{
	static struct conf_errors errors; /* large */
	static struct conf *conf;

	if (conf_load(&conf, conf_path, &conf_opener_plain, &errors) == 0)
		return conf;
	for (size_t i = 0; i < errors.kept; i++)
		complain("%s", errors.text[i]);
	complain("%s: cannot be used; %s", conf_path, instead);
	return NULL;
}

const char *env_conf_path(const struct env *env)
{
	if (env->conf_path != NULL)
		return env->conf_path;
	return access(DEFAULT_CONF, R_OK) == 0 ? DEFAULT_CONF : NULL;
}

const char *env_log_path(const struct env *env)
{
	const char *path = env_conf_path(env);

	if (env->log_path != NULL)
		return env->log_path;
	if (path == NULL)
		return DEFAULT_LOGS;
	const struct conf *conf = conf_at(path, "name the log directory with -d");
	return conf ? conf->log.directory : NULL;
}

const char *env_status_socket(const struct env *env, const char *named)
{
	static char socket[512];
	const char *path = env_conf_path(env), *run = DEFAULT_RUN;

	if (named != NULL)
		return named;
	if (path != NULL) {
		const struct conf *conf = conf_at(path, "name the socket with --socket");

		if (conf == NULL)
			return NULL;
		run = conf->run_directory;
	}
	snprintf(socket, sizeof socket, "%s/%s", run, STATUS_SOCKET);
	return socket;
}

bool env_conf(const struct env *env, const char **path_r, const struct conf **conf_r)
{
	*path_r = env_conf_path(env);
	*conf_r = NULL;
	if (*path_r == NULL)
		return true;
	*conf_r = conf_at(*path_r, "its host names cannot be hidden");
	return *conf_r != NULL;
}

/* Why it cannot be opened, from errno; and who may read it. */
static void complain_directory(const char *path)
{
	int error = errno;
	struct stat st;
	const struct group *group =
	    error == EACCES && stat(path, &st) == 0 ? getgrgid(st.st_gid) : NULL;

	if (group != NULL)
		complain("%s: %s (members of the group %s may read it)", path, strerror(error),
			 group->gr_name);
	else
		complain("%s: %s", path, strerror(error));
}

bool env_log_dir(const struct env *env, struct log_dir *dir_r)
{
	const char *path = env_log_path(env);

	if (path == NULL)
		return false;
	int rc = log_dir_open(dir_r, path);
	if (rc == 0)
		return true;
	if (rc == ERR_SYSTEM)
		complain_directory(path);
	else
		complain("%s: %s", path, err_text(rc));
	log_dir_close(dir_r);
	return false;
}

#define DAY_SECONDS 86400

/* 30s, 15m, 2h, 7d, 2w: so long before now. */
static bool parse_ago(const char *text, uint64_t *us_r)
{
	static const char units[] = "smhdw";
	static const uint64_t seconds[] = {1, 60, 3600, DAY_SECONDS, 7 * DAY_SECONDS};
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;

	if (end == text || text[0] == '-' || text[0] == '+' || unit == NULL || end[1] != '\0' ||
	    n > UINT32_MAX)
		return false;
	uint64_t ago = n * seconds[unit - units], now = (uint64_t)time(NULL);
	*us_r = ago < now ? (now - ago) * 1000000 : 0;
	return true;
}

/* today and yesterday: when these days began, in UTC as all records. */
static bool parse_word(const char *text, uint64_t *us_r)
{
	uint64_t now = (uint64_t)time(NULL), today = now - now % DAY_SECONDS;
	bool yesterday = strcmp(text, "yesterday") == 0;

	*us_r = (yesterday ? today - DAY_SECONDS : today) * 1000000;
	return yesterday || strcmp(text, "today") == 0;
}

bool choice_time(const char *option, const char *text, uint64_t *us_r)
{
	if (time_parse(text, strlen(text), us_r) == 0 || parse_ago(text, us_r) ||
	    parse_word(text, us_r))
		return true;
	return complain_usage("--%s: '%s' is no time: yesterday, today, 2h (ago; s, m, h, d, w), "
			      "2025-11-22 or 2025-11-22T10:30 (UTC), 2025-11-22T10:30:00+01:00",
			      option, text);
}

bool no_more_arguments(char **arguments)
{
	return *arguments == NULL || complain_usage("what is '%s'?", *arguments);
}

/* --field with a name that is none. */
static bool unknown_field(const char *text)
{
	size_t len = strcspn(text, "=");
	struct conf_suggestion near = {.word = text, .len = len};

	for (size_t f = 0; f < FIELD_COUNT; f++)
		conf_suggest_try(&near, record_table[f].name);
	if (near.best == NULL || strlen(near.best) == len)
		return complain_usage("--field: '%.*s' is no field that can be chosen by; smtptrap "
				      "fields lists them",
				      (int)len, text);
	return complain_usage("--field: there is no field '%.*s' (did you mean '%s'?); smtptrap "
			      "fields lists them",
			      (int)len, text, near.best);
}

static bool take_field(struct choice *c, const char *text)
{
	switch (record_select_add(&c->select, text)) {
	case 0:
		return true;
	case ERR_FORMAT:
		return complain_usage("--field: '%s' is not NAME=VALUE", text);
	case ERR_FULL:
		return complain_usage("--field: more than %d", RECORD_SELECT_MAX);
	default:
		return unknown_field(text);
	}
}

/* The expression, and under it a mark at the column of the fault. */
static bool take_where(struct choice *c, const char *text)
{
	struct where_error error;

	if (c->select.where != NULL) {
		complain("--where: given twice; join them with `and`");
		return false;
	}
	int rc = where_parse(&c->select.where, text, &error);
	if (rc == ERR_FORMAT)
		complain("--where: column %zu: %s\n  %s\n  %*s^", error.column, error.text, text,
			 (int)error.column - 1, "");
	else if (rc != 0)
		complain("--where: %s", err_text(rc));
	return rc == 0;
}

static bool take_stream(struct choice *c, const char *name)
{
	c->stream_given = true;
	c->stream = log_stream_find(name);
	return c->stream == LOG_SESSION || c->stream == LOG_MESSAGE ||
	       complain_usage("--stream: '%s' is not session or message", name);
}

bool choice_option(struct choice *c, int option, const char *argument)
{
	c->given |= option != 'S';
	switch (option) {
	case 's':
		return choice_time("since", argument, &c->select.since);
	case 'u':
		return choice_time("until", argument, &c->select.until);
	case 'F':
		return take_field(c, argument);
	case 'W':
		return take_where(c, argument);
	case 'S':
		return take_stream(c, argument);
	default:
		return false;
	}
}

bool parse_id(const char *text, uint8_t id_r[16])
{
	if (uuid_parse(text, strlen(text), id_r) == 0)
		return true;
	return complain_usage("'%s' is no identifier, as 019aab1d-1040-7000-957c-4a7fb979379e",
			      text);
}
