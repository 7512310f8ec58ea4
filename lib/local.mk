# lib/: what has no process.  One static library; a line a module, in order.
noinst_LIBRARIES += libsmtptrap.a
libsmtptrap_a_SOURCES =
libsmtptrap_a_SOURCES += lib/arena.c lib/arena.h
libsmtptrap_a_SOURCES += lib/base64.c lib/base64.h
libsmtptrap_a_SOURCES += lib/board.c lib/board.h
libsmtptrap_a_SOURCES += lib/buf.c lib/buf.h
libsmtptrap_a_SOURCES += lib/conf.c lib/conf.h
libsmtptrap_a_SOURCES += lib/conf_block.c lib/conf_block.h
libsmtptrap_a_SOURCES += lib/conf_error.c lib/conf_error.h
libsmtptrap_a_SOURCES += lib/conf_file.c
libsmtptrap_a_SOURCES += lib/conf_gram.y
libsmtptrap_a_SOURCES += lib/conf_lex.l
libsmtptrap_a_SOURCES += lib/conf_number.c lib/conf_number.h
libsmtptrap_a_SOURCES += lib/conf_parse.h
libsmtptrap_a_SOURCES += lib/conf_schema.c lib/conf_schema.h
libsmtptrap_a_SOURCES += lib/conf_suggest.c lib/conf_suggest.h
libsmtptrap_a_SOURCES += lib/conf_tree.c lib/conf_tree.h
libsmtptrap_a_SOURCES += lib/conf_value.c lib/conf_value.h
libsmtptrap_a_SOURCES += lib/data.c lib/data.h
libsmtptrap_a_SOURCES += lib/digest.c lib/digest.h
libsmtptrap_a_SOURCES += lib/err.c lib/err.h
libsmtptrap_a_SOURCES += lib/file_io.c lib/file_io.h
libsmtptrap_a_SOURCES += lib/frame.c lib/frame.h
libsmtptrap_a_SOURCES += lib/gzip_reader.c lib/gzip_reader.h
libsmtptrap_a_SOURCES += lib/gzip_repair.c lib/gzip_repair.h
libsmtptrap_a_SOURCES += lib/gzip_scan.c
libsmtptrap_a_SOURCES += lib/gzip_writer.c lib/gzip_writer.h
libsmtptrap_a_SOURCES += lib/id_set.c lib/id_set.h
libsmtptrap_a_SOURCES += lib/ip.c lib/ip.h
libsmtptrap_a_SOURCES += lib/json_text.c lib/json_text.h
libsmtptrap_a_SOURCES += lib/key_form.c lib/key_form.h
libsmtptrap_a_SOURCES += lib/key_msg.c lib/key_msg.h
libsmtptrap_a_SOURCES += lib/line.c lib/line.h
libsmtptrap_a_SOURCES += lib/log_dir.c lib/log_dir.h
libsmtptrap_a_SOURCES += lib/log_name.c lib/log_name.h
libsmtptrap_a_SOURCES += lib/log_read.c lib/log_read.h
libsmtptrap_a_SOURCES += lib/log_tail.c lib/log_tail.h
libsmtptrap_a_SOURCES += lib/mail_header.c lib/mail_header.h
libsmtptrap_a_SOURCES += lib/mail_read.c lib/mail_read.h
libsmtptrap_a_SOURCES += lib/mbox.c lib/mbox.h
libsmtptrap_a_SOURCES += lib/oddity.c lib/oddity.def lib/oddity.h
libsmtptrap_a_SOURCES += lib/params.c lib/params.h
libsmtptrap_a_SOURCES += lib/path.c lib/path.h
libsmtptrap_a_SOURCES += lib/proxy.c lib/proxy.h
libsmtptrap_a_SOURCES += lib/record.def lib/record.h
libsmtptrap_a_SOURCES += lib/record_json.c
libsmtptrap_a_SOURCES += lib/record_line.c lib/record_line.h
libsmtptrap_a_SOURCES += lib/record_put.c
libsmtptrap_a_SOURCES += lib/record_select.c lib/record_select.h
libsmtptrap_a_SOURCES += lib/record_table.c
libsmtptrap_a_SOURCES += lib/record_wire.c lib/record_wire.h
libsmtptrap_a_SOURCES += lib/smtp.c lib/smtp.h lib/smtp_int.h
libsmtptrap_a_SOURCES += lib/smtp_auth.c
libsmtptrap_a_SOURCES += lib/smtp_mail.c
libsmtptrap_a_SOURCES += lib/smtp_reply.c lib/smtp_reply.def
libsmtptrap_a_SOURCES += lib/smtp_verbs.c
libsmtptrap_a_SOURCES += lib/span.h
libsmtptrap_a_SOURCES += lib/status_msg.h
libsmtptrap_a_SOURCES += lib/time_text.c lib/time_text.h
libsmtptrap_a_SOURCES += lib/tls_failure.def
libsmtptrap_a_SOURCES += lib/tls_tee.c lib/tls_tee.h
libsmtptrap_a_SOURCES += lib/uuid.c lib/uuid.h
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
	lib/file_io.c lib/file_io.h \
	lib/frame.c lib/frame.h \
	lib/gzip_reader.c lib/gzip_reader.h \
	lib/gzip_repair.c lib/gzip_repair.h \
	lib/gzip_scan.c \
	lib/gzip_writer.c lib/gzip_writer.h \
	lib/id_set.c lib/id_set.h \
	lib/ip.c lib/ip.h \
	lib/json_text.c lib/json_text.h \
	lib/key_form.c lib/key_form.h \
	lib/key_msg.c lib/key_msg.h \
	lib/log_dir.c lib/log_dir.h \
	lib/log_name.c lib/log_name.h \
	lib/log_read.c lib/log_read.h \
	lib/log_tail.c lib/log_tail.h \
	lib/mail_header.c lib/mail_header.h \
	lib/mail_read.c lib/mail_read.h \
	lib/mbox.c lib/mbox.h \
	lib/proxy.c lib/proxy.h \
	lib/record.def lib/record.h \
	lib/record_json.c \
	lib/record_line.c lib/record_line.h \
	lib/record_put.c \
	lib/record_select.c lib/record_select.h \
	lib/record_table.c \
	lib/record_wire.c lib/record_wire.h \
	lib/time_text.c lib/time_text.h \
	lib/tls_failure.def \
	lib/tls_tee.c lib/tls_tee.h \
	lib/uuid.c lib/uuid.h

# The scanner includes what the grammar writes.
BUILT_SOURCES += lib/conf_gram.h
