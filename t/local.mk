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

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)
