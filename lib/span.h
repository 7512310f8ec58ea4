/*
 * span.h: bytes that belong to somebody else.
 *
 * What a peer sent is (pointer, length): it may hold NUL, control and 8-bit bytes, and is
 * escaped wherever it is shown.  A span owns nothing; each use says how long it stays valid.
 */
#ifndef SMTPTRAP_SPAN_H
#define SMTPTRAP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
	const uint8_t *bytes; /* may be NULL if len is 0 */
	size_t len;
};

/* The first `len` bytes of s; len <= s.len. */
static inline struct span span_head(struct span s, size_t len)
{
	return (struct span){s.bytes, len};
}

/* s without its first `skip` bytes; skip <= s.len. */
static inline struct span span_tail(struct span s, size_t skip)
{
	return (struct span){skip ? s.bytes + skip : s.bytes, s.len - skip};
}

/* The bytes of `text` without its NUL; valid as long as it is. */
static inline struct span span_text(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

/* s is `text`, ASCII letters compared without regard to case. */
static inline bool span_is(struct span s, const char *text)
{
	size_t len = strlen(text);

	return s.len == len && (len == 0 || strncasecmp((const char *)s.bytes, text, len) == 0);
}

/* s begins with `text`, ASCII letters compared without regard to case. */
static inline bool span_starts(struct span s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && (len == 0 || strncasecmp((const char *)s.bytes, text, len) == 0);
}

/* s without the spaces and tabs at its start, or at its end. */
static inline struct span span_trim_left(struct span s)
{
	while (s.len > 0 && (s.bytes[0] == ' ' || s.bytes[0] == '\t'))
		s = span_tail(s, 1);
	return s;
}

static inline struct span span_trim_right(struct span s)
{
	while (s.len > 0 && (s.bytes[s.len - 1] == ' ' || s.bytes[s.len - 1] == '\t'))
		s.len--;
	return s;
}

#endif
