/*
 * base64.c: test of lib/base64.
 */
#include "base64.h"
#include "../tap.h"
#include "err.h"

static const struct {
	const char *name, *in, *expected;
} cases[] = {
    {"nothing is nothing", "", ""},
    {"three bytes", "Zm9v", "foo"},
    {"two bytes, one =", "Zm8=", "fo"},
    {"one byte, two =", "Zg==", "f"},
    {"the whole alphabet's last characters", "+/+/", "\xfb\xff\xbf"},
    {"several groups", "Zm9vYmFyYg==", "foobarb"},
    {"case matters", "zM9V", "\xcc\xcf\x55"},
    {"a length that is not a multiple of four", "Zm9", NULL},
    {"one character", "Z", NULL},
    {"a character out of the alphabet", "Zm9-", NULL},
    {"a space", "Zm 9", NULL},
    {"= in the middle", "Zg==Zm9v", NULL},
    {"= alone", "====", NULL},
    {"three =", "Z===", NULL},
    {"= and then a character", "Zm=v", NULL},
    {"bits cut off by ==", "Zh==", NULL},
    {"bits cut off by =", "Zm9=", NULL},
    {"8-bit", "Zm9\xe9", NULL},
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t out[64];
		size_t len = 0;
		struct span in = {(const uint8_t *)cases[i].in, strlen(cases[i].in)};
		int rc = base64_decode(in, out, &len);
		if (cases[i].expected == NULL)
			is_int(rc, ERR_FORMAT, cases[i].name);
		else if (ok(rc == 0, "%s: decoded", cases[i].name))
			is_mem(out, len, cases[i].expected, strlen(cases[i].expected),
			       cases[i].name);
	}
	return tap_done();
}
