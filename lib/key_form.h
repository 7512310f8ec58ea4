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

/* 64 spaces, "TLS 1.3, server CertificateVerify", a zero byte and a hash of hash_len 32 or 48
 * bytes: RFC 8446, 4.4.3. */
bool key_form_tls13(const uint8_t *data, size_t len);

/* Two randoms of 32 bytes and ServerECDHParams (RFC 8422, 5.4: named curve) or ServerDHParams
 * (RFC 5246, 7.4.3), to the last byte. */
bool key_form_tls12(const uint8_t *data, size_t len);

#endif
