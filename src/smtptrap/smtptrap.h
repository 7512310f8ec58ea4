/*
 * smtptrap.h: what the commands of the reader share.
 */
#ifndef SMTPTRAP_SMTPTRAP_H
#define SMTPTRAP_SMTPTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log_dir.h"
#include "record_select.h"

enum { EXIT_GOOD = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Where the trap is, from the options before the command. */
struct env {
	const char *conf_path; /* -f FILE; NULL: the default, if it is there */
	const char *log_path;  /* -d DIR; NULL: as the configuration says */
};

/* The commands: argv[0] is "smtptrap NAME".  Each returns an exit status. */
int cmd_cat(const struct env *env, int argc, char **argv);
int cmd_explain(const struct env *env, int argc, char **argv);
int cmd_export(const struct env *env, int argc, char **argv);
int cmd_fields(const struct env *env, int argc, char **argv);
int cmd_follow(const struct env *env, int argc, char **argv);
int cmd_mail(const struct env *env, int argc, char **argv);
int cmd_metrics(const struct env *env, int argc, char **argv);
int cmd_report(const struct env *env, int argc, char **argv);
int cmd_show(const struct env *env, int argc, char **argv);
int cmd_status(const struct env *env, int argc, char **argv);
int cmd_top(const struct env *env, int argc, char **argv);
int cmd_verify(const struct env *env, int argc, char **argv);

/* "smtptrap: " and the text on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same of a fault in the command line; returns false. */
bool complain_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The forms of a command on standard error; returns EXIT_USAGE. */
int usage_of(const char *name);

/* The configuration's file: the one named, or the default if it may be read, or NULL. */
const char *env_conf_path(const struct env *env);

/* The log directory; NULL if the configuration is wrong (said already).  Lives as long as the
 * program. */
const char *env_log_path(const struct env *env);

/* The master's status socket, likewise: the one that --socket has named, or NULL for none. */
const char *env_status_socket(const struct env *env, const char *named);

/* The configuration and its file, NULL both if there is none.  False if it is wrong (said already).
 * They live as long as the program. */
struct conf;
bool env_conf(const struct env *env, const char **path_r, const struct conf **conf_r);

/* Open the log directory; false if that fails (said already). */
bool env_log_dir(const struct env *env, struct log_dir *dir_r);

/* What the options --since, --until, --field, --where and --stream choose. */
struct choice {
	struct record_select select;
	bool given; /* one of the first four was there */
	bool stream_given;
	enum log_stream stream;
};

/* The first four as rows of a getopt_long() table, and the last. */
#define CHOICE_OPTIONS                                                                    \
	{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'}, \
	    {"field", required_argument, NULL, 'F'},                                      \
	{                                                                                 \
		"where", required_argument, NULL, 'W'                                     \
	}

#define CHOICE_STREAM_OPTION                           \
	{                                              \
		"stream", required_argument, NULL, 'S' \
	}

/* Take one of those options.  False if its argument is wrong (said already) or it is another. */
bool choice_option(struct choice *c, int option, const char *argument);

/* The argument that nothing is done with: says so, and returns false; true if there is none. */
bool no_more_arguments(char **arguments);

/* Read the time that an option has; false if it is none (said already). */
bool choice_time(const char *option, const char *text, uint64_t *us_r);

/* Read an identifier; false if it is none (said already). */
bool parse_id(const char *text, uint8_t id_r[16]);

#endif
