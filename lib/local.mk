# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/buf.c lib/buf.h \
	lib/err.c lib/err.h \
	lib/frame.c lib/frame.h \
	lib/key_form.c lib/key_form.h \
	lib/key_msg.c lib/key_msg.h \
	lib/record.def lib/record.h \
	lib/tls_failure.def \
	lib/tls_tee.c lib/tls_tee.h
