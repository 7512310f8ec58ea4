# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/arena.c lib/arena.h \
	lib/buf.c lib/buf.h \
	lib/conf.c lib/conf.h \
	lib/conf_block.c lib/conf_block.h \
	lib/conf_error.c lib/conf_error.h \
	lib/conf_file.c \
	lib/conf_gram.y \
	lib/conf_lex.l \
	lib/conf_number.c lib/conf_number.h \
	lib/conf_parse.h \
	lib/conf_schema.c lib/conf_schema.h \
	lib/conf_suggest.c lib/conf_suggest.h \
	lib/conf_tree.c lib/conf_tree.h \
	lib/conf_value.c lib/conf_value.h \
	lib/err.c lib/err.h \
	lib/frame.c lib/frame.h \
	lib/ip.c lib/ip.h \
	lib/mail_header.c lib/mail_header.h \
	lib/proxy.c lib/proxy.h \
	lib/record.def lib/record.h

# The scanner includes what the grammar writes.
BUILT_SOURCES += lib/conf_gram.h
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
