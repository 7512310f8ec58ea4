/*
 * What the key holder signs: the forms of TLS 1.2 and 1.3, and nothing beside them.
 */
#include "key_form.h"

#include "../tap.h"

static uint8_t data[2048];

static size_t tls13(size_t hash_len)
{
	memset(data, ' ', 64);
	memcpy(data + 64, "TLS 1.3, server CertificateVerify", 34);
	memset(data + 98, 0xaa, hash_len);
	return 98 + hash_len;
}

static void check_tls13(void)
{
	ok(key_form_tls13(data, tls13(32)), "TLS 1.3 with SHA-256 is signed");
	ok(key_form_tls13(data, tls13(48)), "TLS 1.3 with SHA-384 is signed");
	ok(!key_form_tls13(data, tls13(64)), "a hash of 64 bytes is not of TLS 1.3's form");
	ok(!key_form_tls13(data, tls13(31)), "a hash cut short is not");
	ok(!key_form_tls13(data, 0), "nothing is not");
	for (size_t i = 0; i < 98; i++) {
		size_t len = tls13(32);
		data[i] ^= 1;
		if (key_form_tls13(data, len)) {
			ok(false, "byte %zu of the context is checked", i);
			return;
		}
	}
	ok(true, "each byte of the context is checked");
	size_t len = tls13(32);
	memcpy(data + 73, "client", 6);
	ok(!key_form_tls13(data, len), "a client's CertificateVerify is not signed");
}

static size_t params(const char *bytes, size_t len)
{
	memset(data, 0x55, 64);
	memcpy(data + 64, bytes, len);
	return 64 + len;
}

static void check_tls12(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool expected;
		const char *title;
	} cases[] = {
	    {"\3\0\x1d\3abc", 7, true, "ECDH parameters with a named curve are signed"},
	    {"\3\0\x1d\3ab", 6, false, "a point cut short is not"},
	    {"\3\0\x1d\3abcd", 8, false, "a byte behind the point is not"},
	    {"\3\0\x1d\0", 4, false, "an empty point is not"},
	    {"\1\0\x1d\3abc", 7, false, "an explicit prime curve is not"},
	    {"\0\2pp\0\1g\0\2yy", 11, true, "DH parameters are signed"},
	    {"\0\2pp\0\1g\0\2y", 10, false, "DH parameters cut short are not"},
	    {"\0\2pp\0\1g\0\2yy!", 12, false, "a byte behind DH parameters is not"},
	    {"\0\2pp\0\0\0\2yy", 10, false, "an empty generator is not"},
	    {"\377\377pp", 4, false, "a length past the end is not"},
	    {"\0", 1, false, "half a length is not"},
	    {"", 0, false, "two randoms alone are not"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(key_form_tls12(data, params(cases[i].bytes, cases[i].len)) == cases[i].expected,
		   "%s", cases[i].title);
	ok(!key_form_tls12(data, 63), "less than two randoms is not signed");
	ok(!key_form_tls12(data, tls13(32)), "TLS 1.3's form is not that of TLS 1.2");
}

static void check_pkcs1(void)
{
	static const uint8_t sha256[19] = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04"
					  "\x02\x01\x05\x00\x04\x20";

	memset(data, 0x55, sizeof data);
	memcpy(data, sha256, sizeof sha256);
	ok(key_form_pkcs1(data, 51), "DigestInfo with SHA-256 is signed");
	ok(!key_form_pkcs1(data, 50), "cut short it is not");
	ok(!key_form_pkcs1(data, 52), "with a byte behind it is not");
	for (size_t i = 0; i < sizeof sha256; i++) {
		data[i] ^= 1;
		if (key_form_pkcs1(data, 51)) {
			ok(false, "byte %zu of DigestInfo is checked", i);
			return;
		}
		data[i] ^= 1;
	}
	ok(true, "each byte in front of the digest is checked");
	ok(key_form_pkcs1(data, 36), "36 bytes, MD5 and SHA-1, are signed");
	ok(!key_form_pkcs1(data, 32), "a bare digest is not");
	ok(!key_form_pkcs1(data, 0), "nothing is not");
}

int main(void)
{
	check_pkcs1();
	check_tls13();
	check_tls12();
	return tap_done();
}
