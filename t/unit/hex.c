/*
 * hex.c: test of lib/hex.
 */
#include "hex.h"
#include "../tap.h"

static void test_values(void)
{
	bool same = true, none = true, lower = true;

	for (int n = 0; n < 16; n++) {
		char upper[2];

		snprintf(upper, sizeof upper, "%X", (unsigned)n);
		same = same && hex_value(hex_digit((unsigned)n)) == n && hex_value(*upper) == n;
		lower = lower && hex_is_lower(hex_digit((unsigned)n)) &&
			hex_is_lower(*upper) == (n < 10);
	}
	for (int c = -1; c < 256; c++) {
		if (c < 1 || strchr("0123456789abcdefABCDEF", c) == NULL)
			none = none && hex_value(c) == -1 && !hex_is_lower(c);
	}
	ok(same, "each digit has its value, in either case");
	ok(none, "nothing else is a digit");
	ok(lower, "digits are told by their case");
}

static const struct {
	const char *name, *text;
	bool good;
} texts[] = {
    {"digits", "00ff7a", true},
    {"upper case", "00FF7a", false},
    {"too short", "00ff7", false},
    {"too long", "00ff7a0", false},
    {"a byte more", "00ff7a00", false},
    {"no digit", "00fg7a", false},
    {"nothing", "", false},
};

static void test_bytes(void)
{
	static const uint8_t bytes[] = {0x00, 0xff, 0x7a};
	char text[7] = "......";

	hex_write(text, bytes, sizeof bytes);
	is_str(text, "00ff7a", "bytes are written in lower case, and nothing behind them");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint8_t got[3] = {0};
		bool good = hex_read(got, sizeof got, texts[i].text, strlen(texts[i].text));

		ok(good == texts[i].good && (!good || memcmp(got, bytes, sizeof got) == 0),
		   "%s: %s", texts[i].name, good ? "read" : "refused");
	}
}

int main(void)
{
	test_values();
	test_bytes();
	return tap_done();
}
