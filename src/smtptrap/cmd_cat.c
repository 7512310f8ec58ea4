/*
 * cmd_cat.c: smtptrap cat: records as lines of JSON, as they stand in the files.
 *
 * Input: log files, which may be damaged: that is complained about, and the rest given.  Lines may be of
 * another machine: those that could steer a terminal are told, and not printed.
 */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "records.h"

struct cat {
	bool trouble; /* first: trouble_complain() sets it */
	struct choice choice;
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

static void cat_dir(struct cat *c, const struct env *env)
{
	struct visitor v = {on_record, trouble_complain, c};
	struct log_dir dir;

	if (!env_log_dir(env, &dir)) {
		c->trouble = true;
		return;
	}
	records_of_choice(&dir, &c->choice, &v);
	log_dir_close(&dir);
}

/* A file or a folder named on the command line. */
static void cat_path(struct cat *c, const char *path)
{
	struct visitor v = {on_record, trouble_complain, c};
	bool folder;
	int fd = records_open(path, &folder);

	if (fd < 0)
		c->trouble = true;
	else if (folder)
		cat_dir(c, &(struct env){.log_path = path});
	else
		records_of_file(fd, path, path_is_part(path), &v);
	if (fd >= 0)
		close(fd);
}

static bool take_options(struct cat *c, int argc, char **argv)
{
	static const struct option options[] = {
	    CHOICE_OPTIONS, CHOICE_STREAM_OPTION, {NULL, 0, NULL, 0}};
	int option;

	record_select_init(&c->choice.select);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!choice_option(&c->choice, option, optarg))
			return false;
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
