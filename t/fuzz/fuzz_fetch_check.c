/*
 * fuzz_fetch_check.c: fuzz target for what --fetch takes from the stream.  Input: the subject, a
 * line feed, the message.
 *
 * Properties: what is taken is one line, and the reader of reports sees in it the sensor of the
 * subject or none.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/smtptrap-ship/fetch_check.h"
#include "record_scan.h"

#define SUBJECT_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_sensor(const char *token, const uint8_t *line, size_t len)
{
	struct record_scan scan;
	struct buf scratch;
	const char *text;
	size_t text_len;

	record_scan_init(&scan);
	int slot = record_scan_want(&scan, "sensor", strlen("sensor"));
	must(slot >= 0);
	if (record_scan_line(&scan, line, len) != 0 || scan.value[slot].kind == SCAN_ABSENT)
		return;
	buf_init_heap(&scratch, 1 << 20);
	must(record_scan_text(&scan.value[slot], &scratch, &text, &text_len) == 0);
	must(text_len == strcspn(token, "."));
	for (size_t i = 0; i < text_len; i++)
		must(token[i] == text[i] || token[i] == '-');
	buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char subject[SUBJECT_MAX];
	const uint8_t *lf = len > 0 ? memchr(data, '\n', len) : NULL;
	struct record_line_head head;

	if (lf == NULL || (size_t)(lf - data) >= sizeof subject)
		return 0;
	size_t n = (size_t)(lf - data);
	memcpy(subject, data, n);
	subject[n] = '\0';
	const uint8_t *line = lf + 1;
	size_t line_len = len - n - 1;
	if (!fetch_check("smtptrap", subject, line, line_len, &head))
		return 0;
	must(memchr(line, '\n', line_len) == NULL);
	must(strncmp(subject, "smtptrap.", 9) == 0);
	check_sensor(subject + 9, line, line_len);
	return 0;
}
