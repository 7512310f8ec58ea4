/*
 * The byte buffer: what is appended, and what happens where it does not fit.
 */
#include "buf.h"

#include "../tap.h"

static uint8_t memory[64];
static struct buf b;

static void is(const char *expected, const char *title)
{
	is_mem(b.data, b.len, expected, strlen(expected), title);
	buf_reset(&b);
}

static void test_pieces(void)
{
	buf_init(&b, memory, sizeof memory);
	buf_put(&b, "abc", 2);
	buf_put_byte(&b, '-');
	buf_put_str(&b, "text");
	buf_put(&b, NULL, 0);
	buf_printf(&b, " %d", -7);
	is("ab-text -7", "pieces follow each other");
}

static void test_numbers(void)
{
	buf_init(&b, memory, sizeof memory);
	buf_put_u64(&b, 0);
	buf_put_byte(&b, ' ');
	buf_put_u64(&b, 10);
	buf_put_byte(&b, ' ');
	buf_put_u64(&b, UINT64_MAX);
	is("0 10 18446744073709551615", "numbers are decimal");
	buf_put_digits(&b, 7, 2);
	buf_put_digits(&b, 0, 4);
	buf_put_digits(&b, 123, 2);
	is("070000123", "with zeros before them where that is asked for");
	buf_put_digits(&b, 1, 20);
	is("00000000000000000001", "as many as a number can have");
	buf_put_hex(&b, (const uint8_t *)"\x00\xab\xff", 3);
	is("00abff", "hexadecimal digits are lower case");
}

static void test_full(void)
{
	buf_init(&b, memory, 4);
	buf_put_str(&b, "1234");
	ok(!b.failed, "what fits to the last byte fits");
	buf_put_byte(&b, '5');
	ok(b.failed && b.len == 4, "one more does not, and changes nothing");
	b.len = 0;
	buf_put_str(&b, "6");
	ok(b.failed && b.len == 0, "after that nothing is appended");
	ok(buf_reserve(&b, 0) == NULL, "and there is no room");
	buf_reset(&b);
	buf_put_hex(&b, (const uint8_t *)"\x12\x34\x56", 3);
	ok(b.failed && b.len == 0, "digits are appended whole or not at all");
}

static void test_heap(void)
{
	buf_init_heap(&b, 1000);
	for (int i = 0; i < 100; i++)
		buf_put_str(&b, "0123456789");
	ok(!b.failed && b.len == 1000 && memcmp(b.data + 990, "0123456789", 10) == 0,
	   "a buffer on the heap grows to its limit");
	buf_put_byte(&b, '.');
	ok(b.failed && b.len == 1000, "and not past it");
	buf_fini(&b);
}

int main(void)
{
	test_pieces();
	test_numbers();
	test_full();
	test_heap();
	return tap_done();
}
