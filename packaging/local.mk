# packaging/: Debian package, systemd units, AppArmor profile, quickstart.
pkglibexec_SCRIPTS = packaging/make-certificates

UNITS = packaging/systemd/smtptrapd.service packaging/systemd/smtptrap-metrics@.service \
	packaging/systemd/smtptrap-ship.service
$(UNITS): packaging/systemd/%: packaging/systemd/%.in Makefile
	@$(MKDIR_P) packaging/systemd
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' "$<" >$@.tmp && \
		mv $@.tmp $@
CLEANFILES += $(UNITS)

if HAVE_SYSTEMD_UNITS
nodist_systemdsystemunit_DATA = packaging/systemd/smtptrapd.service
nodist_systemdsystemunit_DATA += packaging/systemd/smtptrap-metrics@.service
if SHIP
nodist_systemdsystemunit_DATA += packaging/systemd/smtptrap-ship.service
endif
dist_systemdsystemunit_DATA = packaging/systemd/smtptrapd.socket
dist_systemdsystemunit_DATA += packaging/systemd/smtptrap-metrics.socket
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = packaging/sysusers.d/smtptrap.conf
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_tmpfiles_DATA = packaging/tmpfiles.d/smtptrap.conf
endif

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/bash-completion/smtptrap

if HAVE_APPARMOR
dist_apparmor_DATA = packaging/apparmor/usr.sbin.smtptrapd
endif

DEBIAN_FILES = \
	packaging/debian/README.Debian \
	packaging/debian/changelog \
	packaging/debian/control \
	packaging/debian/copyright \
	packaging/debian/rules \
	packaging/debian/smtptrap-ship.install \
	packaging/debian/smtptrap-ship.lintian-overrides \
	packaging/debian/smtptrap-ship.postrm \
	packaging/debian/smtptrap.install \
	packaging/debian/smtptrap.lintian-overrides \
	packaging/debian/smtptrap.postinst \
	packaging/debian/smtptrap.postrm \
	packaging/debian/source/format \
	packaging/debian/tests/control \
	packaging/debian/tests/smoke

# The recipe of smtptrap-gnutls-ssl3.
SSL3_FILES = \
	packaging/gnutls-ssl3/build \
	packaging/gnutls-ssl3/debian/README.Debian \
	packaging/gnutls-ssl3/debian/control \
	packaging/gnutls-ssl3/debian/copyright \
	packaging/gnutls-ssl3/debian/install \
	packaging/gnutls-ssl3/debian/not-installed \
	packaging/gnutls-ssl3/debian/rules \
	packaging/gnutls-ssl3/debian/source/format

EXTRA_DIST += $(DEBIAN_FILES) $(SSL3_FILES) \
	.clang-tidy \
	packaging/apparmor/usr.sbin.smtptrapd \
	packaging/cppcheck.cfg \
	packaging/deps \
	packaging/lint \
	packaging/make-certificates \
	packaging/quickstart \
	$(UNITS:=.in) \
	packaging/systemd/smtptrap-metrics.socket \
	packaging/systemd/smtptrapd.socket \
	packaging/sysusers.d/smtptrap.conf \
	packaging/test \
	packaging/tmpfiles.d/smtptrap.conf

# The package from the release tarball, as a distribution would build it: everything in deb/.
deb: dist-xz
	rm -rf deb
	$(MKDIR_P) deb
	cp $(distdir).tar.xz deb/$(PACKAGE)_$(VERSION).orig.tar.xz
	cd deb && tar -xf $(PACKAGE)_$(VERSION).orig.tar.xz
	cp -R deb/$(distdir)/packaging/debian deb/$(distdir)/debian
	cd deb/$(distdir) && dpkg-buildpackage -us -uc
	@ls -l deb/*.deb

# GnuTLS with SSL 3.0 as a package of its own, in gnutls-ssl3/.  Takes minutes.
gnutls-ssl3-deb:
	$(srcdir)/packaging/gnutls-ssl3/build gnutls-ssl3

# What reads the tree without running it; each of these has to be silent.
lint:
	$(srcdir)/packaging/lint --build "$(abs_builddir)"

format:
	cd $(srcdir) && clang-format -i lib/*.[ch] src/*.[ch] src/*/*.[ch] t/*.h t/unit/*.[ch] t/fuzz/*.c

# What packaging/test runs beside the programs that are installed.
test-programs: $(check_PROGRAMS) $(FUZZ_TESTS)

clean-local:
	rm -rf deb gnutls-ssl3

.PHONY: deb format gnutls-ssl3-deb lint test-programs
