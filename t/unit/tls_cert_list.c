/*
 * The certificates in a Certificate message, as far as they are whole.
 */
#include "tls_cert_list.h"

#include <stdlib.h>

#include "../tap.h"

#define TEXT(s) (s), sizeof(s) - 1

static const struct {
	const char *title, *body;
	size_t len;
	bool tls13;
	unsigned count;
	const char *first;
} cases[] = {
    {"nothing", TEXT(""), false, 0, NULL},
    {"half a length", TEXT("\0\0"), false, 0, NULL},
    {"an empty list", TEXT("\0\0\0"), false, 0, NULL},
    {"one", TEXT("\0\0\6\0\0\3abc"), false, 1, "abc"},
    {"two", TEXT("\0\0\013\0\0\3abc\0\0\2de"), false, 2, "abc"},
    {"one of no bytes", TEXT("\0\0\3\0\0\0"), false, 1, ""},
    {"one, and one cut short", TEXT("\0\0\013\0\0\3abc\0\0\2d"), false, 1, "abc"},
    {"a length past the end",
     TEXT("\0\0\6\xff\xff\xff"
	  "abc"),
     false, 0, NULL},
    {"a list whose own length is wrong", TEXT("\xff\xff\xff\0\0\3abc"), false, 1, "abc"},
    {"TLS 1.3: one", TEXT("\0\0\0\010\0\0\3abc\0\0"), true, 1, "abc"},
    {"TLS 1.3: two, extensions, a context", TEXT("\1c\0\0\021\0\0\3abc\0\2xx\0\0\2de\0\0"), true, 2,
     "abc"},
    {"TLS 1.3: extensions cut short", TEXT("\0\0\0\010\0\0\3abc\0\7\0\0\1d\0\0"), true, 1, "abc"},
    {"TLS 1.3: a context past the end", TEXT("\7\0\0"), true, 0, NULL},
};

/* On the heap, so that a read past the end is seen by a sanitizer. */
static unsigned count_in(const char *body, size_t len, bool tls13, char first[16])
{
	uint8_t *copy = malloc(len ? len : 1);
	const uint8_t *at = NULL;
	size_t n = 0;

	memcpy(copy, body, len);
	unsigned count = tls_cert_list(copy, len, tls13, &at, &n);
	snprintf(first, 16, "%.*s", (int)n, at ? (const char *)at : "");
	free(copy);
	return count;
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char first[16];
		unsigned count = count_in(cases[i].body, cases[i].len, cases[i].tls13, first);

		ok(count == cases[i].count &&
		       strcmp(first, cases[i].first ? cases[i].first : "") == 0,
		   "%s: %u", cases[i].title, count);
		for (size_t cut = 0; cut < cases[i].len; cut++)
			if (count_in(cases[i].body, cut, cases[i].tls13, first) > count)
				ok(false, "cut to %zu bytes it has not more", cut);
	}
	return tap_done();
}
