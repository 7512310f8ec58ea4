/*
 * Expressions that choose records.
 */
#include "where.h"

#include <stdlib.h>

#include "../tap.h"
#include "err.h"

#define LINE                                                                                \
	"{\"v\":1,\"type\":\"session\",\"seq\":42,\"ts\":\"2025-11-22T10:30:00.123456Z\","  \
	"\"client_ip\":\"192.0.2.7\",\"client_port\":4711,\"duration_us\":2500000,"         \
	"\"bytes_in\":2048,\"helo\":\"a\\\"b.example\",\"helo_hex\":\"61\",\"esmtp\":true," \
	"\"early_talk\":false,\"oddities\":[\"early\",\"no_helo\"],\"tls_outcome\":"        \
	"\"negotiated\","                                                                   \
	"\"tls_version\":\"TLSv1.2\",\"ja3\":\"00ff\","                                     \
	"\"hello_cipher_names\":[\"TLS_RSA_WITH_RC4_128_SHA\",\"0xdead\"]}"

static const struct {
	const char *text;
	int chosen;
} choices[] = {
    {"tls_version = TLSv1.2", 1},
    {"tls_version == \"TLSv1.2\"", 1},
    {"tls_version != TLSv1.2", 0},
    {"tls_version < TLSv1.2", 0},
    {"tls_version <= TLSv1.2", 1},
    {"tls_version > TLSv1.1", 1},
    {"tls_version > SSLv3", 1},
    {"tls_version >= TLSv1.3", 0},
    {"tls_version prefix TLSv1", 1},
    {"tls_version prefix TLSv1.2.", 0},
    {"tls_version in (SSLv3, TLSv1.2)", 1},
    {"tls_version in (SSLv3, TLSv1.3)", 0},
    {"tls_version in TLSv1.2", 1},
    {"tls_version ~ \"^TLSv1\\.[0-2]$\"", 1},
    {"tls_version !~ 1.3$", 1},
    {"tls_version !~ 1.2$", 0},
    {"tls_failure", 0},
    {"tls_failure = timeout", 0},
    {"tls_failure != timeout", 0},
    {"tls_failure !~ timeout", 0},
    {"not tls_failure = timeout", 1},
    {"esmtp", 1},
    {"early_talk", 0},
    {"esmtp = true", 1},
    {"esmtp != true", 0},
    {"early_talk = false", 1},
    {"seq = 42", 1},
    {"seq = 042", 1},
    {"seq > 41 and seq < 43", 1},
    {"bytes_in = 2k", 1},
    {"bytes_in >= 2049", 0},
    {"duration_us > 2s", 1},
    {"duration_us > 2500ms", 0},
    {"duration_us = 2500000", 1},
    {"client_ip = 192.0.2.7", 1},
    {"client_ip = ::ffff:192.0.2.7", 1},
    {"client_ip != 192.0.2.7", 0},
    {"client_ip in 192.0.2.0/24", 1},
    {"client_ip in (10.0.0.0/8, 192.0.2.7)", 1},
    {"client_ip in 2001:db8::/32", 0},
    {"ts >= 2025-11-22", 1},
    {"ts < 2025-11-22T10:30", 0},
    {"ts < 2025-11-22T10:30:01Z and ts > 2025-11-22T10:30:00Z", 1},
    {"helo = \"a\\\"b.example\"", 1},
    {"helo ~ \"^a\\\"b\\.\"", 1},
    {"helo_hex = 61", 1},
    {"hello_cipher_names ~ _RC4_", 1},
    {"hello_cipher_names = 0xdead", 1},
    {"hello_cipher_names = GREASE", 0},
    {"oddities = early", 1},
    {"oddities = earl", 0},
    {"oddities != early", 0},
    {"oddities != late", 1},
    {"oddities ~ ^no_", 1},
    {"oddities !~ ^no_", 0},
    {"oddities in (late, no_helo)", 1},
    {"ja3 = 00ff", 1},
    {"ja3 prefix 00", 1},
    {"not not esmtp", 1},
    {"! esmtp || seq = 42 && bytes_in = 1", 0},
    {"(not esmtp or seq = 42) and bytes_in = 2k", 1},
    {"esmtp or early_talk and early_talk", 1},
    {"(esmtp or early_talk) and early_talk", 0},
    {"not esmtp and early_talk", 0},
    {"not (esmtp and early_talk)", 1},
    {"\ttls_version\n=\rTLSv1.2 ", 1},
};

static const struct {
	const char *text;
	size_t column;
	const char *part; /* of what is said */
} errors[] = {
    {"", 1, "ends too early"},
    {"tls_version =", 14, "ends too early; expected here: a word"},
    {"tls_verson = x", 1, "no field 'tls_verson'; meant: tls_version"},
    {"zzzzzz", 1, "no field 'zzzzzz'"},
    {"esmtp and tls_verson", 11, "tls_version"},
    {"esmtp esmtp", 7, "'esmtp' does not fit"},
    {"(esmtp", 7, "ends too early"},
    {"esmtp)", 6, "')' does not fit"},
    {"esmtp and", 10, "ends too early"},
    {"= x", 1, "'=' does not fit"},
    {"helo = \"x", 8, "quotes are not closed"},
    {"helo = x & y", 10, "belongs in quotes"},
    {"helo = \x01", 8, "belongs in quotes"},
    {"seq = x", 7, "a number"},
    {"seq = -1", 7, "a number"},
    {"seq = 99999999999999999999", 7, "a number"},
    {"seq = 1k", 7, "a number"},
    {"seq ~ 1", 1, "cannot be compared with ~"},
    {"seq prefix 1", 1, "cannot be compared with prefix"},
    {"esmtp = yes", 9, "true or false"},
    {"esmtp < true", 1, "cannot be compared with <"},
    {"client_ip = 192.0.2.0/24", 13, "with `in` a network"},
    {"client_ip in (192.0.2.0/24, 192.0.2.1/24)", 29, "an address"},
    {"client_ip < 192.0.2.1", 1, "cannot be compared"},
    {"ts > yesterday", 6, "a time"},
    {"ja3 = XX", 7, "hexadecimal"},
    {"helo ~ \"(\"", 8, "byte 2"},
    {"dialogue = x", 1, "cannot be compared with ="},
    {"dialogue != x", 1, "cannot be compared with !="},
    {"dialogue < x", 1, "cannot be compared with <"},
    {"dialogue <= x", 1, "cannot be compared with <="},
    {"dialogue > x", 1, "cannot be compared with >"},
    {"dialogue >= x", 1, "cannot be compared with >="},
    {"dialogue in x", 1, "cannot be compared with in"},
    {"dialogue prefix x", 1, "cannot be compared with prefix"},
    {"dialogue ~ x", 1, "cannot be compared with ~"},
    {"dialogue !~ x", 1, "cannot be compared with !~"},
    {"helo in ()", 10, "')' does not fit"},
    {"helo in (a b)", 12, "'b' does not fit"},
};

static void test_choices(void)
{
	struct where_error error;
	struct where *w;

	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		int rc = where_parse(&w, choices[i].text, &error);

		if (!ok(rc == 0, "%s is an expression", choices[i].text)) {
			printf("# column %zu: %s\n", error.column, error.text);
			continue;
		}
		ok(where_match(w, (const uint8_t *)LINE, strlen(LINE)) == choices[i].chosen,
		   "and chooses %s", choices[i].chosen ? "the record" : "others");
		is_int(where_match(w, (const uint8_t *)"{\"", 2), ERR_FORMAT,
		       "what is no record is told");
		where_free(&w);
		ok(w == NULL, "it is released");
	}
}

static void test_errors(void)
{
	struct where_error error;
	struct where *w;

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		ok(where_parse(&w, errors[i].text, &error) == ERR_FORMAT && w == NULL,
		   "'%s' is refused", errors[i].text);
		is_int((int64_t)error.column, (int64_t)errors[i].column, "at the right column");
		if (!ok(strstr(error.text, errors[i].part) != NULL, "for: %s", errors[i].part))
			printf("# said: %s\n", error.text);
		where_free(&w);
	}
}

/* `part`, joined with `and` so many times. */
static char *repeated(const char *part, size_t times)
{
	size_t len = strlen(part);
	char *text = malloc(times * (len + 5) + 1), *p = text;

	for (size_t i = 0; i < times; i++)
		p += sprintf(p, "%s%s", i > 0 ? " and " : "", part);
	return text;
}

static void test_limits(void)
{
	struct where_error error;
	struct where *w;
	char *most = repeated("esmtp", (WHERE_NODES_MAX + 1) / 2);
	char *more = repeated("esmtp", WHERE_NODES_MAX / 2 + 1);
	char *longest = repeated("esmtp", WHERE_TEXT_MAX);

	is_int(where_parse(&w, most, &error), 0, "as many parts as there may be are taken");
	is_int(where_match(w, (const uint8_t *)LINE, strlen(LINE)), 1, "and evaluated");
	where_free(&w);
	is_int(where_parse(&w, more, &error), ERR_FORMAT, "one more is refused");
	ok(strstr(error.text, "parts") != NULL, "with the reason");
	is_int(where_parse(&w, longest, &error), ERR_FORMAT, "so is a text that is too long");
	ok(strstr(error.text, "bytes") != NULL, "with the reason");
	free(most);
	free(more);
	free(longest);
}

static void test_costly_regex(void)
{
	static const char line[] =
	    "{\"helo\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
	struct where_error error;
	struct where *w;

	is_int(where_parse(&w, "helo ~ \"^(a|aa|aaa)+[^a]$\"", &error), 0,
	       "a regular expression with many ways");
	is_int(where_match(w, (const uint8_t *)line, strlen(line)), 0,
	       "ends at the limit without a match");
	where_free(&w);
}

int main(void)
{
	test_choices();
	test_errors();
	test_limits();
	test_costly_regex();
	return tap_done();
}
