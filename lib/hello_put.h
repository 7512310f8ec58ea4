/*
 * hello_put.h: a ClientHello and its fingerprints as fields of a record.
 */
#ifndef SMTPTRAP_HELLO_PUT_H
#define SMTPTRAP_HELLO_PUT_H

#include "buf.h"
#include "client_hello.h"
#include "ja3.h"
#include "ja4.h"
#include "record.h"

#define HELLO_LIST_MAX 1024    /* bytes of a list in a record: 512 cipher suites */
#define HELLO_NAMES_MAX 64     /* names beside a list: one in 25 known clients has more suites */
#define HELLO_ELEMENTS_MAX 32  /* versions and protocols of ALPN */
#define HELLO_STRING_MAX 4096  /* of ja3_string and ja4_r: some 600 cipher suites */
#define HELLO_FIELDS_MAX 32768 /* bytes that hello_put() needs at most */

/* How much of a hello a record has; each has what the one before has. */
enum hello_detail {
	HELLO_DETAIL_NONE,
	HELLO_DETAIL_FINGERPRINT, /* kind, form, faults, versions, signs, JA3 and JA4 */
	HELLO_DETAIL_LISTS, /* the lists in hexadecimal, ALPN, and what the prints are made of */
	HELLO_DETAIL_FULL   /* names beside the lists */
};

/* Memory for the texts of the fingerprints, touched only where used. */
struct hello_scratch {
	struct ja4_values values;
	uint8_t text[JA3_STRING_MAX + JA4_RAW_MAX];
};

/* The fingerprints of a hello; none of one that is not whole or has SSLv2's form. */
struct hello_prints {
	bool has_ja3, has_ja4;
	uint8_t ja3[DIGEST_MD5];
	char ja4[JA4_TEXT];
	struct span ja3_string, ja4_r; /* in the scratch memory */
};

/* Make the fingerprints; scratch is the caller's and lives as long as *p. */
void hello_prints_make(struct hello_prints *p, const struct client_hello *h,
		       struct hello_scratch *scratch);

/* Append the fields hello_*, ja3* and ja4* that a record of this type has, without those that
 * tls_info_put() writes.  A list beyond its limit is cut and hello_lists_cut says so. */
void hello_put(const struct client_hello *h, const struct hello_prints *p, enum record_type type,
	       enum hello_detail detail, struct buf *to);

#endif
