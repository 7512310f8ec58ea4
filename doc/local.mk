# doc/: manual pages and PROCESSES.md.
dist_man_MANS += doc/smtptrapd.8
dist_doc_DATA = README.md doc/PROCESSES.md
