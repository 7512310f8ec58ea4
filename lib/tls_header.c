/*
 * tls_header.c: the version in the headers of the records that bring a ClientHello.
 *
 * Runs in workers.  In: the client's bytes, on their way from the tee to the TLS library.  A stream
 * that does not begin with a handshake record (SSLv2's form, an alert, text) is never touched.
 */
#include "tls_header.h"

#define RECORD_HANDSHAKE 22
#define MAJOR 3
#define MINOR 1 /* what most clients write there: RFC 8446, 5.1 */

/* One byte of a header. */
static bool pass_header(struct tls_header *h, uint8_t *byte)
{
	bool mended = false;

	h->bytes[h->have] = *byte;
	if (h->have == 0 && *byte != RECORD_HANDSHAKE)
		h->off = true;
	if (h->have == 1 && *byte != MAJOR) {
		*byte = MAJOR;
		mended = true;
	}
	if (h->have == 2 && h->bytes[1] != MAJOR)
		*byte = MINOR;
	if (++h->have == TLS_HEADER) {
		h->left = (uint16_t)(h->bytes[3] << 8 | h->bytes[4]);
		h->have = 0;
	}
	return mended;
}

bool tls_header_pass(struct tls_header *h, uint8_t *bytes, size_t len)
{
	bool mended = false;

	while (len > 0 && !h->off) {
		size_t n = 1;

		if (h->left == 0) {
			mended |= pass_header(h, bytes);
		} else {
			n = len < h->left ? len : h->left;
			h->left = (uint16_t)(h->left - n);
		}
		bytes += n;
		len -= n;
	}
	return mended;
}
