/*
 * http_request.c: the head of an HTTP/1 request.
 *
 * Runs in smtptrap metrics --serve.  Input: whatever connects.  Lines end in CRLF; a bare LF or CR,
 * a folded line, a blank before the colon, NUL and other control bytes are malformed (RFC 9112, 2.2,
 * 5.1, 5.2), as is a second Host or one that is missing in HTTP/1.1 (3.2).
 */
#include "http_request.h"

#include <string.h>
#include <strings.h>

#define OPENMETRICS "application/openmetrics-text"

struct span_at {
	const char *p;
	size_t len;
};

/* The characters of a token (RFC 9110, 5.6.2). */
static bool is_token(const char *p, size_t len)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = p[i];
		bool alnum =
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alnum && (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return len > 0;
}

static bool is_word(const struct span_at *s, const char *word)
{
	return s->len == strlen(word) && strncasecmp(s->p, word, s->len) == 0;
}

/* Printable characters without a blank. */
static bool is_target(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return len > 0 && p[0] == '/' && len <= HTTP_TARGET_MAX;
}

/* METHOD SP TARGET SP HTTP/1.x */
static bool request_line(const struct span_at *line, struct http_request *r)
{
	const char *end = line->p + line->len;
	const char *blank = memchr(line->p, ' ', line->len);

	if (blank == NULL)
		return false;
	r->method = line->p;
	r->method_len = (size_t)(blank - line->p);
	r->target = blank + 1;
	blank = memchr(r->target, ' ', (size_t)(end - r->target));
	if (blank == NULL)
		return false;
	r->target_len = (size_t)(blank - r->target);
	const struct span_at version = {blank + 1, (size_t)(end - blank - 1)};
	if (version.len != strlen("HTTP/1.1") || memcmp(version.p, "HTTP/1.", 7) != 0 ||
	    (version.p[7] != '0' && version.p[7] != '1'))
		return false;
	r->http10 = version.p[7] == '0';
	return is_token(r->method, r->method_len) && is_target(r->target, r->target_len);
}

/* Does a list of Accept name this type, whatever its parameters? */
static bool accepts(const struct span_at *value, const char *type)
{
	const char *p = value->p, *end = value->p + value->len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma != NULL ? comma : end;

		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		size_t len = strlen(type), left = (size_t)(stop - p);
		if (left >= len && strncasecmp(p, type, len) == 0 &&
		    (left == len || p[len] == ';' || p[len] == ' ' || p[len] == '\t'))
			return true;
		p = comma != NULL ? comma + 1 : end;
	}
	return false;
}

struct seen {
	unsigned fields, hosts;
};

/* NAME ":" OWS VALUE OWS */
static bool field_line(const struct span_at *line, struct http_request *r, struct seen *seen)
{
	const char *colon = memchr(line->p, ':', line->len);

	if (colon == NULL || ++seen->fields > HTTP_FIELDS_MAX)
		return false;
	const struct span_at name = {line->p, (size_t)(colon - line->p)};
	const struct span_at value = {colon + 1, line->len - name.len - 1};
	if (!is_token(name.p, name.len))
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
			return false;
	if (is_word(&name, "Host"))
		seen->hosts++;
	else if (is_word(&name, "Content-Length") || is_word(&name, "Transfer-Encoding"))
		r->has_body = true;
	else if (is_word(&name, "Accept") && accepts(&value, OPENMETRICS))
		r->openmetrics = true;
	return true;
}

int http_request_parse(const uint8_t *bytes, size_t len, struct http_request *r_r)
{
	const char *p = (const char *)bytes;
	size_t limit = len < HTTP_REQUEST_MAX ? len : HTTP_REQUEST_MAX;
	const char *end = p + limit;
	struct seen seen = {0};
	bool first = true;

	*r_r = (struct http_request){0};
	for (const char *lf; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		const struct span_at line = {p, (size_t)(lf - p) - (lf > p)};

		if (lf == p || lf[-1] != '\r')
			return -1;
		if (line.len == 0 && !first)
			return seen.hosts == 1 || (r_r->http10 && seen.hosts == 0) ? 1 : -1;
		if (!(first ? request_line(&line, r_r) : field_line(&line, r_r, &seen)))
			return -1;
		first = false;
	}
	return limit < HTTP_REQUEST_MAX ? 0 : -1;
}

bool http_request_is_for(const struct http_request *r, const char *path)
{
	size_t len = strlen(path);

	return r->target_len >= len && memcmp(r->target, path, len) == 0 &&
	       (r->target_len == len || r->target[len] == '?');
}
