/*
 * ja3.c: JA3, the MD5 of what a ClientHello lists.
 *
 * Runs in workers.  The numbers are the client's, the text is decimal digits, commas and hyphens.
 */
#include "ja3.h"

#define EXTENSION_MIN 4 /* bytes: type and length */
#define NUMBER_MAX 6    /* five digits and a hyphen */

/* A number and a hyphen; returns where they end. */
static uint8_t *put_number(uint8_t *at, unsigned n)
{
	unsigned digits = n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : n < 10000 ? 4 : 5;
	uint8_t *end = at + digits;

	*end = '-';
	for (uint8_t *p = end; p > at; n /= 10)
		*--p = (uint8_t)('0' + n % 10);
	return end + 1;
}

/* Room for so many numbers and a comma; NULL: the buffer has failed. */
static uint8_t *list_room(struct buf *to, size_t count)
{
	return buf_reserve(to, count * NUMBER_MAX + 1);
}

/* A comma instead of the hyphen behind the list that goes from the buffer's end to `end`. */
static void end_list(struct buf *to, uint8_t *end)
{
	if (end > to->data + to->len)
		end--;
	*end++ = ',';
	to->len = (size_t)(end - to->data);
}

static void put_list(struct buf *to, struct span numbers)
{
	uint8_t *at = list_room(to, hello_count(numbers));

	if (at == NULL)
		return;
	for (size_t i = 0; i < hello_count(numbers); i++)
		if (!hello_is_grease(hello_number(numbers, i)))
			at = put_number(at, hello_number(numbers, i));
	end_list(to, at);
}

static void put_extensions(struct buf *to, struct span list)
{
	uint8_t *at = list_room(to, list.len / EXTENSION_MIN);
	struct span content;
	uint16_t type;

	if (at == NULL)
		return;
	while (client_hello_extension(&list, &type, &content))
		if (!hello_is_grease(type))
			at = put_number(at, type);
	end_list(to, at);
}

static void put_bytes(struct buf *to, struct span bytes)
{
	uint8_t *at = list_room(to, bytes.len);

	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i++)
		at = put_number(at, bytes.bytes[i]);
	end_list(to, at);
}

static void put_version(struct buf *to, uint16_t version)
{
	uint8_t *at = list_room(to, 1);

	if (at != NULL)
		end_list(to, put_number(at, version));
}

void ja3_string(const struct client_hello *h, struct buf *to)
{
	put_version(to, h->legacy_version);
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
