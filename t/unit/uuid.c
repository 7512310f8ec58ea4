/*
 * UUIDv7: form, order, time, text.
 */
#include "uuid.h"

#include "../tap.h"
#include "err.h"

static const uint8_t random_bytes[UUID_RANDOM] = {0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};

static void test_make(void)
{
	struct uuid_state state = {0};
	uint8_t a[UUID_BYTES];
	char text[UUID_TEXT];

	/* RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC is 017F22E279B0 */
	uuid_make(&state, 1645557742000000, random_bytes, a);
	uuid_format(a, text);
	is_str(text, "017f22e2-79b0-7000-bf11-223344556677",
	       "time, version, variant and random bits stand where RFC 9562 says");
	is_int((int64_t)uuid_time_us(a), 1645557742000000, "its time is read back");
	uuid_make(&state, 1645557742000500, random_bytes, a);
	is_int((a[6] & 15) << 8 | a[7], 0x800, "half a millisecond is half of 12 bits");
}

static void test_order(void)
{
	static const int64_t steps[] = {0, 0, 1, 999, 1, -5000000, 0, 1, 5000000, 1000};
	struct uuid_state state = {0};
	uint64_t us = 1763807400000000;
	uint8_t last[UUID_BYTES] = {0}, next[UUID_BYTES];
	unsigned wrong = 0;

	for (unsigned i = 0; i < 100000; i++) {
		us += (uint64_t)steps[i % 10];
		uuid_make(&state, us, random_bytes, next);
		wrong += memcmp(last, next, UUID_BYTES) >= 0;
		memcpy(last, next, UUID_BYTES);
	}
	is_int(wrong, 0, "identifiers ascend, also if the clock stands still or goes back");
	state = (struct uuid_state){.last = 0x017f22e279b0fff};
	uuid_make(&state, 0, random_bytes, next);
	is_int(next[5] << 16 | (next[6] & 15) << 8 | next[7], 0xb10000,
	       "a full fraction carries into the milliseconds");
}

static void test_text(void)
{
	static const char *const bad[] = {
	    "",
	    "017f22e2-79b0-7000-bf11-22334455667",
	    "017f22e2-79b0-7000-bf11-2233445566777",
	    "017f22e2079b0-7000-bf11-223344556677",
	    "017f22e-279b0-7000-bf11-223344556677",
	    "017f22e2-79b0-7000-bf11-22334455667g",
	    "{17f22e2-79b0-7000-bf11-22334455667}",
	    "017f22e2-79b0-7000-bf11-2233445566-7",
	};
	uint8_t uuid[UUID_BYTES];
	char text[UUID_TEXT];

	is_int(uuid_parse("017F22E2-79b0-7000-BF11-223344556677", 36, uuid), 0,
	       "either case is read");
	uuid_format(uuid, text);
	is_str(text, "017f22e2-79b0-7000-bf11-223344556677", "and written in lower case");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(uuid_parse(bad[i], strlen(bad[i]), uuid) == ERR_FORMAT, "'%s' is refused",
		   bad[i]);
}

int main(void)
{
	test_make();
	test_order();
	test_text();
	return tap_done();
}
