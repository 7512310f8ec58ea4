/*
 * cmd_export.c: smtptrap export: records for other tools, and reports of abuse to share.
 *
 * Input: log files, which may be damaged or not ours.  A file a format knows how it is written; what
 * gives the trap away is hidden before (export_redact.c), and a record is left out rather than shown.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "export.h"
#include "records.h"
#include "uuid.h"

static const struct export_format *const formats[] = {&export_csv, &export_ecs, &export_xarf,
						      &export_zeek};

void export_refuse(struct export *e, const char *why)
{
	char id[UUID_TEXT];

	uuid_format(e->record.head.id, id);
	complain("%s %s: %s", record_type_name(e->record.head.type), id, why);
	e->refused++;
	e->trouble = true;
}

static const char *why_not(int rc)
{
	return rc == ERR_REFUSED ? "not exported: redaction is not certain"
	       : rc == ERR_FULL  ? "not exported: too much to redact"
				 : "not exported: no memory";
}

static void give(struct export *e)
{
	int rc = export_redact_record(e);

	if (rc != 0) {
		export_refuse(e, why_not(rc));
		return;
	}
	rc = e->format->put(e);
	e->written += rc > 0;
	e->skipped += rc == 0;
}

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct export *e = ctx;
	int chosen = record_select_match(&e->choice.select, line, len);

	if (chosen == 1) {
		int rc = export_record_read(&e->record, line, len);

		chosen = rc == 0 ? 1 : -1;
		e->line = line;
		e->line_len = len;
		if (rc == 0 && (!e->choice.stream_given ||
				stream_of_type(e->record.head.type) == e->choice.stream))
			give(e);
	}
	if (chosen < 0)
		trouble_complain(e, at, "a line here is no record");
	return ferror(stdout) ? 1 : 0;
}

/* The records of a folder, or only those of one file in it that is open. */
static void export_dir(struct export *e, const struct env *env, const char *file, int fd)
{
	struct visitor v = {on_record, trouble_complain, e};
	struct log_dir dir;
	struct mail_whole store;

	if (!env_log_dir(env, &dir)) {
		e->trouble = true;
		return;
	}
	mail_whole_init(&store, &dir);
	e->store = &store;
	if (file == NULL)
		records_of_choice(&dir, &e->choice, &v);
	else
		records_of_file(fd, file, path_is_part(file), &v);
	e->store = NULL;
	mail_whole_fini(&store);
	log_dir_close(&dir);
}

/* A lone file: the messages of its records are in its folder. */
static void export_file(struct export *e, const char *path, int fd)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";

	if (slash != NULL)
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
	export_dir(e, &(struct env){.log_path = folder}, path, fd);
}

/* A file or a folder named on the command line. */
static void export_path(struct export *e, const char *path)
{
	bool folder;
	int fd = records_open(path, &folder);

	if (fd < 0)
		e->trouble = true;
	else if (folder)
		export_dir(e, &(struct env){.log_path = path}, NULL, -1);
	else
		export_file(e, path, fd);
	if (fd >= 0)
		close(fd);
}

static bool take_format(struct export *e, const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(formats[i]->name, name) == 0)
			e->format = formats[i];
	}
	return e->format != NULL ||
	       complain_usage("--as: '%s' is not csv, ecs, xarf or zeek", name);
}

enum {
	OPT_AS = 1000,
	OPT_EXACT,
	OPT_REDACT,
	OPT_NO_REDACT,
	OPT_TEXT /* and those behind it: an argument that is kept as it is */
};

/* Where the argument of an option goes. */
static const char **text_option(struct export *e, int option)
{
	const char **const places[] = {
	    &e->fields,
	    &e->path,
	    &e->redact_file,
	    &e->key_file,
	    &e->reporter.org,
	    &e->reporter.contact,
	    &e->reporter.domain,
	    &e->sender.org,
	    &e->sender.contact,
	    &e->sender.domain,
	    &e->evidence_max_text,
	};

	return places[option - OPT_TEXT];
}

static bool take_option(struct export *e, int option)
{
	switch (option) {
	case OPT_AS:
		return take_format(e, optarg);
	case OPT_EXACT:
		e->exact = true;
		return true;
	case OPT_REDACT:
		e->redact_given = 1;
		return true;
	case OPT_NO_REDACT:
		e->redact_given = -1;
		return true;
	default:
		if (option < OPT_TEXT)
			return choice_option(&e->choice, option, optarg);
		*text_option(e, option) = optarg;
		return true;
	}
}

static bool take_options(struct export *e, int argc, char **argv)
{
	static const struct option options[] = {
	    CHOICE_OPTIONS,
	    {"as", required_argument, NULL, OPT_AS},
	    CHOICE_STREAM_OPTION,
	    {"exact", no_argument, NULL, OPT_EXACT},
	    {"redact", no_argument, NULL, OPT_REDACT},
	    {"no-redact", no_argument, NULL, OPT_NO_REDACT},
	    {"fields", required_argument, NULL, OPT_TEXT},
	    {"path", required_argument, NULL, OPT_TEXT + 1},
	    {"redact-file", required_argument, NULL, OPT_TEXT + 2},
	    {"key-file", required_argument, NULL, OPT_TEXT + 3},
	    {"reporter-org", required_argument, NULL, OPT_TEXT + 4},
	    {"reporter-contact", required_argument, NULL, OPT_TEXT + 5},
	    {"reporter-domain", required_argument, NULL, OPT_TEXT + 6},
	    {"sender-org", required_argument, NULL, OPT_TEXT + 7},
	    {"sender-contact", required_argument, NULL, OPT_TEXT + 8},
	    {"sender-domain", required_argument, NULL, OPT_TEXT + 9},
	    {"evidence-max", required_argument, NULL, OPT_TEXT + 10},
	    {NULL, 0, NULL, 0}};
	int option;

	record_select_init(&e->choice.select);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?' || !take_option(e, option))
			return false;
	}
	return e->format != NULL || complain_usage("--as csv, ecs, xarf or zeek is missing");
}

static void run(struct export *e, const struct env *env, char **paths)
{
	if (!export_redact_begin(e) || !e->format->begin(e)) {
		e->trouble = true;
		return;
	}
	if (*paths == NULL)
		export_dir(e, env, NULL, -1);
	for (; *paths != NULL; paths++)
		export_path(e, *paths);
	if (e->format->end != NULL)
		e->format->end(e);
	if (e->refused > 0)
		complain("%" PRIu64 " of %" PRIu64 " records were not exported", e->refused,
			 e->refused + e->written);
}

int cmd_export(const struct env *env, int argc, char **argv)
{
	struct export e = {.env = env};

	if (!take_options(&e, argc, argv)) {
		record_select_fini(&e.choice.select);
		return usage_of("export");
	}
	export_record_init(&e.record);
	run(&e, env, argv + optind);
	export_record_fini(&e.record);
	redact_free(&e.redact);
	record_select_fini(&e.choice.select);
	return e.trouble ? EXIT_TROUBLE : EXIT_GOOD;
}
