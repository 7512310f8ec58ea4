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
	lib/tls_cert_list.c lib/tls_cert_list.h \
	lib/tls_failure.def \
	lib/tls_tee.c lib/tls_tee.h \
	lib/uuid.c lib/uuid.h

# The scanner includes what the grammar writes.
BUILT_SOURCES += lib/conf_gram.h
