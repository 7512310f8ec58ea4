/*
 * conf_suggest.c: tests of lib/conf_suggest.c.
 */
#include "conf_suggest.h"

#include "../tap.h"

static const char *const known[] = {"port", "address",  "message-size", "messages", "max",
				    "keep", "keep-age", "keep-free",    "tls",      NULL};

static const struct {
	const char *name, *input, *expected; /* NULL: no suggestion */
} cases[] = {
    {"a letter left out", "addres", "address"},
    {"a letter too many", "portt", "port"},
    {"a wrong letter", "pork", "port"},
    {"two letters swapped", "prot", "port"},
    {"swapped at the start and one too many", "opert", "port"},
    {"capitals", "PORT", "port"},
    {"an underscore", "message_size", "message-size"},
    {"the nearer of two", "keepage", "keep-age"},
    {"the first of equals", "mas", "max"},
    {"several faults in a long word", "mesage-siz", "message-size"},
    {"too many faults", "mssgsz", NULL},
    {"a short word of nothing in common", "xyz", NULL},
    {"an empty word", "", NULL},
    {"a word too long to compare", "message-size-message-size-message-size", NULL},
    {"bytes that are no letters", "\x01\xff\x80", NULL},
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf_suggestion s = {.word = cases[i].input, .len = strlen(cases[i].input)};
		for (size_t k = 0; known[k] != NULL; k++)
			conf_suggest_try(&s, known[k]);
		if (cases[i].expected == NULL)
			ok(s.best == NULL, "%s: no suggestion", cases[i].name);
		else
			is_str(s.best, cases[i].expected, cases[i].name);
	}
	return tap_done();
}
