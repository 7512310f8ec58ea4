/*
 * http_request.h: the head of an HTTP/1 request, as far as a server of one page needs it.
 *
 * RFC 9112.  Strict: what a client of that page has no reason to send is refused.  The request is
 * gathered by the caller; a request with a body has no place in a buffer of this size.
 */
#ifndef SMTPTRAP_HTTP_REQUEST_H
#define SMTPTRAP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUEST_MAX 8192 /* bytes of request line and fields: Prometheus sends some 300 */
#define HTTP_FIELDS_MAX 64    /* fields of a request */
#define HTTP_TARGET_MAX 1024  /* bytes of the target */

struct http_request {
	const char *method, *target; /* in the caller's bytes, not NUL-terminated */
	size_t method_len, target_len;
	bool openmetrics; /* among what Accept lists stands application/openmetrics-text */
	bool http10;      /* HTTP/1.0, else 1.1 */
	bool has_body;    /* it announces one */
};

/*
 * Read the head of a request from its first byte.  Returns 1 when it is whole; 0 if more bytes are
 * needed; -1 if it is malformed, or over a limit: HTTP_REQUEST_MAX bytes without their end,
 * HTTP_FIELDS_MAX fields, HTTP_TARGET_MAX bytes of target.
 */
int http_request_parse(const uint8_t *bytes, size_t len, struct http_request *r_r);

/* Is the target this path, maybe with a query behind? */
bool http_request_is_for(const struct http_request *r, const char *path);

#endif
