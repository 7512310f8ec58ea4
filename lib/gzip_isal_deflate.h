/*
 * gzip_isal_deflate.h: deflate with ISA-L, where it was there when this was built (HAVE_ISAL).
 */
#ifndef SMTPTRAP_GZIP_ISAL_DEFLATE_H
#define SMTPTRAP_GZIP_ISAL_DEFLATE_H

#include "config.h"
#include "gzip_writer.h"

/* The highest of zlib's levels that it stands in for: what it makes of a trap's files is smaller than what
 * zlib makes at level 1, and as much as 3 % larger than at 3. */
#define GZIP_ISAL_LEVEL_MAX 3

#ifdef HAVE_ISAL
extern const struct gzip_deflater gzip_isal_deflater; /* for gzip_writer_use() */
#endif

#endif
