/*
 * dialect_form.h: the form of one command line: the line without its content.
 */
#ifndef SMTPTRAP_DIALECT_FORM_H
#define SMTPTRAP_DIALECT_FORM_H

#include "buf.h"
#include "line.h"

enum dialect_kind { DIALECT_OTHER, DIALECT_AUTH, DIALECT_RCPT, DIALECT_DATA, DIALECT_EXTRA };

/* Append the form of the line; returns what the line is to the dialect: DIALECT_AUTH, _RCPT,
 * _DATA (DATA and BDAT), _EXTRA (STARTTLS and QUIT), or _OTHER. */
enum dialect_kind dialect_form_put(const struct line *line, struct buf *to);

/* Append the form of a response to AUTH. */
void dialect_form_response(const struct line *line, struct buf *to);

#endif
