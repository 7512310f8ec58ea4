/*
 * html.h: text in HTML.
 */
#ifndef SMTPTRAP_HTML_H
#define SMTPTRAP_HTML_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Print bytes of unknown origin as text, for elements and for attributes in double quotes: what is
 * invisible, turns the direction of text or is no UTF-8 is shown as term_put() does, and nothing of
 * it is markup.
 */
void html_put(FILE *to, const void *bytes, size_t len);
void html_put_str(FILE *to, const char *text);

/* The same for what is to be copied exactly: a backslash stays one. */
void html_put_exact(FILE *to, const void *bytes, size_t len);

/* As html_put(), but at most so many characters, and an ellipsis for the rest. */
void html_put_cut(FILE *to, const void *bytes, size_t len, size_t characters);

/* A number for people, in groups of three. */
void html_put_number(FILE *to, uint64_t n);

#endif
