/*
 * JSON strings of unknown bytes: what is copied, escaped, replaced.
 */
#include "json_text.h"

#include "../tap.h"

#define CASE(in, out, exact)                  \
	{                                     \
		in, sizeof in - 1, out, exact \
	}
#define R "\xef\xbf\xbd"

static const struct {
	const char *in;
	size_t len;
	const char *out;
	bool exact;
} cases[] = {
    CASE("", "\"\"", true),
    CASE("EHLO example.org", "\"EHLO example.org\"", true),
    CASE("\"\\/", "\"\\\"\\\\/\"", true),
    CASE("a\tb\r\n\x01\x1f\x7f", "\"a\\u0009b\\u000d\\u000a\\u0001\\u001f\\u007f\"", true),
    CASE("a\0b", "\"a" R "b\"", false),
    CASE("\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"", true),
    CASE("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7",
	 "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7\"", true),
    CASE(R, "\"" R "\"", true),
    CASE("\xff", "\"" R "\"", false),
    CASE("caf\xe9 x", "\"caf" R " x\"", false),
    CASE("\xc3", "\"" R "\"", false),
    CASE("\xc0\x80", "\"" R R "\"", false),
    CASE("\xe2\x82", "\"" R R "\"", false),
    CASE("\xe0\x9f\xbf", "\"" R R R "\"", false),
    CASE("\xe0\xa0\x80", "\"\xe0\xa0\x80\"", true),
    CASE("\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\"", true),
    CASE("\xed\xa0\x80", "\"" R R R "\"", false),
    CASE("\xf0\x8f\xbf\xbf", "\"" R R R R "\"", false),
    CASE("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"", true),
    CASE("\xf4\x90\x80\x80", "\"" R R R R "\"", false),
    CASE("\xf5\x80\x80\x80", "\"" R R R R "\"", false),
    CASE("\x80\xbf", "\"" R R "\"", false),
    CASE("\xef\xbf\xbe", "\"\xef\xbf\xbe\"", true),
};

static void test_strings(void)
{
	uint8_t memory[256];
	struct buf out;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_init(&out, memory, sizeof memory);
		bool exact = json_put_string(&out, (const uint8_t *)cases[i].in, cases[i].len);
		is_mem(out.data, out.len, cases[i].out, strlen(cases[i].out), cases[i].out);
		ok(exact == cases[i].exact, "and that it is %sexact is told", exact ? "" : "not ");
	}
}

/* Every buffer that is too small fails and none is overrun (ASan watches). */
static void test_small_buffers(void)
{
	static const uint8_t in[] = "a\"\x01\xc3\xa9\xff";
	unsigned failed = 0;
	size_t cap = 0;
	uint8_t memory[32];
	struct buf out;

	for (;; cap++, failed++) {
		buf_init(&out, memory, cap);
		json_put_string(&out, in, sizeof in - 1);
		if (!out.failed)
			break;
	}
	is_int((int64_t)cap, 16, "the string fits a buffer of its length");
	is_int(failed, 16, "and no smaller one");
}

static void test_hex(void)
{
	uint8_t memory[64];
	struct buf out;

	buf_init(&out, memory, sizeof memory);
	json_put_hex(&out, (const uint8_t *)"\x00\xab\xff", 3);
	is_mem(out.data, out.len, "\"00abff\"", 8, "hexadecimal digits are lower case");
	buf_reset(&out);
	json_put_hex(&out, NULL, 0);
	is_mem(out.data, out.len, "\"\"", 2, "no bytes are an empty string");
	buf_init(&out, memory, 7);
	json_put_hex(&out, (const uint8_t *)"\x00\xab\xff", 3);
	ok(out.failed, "a buffer too small for the digits fails");
}

int main(void)
{
	test_strings();
	test_small_buffers();
	test_hex();
	return tap_done();
}
