# lib/: what has no process.  One static library.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES = \
	lib/board.c lib/board.h \
	lib/base64.c lib/base64.h \
	lib/buf.c lib/buf.h \
	lib/data.c lib/data.h \
	lib/err.c lib/err.h \
	lib/file_io.c lib/file_io.h \
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
	lib/gzip_reader.c lib/gzip_reader.h \
	lib/gzip_repair.c lib/gzip_repair.h \
	lib/gzip_scan.c \
	lib/gzip_writer.c lib/gzip_writer.h \
	lib/ip_text.c lib/ip_text.h \
	lib/json_text.c lib/json_text.h \
	lib/log_name.c lib/log_name.h \
	lib/log_tail.c lib/log_tail.h \
	lib/mbox.c lib/mbox.h \
	lib/record.def lib/record.h \
	lib/record_json.c \
	lib/record_put.c \
	lib/record_table.c \
	lib/record_wire.c lib/record_wire.h \
	lib/time_text.c lib/time_text.h \
	lib/uuid.c lib/uuid.h
