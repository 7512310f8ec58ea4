# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/board.c lib/board.h \
	lib/base64.c lib/base64.h \
	lib/buf.c lib/buf.h \
	lib/data.c lib/data.h \
	lib/err.c lib/err.h \
	lib/frame.c lib/frame.h \
	lib/line.c lib/line.h \
	lib/oddity.c lib/oddity.def lib/oddity.h \
	lib/params.c lib/params.h \
	lib/path.c lib/path.h \
	lib/record.def lib/record.h \
	lib/smtp.c lib/smtp.h lib/smtp_int.h \
	lib/smtp_auth.c \
	lib/smtp_mail.c \
	lib/smtp_reply.c lib/smtp_reply.def \
	lib/smtp_verbs.c \
	lib/span.h
