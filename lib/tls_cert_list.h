/*
 * tls_cert_list.h: find the certificates in a TLS Certificate message.
 */
#ifndef SMTPTRAP_TLS_CERT_LIST_H
#define SMTPTRAP_TLS_CERT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read the body (behind its header of 4 bytes) of a Certificate message: RFC 5246, 7.4.2, or with
 * tls13 RFC 8446, 4.4.2.  Returns how many certificates stand there whole, whatever is wrong
 * behind them, and sets *first_r (into body) and *first_len_r if there is one.
 */
unsigned tls_cert_list(const uint8_t *body, size_t len, bool tls13, const uint8_t **first_r,
		       size_t *first_len_r);

#endif
