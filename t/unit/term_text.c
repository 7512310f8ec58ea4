/*
 * Text for terminals: nothing in it steers them.
 */
#include "term_text.h"

#include "../tap.h"

#define CASE(in, out)                  \
	{                              \
		in, sizeof in - 1, out \
	}

static const struct {
	const char *in;
	size_t len;
	const char *out;
} cases[] = {
    CASE("EHLO x", "EHLO x"),
    CASE("", ""),
    CASE("\x1b[2J\a\r\n\t\x7f\0", "\\x1b[2J\\x07\\x0d\\x0a\\x09\\x7f\\x00"),
    CASE("a\\x1b", "a\\\\x1b"),
    CASE("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7"),
    CASE("caf\xe9", "caf\\xe9"),
    CASE("\xc3", "\\xc3"),
    CASE("\xc2\x9b"
	 "2J",
	 "\\u{9b}2J"),
    CASE("\xe2\x80\xae"
	 "fdp.exe",
	 "\\u{202e}fdp.exe"),
    CASE("a\xe2\x80\x8b"
	 "b",
	 "a\\u{200b}b"),
    CASE("\xef\xbb\xbf", "\\u{feff}"),
    CASE("\xf3\xa0\x80\x81", "\\u{e0001}"),
    CASE("\xed\xa0\x80", "\\xed\\xa0\\x80"),
};

int main(void)
{
	uint8_t memory[256];
	struct buf out;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_init(&out, memory, sizeof memory);
		term_put(&out, (const uint8_t *)cases[i].in, cases[i].len);
		is_mem(out.data, out.len, cases[i].out, strlen(cases[i].out), cases[i].out);
	}
	return tap_done();
}
