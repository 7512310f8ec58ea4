# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/buf.c lib/buf.h \
	lib/err.c lib/err.h \
	lib/frame.c lib/frame.h \
	lib/ip.c lib/ip.h \
	lib/mail_header.c lib/mail_header.h \
	lib/proxy.c lib/proxy.h \
	lib/record.def lib/record.h
