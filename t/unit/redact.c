/*
 * redact.c: secrets in all their forms are replaced, and nothing else is.
 */
#include <config.h>

#include <stdlib.h>

#include "../tap.h"
#include "digest.h"
#include "err.h"
#include "hex.h"
#include "redact.h"

static const uint8_t key[REDACT_KEY_BYTES] = "0123456789abcdef0123456789abcdef";

#define ADDRESS "walter@trap.example"
static char token[REDACT_TOKEN_MAX];

static struct redact *with(const char *const *secrets)
{
	struct redact *r = redact_new(key);

	for (; *secrets != NULL; secrets++)
		redact_add(r, *secrets, strlen(*secrets));
	return r;
}

/* A text in which ADDRESS is hidden in one form. */
struct form {
	const char *name, *text;
};

static const struct form forms[] = {
    {"plain", "to walter@trap.example, you"},
    {"in capitals", "to WALTER@Trap.Example, you"},
    {"percent-encoded", "http://x/?u=walter%40trap%2Eexample&y"},
    {"percent-encoded throughout", "%77%61%6c%74%65%72%40%74%72%61%70%2e%65%78%61%6d%70%6c%65"},
    {"percent-encoded twice", "http://x/?u=walter%2540trap.example"},
    {"quoted-printable", "walter=40trap=2Eexample"},
    {"quoted-printable over a line", "wal=\r\nter@trap.exa=\r\nmple"},
    {"decimal entities", "walter&#64;trap&#46;example"},
    {"hexadecimal entities", "walter&#x40;trap&#x0002E;example"},
    {"entities in entities", "walter&amp;#64;trap.example"},
    {"named entities", "walter&commat;trap&period;example"},
    {"entities throughout", "&#119;&#97;&#108;&#116;&#101;&#114;&#64;&#116;&#114;&#97;&#112;&#46;"
			    "&#101;&#120;&#97;&#109;&#112;&#108;&#101;"},
    {"escapes of JavaScript", "walter\\u0040trap.example"},
    {"escapes of C", "walter\\x40trap\\056example"},
    {"escapes of RTF", "walter\\'40trap.example"},
    {"UTF-7", "walter+AEA-trap.example"},
    {"xtext", "ORCPT=rfc822;walter+40trap.example"},
    {"VERP", "bounce-walter=trap.example@list.example"},
    {"the percent hack", "walter%trap.example@relay.example"},
    {"spelt out", "walter(at)trap.example"},
    {"white space around joints", "walter @ trap . example"},
    {"a comment", "walter(who)@(where)trap.example"},
    {"quotes", "\"walter\"@trap.example"},
    {"tags inside", "walter<b>@</b>trap.<i>example</i>"},
    {"invisible characters inside", "wal\xe2\x80\x8bter@tr\xc2\xad"
				    "ap.&zwnj;exa&#8203;mple"},
    {"other invisible characters inside", "wal\xcd\x8fter@tr\xef\xb8\x8f"
					  "ap.&#847;exa\xe2\x81\xa3mple"},
    {"base64 of UTF-16 with invisible characters",
     "dwBhAGwACyB0AGUAcgBAAHQAcgBhAHAALgBPA2UAeABhAG0AcABsAGUA"},
    {"base64 of UTF-16 in the other order with them",
     "AHcAYQBsIAsAdABlAHIAQAB0AHIAYQBwAC4DTwBlAHgAYQBtAHAAbABl"},
    {"base64", "u=d2FsdGVyQHRyYXAuZXhhbXBsZQ== x"},
    {"base64 not at a group", "uu/xd2FsdGVyQHRyYXAuZXhhbXBsZQ"},
    {"base64 within more", "c2VuZCB0byB3YWx0ZXJAdHJhcC5leGFtcGxlLCBwbGVhc2U="},
    {"base64 in capitals", "V0FMVEVSQFRSQVAuRVhBTVBMRQ=="},
    {"base64 with percent-encoding", "u=d2FsdGVyQHRyYXAuZXhhbXBsZQ%3D%3D"},
    {"base64 of percent-encoding", "d2FsdGVyJTQwdHJhcC5leGFtcGxl"},
    {"base64 of base64", "ZDJGc2RHVnlRSFJ5WVhBdVpYaGhiWEJzWlE9PQ=="},
    {"base64 of UTF-16", "dwBhAGwAdABlAHIAQAB0AHIAYQBwAC4AZQB4AGEAbQBwAGwAZQA="},
    {"hexadecimal digits", "id=77616c74657240747261702e6578616d706c65&"},
    {"hexadecimal digits at an odd place", "id=a77616C74657240747261702E6578616D706C65"},
    {"its MD5", ""},
    {"its SHA-1", ""},
    {"its SHA-256", ""},
};

/* What takes the place of a secret. */
static void token_of(const struct redact *r, const char *secret, char token_r[REDACT_TOKEN_MAX])
{
	struct redact_count count = {0};
	struct buf out;

	buf_init(&out, token_r, REDACT_TOKEN_MAX);
	redact_value(r, secret, strlen(secret), &out, &count);
	token_r[out.len < REDACT_TOKEN_MAX ? out.len : 0] = '\0';
}

/* The text of a form; digests are made here. */
static const char *text_of(const struct form *f)
{
	static char text[80];
	uint8_t digest[DIGEST_SHA256];

	if (strcmp(f->name, "its MD5") == 0) {
		digest_md5(ADDRESS, strlen(ADDRESS), digest);
		hex_write(text, digest, DIGEST_MD5);
	} else if (strcmp(f->name, "its SHA-1") == 0) {
		digest_sha1(ADDRESS, strlen(ADDRESS), digest);
		hex_write(text, digest, DIGEST_SHA1);
	} else if (strcmp(f->name, "its SHA-256") == 0) {
		digest_sha256(ADDRESS, strlen(ADDRESS), digest);
		hex_write(text, digest, DIGEST_SHA256);
	} else {
		return f->text;
	}
	return text;
}

static void test_forms(const struct redact *r)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const char *text = text_of(&forms[i]);
		struct redact_count count = {0};
		struct buf out;

		buf_init_heap(&out, REDACT_OUT_MAX);
		int found = redact_finds(r, text, strlen(text));
		int rc = redact_value(r, text, strlen(text), &out, &count);
		ok(found == 1 && rc == 0 && count.found > 0 &&
		       redact_finds(r, out.data, out.len) == 0,
		   "an address is found and replaced: %s", forms[i].name);
		buf_fini(&out);
	}
}

/* Text, and what must come of it; NULL: the same. */
struct pair {
	const char *name, *in, *out;
};

static void is_redacted(const struct redact *r, bool message, const struct pair *p)
{
	struct redact_count count = {0};
	struct buf out;
	char expected[2048];
	const char *want = p->out != NULL ? p->out : p->in, *mark = strstr(want, "TOKEN");

	buf_init_heap(&out, REDACT_OUT_MAX);
	if (message)
		redact_message(r, (const uint8_t *)p->in, strlen(p->in), &out, &count);
	else
		redact_value(r, p->in, strlen(p->in), &out, &count);
	if (mark != NULL)
		snprintf(expected, sizeof expected, "%.*s%s%s", (int)(mark - want), want, token,
			 mark + 5);
	else
		snprintf(expected, sizeof expected, "%s", want);
	is_mem(out.data, out.len, expected, strlen(expected), p->name);
	buf_fini(&out);
}

static void test_texts(const struct redact *r)
{
	static const struct pair pairs[] = {
	    {"what is around an address stays", "<walter@trap.example>;", "<TOKEN>;"},
	    {"text without secrets stays", "Waltz at 192.0.2.250, trap, example, 7265 d2Fsd", NULL},
	    {"a word is not found in a longer one", "unwalterish walterb", NULL},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		is_redacted(r, false, &pairs[i]);
}

static void test_words(void)
{
	static const char *const secrets[] = {"sales@long.example", "mx1", "host", "192.0.2.25",
					      "2001:db8::25",       "::1", NULL};
	static const struct {
		const char *text;
		int found;
	} cases[] = {
	    {"our sales are up", 0},
	    {"sales@long.example", 1},
	    {"x@long.example", 1},
	    {"mx1 is short", 0},
	    {"the host said", 1},
	    {"hosts", 0},
	    {"ghost", 0},
	    {"%20host%20", 1},
	    {"=3Dhost;", 1},
	    {"hello\\nhost\\t", 1},
	    {"C:\\ghost", 0},
	    {"long\\56example", 1},
	    {"long+AC4-example", 1},
	    {"lo\\u200bng.example", 1},
	    {"[192.0.2.25]", 1},
	    {"192.0.2.250", 0},
	    {"1192.0.2.25", 0},
	    {"2001:DB8::25 is it", 1},
	    {"192.0.2.25:25", 1},
	    {"[IPv6:2001:db8::25]:25", 1},
	    {"fe80::1", 0},
	    {"on ::1 it", 1},
	    {"2001:db8::256", 0},
	    {"xlong.example.org", 1},
	};
	struct redact *r = with(secrets);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is_int(redact_finds(r, cases[i].text, strlen(cases[i].text)), cases[i].found,
		       cases[i].text);
	redact_free(&r);
}

static void test_adding(void)
{
	struct redact *r = redact_new(key);
	char text[REDACT_SECRET_MAX + 2];
	int rc = 0;
	size_t n = 0;

	memset(text, 'a', sizeof text);
	text[200] = '.';
	is_int(redact_add(r, text, REDACT_SECRET_MAX), 0,
	       "a secret of the greatest length is taken");
	is_int(redact_add(r, text, REDACT_SECRET_MAX + 1), ERR_FULL, "a longer one is not");
	is_int(redact_add(r, "a.b", 3), ERR_REFUSED, "one that is too short is refused");
	is_int(redact_add(r, " ab.c. ", 7), 0, "white space and a final dot do not count");
	is_int(redact_finds(r, "x ab.c x", 8), 1, "it is found without them");
	is_int(redact_add(r, "", 0), ERR_REFUSED, "nothing is too short");
	redact_keep(r);
	while (rc == 0 && n <= REDACT_SECRETS_MAX) {
		int len = snprintf(text, sizeof text, "word-%zu", n++);

		rc = redact_add(r, text, (size_t)len);
	}
	is_int(rc, ERR_FULL, "there is a limit to their number");
	is_int((int64_t)n, REDACT_SECRETS_MAX - 1, "which is as it says");
	is_int(redact_finds(r, "word-7", 6), 1, "those up to there are found");
	redact_forget(r);
	is_int(redact_finds(r, "word-7", 6), 0, "and forgotten");
	is_int(redact_finds(r, "ab.c", 4), 1, "but for what is kept");
	redact_free(&r);
	ok(r == NULL, "release sets the pointer to NULL");
}

static void test_tokens(void)
{
	static const char *const secrets[] = {ADDRESS, "trap.example", "192.0.2.1", NULL};
	struct redact *r = with(secrets);
	struct redact *other =
	    redact_new((const uint8_t *)"another key that is as long as 32 bytes");
	char a[REDACT_TOKEN_MAX], b[REDACT_TOKEN_MAX];

	token_of(r, ADDRESS, a);
	token_of(r, "Walter@TRAP.example", b);
	is_str(a, b, "an address has the same token in either case");
	ok(strlen(a) == 31 && strncmp(a, "r-", 2) == 0 && strcmp(a + 14, "@redacted.invalid") == 0,
	   "and it is an address of redacted.invalid");
	redact_add(other, ADDRESS, strlen(ADDRESS));
	token_of(other, ADDRESS, b);
	ok(strcmp(a, b) != 0, "with another key it has another");
	token_of(r, "trap.example", b);
	ok(strncmp(b, "d-", 2) == 0 && strcmp(b + 14, ".redacted.invalid") == 0,
	   "a domain's is a domain");
	token_of(r, "192.0.2.1", b);
	ok(strncmp(b, "2001:db8:", 9) == 0, "that of an IP address is one of documentation");
	redact_free(&r);
	redact_free(&other);
}

static void test_work(void)
{
	struct redact *r = redact_new(key);
	char secret[80];
	size_t len = 30000;
	char *text = malloc(len);
	struct redact_count count = {0};
	struct buf out;

	for (int i = 100; i < 200; i++) {
		memset(secret, 'a', 60);
		snprintf(secret + 60, sizeof secret - 60, "%d@aa.example", i);
		redact_add(r, secret, strlen(secret));
	}
	buf_init_heap(&out, REDACT_OUT_MAX);
	memset(text, 'a', len);
	int rc = redact_value(r, text, len, &out, &count);
	is_int(rc, ERR_REFUSED, "text that takes too many steps to search is refused");
	is_int((int64_t)out.len, 0, "and nothing comes out");
	buf_fini(&out);
	free(text);
	redact_free(&r);
}

#define NOTE                                             \
	"Content-Type: text/plain; charset=us-ascii\r\n" \
	"\r\n"                                           \
	"removed: cannot be searched\r\n"

static const struct pair messages[] = {
    {"a message without secrets stays", "Subject: x\r\nContent-Type: text/plain\r\n\r\nhello\r\n",
     NULL},
    {"so does one without a body", "Subject: x\r\n", NULL},
    {"and one with an encoded part",
     "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db =\r\nc\r\n", NULL},
    {"an address in a field", "To: <walter@trap.example>\r\n\r\nhello\r\n",
     "To: <TOKEN>\r\n\r\nhello\r\n"},
    {"in a folded one", "Received: for walter@trap\r\n .example; x\r\n\r\nhello\r\n",
     "Received: for TOKEN; x\r\n\r\nhello\r\n"},
    {"in the body", "Subject: x\r\n\r\nhello walter@trap.example\r\n",
     "Subject: x\r\n\r\nhello TOKEN\r\n"},
    {"a picture is removed",
     "Content-Type: image/png\r\nContent-ID: <walter@trap.example>\r\n\r\nPNG\r\n",
     "X-Removed-Content-Type: image/png\r\nX-Removed-Content-ID: <TOKEN>\r\n" NOTE},
    {"so is what is compressed",
     "Content-Type: text/plain\r\nContent-Transfer-Encoding: "
     "base64\r\n\r\nH4sIAAAAAAAAA0vLz1cAAA==\r\n",
     "X-Removed-Content-Type: text/plain\r\nX-Removed-Content-Transfer-Encoding: base64\r\n" NOTE},
    {"what is in an unknown charset", "Content-Type: text/plain; charset=ebcdic-us\r\n\r\nx\r\n",
     "X-Removed-Content-Type: text/plain; charset=ebcdic-us\r\n" NOTE},
    {"in an unknown encoding", "Content-Transfer-Encoding: x-own\r\n\r\nx\r\n",
     "X-Removed-Content-Transfer-Encoding: x-own\r\n" NOTE},
    {"in damaged base64", "Content-Transfer-Encoding: base64\r\n\r\naGVs!bG8=\r\n",
     "X-Removed-Content-Transfer-Encoding: base64\r\n" NOTE},
    {"what has two types", "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx\r\n",
     "X-Removed-Content-Type: text/plain\r\nX-Removed-Content-Type: text/html\r\n" NOTE},
    {"what is in uuencode", "Subject: x\r\n\r\nbegin 644 a.bin\r\n#86)C\r\nend\r\n",
     "Subject: x\r\n" NOTE},
    {"what is encrypted", "Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n",
     "Subject: x\r\n" NOTE},
    {"one part of many is removed, the others stay",
     "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\n"
     "Content-Type: application/zip\r\n\r\nPK\r\n--b--\r\npost\r\n",
     "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\n"
     "X-Removed-Content-Type: application/zip\r\n" NOTE "\r\n--b--\r\npost\r\n"},
    {"a boundary that is a secret takes the parts with it",
     "Content-Type: multipart/mixed; boundary=walter@trap.example\r\n\r\n--walter@trap.example\r\n",
     "X-Removed-Content-Type: multipart/mixed; boundary=TOKEN\r\n" NOTE},
    {"a parameter in segments is put together",
     "Content-Disposition: attachment; filename*0=\"walter@tr\";\r\n "
     "filename*1=\"ap.example\"\r\n\r\nx",
     "Content-Disposition: attachment; filename=\"TOKEN\"\r\n\r\nx"},
    {"a token folded over lines takes the field",
     "X-Id: aa;d2FsdGVyQH\r\n RyYXAuZXhhbXBsZQ\r\n\r\nx",
     "X-Id: (removed: cannot be redacted)\r\n\r\nx"},
    {"a message within is redacted too",
     "Content-Type: message/rfc822\r\n\r\nTo: walter@trap.example\r\n\r\nhi\r\n",
     "Content-Type: message/rfc822\r\n\r\nTo: TOKEN\r\n\r\nhi\r\n"},
};

/* Encoded words: what comes out is decoded by another program in t/proc/export_redact.t. */
static void test_words_of_header(const struct redact *r)
{
	static const char split[] =
	    "Subject: =?utf-8?Q?walter=40tr?= =?utf-8?B?YXAuZXhhbXBsZQ==?=\r\n\r\nx";
	struct redact_count count = {0};
	struct buf out;

	buf_init_heap(&out, REDACT_OUT_MAX);
	int rc = redact_message(r, (const uint8_t *)split, strlen(split), &out, &count);
	ok(rc == 0 && count.found == 1, "an address over two encoded words is found once");
	ok(out.len > 20 && memcmp(out.data, "Subject: =?utf-8?B?", 19) == 0,
	   "and stands in encoded words of the same charset");
	buf_fini(&out);
}

static void test_values(const struct redact *r)
{
	static const char split[] = "=?utf-8?Q?walter=40tr?= =?utf-8?B?YXAuZXhhbXBsZQ==?=";
	static const char *const same[] = {"", "hello: =?utf-8?Q?a?= =?utf-8?Q?b?="};
	struct redact_count count = {0};
	struct buf out;

	buf_init_heap(&out, REDACT_OUT_MAX);
	is_int(redact_value(r, split, strlen(split), &out, &count), 0,
	       "the value of a field is redacted");
	is_int((int64_t)count.found, 1, "encoded words are put together for it");
	for (size_t i = 0; i < 2; i++) {
		buf_reset(&out);
		redact_value(r, same[i], strlen(same[i]), &out, &count);
		is_mem(out.data, out.len, same[i], strlen(same[i]), "without secrets it stays");
	}
	buf_fini(&out);
}

static void test_depth(const struct redact *r)
{
	struct redact_count count = {0};
	struct buf in, out;

	buf_init_heap(&in, REDACT_OUT_MAX);
	buf_init_heap(&out, REDACT_OUT_MAX);
	for (int i = 0; i < 20; i++)
		buf_put_str(&in, "Content-Type: message/rfc822\r\n\r\n");
	buf_put_str(&in, "Subject: x\r\n\r\nx");
	redact_message(r, in.data + 32, in.len - 32, &out, &count);
	is_int((int64_t)count.removed, 0, "messages in messages are searched nineteen deep");
	buf_reset(&out);
	redact_message(r, in.data, in.len, &out, &count);
	is_int((int64_t)count.removed, 1, "what is deeper is removed");
	buf_fini(&in);
	buf_fini(&out);
}

int main(void)
{
	static const char *const secrets[] = {ADDRESS, "192.0.2.25", NULL};
	struct redact *r = with(secrets);

	token_of(r, ADDRESS, token);
	test_forms(r);
	test_texts(r);
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
		is_redacted(r, true, &messages[i]);
	test_words_of_header(r);
	test_values(r);
	test_depth(r);
	test_words();
	test_adding();
	test_tokens();
	test_work();
	redact_free(&r);
	return tap_done();
}
