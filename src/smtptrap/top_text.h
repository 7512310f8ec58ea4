/*
 * top_text.h: text of unknown origin in so many columns of a terminal.
 */
#ifndef SMTPTRAP_TOP_TEXT_H
#define SMTPTRAP_TOP_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/*
 * Write at most so many columns of the text to out, which has room for `cap` characters and a
 * NUL: made safe as by term_put(), and whatever the locale cannot show, or a terminal draws over
 * the character before, as '?'.  The bytes are taken for UTF-8; in a locale with another character
 * set only ASCII is shown.  Returns the columns used.
 */
size_t top_text(wchar_t *out, size_t cap, const uint8_t *bytes, size_t len, size_t columns);

#endif
