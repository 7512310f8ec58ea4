/*
 * gzip_isal.h: inflate with ISA-L, where it was there when this was built (HAVE_ISAL).
 */
#ifndef SMTPTRAP_GZIP_ISAL_H
#define SMTPTRAP_GZIP_ISAL_H

#include "config.h"
#include "gzip_reader.h"

#ifdef HAVE_ISAL
extern const struct gzip_engine gzip_isal; /* for gzip_reader_use() */
#endif

#endif
