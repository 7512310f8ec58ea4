/*
 * key_form.h: is this what a TLS server signs?
 *
 * The key holder signs for workers that may have been taken over; it signs nothing that has not
 * the form of a handshake's signature.
 */
#ifndef SMTPTRAP_KEY_FORM_H
#define SMTPTRAP_KEY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What PKCS #1 signs (RFC 8017, 9.2): DigestInfo in DER with MD5, SHA-1 or one of SHA-2 and its
 * digest; or the 36 bytes of MD5 and SHA-1 side by side of TLS 1.0 and 1.1 (RFC 4346, 7.4.3). */
bool key_form_pkcs1(const uint8_t *data, size_t len);

/* 64 spaces, "TLS 1.3, server CertificateVerify", a zero byte and a hash of hash_len 32 or 48
 * bytes: RFC 8446, 4.4.3. */
bool key_form_tls13(const uint8_t *data, size_t len);

/* Two randoms of 32 bytes and ServerECDHParams (RFC 8422, 5.4: named curve) or ServerDHParams
 * (RFC 5246, 7.4.3), to the last byte. */
bool key_form_tls12(const uint8_t *data, size_t len);

#endif
