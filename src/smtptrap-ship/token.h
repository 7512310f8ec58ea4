/*
 * token.h: names as tokens of subjects and of streams: letters, digits, - and _.
 */
#ifndef SMTPTRAP_SHIP_TOKEN_H
#define SMTPTRAP_SHIP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define SHIP_TOKEN_MAX 63 /* bytes of a token */

/* May the text be a token? */
bool ship_is_token(const char *text);

/* The byte, or - where a token cannot have it. */
char ship_token_byte(char c);

/* The first SHIP_TOKEN_MAX bytes of a name as a token; "" of no bytes. */
void ship_token_make(char token_r[SHIP_TOKEN_MAX + 1], const char *name, size_t len);

#endif
