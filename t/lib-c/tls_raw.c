/*
 * tls_raw.c: TLS messages made by hand, for clients that no library is.
 */
#include "tls_raw.h"

#include <assert.h>
#include <string.h>

static void put(struct raw *to, const void *bytes, size_t len)
{
	assert(len <= sizeof to->bytes - to->len);
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
}

static void put_number(struct raw *to, size_t n, int octets)
{
	while (octets-- > 0) {
		uint8_t b = (uint8_t)(n >> (8 * octets));
		put(to, &b, 1);
	}
}

void raw_put_record(struct raw *to, uint8_t type, const void *bytes, size_t len)
{
	put_number(to, type, 1);
	put_number(to, 0x0301, 2);
	put_number(to, len, 2);
	put(to, bytes, len);
}

void raw_put_hello(struct raw *to, const struct raw_hello *hello)
{
	static const uint8_t random[32] = "a client's random of 32 bytes..";
	struct raw body = {0}, message = {0};
	size_t count = 0;

	while (count < 4 && hello->ciphers[count] != 0)
		count++;
	put_number(&body, hello->version, 2);
	put(&body, random, sizeof random);
	put_number(&body, 0, 1);
	put_number(&body, count * 2, 2);
	for (size_t i = 0; i < count; i++)
		put_number(&body, hello->ciphers[i], 2);
	put_number(&body, 0x0100, 2);
	if (hello->extensions_len > 0) {
		put_number(&body, hello->extensions_len, 2);
		put(&body, hello->extensions, hello->extensions_len);
	}
	put_number(&message, 1, 1);
	put_number(&message, body.len, 3);
	put(&message, body.bytes, body.len);
	raw_put_record(to, 22, message.bytes, message.len);
}
