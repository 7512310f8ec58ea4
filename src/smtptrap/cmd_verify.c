/*
 * cmd_verify.c: smtptrap verify: is everything there, whole, once, and as its records say?
 *
 * Streams are read once, in order; memory is 16 to 32 bytes a record (identifiers) and buffers.
 * What is wrong goes to standard output, a line each; the last line sums up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "smtptrap.h"
#include "verify.h"

void verify_error(struct verify *v, const struct place *at, const uint8_t *id, const char *what)
{
	char text[UUID_TEXT];

	v->errors++;
	if (id != NULL) {
		uuid_format(id, text);
		printf("%s: line %" PRIu64 ": record %s: %s\n", at->file, at->line, text, what);
	} else if (at->line > 0) {
		printf("%s: line %" PRIu64 ", offset %" PRIu64 ", member at byte %" PRIu64 ": %s\n",
		       at->file, at->line, at->offset, at->member, what);
	} else {
		printf("%s: member at byte %" PRIu64 ": %s\n", at->file, at->member, what);
	}
}

static void on_trouble(void *ctx, const struct place *at, const char *what)
{
	verify_error(ctx, at, NULL, what);
}

/* Records of a stream count up by one; the first that is there may have any number, because old
 * files are removed. */
static void check_seq(struct verify *v, const struct place *at, const struct record_line_head *head)
{
	char what[128];

	if (v->any && head->seq > v->last_seq + 1) {
		snprintf(what, sizeof what, "seq %" PRIu64 " to %" PRIu64 " are missing before it",
			 v->last_seq + 1, head->seq - 1);
		verify_error(v, at, head->id, what);
	} else if (v->any && head->seq <= v->last_seq) {
		snprintf(what, sizeof what, "seq %" PRIu64 " comes after %" PRIu64, head->seq,
			 v->last_seq);
		verify_error(v, at, head->id, what);
	}
	v->any = true;
	v->last_seq = head->seq;
}

static int ignore_item(void *ctx, const struct record_item *item)
{
	(void)ctx;
	(void)item;
	return 0;
}

/* Is the line JSON of our form?  A message's fields are read on the way. */
static bool read_record(struct verify *v, const uint8_t *line, size_t len,
			struct message_info *info_r)
{
	if (v->type == RECORD_MESSAGE)
		return message_info_read(line, len, info_r) == 0;
	return record_line_head(line, len, &info_r->head) == 0 &&
	       record_line_walk(line, len, ignore_item, NULL) == 0;
}

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct verify *v = ctx;
	struct message_info info;

	if (!read_record(v, line, len, &info)) {
		verify_error(v, at, NULL, "this line is no record with v, type, id, seq and ts");
		return 0;
	}
	if (info.head.type != v->type)
		verify_error(v, at, info.head.id, "its type is that of another stream");
	v->records[v->type]++;
	check_seq(v, at, &info.head);
	switch (id_set_add(&v->ids, info.head.id)) {
	case 1:
		break;
	case 0:
		verify_error(v, at, info.head.id, "its id is there twice");
		break;
	default:
		verify_error(v, at, info.head.id, "no memory to remember its id");
		return 1;
	}
	if (v->type == RECORD_MESSAGE)
		verify_mail_of(v, at, &info);
	return 0;
}

static void verify_stream(struct verify *v, enum record_type type)
{
	struct visitor visitor = {on_record, on_trouble, v};

	v->type = type;
	v->any = false;
	records_of_dir(&v->dir, stream_of_type(type), 0, UINT64_MAX, &visitor);
}

static int sum_up(const struct verify *v)
{
	if (v->errors > 0) {
		printf("%" PRIu64 " error%s\n", v->errors, v->errors == 1 ? "" : "s");
		return EXIT_TROUBLE;
	}
	printf("ok: %zu files, %" PRIu64 " sessions, %" PRIu64 " messages, %" PRIu64
	       " of them stored (%" PRIu64 " bytes)",
	       v->dir.count, v->records[RECORD_SESSION], v->records[RECORD_MESSAGE], v->messages,
	       v->raw_bytes);
	if (v->copies > 0)
		printf(", %" PRIu64 " copies", v->copies);
	if (v->copies_gone > 0)
		printf(", %" PRIu64 " copies of messages removed with old files", v->copies_gone);
	if (v->orphans > 0)
		printf(", %" PRIu64 " stored without a record", v->orphans);
	if (v->older > 0)
		printf(", %" PRIu64 " removed with old files", v->older);
	if (v->unrecorded > 0)
		printf(", %" PRIu64 " records removed with old files", v->unrecorded);
	putchar('\n');
	return EXIT_GOOD;
}

static int verify_usage(void)
{
	complain_usage("one directory, and no option, is checked");
	return usage_of("verify");
}

int cmd_verify(const struct env *env, int argc, char **argv)
{
	struct env here = *env;
	struct verify v = {0};

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return verify_usage();
	if (argc == 2)
		here.log_path = argv[1];
	if (!env_log_dir(&here, &v.dir))
		return EXIT_TROUBLE;
	verify_mail_begin(&v);
	verify_stream(&v, RECORD_SESSION);
	verify_stream(&v, RECORD_MESSAGE);
	verify_mail_end(&v);
	id_set_fini(&v.ids);
	int status = sum_up(&v);
	log_dir_close(&v.dir);
	return status;
}
