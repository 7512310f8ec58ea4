/*
 * fuzz_dns_answer.c: any message gives an answer within its limits, and facts of it.
 *
 * The first byte chooses the type that was asked for.
 */
#include <assert.h>
#include <string.h>

#include "dns_answer.h"
#include "dns_facts.h"
#include "dns_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(enum dns_type type, struct span value)
{
	char name[DNS_NAME_TEXT];

	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		assert(value.len == IP_BYTES);
		(void)dns_code_of(value.bytes);
		break;
	case DNS_MX:
		assert(value.len > 2);
		value = span_tail(value, 2);
		/* fall through */
	case DNS_PTR:
		assert(value.len > 0 && value.len < DNS_LABELS_MAX);
		for (size_t i = 0; i < value.len; i++)
			assert(value.bytes[i] > 0x20 && value.bytes[i] < 0x7f);
		if (dns_name_copy(name, value) == 0)
			assert(dns_name_valid(name, strlen(name)));
		break;
	case DNS_TXT:
		assert(value.len <= DNS_TEXT_MAX);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA};
	static struct dns_answer a;
	struct dns_addresses sum = {0};
	struct span value;
	size_t at = 0;
	unsigned n = 0;

	if (size == 0)
		return 0;
	enum dns_type type = types[data[0] % 5];
	dns_answer_parse(&a, data + 1, size - 1, "a.test", type);
	for (; dns_answer_next(&a, &at, &value); n++)
		check_value(type, value);
	assert(n == a.count && n <= DNS_VALUES_MAX && at == a.len && a.len <= DNS_ANSWER_MAX);
	assert(a.status < DNS_STATUS_COUNT && (a.status == DNS_FOUND) == (n > 0 || a.cut));
	assert(a.ttl <= INT32_MAX);
	if (type == DNS_MX)
		assert(dns_mx_fact(&a) <= DNS_FACT_COUNT);
	dns_addresses_add(&sum, &a);
	assert(dns_host_of(&sum) <= DNS_HOST_GOOD);
	return 0;
}
