# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/board.c lib/board.h \
	lib/buf.c lib/buf.h \
	lib/err.c lib/err.h \
	lib/frame.c lib/frame.h \
	lib/record.def lib/record.h
