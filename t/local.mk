# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =

UNIT_TESTS += t/unit/key_form.t
t_unit_key_form_t_SOURCES = t/unit/key_form.c t/tap.h
t_unit_key_form_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/key_msg.t
t_unit_key_msg_t_SOURCES = t/unit/key_msg.c t/tap.h
t_unit_key_msg_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

UNIT_TESTS += t/unit/tee.t
t_unit_tee_t_SOURCES = t/unit/tee.c t/tap.h
t_unit_tee_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)
