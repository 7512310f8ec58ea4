/*
 * fuzz_key_msg.c: what is decoded of any packet is within it, and encodes to the same packet;
 * what has the form of a TLS signature is read within its bounds.
 */
#include <assert.h>
#include <string.h>

#include "key_form.h"
#include "key_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_msg m;
	uint8_t again[KEY_MSG_MAX];

	if (key_msg_decode(data, size, &m) != 0)
		return 0;
	assert(m.data == data + sizeof m.head && m.head.length == size - sizeof m.head);
	int n = key_msg_encode(again, &m.head, m.data, m.head.length);
	assert(n == (int)size && memcmp(again, data, size) == 0);
	bool tls13 = key_form_tls13(m.data, m.head.length);
	bool tls12 = key_form_tls12(m.data, m.head.length);
	assert(!(tls13 && tls12));
	assert(!key_form_pkcs1(m.data, m.head.length) || m.head.length <= 83);
	return 0;
}
