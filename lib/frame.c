/*
 * frame.c: check a frame that came through the results pipe.
 *
 * Runs in the logger.  Trusts no byte of the packet.
 */
#include "frame.h"

#include <string.h>

#include "err.h"

int frame_decode(const uint8_t *packet, size_t len, struct frame_header *header_r,
		 const uint8_t **payload_r)
{
	if (len < sizeof *header_r || len > FRAME_MAX)
		return ERR_FORMAT;
	memcpy(header_r, packet, sizeof *header_r);
	if (header_r->magic != FRAME_MAGIC || header_r->version != FRAME_VERSION)
		return ERR_FORMAT;
	if (header_r->type == 0 || header_r->type >= FRAME_TYPE_COUNT)
		return ERR_FORMAT;
	if (header_r->flags & ~(FRAME_FIRST | FRAME_LAST | FRAME_WANT_ACK))
		return ERR_FORMAT;
	if (header_r->length != len - sizeof *header_r)
		return ERR_FORMAT;
	*payload_r = packet + sizeof *header_r;
	return 0;
}
