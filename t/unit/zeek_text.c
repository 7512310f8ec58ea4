/*
 * zeek_text.c: values of Zeek's ASCII logs.
 */
#include <config.h>

#include "../tap.h"
#include "zeek_text.h"

static void test_strings(void)
{
	static const struct {
		const char *name, *in;
		size_t len;
		bool element;
		const char *out;
	} cases[] = {
	    {"text stays", "a b,c", 5, false, "a b,c"},
	    {"a comma of an element is escaped", "a,b", 3, true, "a\\x2cb"},
	    {"an empty string", "", 0, false, "(empty)"},
	    {"what reads as unset", "-", 1, false, "\\x2d"},
	    {"what only begins so", "-a", 2, false, "-a"},
	    {"what reads as empty", "(empty)", 7, true, "\\x28empty)"},
	    {"tab, line ends and NUL", "a\t\r\n\0b", 6, false, "a\\x09\\x0d\\x0a\\x00b"},
	    {"a backslash", "a\\b", 3, false, "a\\\\b"},
	    {"UTF-8 stays", "\xc3\xa9\xe2\x82\xac", 5, false, "\xc3\xa9\xe2\x82\xac"},
	    {"bytes that are none", "\xc3(\xff", 3, false, "\\xc3(\\xff"},
	    {"C1 controls and DEL", "\xc2\x85\x7f", 3, false, "\\xc2\\x85\\x7f"},
	};
	char memory[64];
	struct buf out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&out, memory, sizeof memory);
		zeek_put_string(&out, (struct span){(const uint8_t *)cases[i].in, cases[i].len},
				cases[i].element);
		is_mem(out.data, out.len, cases[i].out, strlen(cases[i].out), cases[i].name);
	}
}

int main(void)
{
	char memory[64];
	struct buf out;

	test_strings();
	buf_init(&out, memory, sizeof memory);
	zeek_put_time(&out, 1763807400000012);
	is_mem(out.data, out.len, "1763807400.000012", 17, "a time has six decimals");
	buf_init(&out, memory, sizeof memory);
	zeek_put_stamp(&out, 1763807400);
	is_mem(out.data, out.len, "2025-11-22-10-30-00", 19, "#open is a time in UTC");
	return tap_done();
}
