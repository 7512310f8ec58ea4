# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =
LIBS_NEEDED = $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(SECCOMP_LIBS) $(YAJL_LIBS)

UNIT_TESTS += t/unit/gzip_repair.t
t_unit_gzip_repair_t_SOURCES = t/unit/gzip_repair.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_repair_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/gzip_writer.t
t_unit_gzip_writer_t_SOURCES = t/unit/gzip_writer.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_writer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/id_set.t
t_unit_id_set_t_SOURCES = t/unit/id_set.c t/tap.h
t_unit_id_set_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/json_text.t
t_unit_json_text_t_SOURCES = t/unit/json_text.c t/tap.h
t_unit_json_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_dir.t
t_unit_log_dir_t_SOURCES = t/unit/log_dir.c t/tap.h
t_unit_log_dir_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_name.t
t_unit_log_name_t_SOURCES = t/unit/log_name.c t/tap.h
t_unit_log_name_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_read.t
t_unit_log_read_t_SOURCES = t/unit/log_read.c t/tap.h t/unit/gzip_files.h
t_unit_log_read_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_tail.t
t_unit_log_tail_t_SOURCES = t/unit/log_tail.c t/tap.h t/unit/gzip_files.h
t_unit_log_tail_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/mail_read.t
t_unit_mail_read_t_SOURCES = t/unit/mail_read.c t/tap.h t/unit/gzip_files.h
t_unit_mail_read_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/mbox.t
t_unit_mbox_t_SOURCES = t/unit/mbox.c t/tap.h
t_unit_mbox_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/record.t
t_unit_record_t_SOURCES = t/unit/record.c t/tap.h
t_unit_record_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/record_line.t
t_unit_record_line_t_SOURCES = t/unit/record_line.c t/tap.h
t_unit_record_line_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/term_text.t
t_unit_term_text_t_SOURCES = t/unit/term_text.c t/tap.h
t_unit_term_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/time_text.t
t_unit_time_text_t_SOURCES = t/unit/time_text.c t/tap.h
t_unit_time_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/uuid.t
t_unit_uuid_t_SOURCES = t/unit/uuid.c t/tap.h
t_unit_uuid_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

# Programs that tests use.
check_PROGRAMS += t/tools/logwrite
t_tools_logwrite_SOURCES = t/tools/logwrite.c
t_tools_logwrite_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)
