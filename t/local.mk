# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =
LIBS_NEEDED = $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(SECCOMP_LIBS) $(YAJL_LIBS)

UNIT_TESTS += t/unit/key_form.t
t_unit_key_form_t_SOURCES = t/unit/key_form.c t/tap.h
t_unit_key_form_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/key_msg.t
t_unit_key_msg_t_SOURCES = t/unit/key_msg.c t/tap.h
t_unit_key_msg_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tee.t
t_unit_tee_t_SOURCES = t/unit/tee.c t/tap.h
t_unit_tee_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tls_cert_list.t
t_unit_tls_cert_list_t_SOURCES = t/unit/tls_cert_list.c t/tap.h
t_unit_tls_cert_list_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

TLS_LAB = t/tap.h t/lib-c/tls_lab.c t/lib-c/tls_lab.h t/lib-c/tls_raw.c t/lib-c/tls_raw.h \
	$(TLS_SOURCES) src/log.c src/log.h

UNIT_TESTS += t/unit/tls_engine.t
t_unit_tls_engine_t_SOURCES = t/unit/tls_engine.c $(TLS_LAB)
t_unit_tls_engine_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tls_failures.t
t_unit_tls_failures_t_SOURCES = t/unit/tls_failures.c $(TLS_LAB)
t_unit_tls_failures_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tls_info.t
t_unit_tls_info_t_SOURCES = t/unit/tls_info.c t/tap.h $(TLS_SOURCES) src/log.c src/log.h
t_unit_tls_info_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tls_keys.t
t_unit_tls_keys_t_SOURCES = t/unit/tls_keys.c $(TLS_LAB)
t_unit_tls_keys_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/gzip_repair.t
t_unit_gzip_repair_t_SOURCES = t/unit/gzip_repair.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_repair_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/gzip_writer.t
t_unit_gzip_writer_t_SOURCES = t/unit/gzip_writer.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_writer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/json_text.t
t_unit_json_text_t_SOURCES = t/unit/json_text.c t/tap.h
t_unit_json_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_name.t
t_unit_log_name_t_SOURCES = t/unit/log_name.c t/tap.h
t_unit_log_name_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/log_tail.t
t_unit_log_tail_t_SOURCES = t/unit/log_tail.c t/tap.h t/unit/gzip_files.h
t_unit_log_tail_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/mbox.t
t_unit_mbox_t_SOURCES = t/unit/mbox.c t/tap.h
t_unit_mbox_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/record.t
t_unit_record_t_SOURCES = t/unit/record.c t/tap.h
t_unit_record_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/time_text.t
t_unit_time_text_t_SOURCES = t/unit/time_text.c t/tap.h
t_unit_time_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/uuid.t
t_unit_uuid_t_SOURCES = t/unit/uuid.c t/tap.h
t_unit_uuid_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)
