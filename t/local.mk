# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =
check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir)
