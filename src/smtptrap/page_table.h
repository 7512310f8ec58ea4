/*
 * page_table.h: a section of a report as a table of HTML.
 */
#ifndef SMTPTRAP_PAGE_TABLE_H
#define SMTPTRAP_PAGE_TABLE_H

#include <stdio.h>

#include "report_result.h"

void page_table(const struct result *r, const struct result_section *s, FILE *to);

#endif
