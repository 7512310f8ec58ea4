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

/* RFC 8446, 4.4.3; sizeof counts the zero byte that is part of it. */
static const char context[] = "TLS 1.3, server CertificateVerify";

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
