/*
 * zeek_text.c: values as Zeek's ASCII writer writes them.
 *
 * After Zeek's src/threading/formatters/Ascii.cc and src/Desc.cc, with LogAscii::enable_utf_8 as it
 * is by default.
 */
#include "zeek_text.h"

#include <inttypes.h>
#include <string.h>

#include "json_text.h"
#include "time_text.h"

static bool is_reserved(struct span text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

void zeek_put_string(struct buf *out, struct span text, bool element)
{
	bool reserved = is_reserved(text, ZEEK_UNSET) || is_reserved(text, ZEEK_EMPTY);
	const uint8_t *end = text.len > 0 ? text.bytes + text.len : text.bytes;

	if (text.len == 0)
		buf_put_str(out, ZEEK_EMPTY);
	for (const uint8_t *p = text.bytes; p < end;) {
		size_t len = utf8_length(p, end);

		if (len > 1 && (*p != 0xc2 || p[1] >= 0xa0)) { /* no C1 control */
			buf_put(out, p, len);
			p += len;
			continue;
		}
		if (*p == '\\')
			buf_put_str(out, "\\\\");
		else if (*p < 0x20 || *p >= 0x7f || (element && *p == ',') ||
			 (reserved && p == text.bytes))
			buf_printf(out, "\\x%02x", *p);
		else
			buf_put_byte(out, *p);
		p++;
	}
}

void zeek_put_time(struct buf *out, uint64_t us)
{
	buf_printf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

void zeek_put_stamp(struct buf *out, uint64_t seconds)
{
	struct time_parts t = time_split(seconds);

	buf_printf(out, "%04u-%02u-%02u-%02u-%02u-%02u", t.year, t.month, t.day, t.hour, t.minute,
		   t.second);
}
