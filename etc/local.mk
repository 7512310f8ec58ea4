# etc/: the sample configuration.
EXTRA_DIST += etc/smtptrap.conf

# Installed where there is none yet, and removed if it is as it came.
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)/smtptrap"
	test -e "$(DESTDIR)$(sysconfdir)/smtptrap/smtptrap.conf" || \
		$(INSTALL_DATA) $(top_srcdir)/etc/smtptrap.conf "$(DESTDIR)$(sysconfdir)/smtptrap"

uninstall-local:
	! cmp -s $(top_srcdir)/etc/smtptrap.conf "$(DESTDIR)$(sysconfdir)/smtptrap/smtptrap.conf" || \
		rm -f "$(DESTDIR)$(sysconfdir)/smtptrap/smtptrap.conf"
