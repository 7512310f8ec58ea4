# etc/: the sample configuration, which is also the one that is installed.
EXTRA_DIST += etc/smtptrap.conf
smtptrapconfdir = $(sysconfdir)/smtptrap

# What an administrator has changed stays.
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(smtptrapconfdir)"
	test -e "$(DESTDIR)$(smtptrapconfdir)/smtptrap.conf" || \
		$(INSTALL_DATA) $(srcdir)/etc/smtptrap.conf "$(DESTDIR)$(smtptrapconfdir)/smtptrap.conf"

uninstall-local:
	if cmp -s $(srcdir)/etc/smtptrap.conf "$(DESTDIR)$(smtptrapconfdir)/smtptrap.conf"; then \
		rm -f "$(DESTDIR)$(smtptrapconfdir)/smtptrap.conf"; fi
	rmdir "$(DESTDIR)$(smtptrapconfdir)" 2>/dev/null || :
