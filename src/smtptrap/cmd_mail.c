/*
 * cmd_mail.c: smtptrap mail: messages, byte for byte, one or many.
 *
 * Each is compared with the size and SHA-256 of its record while it is written.
 */
#include <getopt.h>
#include <string.h>

#include "log_read.h"
#include "mail_out.h"
#include "mail_whole.h"
#include "records.h"
#include "smtptrap.h"

struct mail {
	bool trouble; /* first: trouble_complain() sets it */
	struct choice choice;
	struct mail_out out;
	struct mail_whole store;
};

static const char *copy_data(struct mail *m, struct mail_check *check)
{
	const char *wrong = NULL;
	const uint8_t *bytes;
	size_t len;

	while (mail_whole_data(&m->store, &bytes, &len, &wrong) == 1) {
		wrong = mail_out_data(&m->out, bytes, len);
		if (wrong != NULL)
			return wrong;
		mail_check_data(check, bytes, len);
	}
	return wrong;
}

static const char *copy_message(struct mail *m, const struct message_info *info)
{
	struct mail_head head;
	struct mail_check check;
	const char *wrong, *mismatch;

	if (!info->has_mail)
		return info->accepted && !info->discarded
			   ? "its record does not say where its bytes are"
			   : "its bytes were not kept";
	if ((wrong = mail_whole_find(&m->store, info, &head)) != NULL)
		return wrong;
	if ((wrong = mail_check_begin(&check)) != NULL)
		return wrong;
	wrong = mail_out_begin(&m->out, &head, info->head.ts);
	if (wrong == NULL)
		wrong = copy_data(m, &check);
	mismatch = mail_check_end(&check, info, head.size);
	if (wrong != NULL) {
		mail_out_abandon(&m->out);
		return wrong;
	}
	wrong = mail_out_end(&m->out);
	return wrong != NULL ? wrong : mismatch;
}

static void give_message(struct mail *m, const struct message_info *info)
{
	char id[UUID_TEXT];
	const char *wrong = copy_message(m, info);

	if (wrong == NULL)
		return;
	uuid_format(info->head.id, id);
	complain("message %s: %s", id, wrong);
	m->trouble = true;
}

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct mail *m = ctx;
	struct message_info info;

	if (message_info_read(line, len, &info) != 0) {
		trouble_complain(m, at, "a line here is no record");
		return 0;
	}
	if (record_select_match(&m->choice.select, line, len) == 1 && info.has_mail)
		give_message(m, &info);
	return ferror(stdout) ? 1 : 0;
}

static void give_chosen(struct mail *m, const struct log_dir *dir)
{
	struct visitor v = {on_record, trouble_complain, m};

	records_of_dir(dir, LOG_MESSAGE, m->choice.select.since, m->choice.select.until, &v);
}

static void give_ids(struct mail *m, const struct log_dir *dir, char **ids)
{
	struct message_info info;
	struct buf line;
	uint8_t id[16];

	buf_init_heap(&line, LOG_LINE_MAX);
	for (; *ids != NULL; ids++) {
		if (parse_id(*ids, id) && record_find(dir, LOG_MESSAGE, id, &line) == 1 &&
		    message_info_read(line.data, line.len, &info) == 0) {
			give_message(m, &info);
			continue;
		}
		complain("%s: no message has this identifier", *ids);
		m->trouble = true;
	}
	buf_fini(&line);
}

/* Options as far as they go together. */
static bool take_options(struct mail *m, int argc, char **argv)
{
	static const struct option options[] = {CHOICE_OPTIONS,
						{"eml", no_argument, NULL, 'e'},
						{"mbox", no_argument, NULL, 'm'},
						{"maildir", no_argument, NULL, 'd'},
						{"trace", no_argument, NULL, 't'},
						{NULL, 0, NULL, 0}};
	int option;

	record_select_init(&m->choice.select);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			m->out.form = MAIL_EML;
		else if (option == 'm')
			m->out.form = MAIL_MBOX;
		else if (option == 'd')
			m->out.form = MAIL_MAILDIR;
		else if (option == 't')
			m->out.trace = true;
		else if (!choice_option(&m->choice, option, optarg))
			return false;
	}
	return true;
}

static bool is_id(const char *text)
{
	uint8_t id[16];

	return text != NULL && uuid_parse(text, strlen(text), id) == 0;
}

/* What is left are identifiers, before them a folder if the form needs one.  *ids_r is NULL
 * where messages are chosen by field and time.  False: wrong usage. */
static bool take_arguments(struct mail *m, char **arguments, char ***ids_r)
{
	if (m->out.form == MAIL_EML && is_id(*arguments))
		m->out.form = MAIL_RAW;
	if (m->out.form == MAIL_EML || m->out.form == MAIL_MAILDIR) {
		if (*arguments == NULL)
			return complain_usage("a folder is to be named");
		m->out.path = *arguments++;
	}
	*ids_r = *arguments != NULL ? arguments : NULL;
	if (*ids_r != NULL)
		return !m->choice.given ||
		       complain_usage("either identifiers or a selection: not both");
	return m->out.form != MAIL_RAW ||
	       complain_usage("identifiers, or a form (--mbox, --eml, --maildir) for all messages");
}

int cmd_mail(const struct env *env, int argc, char **argv)
{
	struct mail m = {0};
	struct log_dir dir;
	char **ids = NULL;

	if (!take_options(&m, argc, argv) || !take_arguments(&m, argv + optind, &ids))
		return usage_of("mail");
	if (!env_log_dir(env, &dir))
		return EXIT_TROUBLE;
	mail_whole_init(&m.store, &dir);
	m.trouble = !mail_out_open(&m.out);
	if (!m.trouble && ids != NULL)
		give_ids(&m, &dir, ids);
	else if (!m.trouble)
		give_chosen(&m, &dir);
	mail_out_close(&m.out);
	mail_whole_fini(&m.store);
	log_dir_close(&dir);
	record_select_fini(&m.choice.select);
	return m.trouble ? EXIT_TROUBLE : EXIT_GOOD;
}
