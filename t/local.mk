# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =
LIBS_NEEDED = $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(SECCOMP_LIBS) $(YAJL_LIBS)

UNIT_TESTS += t/unit/arena.t
t_unit_arena_t_SOURCES = t/unit/arena.c t/tap.h
t_unit_arena_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/conf.t
t_unit_conf_t_SOURCES = t/unit/conf.c t/tap.h t/unit/conf_files.h
t_unit_conf_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/conf_doc.t
t_unit_conf_doc_t_SOURCES = t/unit/conf_doc.c t/tap.h t/unit/conf_files.h
t_unit_conf_doc_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/conf_number.t
t_unit_conf_number_t_SOURCES = t/unit/conf_number.c t/tap.h
t_unit_conf_number_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/conf_suggest.t
t_unit_conf_suggest_t_SOURCES = t/unit/conf_suggest.c t/tap.h
t_unit_conf_suggest_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/conf_tree.t
t_unit_conf_tree_t_SOURCES = t/unit/conf_tree.c t/tap.h t/unit/conf_files.h
t_unit_conf_tree_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/ip.t
t_unit_ip_t_SOURCES = t/unit/ip.c t/tap.h
t_unit_ip_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/mail_header.t
t_unit_mail_header_t_SOURCES = t/unit/mail_header.c t/tap.h
t_unit_mail_header_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/proxy.t
t_unit_proxy_t_SOURCES = t/unit/proxy.c t/tap.h
t_unit_proxy_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS) $(FUZZ_TESTS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)

# The SMTP machine.
UNIT_TESTS += t/unit/base64.t t/unit/data.t t/unit/line.t t/unit/params.t t/unit/path.t
t_unit_base64_t_SOURCES = t/unit/base64.c t/tap.h
t_unit_data_t_SOURCES = t/unit/data.c t/tap.h
t_unit_line_t_SOURCES = t/unit/line.c t/tap.h
t_unit_params_t_SOURCES = t/unit/params.c t/tap.h
t_unit_path_t_SOURCES = t/unit/path.c t/tap.h
t_unit_base64_t_LDADD = libsmtptrap.a
t_unit_data_t_LDADD = libsmtptrap.a
t_unit_line_t_LDADD = libsmtptrap.a
t_unit_params_t_LDADD = libsmtptrap.a
t_unit_path_t_LDADD = libsmtptrap.a

UNIT_TESTS += t/unit/smtp.t t/unit/smtp_matrix.t
t_unit_smtp_t_SOURCES = t/unit/smtp.c t/talk.h t/tap.h
t_unit_smtp_matrix_t_SOURCES = t/unit/smtp_matrix.c t/talk.h t/tap.h
t_unit_smtp_t_LDADD = libsmtptrap.a
t_unit_smtp_matrix_t_LDADD = libsmtptrap.a
EXTRA_DIST += t/golden/smtp-matrix.txt

# Fuzz targets: FUZZ += name, for t/fuzz/fuzz_name.c and t/fuzz/corpus/name.  `make check` replays
# the corpus (t/fuzz/name.t); t/fuzz/run builds t/fuzz/fuzz_name with --enable-fuzzers.
FUZZ =
FUZZ += data
FUZZ += line
FUZZ += path

FUZZ_TESTS = $(FUZZ:%=t/fuzz/%.t)
FUZZ_TARGETS = $(FUZZ:%=t/fuzz/fuzz_%)
FUZZ_LIBS = libsmtptrap.a $(GNUTLS_LIBS) $(ZLIB_LIBS) $(LIBBSD_LIBS)
FUZZ_COMPILE = $(MKDIR_P) t/fuzz && $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) \
	$(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)

$(FUZZ_TESTS): t/fuzz/%.t: $(top_srcdir)/t/fuzz/fuzz_%.c $(top_srcdir)/t/fuzz/replay.c libsmtptrap.a
	$(AM_V_CCLD)$(FUZZ_COMPILE) -o $@ $(filter %.c,$^) $(FUZZ_LIBS)

$(FUZZ_TARGETS): t/fuzz/fuzz_%: $(top_srcdir)/t/fuzz/fuzz_%.c libsmtptrap.a
	$(AM_V_CCLD)$(FUZZ_COMPILE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(FUZZ_LIBS)

if FUZZERS
all-local: $(FUZZ_TARGETS)
endif
CLEANFILES += $(FUZZ_TESTS) $(FUZZ_TARGETS)
EXTRA_DIST += $(FUZZ:%=t/fuzz/fuzz_%.c) t/fuzz/corpus t/fuzz/replay.c t/fuzz/run
