/*
 * key_form.c: is this what a TLS server signs?
 *
 * Runs in the key holder, on what workers send; trusts no byte of it.
 */
#include "key_form.h"

#include <string.h>

#define SPACES 64
#define RANDOMS 64 /* client's and server's */
#define NAMED_CURVE 3

#define MD5_SHA1_LEN 36

/* The DER in front of a digest: RFC 8017, 9.2, note 1, and SHA-224 after RFC 4055. */
static const struct {
	uint8_t len, digest_len;
	uint8_t bytes[19];
} digest_infos[] = {
    {18,
     16,
     {0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05,
      0x00, 0x04, 0x10}},
    {15,
     20,
     {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}},
    {19,
     28,
     {0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04,
      0x05, 0x00, 0x04, 0x1c}},
    {19,
     32,
     {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
      0x05, 0x00, 0x04, 0x20}},
    {19,
     48,
     {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
      0x05, 0x00, 0x04, 0x30}},
    {19,
     64,
     {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
      0x05, 0x00, 0x04, 0x40}},
};

/* RFC 8446, 4.4.3; sizeof counts the zero byte that is part of it. */
static const char context[] = "TLS 1.3, server CertificateVerify";

bool key_form_pkcs1(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < sizeof digest_infos / sizeof *digest_infos; i++) {
		size_t head = digest_infos[i].len;

		if (len == head + digest_infos[i].digest_len &&
		    memcmp(data, digest_infos[i].bytes, head) == 0)
			return true;
	}
	return len == MD5_SHA1_LEN;
}

bool key_form_tls13(const uint8_t *data, size_t len)
{
	size_t head = SPACES + sizeof context;

	if (len != head + 32 && len != head + 48)
		return false;
	for (size_t i = 0; i < SPACES; i++)
		if (data[i] != ' ')
			return false;
	return memcmp(data + SPACES, context, sizeof context) == 0;
}

/* struct { ECCurveType curve_type; NamedCurve namedcurve; opaque point <1..2^8-1>; } */
static bool is_ecdh_params(const uint8_t *p, size_t len)
{
	return len > 4 && p[0] == NAMED_CURVE && p[3] > 0 && len == 4u + p[3];
}

/* struct { opaque dh_p<1..2^16-1>; opaque dh_g<1..2^16-1>; opaque dh_Ys<1..2^16-1>; } */
static bool is_dh_params(const uint8_t *p, size_t len)
{
	for (int part = 0; part < 3; part++) {
		if (len < 2)
			return false;
		size_t n = (size_t)p[0] << 8 | p[1];
		if (n == 0 || n > len - 2)
			return false;
		p += 2 + n;
		len -= 2 + n;
	}
	return len == 0;
}

bool key_form_tls12(const uint8_t *data, size_t len)
{
	if (len <= RANDOMS)
		return false;
	return is_ecdh_params(data + RANDOMS, len - RANDOMS) ||
	       is_dh_params(data + RANDOMS, len - RANDOMS);
}
