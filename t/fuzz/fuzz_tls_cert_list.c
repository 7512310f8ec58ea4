/*
 * fuzz_tls_cert_list.c: the first certificate of any message lies within it.
 *
 * The first byte of the input says whether it is of TLS 1.3.
 */
#include <assert.h>

#include "tls_cert_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *first = NULL;
	size_t len = 0;

	if (size == 0)
		return 0;
	if (tls_cert_list(data + 1, size - 1, data[0] & 1, &first, &len) > 0)
		assert(first >= data + 1 && len <= size - (size_t)(first - data));
	else
		assert(first == NULL);
	return 0;
}
