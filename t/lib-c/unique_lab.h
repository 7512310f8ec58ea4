/*
 * unique_lab.h: messages that may be copies, sent to the logger of intake_lab.h, and what the reader
 * makes of the files.
 */
#ifndef SMTPTRAP_UNIQUE_LAB_H
#define SMTPTRAP_UNIQUE_LAB_H

#include <sys/wait.h>

#include "intake_lab.h"
#include "mail_whole.h"

#define INDEX 20                       /* store-index */
#define LONG (UNIQUE_HELD_MAX + 10000) /* is written before it is known to be a copy */

__attribute__((unused)) static void prepare(struct lab *lab, enum conf_store store)
{
	lab_prepare(lab);
	lab->conf.log.store = store;
	lab->conf.log.store_index = INDEX;
}

/* The logger starts, with what stands in the directory. */
__attribute__((unused)) static void begin_again(struct lab *lab)
{
	lab_start(lab);
	unique_load(&lab->store.unique, UNIQUE_LOAD_US);
	for (uint32_t slot = 0; slot < LAB_SLOTS; slot++)
		lab_hello(lab, slot);
}

__attribute__((unused)) static void begin(struct lab *lab, enum conf_store store)
{
	prepare(lab, store);
	begin_again(lab);
}

__attribute__((unused)) static void finish(struct lab *lab)
{
	store_rotate(&lab->store);
	lab_stop(lab);
	lab_remove(lab);
}

/* As after a reload. */
__attribute__((unused)) static void settings(struct lab *lab, enum conf_store store, uint32_t index)
{
	lab->conf.log.store = store;
	lab->conf.log.store_index = index;
	unique_configure(&lab->store.unique);
}

/* What the records say. */
struct found {
	unsigned records, copies, wrong; /* wrong: does not lead to bytes with its digest */
	uint64_t stored;                 /* bytes behind trace headers in the mail stream */
	unsigned copy_of[1024];          /* by number: that of the first + 1, 0: no copy */
};

/* Read the message that a record tells of. */
__attribute__((unused)) static void look_at(struct found *f, struct mail_whole *w,
					    const struct message_info *info)
{
	struct mail_check check;
	struct mail_head head;
	const uint8_t *bytes;
	const char *wrong = mail_whole_find(w, info, &head);
	size_t len;

	f->records++;
	f->copies += info->is_copy;
	if (info->is_copy)
		f->copy_of[lab_number(info->head.id)] = lab_number(info->copy.id) + 1;
	if (mail_check_begin(&check) != NULL)
		lab_die("digest");
	while (wrong == NULL && mail_whole_data(w, &bytes, &len, &wrong) == 1)
		mail_check_data(&check, bytes, len);
	const char *mismatch = mail_check_end(&check, info, wrong == NULL ? head.size : 0);
	if (wrong != NULL || mismatch != NULL) {
		printf("# %s\n", wrong != NULL ? wrong : mismatch);
		f->wrong++;
	}
}

__attribute__((unused)) static void look_at_lines(struct found *f, struct mail_whole *w, int fd)
{
	struct message_info info;
	struct log_reader r;
	const uint8_t *line;
	size_t len;

	if (log_reader_open(&r, fd, 0) != 0)
		lab_die("log_reader_open");
	while (log_reader_next(&r, &line, &len) == 1)
		if (message_info_read(line, len, &info) == 0 && info.has_mail)
			look_at(f, w, &info);
	log_reader_close(&r);
}

__attribute__((unused)) static void add_stored(struct found *f, int fd)
{
	struct mail_reader r;
	struct mail_head head;

	if (mail_reader_open(&r, fd, 0, 0) != 0)
		lab_die("mail_reader_open");
	while (mail_reader_head(&r, &head) == 1)
		f->stored += head.size;
	mail_reader_close(&r);
}

__attribute__((unused)) static struct found look(const struct lab *lab)
{
	struct found f = {0};
	struct mail_whole w;
	struct log_dir d;

	if (log_dir_open(&d, lab->path) != 0)
		lab_die(lab->path);
	mail_whole_init(&w, &d);
	for (size_t i = 0; i < d.count; i++) {
		int fd = -1;

		if (log_dir_open_file(&d, &d.names[i], &fd) != 0)
			lab_die(lab->path);
		if (d.names[i].stream == LOG_MESSAGE)
			look_at_lines(&f, &w, fd);
		else if (d.names[i].stream == LOG_MAIL)
			add_stored(&f, fd);
		close(fd);
	}
	mail_whole_fini(&w);
	log_dir_close(&d);
	return f;
}

/* ---- messages ---- */

/* So many bytes with a header; the same body for the same number of it. */
__attribute__((unused)) static uint8_t *text(uint32_t header, uint32_t body, size_t size)
{
	uint8_t *data = malloc(size + 64);
	int at = snprintf((char *)data, 64, "Subject: %05u\r\n\r\n%05u", header, body);

	for (size_t i = (size_t)at; i < size; i++)
		data[i] = lab_byte(body, i);
	return data;
}

__attribute__((unused)) static void send_text(struct lab *lab, uint32_t number, uint32_t header,
					      uint32_t body, size_t size)
{
	uint8_t *data = text(header, body, size);
	struct lab_message m;

	lab_message_of(&m, number, data, size);
	lab_send(lab, number % LAB_SLOTS, number + 1, &m.bytes);
	buf_fini(&m.bytes);
	free(data);
}

__attribute__((unused)) static int answer(const struct lab *lab, uint32_t number)
{
	return lab_word(lab, number % LAB_SLOTS, number + 1);
}

/* A logger works in a process of its own, and ends in order or not. */
__attribute__((unused)) static bool run_first(struct lab *lab, void (*work)(struct lab *lab),
					      bool in_order)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		begin_again(lab);
		work(lab);
		if (in_order)
			store_rotate(&lab->store);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
