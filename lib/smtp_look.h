/*
 * smtp_look.h: presets of replies: the SMTP machine in the words of another mail server.
 */
#ifndef SMTPTRAP_SMTP_LOOK_H
#define SMTPTRAP_SMTP_LOOK_H

#include <stddef.h>
#include <stdint.h>

/* Whose words; the trap's own by default. */
enum smtp_look {
	SMTP_LOOK_NONE,
	SMTP_LOOK_POSTFIX,
	SMTP_LOOK_EXIM,
	SMTP_LOOK_SENDMAIL,
	SMTP_LOOK_EXCHANGE,
	SMTP_LOOK_COUNT
};

/* The lines of EHLO's reply behind the first.  From SMTP_EHLO_VRFY on nothing but the line itself
 * comes of them. */
enum smtp_ehlo_line {
	SMTP_EHLO_SIZE,
	SMTP_EHLO_PIPELINING,
	SMTP_EHLO_8BITMIME,
	SMTP_EHLO_SMTPUTF8,
	SMTP_EHLO_CHUNKING,
	SMTP_EHLO_ENHANCEDSTATUSCODES,
	SMTP_EHLO_DSN,
	SMTP_EHLO_STARTTLS,
	SMTP_EHLO_AUTH,
	SMTP_EHLO_BINARYMIME,
	SMTP_EHLO_VRFY,
	SMTP_EHLO_EXPN,
	SMTP_EHLO_ETRN,
	SMTP_EHLO_HELP,
	SMTP_EHLO_DELIVERBY,
	SMTP_EHLO_COUNT
};

/* Lines in their order. */
struct smtp_ehlo {
	const uint8_t *line; /* enum smtp_ehlo_line */
	size_t count;
};

/* What the server of this look says; for SMTP_LOOK_NONE the trap's own order.  Static. */
const struct smtp_ehlo *smtp_look_ehlo(enum smtp_look look);

/* The bits of enum smtp_extension that these lines announce. */
unsigned smtp_ehlo_extensions(const struct smtp_ehlo *ehlo);

#endif
