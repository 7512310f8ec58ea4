/*
 * cmd_report.c: smtptrap report: tables of what the logs hold, and partial reports of many traps.
 *
 * Input: log files, which may be damaged: that is counted and told; and partial reports of other traps,
 * of which a bad one ends it all.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_suggest.h"
#include "err.h"
#include "file_io.h"
#include "records.h"
#include "report_command.h"
#include "report_result.h"
#include "smtptrap.h"

#define PARTIAL_MAX (1u << 30) /* bytes of a file of --merge */
#define TOP_DEFAULT 20
#define TOP_MAX 1000000

struct command_line {
	struct choice choice;
	struct report report;
	struct report_command again;
	void (*format)(const struct result *r, FILE *to);
	size_t top;
	bool partial, merge, trouble;
	struct report_file *files;
	size_t count;
};

/* ---- files ---- */

static bool add_file(struct command_line *c, char *path, bool part, uint64_t size)
{
	struct report_file *more =
	    path != NULL ? reallocarray(c->files, c->count + 1, sizeof *more) : NULL;

	if (more == NULL) {
		free(path);
		complain("%s", err_text(ERR_MEMORY));
		return false;
	}
	c->files = more;
	c->files[c->count++] = (struct report_file){path, part, size};
	return true;
}

static bool add_entry(struct command_line *c, const char *folder, const struct log_name *n)
{
	char name[LOG_NAME_MAX], *path;
	struct stat st = {0};

	log_name_format(n, name);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		path = NULL;
	if (path != NULL)
		stat(path, &st); /* if it is gone, reading it says so */
	return add_file(c, path, n->part, (uint64_t)st.st_size);
}

static bool add_dir(struct command_line *c, const char *path)
{
	struct env env = {.log_path = path};
	struct log_dir dir;
	bool good = true;

	if (!env_log_dir(&env, &dir)) {
		c->trouble = true;
		return true;
	}
	for (size_t i = 0; good && i < dir.count; i++) {
		if (dir.names[i].stream != LOG_MAIL &&
		    log_dir_covers(&dir, i, c->choice.select.since, c->choice.select.until))
			good = add_entry(c, path, &dir.names[i]);
	}
	log_dir_close(&dir);
	return good;
}

static bool add_path(struct command_line *c, const char *path)
{
	struct stat st = {0};

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_dir(c, path);
	return add_file(c, strdup(path), path_is_part(path), (uint64_t)st.st_size);
}

static bool read_logs(struct command_line *c, const struct env *env, char **argv, int argc)
{
	bool good = true, named = false;

	for (int i = optind; good && i < argc; i++) {
		if (argv[i] == NULL)
			continue;
		named = true;
		good = add_path(c, argv[i]);
	}
	const char *path = named ? NULL : env_log_path(env);
	if (!named)
		good = path != NULL && add_dir(c, path);
	if (c->trouble && c->count == 0)
		return false; /* tables of nothing would look like an answer */
	return good && report_read_files(&c->report, c->files, c->count);
}

/* ---- partial reports ---- */

static bool merge_bytes(struct command_line *c, const char *path, int fd, bool first)
{
	uint64_t size = 0;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = file_size(fd, &size) != 0 ? ERR_SYSTEM : size > PARTIAL_MAX ? ERR_FULL : 0;

	if (rc == 0)
		bytes = malloc(size + 1);
	if (rc == 0 && bytes == NULL)
		rc = ERR_MEMORY;
	if (rc == 0)
		rc = file_read_at(fd, bytes, size, 0, &len);
	if (rc == 0)
		rc = report_get(&c->report, first, bytes, len);
	free(bytes);
	if (rc == ERR_REFUSED)
		complain("%s: a partial report of other tables or another --by", path);
	else if (rc == ERR_FORMAT)
		complain("%s: no partial report, or a damaged one, or of another version", path);
	else if (rc != 0)
		complain("%s: %s", path, err_text(rc));
	return rc == 0;
}

/* Unlike a log, a partial report that cannot be used ends it all: the sum would be wrong. */
static bool merge_files(struct command_line *c, char **argv, int argc)
{
	bool good = optind < argc;

	for (int i = optind; good && i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			complain("%s: %m", argv[i]);
		good = fd >= 0 && merge_bytes(c, argv[i], fd, i == optind);
		if (fd >= 0)
			close(fd);
	}
	return good;
}

static bool write_partial(const struct report *r)
{
	struct buf to;

	if (isatty(STDOUT_FILENO)) {
		complain("a partial report is no text: send it to a file");
		return false;
	}
	buf_init_heap(&to, PARTIAL_MAX);
	report_put(r, &to);
	bool good = !to.failed && fwrite(to.data, 1, to.len, stdout) == to.len;
	buf_fini(&to);
	return good;
}

/* ---- printing ---- */

static int finish_tables(struct report *r)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < REPORT_TABLES; i++) {
		if (r->tables[i] && report_tables[i]->finish != NULL)
			rc = report_tables[i]->finish(r, (unsigned)i * REPORT_SECTIONS_MAX);
	}
	return rc;
}

static bool print_report(struct command_line *c)
{
	struct result result = {0};
	int rc = finish_tables(&c->report);

	if (rc == 0)
		rc = result_make(&result, &c->report, c->top);
	result.command = &c->again;
	if (rc == 0)
		c->format(&result, stdout);
	else
		complain("%s", err_text(rc));
	result_free(&result);
	return rc == 0;
}

/* ---- options ---- */

static bool take_format(struct command_line *c, const char *text)
{
	static const struct {
		const char *name;
		void (*format)(const struct result *r, FILE *to);
	} formats[] = {{"text", result_text},
		       {"json", result_json},
		       {"csv", result_csv},
		       {"markdown", result_markdown},
		       {"html", result_html}};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(formats[i].name, text) == 0) {
			c->format = formats[i].format;
			return true;
		}
	}
	return complain_usage("--format: '%s' is not text, json, csv, markdown or html", text);
}

static bool take_by(struct command_line *c, const char *text)
{
	for (int i = REPORT_HOUR; i < REPORT_BY_COUNT; i++) {
		if (strcmp(report_by_names[i], text) == 0) {
			c->report.by = (enum report_by)i;
			c->report.series.width = (enum series_width)(i - REPORT_HOUR);
			return true;
		}
	}
	return complain_usage("--by: '%s' is not hour, day or week", text);
}

static bool take_top(struct command_line *c, const char *text)
{
	const char *error;

	c->top = (size_t)strtonum(text, 0, TOP_MAX, &error);
	if (error != NULL)
		complain("--top: '%s' is %s", text, error);
	return error == NULL;
}

static bool take_new_since(struct command_line *c, const char *text)
{
	if (!choice_time("new-since", text, &c->report.new_since))
		return false;
	report_command_time(&c->again, "--new-since", text, c->report.new_since);
	return true;
}

/* What is new is so in all of the time. */
static bool new_since_fits(const struct report *r)
{
	bool fits = r->new_since == 0 || r->by == REPORT_ALL;

	if (!fits)
		complain("--new-since does not go with --by");
	return fits;
}

static bool take_choice(struct command_line *c, const struct option *o, const char *argument)
{
	char name[32];

	if (!choice_option(&c->choice, o->val, argument))
		return false;
	snprintf(name, sizeof name, "--%s", o->name);
	if (o->val == 's' || o->val == 'u')
		report_command_time(&c->again, name, argument,
				    o->val == 's' ? c->choice.select.since
						  : c->choice.select.until);
	else
		report_command_option(&c->again, name, argument);
	return true;
}

static bool take_option(struct command_line *c, const struct option *o, const char *argument)
{
	switch (o->val) {
	case 'b':
		report_command_option(&c->again, "--by", argument);
		return take_by(c, argument);
	case 'f':
		return take_format(c, argument);
	case 't':
		report_command_option(&c->again, "--top", argument);
		return take_top(c, argument);
	case 'n':
		return take_new_since(c, argument);
	case 'p':
		return c->partial = true;
	case 'm':
		report_command_option(&c->again, "--merge", NULL);
		return c->merge = c->again.merge = true;
	default:
		return take_choice(c, o, argument);
	}
}

/* A word that is no table and no file was hardly meant as a file. */
static bool names_a_file(const char *word)
{
	struct conf_suggestion near = {.word = word, .len = strlen(word)};
	struct buf names;
	char text[512];

	if (strpbrk(word, "./") != NULL || access(word, F_OK) == 0)
		return true;
	buf_init(&names, text, sizeof text);
	for (size_t t = 0; t < REPORT_TABLES; t++) {
		buf_printf(&names, " %s", report_tables[t]->name);
		conf_suggest_try(&near, report_tables[t]->name);
	}
	const char *best = near.best;
	complain_usage("there is neither a table nor a file '%s'%s%s%s; tables:%.*s all", word,
		       best ? " (did you mean '" : "", best ? best : "", best ? "'?)" : "",
		       (int)names.len, text);
	return false;
}

/* Take the names of tables off the arguments, which become NULL.  Without any a page has all. */
static bool take_tables(struct command_line *c, int argc, char **argv)
{
	bool any = false;

	for (int i = optind; i < argc; i++) {
		size_t table = report_table_find(argv[i]);
		bool all = strcmp(argv[i], "all") == 0;

		if (!all && table == REPORT_TABLES) {
			if (!names_a_file(argv[i]))
				return false;
			continue;
		}
		for (size_t t = 0; t < REPORT_TABLES; t++)
			c->report.tables[t] |= all || t == table;
		report_command_table(&c->again, argv[i]);
		argv[i] = NULL;
		any = true;
	}
	for (size_t t = 0; !any && t < REPORT_TABLES; t++)
		c->report.tables[t] = c->format == result_html || report_tables[t] == &report_tls;
	return true;
}

/* --merge adds up what was chosen before. */
static bool merge_fits(const struct command_line *c, bool files)
{
	if (c->choice.given || c->report.by != REPORT_ALL)
		return complain_usage(
		    "--merge: selection and --by are those of the partial reports");
	return files || complain_usage("--merge: files of partial reports are missing");
}

static bool take_options(struct command_line *c, int argc, char **argv)
{
	static const struct option options[] = {CHOICE_OPTIONS,
						{"by", required_argument, NULL, 'b'},
						{"format", required_argument, NULL, 'f'},
						{"top", required_argument, NULL, 't'},
						{"new-since", required_argument, NULL, 'n'},
						{"partial", no_argument, NULL, 'p'},
						{"merge", no_argument, NULL, 'm'},
						{NULL, 0, NULL, 0}};
	int option, row = 0;

	while ((option = getopt_long(argc, argv, "", options, &row)) != -1) {
		if (option == '?' || !take_option(c, &options[row], optarg))
			return false;
	}
	if (c->merge ? !merge_fits(c, optind < argc) : !take_tables(c, argc, argv))
		return false;
	for (int i = optind; i < argc; i++) {
		if (argv[i] != NULL)
			report_command_file(&c->again, argv[i]);
	}
	return new_since_fits(&c->report);
}

static void fini(struct command_line *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->files[i].path);
	free(c->files);
	tally_free(&c->report.tally);
	visits_fini(&c->report.visits);
	record_select_fini(&c->choice.select);
	report_command_fini(&c->again);
}

int cmd_report(const struct env *env, int argc, char **argv)
{
	static struct command_line c; /* large */

	c.format = result_text;
	c.top = TOP_DEFAULT;
	c.report.tally = tally_new();
	c.report.select = &c.choice.select;
	record_select_init(&c.choice.select);
	report_command_init(&c.again, env);
	if (c.report.tally == NULL || !take_options(&c, argc, argv)) {
		fini(&c);
		return usage_of("report");
	}
	c.report.select_given = c.choice.given;
	bool good = c.merge ? merge_files(&c, argv, argc) : read_logs(&c, env, argv, argc);
	good = good && new_since_fits(&c.report) &&
	       (c.partial ? write_partial(&c.report) : print_report(&c));
	const struct report_read *read = &c.report.read;
	c.trouble |= read->bad_files + read->bad_places + read->bad_lines > 0;
	fini(&c);
	return good && !c.trouble ? EXIT_GOOD : EXIT_TROUBLE;
}
