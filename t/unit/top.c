/*
 * What smtptrap top makes of counts over time, and of text that it must show in so many columns.
 */
#include "../../src/smtptrap/top.h"

#include <locale.h>
#include <math.h>

#include "../../src/smtptrap/top_text.h"
#include "../tap.h"

#define SECOND UINT64_C(1000000)

static void look(struct rates *r, uint64_t at_us, uint64_t connections)
{
	const struct rates_sample s = {.at_us = at_us, .count = {connections, 0, 0}};

	rates_add(r, &s);
}

static bool rate_is(const struct rates *r, unsigned seconds, double expected, const char *title)
{
	double got = rates_get(r, RATE_CONNECTIONS, seconds);

	return ok(fabs(got - expected) < 1e-6, "%s (%g)", title, got);
}

static void test_rates(void)
{
	struct rates r = {0};

	rate_is(&r, 1, -1, "without a look there is no rate");
	look(&r, 5 * SECOND, 100);
	rate_is(&r, 60, -1, "nor with one");
	look(&r, 6 * SECOND, 110);
	rate_is(&r, 1, 10, "two tell of the time between them");
	rate_is(&r, 60, 10, "also where more was asked for");
	for (uint64_t i = 7; i <= 200; i++)
		look(&r, i * SECOND, 110 + (i < 195 ? 0 : i - 194));
	rate_is(&r, 1, 1, "one second is the last one");
	rate_is(&r, 10, 0.6, "ten are the last ten");
	rate_is(&r, 60, 0.1, "sixty the last sixty");
	look(&r, 201 * SECOND - 50000, 117);
	rate_is(&r, 1, 1 / 0.95, "a look that is a little early counts as one");
	look(&r, 202 * SECOND, 100);
	rate_is(&r, 1, 0, "what has become less has not changed");
	look(&r, 203 * SECOND, 118);
	rate_is(&r, 1, 1, "and goes on from what it was");
	look(&r, 203 * SECOND, 118);
	rate_is(&r, 1, -1, "no time between two looks: it begins anew");
}

static void test_rates_fast(void)
{
	struct rates r = {0};

	for (uint64_t i = 1; i <= 2 * RATES_SAMPLES; i++)
		look(&r, i * SECOND / 10, i);
	rate_is(&r, 1, 10, "looks that are closer together tell the same");
	rate_is(&r, 60, 10, "as far back as they are held");
}

static const struct {
	const char *bytes;
	size_t len, columns;
	const wchar_t *shown;
	size_t used;
	bool ascii; /* in the C locale */
} texts[] = {
    {"abc", 3, 10, L"abc", 3, false},
    {"abc", 3, 2, L"ab", 2, false},
    {"abc", 3, 0, L"", 0, false},
    {"", 0, 5, L"", 0, false},
    {"h\xc3\xa9", 3, 10, L"h\u00e9", 2, false},
    {"h\xc3\xa9", 3, 10, L"h?", 2, true},
    {"\x1b[2J", 4, 10, L"\\x1b[2J", 7, false},
    {"\x1b[2J", 4, 3, L"\\x1", 3, false},
    {"a\0b", 3, 10, L"a\\x00b", 6, false},
    {"\xff", 1, 10, L"\\xff", 4, true},
    {"\xe6\xbc\xa2\xe5\xad\x97", 6, 4, L"\u6f22\u5b57", 4, false},
    {"\xe6\xbc\xa2\xe5\xad\x97", 6, 3, L"\u6f22", 2, false},
    {"\xe6\xbc\xa2", 3, 1, L"", 0, false},
    {"e\xcc\x81", 3, 10, L"e?", 2, false},           /* it would be drawn over the e */
    {"\xe2\x80\xae", 3, 10, L"\\u{202e}", 8, false}, /* would turn what follows */
    {"\xc2\x9b", 2, 10, L"\\u{9b}", 6, false},
};

static void test_texts(bool ascii)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		wchar_t out[16];

		if (texts[i].ascii != ascii)
			continue;
		size_t used = top_text(out, 15, (const uint8_t *)texts[i].bytes, texts[i].len,
				       texts[i].columns);
		is_int((int64_t)used, (int64_t)texts[i].used, "text uses so many columns");
		ok(wcscmp(out, texts[i].shown) == 0, "and is shown like this");
	}
}

/* Text as hostile as can be, longer than what is looked at, stays within its room. */
static void test_room(void)
{
	uint8_t bytes[4096];
	wchar_t out[64 + 1];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 16);
	out[64] = L'!';
	size_t used = top_text(out, 63, bytes, sizeof bytes, 1000);
	ok(used <= 2 * 63 && wcslen(out) == 63 && out[64] == L'!', "no more characters than fit");
	memset(bytes, 0x9b, sizeof bytes);
	used = top_text(out, 63, bytes, sizeof bytes, 10);
	is_int((int64_t)used, 10, "nor more columns");
}

int main(void)
{
	test_rates();
	test_rates_fast();
	setlocale(LC_CTYPE, "C");
	test_texts(true);
	if (!ok(setlocale(LC_CTYPE, "C.UTF-8") != NULL, "there is a UTF-8 locale"))
		return tap_done();
	test_texts(false);
	test_room();
	is_str(top_sort_name(SORT_AGE), "age", "orders have names");
	return tap_done();
}
