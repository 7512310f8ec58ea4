/*
 * params.h: the ESMTP parameters of MAIL and RCPT, RFC 5321 4.1.2 and the extensions' RFCs.
 */
#ifndef SMTPTRAP_PARAMS_H
#define SMTPTRAP_PARAMS_H

#include "oddity.h"
#include "span.h"

/* The extensions of the EHLO reply; bits of a mask. */
enum smtp_extension {
	EXT_PIPELINING = 1 << 0,          /* RFC 2920 */
	EXT_SIZE = 1 << 1,                /* RFC 1870 */
	EXT_8BITMIME = 1 << 2,            /* RFC 6152 */
	EXT_SMTPUTF8 = 1 << 3,            /* RFC 6531; needs 8BITMIME */
	EXT_CHUNKING = 1 << 4,            /* RFC 3030 */
	EXT_BINARYMIME = 1 << 5,          /* RFC 3030; needs CHUNKING and 8BITMIME */
	EXT_ENHANCEDSTATUSCODES = 1 << 6, /* RFC 2034 */
	EXT_DSN = 1 << 7,                 /* RFC 3461 */
	EXT_STARTTLS = 1 << 8,            /* RFC 3207 */
	EXT_AUTH = 1 << 9,                /* RFC 4954 */
	EXT_ALL = (1 << 10) - 1
};

enum param {
	PARAM_SIZE,
	PARAM_BODY,
	PARAM_SMTPUTF8,
	PARAM_AUTH,
	PARAM_RET,
	PARAM_ENVID,
	PARAM_NOTIFY,
	PARAM_ORCPT,
	PARAM_COUNT
};

enum param_body { BODY_NONE, BODY_7BIT, BODY_8BITMIME, BODY_BINARYMIME };
enum param_ret { RET_NONE, RET_FULL, RET_HDRS };
enum param_notify { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
enum params_of { PARAMS_OF_MAIL = 1, PARAMS_OF_RCPT = 2 };

struct params {
	uint32_t seen; /* 1 << PARAM_x for each that was there and is good */
	uint64_t size; /* SIZE=, bytes */
	enum param_body body;
	enum param_ret ret;
	unsigned notify;   /* enum param_notify bits */
	struct span auth;  /* AUTH=, still xtext; "<>" if so sent */
	struct span envid; /* ENVID=, still xtext */
	struct span orcpt; /* ORCPT=, address type and xtext */
	uint64_t oddities; /* UNKNOWN_PARAMETER, DUPLICATE_PARAMETER, BAD_PARAMETER */
};

/*
 * Parse the parameters `in` (separated by spaces) of the command `of`; those that belong to none
 * of the `offered` extensions (EXT_ bits) are unknown.  Spans in *params_r point into `in`.
 */
void params_parse(struct span in, enum params_of of, unsigned offered, struct params *params_r);

#endif
