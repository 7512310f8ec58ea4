/*
 * fuzz_dns_msg.c: what is decoded of any packet is legal, and encodes to the same packet.
 */
#include <assert.h>
#include <string.h>

#include "dns_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dns_reply reply;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[DNS_REPLY_BYTES];
	struct dns_ask ask;

	if (dns_ask_decode(&ask, data, size) == 0) {
		int n = dns_ask_encode(again, &ask);
		assert(n == (int)size && memcmp(again, data, size) == 0);
	}
	if (dns_reply_decode(&reply, data, size) == 0) {
		struct span item;
		size_t at = 0, bytes = 0;

		while (dns_reply_next(&reply, &at, &item) != 0) {
			assert(item.bytes >= reply.items &&
			       item.bytes + item.len <= reply.items + reply.items_len);
			for (size_t i = 0; i < item.len; i++)
				bytes += item.bytes[i];
		}
		assert(at == reply.items_len && bytes <= 255 * reply.items_len);
		assert(dns_reply_encode(again, &reply) == size && memcmp(again, data, size) == 0);
	}
	return 0;
}
