/*
 * rule_reply.c: the reply that a rule's message makes.
 *
 * Runs in workers.  Messages were checked when the rules were compiled: printable ASCII, bounded
 * lines, known placeholders.  What fills them is the caller's and printable too.
 */
#include "buf.h"
#include "rule.h"

/* Append the line, its placeholders filled in. */
static void put_line(struct buf *to, const char *line, size_t len,
		     const struct rule_reply_names *names)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] != '{' && line[i] != '}') {
			buf_put_byte(to, (uint8_t)line[i]);
		} else if (len - i >= 4 && strncmp(line + i, "{id}", 4) == 0) {
			buf_put_str(to, names->id);
			i += 3;
		} else if (len - i >= 4 && strncmp(line + i, "{ip}", 4) == 0) {
			buf_put_str(to, names->ip);
			i += 3;
		} else { /* {{ or }} */
			buf_put_byte(to, (uint8_t)line[i++]);
		}
	}
}

void rule_reply_put(struct buf *to, unsigned code, const char *enhanced, const char *message,
		    const struct rule_reply_names *names)
{
	bool with_enhanced = enhanced != NULL && *enhanced != '\0';

	for (const char *line = message;;) {
		size_t len = strcspn(line, "\n");
		bool last = line[len] == '\0';
		buf_printf(to, "%03u%c", code, last ? ' ' : '-');
		if (with_enhanced)
			buf_printf(to, "%s ", enhanced);
		put_line(to, line, len, names);
		buf_put_str(to, "\r\n");
		if (last)
			return;
		line += len + 1;
	}
}
