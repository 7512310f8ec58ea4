# etc/: the sample configuration and rules, which are also those that are installed.
SAMPLES = smtptrap.conf rules.conf
EXTRA_DIST += $(SAMPLES:%=etc/%) etc/ship.conf
if SHIP
SAMPLES += ship.conf
endif
smtptrapconfdir = $(sysconfdir)/smtptrap

# What an administrator has changed stays.
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(smtptrapconfdir)"
	for file in $(SAMPLES); do \
		test -e "$(DESTDIR)$(smtptrapconfdir)/$$file" || \
			$(INSTALL_DATA) $(srcdir)/etc/$$file "$(DESTDIR)$(smtptrapconfdir)/$$file" || \
			exit 1; done

uninstall-local:
	for file in $(SAMPLES); do \
		if cmp -s $(srcdir)/etc/$$file "$(DESTDIR)$(smtptrapconfdir)/$$file"; then \
			rm -f "$(DESTDIR)$(smtptrapconfdir)/$$file"; fi; done
	rmdir "$(DESTDIR)$(smtptrapconfdir)" 2>/dev/null || :
