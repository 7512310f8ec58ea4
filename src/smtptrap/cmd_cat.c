/*
 * cmd_cat.c: smtptrap cat: records as lines of JSON, as they stand in the files.
 *
 * Lines may be of another machine: those that could steer a terminal are told, and not printed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "records.h"
#include "smtptrap.h"

struct cat {
	bool trouble; /* first: trouble_complain() sets it */
	struct choice choice;
	bool stream_given;
	enum log_stream stream;
};

/* A line of ours has none as a raw byte, not even the C1 controls, which are two bytes in UTF-8. */
static bool holds_control(const uint8_t *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool c1 =
		    line[i] == 0xc2 && i + 1 < len && line[i + 1] >= 0x80 && line[i + 1] < 0xa0;

		if (line[i] < 0x20 || line[i] == 0x7f || c1)
			return true;
	}
	return false;
}

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct cat *c = ctx;
	int chosen = c->choice.given ? record_select_match(&c->choice.select, line, len) : 1;

	if (chosen == 1 && holds_control(line, len))
		chosen = -1;
	if (chosen < 0)
		trouble_complain(c, at, "a line here is no record");
	if (chosen != 1)
		return 0;
	fwrite(line, 1, len, stdout);
	putchar('\n');
	return ferror(stdout) ? 1 : 0;
}

static void cat_stream(struct cat *c, const struct log_dir *dir, enum log_stream stream)
{
	struct visitor v = {on_record, trouble_complain, c};

	if (c->stream_given && c->stream != stream)
		return;
	records_of_dir(dir, stream, c->choice.select.since, c->choice.select.until, &v);
}

static void cat_dir(struct cat *c, const struct env *env)
{
	struct log_dir dir;

	if (!env_log_dir(env, &dir)) {
		c->trouble = true;
		return;
	}
	cat_stream(c, &dir, LOG_SESSION);
	cat_stream(c, &dir, LOG_MESSAGE);
	log_dir_close(&dir);
}

/* A file or a folder named on the command line. */
static void cat_path(struct cat *c, const char *path)
{
	struct visitor v = {on_record, trouble_complain, c};
	struct env env = {.log_path = path};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		complain("%s: %m", path);
		c->trouble = true;
	} else if (S_ISDIR(st.st_mode)) {
		cat_dir(c, &env);
	} else {
		records_of_file(fd, path, path_is_part(path), &v);
	}
	if (fd >= 0)
		close(fd);
}

static bool take_options(struct cat *c, int argc, char **argv)
{
	static const struct option options[] = {
	    CHOICE_OPTIONS, {"stream", required_argument, NULL, 'S'}, {NULL, 0, NULL, 0}};
	int option;

	record_select_init(&c->choice.select);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'S') {
			c->stream_given = true;
			c->stream = log_stream_find(optarg);
			if (c->stream != LOG_SESSION && c->stream != LOG_MESSAGE)
				return false;
		} else if (!choice_option(&c->choice, option, optarg)) {
			return false;
		}
	}
	return true;
}

int cmd_cat(const struct env *env, int argc, char **argv)
{
	struct cat c = {0};

	if (!take_options(&c, argc, argv))
		return usage_of("cat");
	if (optind == argc)
		cat_dir(&c, env);
	for (int i = optind; i < argc; i++)
		cat_path(&c, argv[i]);
	record_select_fini(&c.choice.select);
	return c.trouble ? EXIT_TROUBLE : EXIT_GOOD;
}
