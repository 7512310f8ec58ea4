/*
 * ja3.c: JA3, the MD5 of what a ClientHello lists.
 *
 * Runs in workers.  The numbers are the client's, the text is decimal digits, commas and hyphens.
 */
#include "ja3.h"

/* A number and a hyphen. */
static void put_number(struct buf *to, unsigned n)
{
	uint8_t text[6], *p = text + sizeof text;

	*--p = '-';
	do
		*--p = (uint8_t)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_put(to, p, (size_t)(text + sizeof text - p));
}

/* A comma instead of the hyphen behind the list that began at `start`. */
static void end_list(struct buf *to, size_t start)
{
	if (to->len > start)
		to->len--;
	buf_put_byte(to, ',');
}

static void put_list(struct buf *to, struct span numbers)
{
	size_t start = to->len;

	for (size_t i = 0; i < hello_count(numbers); i++)
		if (!hello_is_grease(hello_number(numbers, i)))
			put_number(to, hello_number(numbers, i));
	end_list(to, start);
}

static void put_extensions(struct buf *to, struct span list)
{
	size_t start = to->len;
	struct span content;
	uint16_t type;

	while (client_hello_extension(&list, &type, &content))
		if (!hello_is_grease(type))
			put_number(to, type);
	end_list(to, start);
}

static void put_bytes(struct buf *to, struct span bytes)
{
	size_t start = to->len;

	for (size_t i = 0; i < bytes.len; i++)
		put_number(to, bytes.bytes[i]);
	end_list(to, start);
}

void ja3_string(const struct client_hello *h, struct buf *to)
{
	size_t start = to->len;

	put_number(to, h->legacy_version);
	end_list(to, start);
	put_list(to, h->ciphers);
	put_extensions(to, h->extensions);
	put_list(to, h->groups);
	put_bytes(to, h->point_formats);
	if (!to->failed)
		to->len--; /* the last list has no comma */
}

int ja3_digest(const char *string, size_t len, uint8_t ja3_r[DIGEST_MD5])
{
	return digest_md5(string, len, ja3_r);
}
