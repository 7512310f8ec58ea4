/*
 * tap.h: the Test Anything Protocol for the C tests, in one header.
 *
 * A test program calls ok() and its kin for each case and ends with `return tap_done();`.
 */
#ifndef SMTPTRAP_TAP_H
#define SMTPTRAP_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

/* One test; the title states behaviour.  Returns pass. */
__attribute__((format(printf, 2, 3), unused)) static bool ok(bool pass, const char *title, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_run);
	va_start(ap, title);
	vprintf(title, ap);
	va_end(ap);
	putchar('\n');
	if (!pass)
		tap_failed++;
	fflush(stdout);
	return pass;
}

/* Numbers are equal; prints both where they are not. */
__attribute__((unused)) static bool is_int(int64_t got, int64_t expected, const char *title)
{
	bool pass = ok(got == expected, "%s", title);

	if (!pass)
		printf("#      got: %lld\n# expected: %lld\n", (long long)got, (long long)expected);
	return pass;
}

__attribute__((unused)) static void tap_show(const char *label, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	printf("# %s (%zu bytes): ", label, len);
	for (size_t i = 0; i < len && i < 400; i++)
		printf(p[i] < 0x20 || p[i] > 0x7e ? "\\x%02x" : "%c", p[i]);
	putchar('\n');
}

/* Bytes are equal; prints both where they are not. */
__attribute__((unused)) static bool is_mem(const void *got, size_t got_len, const void *expected,
					   size_t expected_len, const char *title)
{
	bool pass =
	    ok(got_len == expected_len && (got_len == 0 || memcmp(got, expected, got_len) == 0),
	       "%s", title);

	if (!pass) {
		tap_show("     got", got, got_len);
		tap_show("expected", expected, expected_len);
	}
	return pass;
}

__attribute__((unused)) static bool is_str(const char *got, const char *expected, const char *title)
{
	return is_mem(got ? got : "(null)", strlen(got ? got : "(null)"), expected,
		      strlen(expected), title);
}

/* Print the plan; returns the exit status for main(). */
__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

#endif
