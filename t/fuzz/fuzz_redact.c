/*
 * fuzz_redact.c: fuzz target for the redaction of messages.
 *
 * The input is a message.  Properties: what comes out holds the secrets in none of the plain forms
 * that are looked for here by other means; it is redacted again to itself; where nothing was found
 * or removed it is the message; as text and as a field's value it is redacted likewise.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ADDRESS "walter@trap.example"
#define BASE64 "d2FsdGVyQHRyYXAuZXhhbXBsZQ"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool has(const struct buf *b, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= b->len; i++) {
		if (strncasecmp((const char *)b->data + i, text, n) == 0)
			return true;
	}
	return false;
}

typedef int (*redact_fn)(const struct redact *r, const uint8_t *bytes, size_t len, struct buf *out,
			 struct redact_count *count_r);

static int as_value(const struct redact *r, const uint8_t *bytes, size_t len, struct buf *out,
		    struct redact_count *count_r)
{
	return redact_value(r, bytes, len, out, count_r);
}

static void check(const struct redact *r, redact_fn fn, const uint8_t *data, size_t len)
{
	struct redact_count count = {0}, again = {0};
	struct buf out, second;

	buf_init_heap(&out, SIZE_MAX / 2);
	buf_init_heap(&second, SIZE_MAX / 2);
	int rc = fn(r, data, len, &out, &count);
	must(rc == 0 || (rc == ERR_REFUSED && out.len == 0));
	if (rc == 0) {
		must(!has(&out, ADDRESS) && !has(&out, "trap.example"));
		must(out.len == 0 || memmem(out.data, out.len, BASE64, strlen(BASE64)) == NULL);
		must(count.found + count.removed > 0 ||
		     (out.len == len && (len == 0 || memcmp(out.data, data, len) == 0)));
		must(fn(r, out.data, out.len, &second, &again) == 0);
		must(again.found + again.removed == 0 && second.len == out.len &&
		     (out.len == 0 || memcmp(second.data, out.data, out.len) == 0));
		must(redact_finds(r, out.data, out.len) == 0);
	}
	buf_fini(&out);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[REDACT_KEY_BYTES] = "a key that nobody would think of";
	struct redact *r = redact_new(key);

	if (r == NULL)
		return 0;
	must(redact_add(r, ADDRESS, strlen(ADDRESS)) == 0);
	must(redact_add(r, "192.0.2.25", 10) == 0);
	check(r, redact_message, data, len);
	check(r, as_value, data, len);
	redact_free(&r);
	return 0;
}
