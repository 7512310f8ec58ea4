/*
 * ip_text.h: addresses as text.
 */
#ifndef SMTPTRAP_IP_TEXT_H
#define SMTPTRAP_IP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define IP_FORMAT_MAX 40 /* eight groups of four digits, and a NUL */

/* Write a 16-byte address: IPv4 (mapped, ::ffff:0:0/96) as a dotted quad, others as RFC 5952
 * says, and a NUL.  Returns the length without the NUL. */
size_t ip_format(const uint8_t ip[16], char text_r[IP_FORMAT_MAX]);

#endif
