/*
 * gzip_scan.c: find the members of a gzip file by the signature in their headers.
 *
 * Runs in the logger at start, the reader and the shipper.  Memory is one buffer on the stack.
 */
#include <string.h>

#include "err.h"
#include "file_io.h"
#include "gzip_reader.h"

#define WINDOW (32u * 1024)
#define OVERLAP (GZIP_HEADER - 1u) /* a header that began in one window ends in the next */

/* The first or the last header within the len bytes; NULL if there is none. */
static const uint8_t *find_header(const uint8_t *bytes, size_t len, bool last,
				  struct gzip_member *m_r)
{
	const uint8_t *p = bytes, *found = NULL;
	struct gzip_member m;

	while (len >= GZIP_HEADER && p <= bytes + len - GZIP_HEADER) {
		p = memchr(p, 0x1f, len - GZIP_HEADER + 1 - (size_t)(p - bytes));
		if (p == NULL)
			break;
		if (gzip_member_parse(p, GZIP_HEADER, &m) == 0) {
			found = p;
			*m_r = m;
			if (!last)
				break;
		}
		p++;
	}
	return found;
}

int gzip_member_after(int fd, uint64_t from, uint64_t *at_r, struct gzip_member *m_r)
{
	uint8_t window[WINDOW + OVERLAP];
	size_t got;

	for (;; from += WINDOW) {
		if (file_read_at(fd, window, sizeof window, from, &got) != 0)
			return ERR_SYSTEM;
		const uint8_t *found = find_header(window, got, false, m_r);
		if (found != NULL) {
			*at_r = from + (uint64_t)(found - window);
			return 1;
		}
		if (got < sizeof window)
			return 0;
	}
}

int gzip_member_before(int fd, uint64_t before, uint64_t *at_r, struct gzip_member *m_r)
{
	uint8_t window[WINDOW + OVERLAP];
	size_t got;

	while (before > 0) {
		uint64_t start = before > WINDOW ? before - WINDOW : 0;
		size_t want = (size_t)(before - start) + OVERLAP;

		if (file_read_at(fd, window, want, start, &got) != 0)
			return ERR_SYSTEM;
		const uint8_t *found = find_header(window, got, true, m_r);
		if (found != NULL) {
			*at_r = start + (uint64_t)(found - window);
			return 1;
		}
		before = start;
	}
	return 0;
}
