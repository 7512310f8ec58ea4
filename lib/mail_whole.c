/*
 * mail_whole.c: messages byte for byte, those too of which another one has the bytes.
 *
 * A copy (store unique, unique-body) has at its own place its trace header, and its header where
 * the body alone is another's; the rest is read where its record says.
 */
#include "mail_whole.h"

#include <stdio.h>
#include <string.h>

void mail_whole_init(struct mail_whole *w, const struct log_dir *dir)
{
	*w = (struct mail_whole){0};
	mail_store_init(&w->own, dir);
	mail_store_init(&w->first, dir);
	buf_init_heap(&w->trace, MBOX_TRACE_MAX);
}

void mail_whole_fini(struct mail_whole *w)
{
	mail_store_fini(&w->own);
	mail_store_fini(&w->first);
	buf_fini(&w->trace);
}

/* What is wrong is so with the other message. */
static const char *of_first(struct mail_whole *w, const struct message_info *info,
			    const char *wrong)
{
	char id[UUID_TEXT];

	uuid_format(info->copy.id, id);
	snprintf(w->wrong, sizeof w->wrong, "it is a copy of %s; of that one, %s", id, wrong);
	return w->wrong;
}

const char *mail_whole_find_first(struct mail_whole *w, const struct message_info *info,
				  uint64_t *size_r)
{
	struct message_info first;
	struct mail_head head;

	if (!info->has_copy)
		return "its copy_* fields are not all there";
	message_info_of_first(info, &first);
	const char *wrong = mail_store_find(&w->first, &first, &head);
	if (wrong != NULL)
		return of_first(w, info, wrong);
	if (head.size < info->copy.from)
		return of_first(w, info, "there is less than its copy_from says");
	w->info = info;
	w->pass = info->copy.from;
	*size_r = head.size - info->copy.from;
	return NULL;
}

const char *mail_whole_find(struct mail_whole *w, const struct message_info *info,
			    struct mail_head *head_r)
{
	const char *wrong = mail_store_find(&w->own, info, head_r);
	uint64_t more;

	w->info = info;
	w->in_first = false;
	if (wrong != NULL || !info->is_copy)
		return wrong;
	if ((wrong = mail_whole_find_first(w, info, &more)) != NULL)
		return wrong;
	head_r->size += more;
	buf_reset(&w->trace);
	mbox_put_whole_trace(&w->trace, head_r->trace, head_r->trace_len, head_r->size);
	if (w->trace.failed)
		return "its trace header is too long";
	head_r->trace = w->trace.data;
	head_r->trace_len = w->trace.len;
	return NULL;
}

int mail_whole_first_data(struct mail_whole *w, const uint8_t **bytes_r, size_t *len_r,
			  const char **wrong_r)
{
	for (;;) {
		int got = mail_reader_data(&w->first.reader, bytes_r, len_r);

		if (got < 0)
			*wrong_r = of_first(w, w->info, mail_trouble(got));
		if (got != 1)
			return got;
		size_t pass = w->pass < *len_r ? (size_t)w->pass : *len_r;
		w->pass -= pass;
		*bytes_r += pass;
		*len_r -= pass;
		if (*len_r > 0)
			return 1;
	}
}

int mail_whole_data(struct mail_whole *w, const uint8_t **bytes_r, size_t *len_r,
		    const char **wrong_r)
{
	if (!w->in_first) {
		int got = mail_reader_data(&w->own.reader, bytes_r, len_r);

		if (got < 0)
			*wrong_r = mail_trouble(got);
		if (got != 0 || !w->info->is_copy)
			return got;
		w->in_first = true;
	}
	return mail_whole_first_data(w, bytes_r, len_r, wrong_r);
}
