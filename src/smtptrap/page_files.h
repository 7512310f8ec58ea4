/*
 * page_files.h: the files of src/smtptrap/page, as embed.c makes arrays of them.
 */
#ifndef SMTPTRAP_PAGE_FILES_H
#define SMTPTRAP_PAGE_FILES_H

#include <stddef.h>

extern const char page_css[], page_js[];
extern const size_t page_css_len, page_js_len;

#endif
