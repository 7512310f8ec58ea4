/*
 * proxy.h: the header that a proxy sends ahead of a connection (HAProxy's PROXY protocol,
 * versions 1 and 2, proxy-protocol.txt).
 */
#ifndef SMTPTRAP_PROXY_H
#define SMTPTRAP_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_V1_MAX 107      /* the longest line of version 1, CRLF included (2.1) */
#define PROXY_HEADER_MAX 4096 /* we refuse longer ones: of TLVs nothing is read */

struct proxy_header {
	uint8_t version; /* 1 or 2 */
	bool
	    local; /* LOCAL, UNKNOWN or no IP address: the socket's own addresses hold, all below is 0 */
	uint8_t source_ip[16], destination_ip[16]; /* IPv4 mapped */
	uint16_t source_port, destination_port;    /* host byte order */
};

/*
 * Read the header from the len bytes received so far, always from the first byte on.  Returns
 *   1  got it: *header_r is set, *n_r is its length, at most len; what follows is the client's;
 *   0  need more: *n_r is a number of further bytes, at least 1, that may be read without
 *      passing the end of the header;
 *  -1  this is no PROXY header, or a malformed or too long one; *n_r is 0.
 * The same bytes in any chunking give the same result.
 */
int proxy_parse(struct proxy_header *header_r, const uint8_t *bytes, size_t len, size_t *n_r);

#endif
