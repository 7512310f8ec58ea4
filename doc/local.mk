# doc/: manual pages and PROCESSES.md.
dist_man_MANS += doc/smtptrap-export.1
dist_man_MANS += doc/smtptrap-metrics.1
dist_man_MANS += doc/smtptrap-report.1
dist_man_MANS += doc/smtptrap-rules.5
dist_man_MANS += doc/smtptrap.1
dist_man_MANS += doc/smtptrap.conf.5
dist_man_MANS += doc/smtptrapd.8
EXTRA_DIST += doc/smtptrap-ship.8
if SHIP
dist_man_MANS += doc/smtptrap-ship.8
endif

# The page of records is made of its text and the tables of the sources.
noinst_PROGRAMS += doc/records_table
doc_records_table_SOURCES = doc/records_table.c
doc_records_table_LDADD = libsmtptrap.a
nodist_man_MANS = doc/smtptrap-records.5
EXTRA_DIST += doc/smtptrap-records.5.in
CLEANFILES += doc/smtptrap-records.5

doc/smtptrap-records.5: $(srcdir)/doc/smtptrap-records.5.in doc/records_table$(EXEEXT)
	$(AM_V_GEN)doc/records_table <$(srcdir)/doc/smtptrap-records.5.in >$@.tmp && mv $@.tmp $@

dist_doc_DATA = README.md doc/PROCESSES.md
dist_doc_DATA += doc/DIALECT.md
dist_doc_DATA += doc/FLEET.md
dist_doc_DATA += doc/OPERATING.md
dist_doc_DATA += doc/RULES-PARITY.md

# Queries for other tools, each run by t/proc/analysis.t.
analysisdir = $(docdir)/analysis
dist_analysis_DATA =
dist_analysis_DATA += doc/analysis/README.md
dist_analysis_DATA += doc/analysis/clickhouse.sql
dist_analysis_DATA += doc/analysis/duckdb.sql
dist_analysis_DATA += doc/analysis/smtptrap.jq
dist_analysis_DATA += doc/analysis/zeek.sql
