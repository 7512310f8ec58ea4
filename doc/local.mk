# doc/: manual pages and PROCESSES.md.
dist_man_MANS += doc/smtptrap.conf.5
