/*
 * fuzz_dialect.c: fuzz target for lib/dialect and lib/dialect_form.
 *
 * The input is what a client sends: lines.  Properties: any chunking gives the same text and
 * digests; the text is printable ASCII with its two separators; a message's dialect begins its
 * session's; bounds hold.
 */
#include "dialect.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A line that begins with "=" stands for a response to AUTH. */
static void take(struct dialect *d, const struct line *line)
{
	dialect_line(d, line, line->text.len > 0 && line->text.bytes[0] == '=');
}

/* Lines of `data`, which comes in chunks of this size. */
static void speak(struct dialect *d, const uint8_t *data, size_t len, size_t chunk)
{
	struct line_reader reader = {0};
	struct line line;
	size_t at = 0, have = 0, used;

	*d = (struct dialect){0};
	while (have < len || at < have) {
		if (line_read(&reader, data + at, have - at, LIMIT, &line, &used)) {
			take(d, &line);
			at += used;
			continue;
		}
		at += used;
		if (have == len)
			break;
		have = chunk < len - have ? have + chunk : len;
	}
	if (line_finish(&reader, data + at, len - at, &line))
		take(d, &line);
}

static void check_text(struct span text)
{
	size_t separators = 0;

	for (size_t i = 0; i < text.len; i++) {
		must(text.bytes[i] >= ' ' && text.bytes[i] < 0x7f);
		separators += text.bytes[i] == ';';
	}
	must(separators == 2 && text.len < DIALECT_TEXT_MAX);
}

/* The input also stands for a message and for an X-Mailer field. */
static void take_header(struct dialect *d, const uint8_t *data, size_t len)
{
	static struct mail_header header;
	char family[DIALECT_FAMILY_MAX];

	mail_header_read(&header, data, len);
	d->header_len = dialect_header(&header, len & 1, len & 2, d->header);
	must(d->header_len > 0 && d->header_len < DIALECT_HEADER_MAX);
	must(dialect_family((struct span){data, len}, family) <= DIALECT_FAMILY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dialect whole, cut;
	static char text[2][DIALECT_TEXT_MAX];
	char session[DIALECT_HASH], message[DIALECT_HASH];

	speak(&whole, data, len, len + 1);
	take_header(&whole, data, len);
	must(whole.count <= DIALECT_LINES && whole.counted <= DIALECT_LINES);
	struct span expected = dialect_text(&whole, "quit", text[0]);
	check_text(expected);
	for (size_t chunk = 1; chunk <= 7; chunk += 3) {
		speak(&cut, data, len, chunk);
		take_header(&cut, data, len);
		struct span got = dialect_text(&cut, "quit", text[1]);
		must(got.len == expected.len && memcmp(got.bytes, expected.bytes, got.len) == 0);
	}
	struct span header = {(const uint8_t *)whole.header, whole.header_len};
	int rc = dialect_of_session(&whole, "quit", session);
	must(rc == (whole.spoke ? 0 : -1) && dialect_of_message(&whole, header, message) == rc);
	if (rc == 0)
		must(strlen(session) == DIALECT_HASH - 1 &&
		     strncmp(session, message, strlen(message)) == 0);
	return 0;
}
