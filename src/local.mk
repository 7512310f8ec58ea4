# src/: the programs.

# The TLS engine of a worker, the key holder, and what the master does for both.
TLS_SOURCES = \
	src/fd_pass.c src/fd_pass.h \
	src/heap_fill.c src/heap_fill.h \
	src/key_store.c src/key_store.h \
	src/keyholder.c src/keyholder.h \
	src/keyholder_give.c \
	src/tls.c src/tls.h src/tls_internal.h \
	src/tls_client_cert.c \
	src/tls_failure.c \
	src/tls_info.c \
	src/tls_key_client.c src/tls_key_client.h \
	src/tls_mend.c src/tls_mend.h \
	src/tls_mend_trial.c \
	src/tls_names.c \
	src/tls_pairs.c \
	src/tls_priority.c src/tls_priority.h \
	src/tls_served.c \
	src/tls_setup.c \
	src/tls_shared.c \
	src/tls_sni.c \
	src/tls_transport.c

sbin_PROGRAMS += smtptrapd
smtptrapd_SOURCES = $(TLS_SOURCES)
smtptrapd_SOURCES += src/check.c src/check.h
smtptrapd_SOURCES += src/dialer.c src/dialer.h
smtptrapd_SOURCES += src/listen.c src/listen.h
smtptrapd_SOURCES += src/log.c src/log.h
smtptrapd_SOURCES += src/logger.c src/logger.h
smtptrapd_SOURCES += src/logger_dir.c src/logger_dir.h
smtptrapd_SOURCES += src/logger_intake.c src/logger_intake.h
smtptrapd_SOURCES += src/logger_intake_lessons.c
smtptrapd_SOURCES += src/logger_lessons.c src/logger_lessons.h
smtptrapd_SOURCES += src/logger_later.c src/logger_later.h
smtptrapd_SOURCES += src/logger_memory.c src/logger_memory.h
smtptrapd_SOURCES += src/logger_store.c src/logger_store.h
smtptrapd_SOURCES += src/logger_stream.c src/logger_stream.h
smtptrapd_SOURCES += src/logger_unique.c src/logger_unique.h
smtptrapd_SOURCES += src/logger_unique_load.c
smtptrapd_SOURCES += src/main.c
smtptrapd_SOURCES += src/master.c src/master.h
smtptrapd_SOURCES += src/master_dns.c
smtptrapd_SOURCES += src/master_pool.c
smtptrapd_SOURCES += src/master_roles.c
smtptrapd_SOURCES += src/master_start.c
smtptrapd_SOURCES += src/master_status.c
smtptrapd_SOURCES += src/master_tls.c src/master_tls.h
smtptrapd_SOURCES += src/notify.c src/notify.h
smtptrapd_SOURCES += src/privs.c src/privs.h
smtptrapd_SOURCES += src/proc.c src/proc.h
smtptrapd_SOURCES += src/resolver.c src/resolver.h
smtptrapd_SOURCES += src/resolver_client.c src/resolver_client.h
smtptrapd_SOURCES += src/resolver_domain.c
smtptrapd_SOURCES += src/resolver_give.c
smtptrapd_SOURCES += src/resolver_internal.h
smtptrapd_SOURCES += src/resolver_job.c
smtptrapd_SOURCES += src/resolver_list.c
smtptrapd_SOURCES += src/resolver_net.c src/resolver_net.h
smtptrapd_SOURCES += src/resolver_query.c
smtptrapd_SOURCES += src/resolver_reverse.c
smtptrapd_SOURCES += src/sandbox.c src/sandbox.h
smtptrapd_SOURCES += src/worker.c src/worker.h
smtptrapd_SOURCES += src/worker_conn.c src/worker_conn.h
smtptrapd_SOURCES += src/worker_crowd.c src/worker_crowd.h
smtptrapd_SOURCES += src/worker_dns.c src/worker_dns.h src/worker_dns_internal.h
smtptrapd_SOURCES += src/worker_dns_record.c
smtptrapd_SOURCES += src/worker_hello.c
smtptrapd_SOURCES += src/worker_identity.c src/worker_identity.h
smtptrapd_SOURCES += src/worker_memory.c
smtptrapd_SOURCES += src/worker_message.c
smtptrapd_SOURCES += src/worker_offer.c src/worker_offer.h
smtptrapd_SOURCES += src/worker_rates.c src/worker_rates.h
smtptrapd_SOURCES += src/worker_record.c
smtptrapd_SOURCES += src/worker_results.c src/worker_results.h
smtptrapd_SOURCES += src/worker_rules.c src/worker_rules.h src/worker_rules_internal.h
smtptrapd_SOURCES += src/worker_rules_dns.c
smtptrapd_SOURCES += src/worker_rules_facts.c
smtptrapd_SOURCES += src/worker_rules_reply.c
smtptrapd_SOURCES += src/worker_session.c src/worker_session.h
smtptrapd_SOURCES += src/worker_who.c src/worker_who.h
smtptrapd_SOURCES += src/worker_yakker.c src/worker_yakker.h
smtptrapd_LDADD = libsmtptrap.a $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(SECCOMP_LIBS)
smtptrapd_LDADD += $(CARES_LIBS) $(RESOLV_LIBS) $(PCRE2_LIBS) $(ISAL_LIBS)
smtptrapd_LDFLAGS = $(AM_LDFLAGS) $(PRIVATE_LDFLAGS)

# The tables of a report, which a fuzz target has too.
REPORT_SOURCES = src/smtptrap/report.h src/smtptrap/report_record.h
REPORT_SOURCES += src/smtptrap/report_arms.c
REPORT_SOURCES += src/smtptrap/report_certificates.c
REPORT_SOURCES += src/smtptrap/report_ciphers.c
REPORT_SOURCES += src/smtptrap/report_dkim.c
REPORT_SOURCES += src/smtptrap/report_failures.c
REPORT_SOURCES += src/smtptrap/report_fingerprints.c
REPORT_SOURCES += src/smtptrap/report_groups.c
REPORT_SOURCES += src/smtptrap/report_growth.c
REPORT_SOURCES += src/smtptrap/report_helo.c
REPORT_SOURCES += src/smtptrap/report_journeys.c
REPORT_SOURCES += src/smtptrap/report_mailers.c
REPORT_SOURCES += src/smtptrap/report_partial.c
REPORT_SOURCES += src/smtptrap/report_paths.c
REPORT_SOURCES += src/smtptrap/report_record.c
REPORT_SOURCES += src/smtptrap/report_rules.c
REPORT_SOURCES += src/smtptrap/report_senders.c
REPORT_SOURCES += src/smtptrap/report_sensors.c
REPORT_SOURCES += src/smtptrap/report_tables.c
REPORT_SOURCES += src/smtptrap/report_times.c src/smtptrap/report_times.h
REPORT_SOURCES += src/smtptrap/report_tls.c
REPORT_SOURCES += src/smtptrap/report_yakkers.c

# The reader.
bin_PROGRAMS += smtptrap
smtptrap_SOURCES =
smtptrap_SOURCES += src/smtptrap/boards.c src/smtptrap/boards.h
smtptrap_SOURCES += src/smtptrap/cmd_cat.c
smtptrap_SOURCES += src/smtptrap/cmd_explain.c
smtptrap_SOURCES += src/smtptrap/cmd_export.c
smtptrap_SOURCES += src/smtptrap/cmd_fields.c
smtptrap_SOURCES += src/smtptrap/cmd_follow.c
smtptrap_SOURCES += src/smtptrap/cmd_mail.c
smtptrap_SOURCES += src/smtptrap/cmd_metrics.c
smtptrap_SOURCES += src/smtptrap/cmd_report.c
smtptrap_SOURCES += src/smtptrap/cmd_show.c
smtptrap_SOURCES += src/smtptrap/cmd_status.c
smtptrap_SOURCES += src/smtptrap/cmd_top.c
smtptrap_SOURCES += src/smtptrap/cmd_verify.c
smtptrap_SOURCES += src/smtptrap/commands.c src/smtptrap/commands.h
smtptrap_SOURCES += src/smtptrap/end_signals.c src/smtptrap/end_signals.h
smtptrap_SOURCES += src/smtptrap/env.c
smtptrap_SOURCES += src/smtptrap/explain.h
smtptrap_SOURCES += src/smtptrap/explain_facts.c
smtptrap_SOURCES += src/smtptrap/export.h
smtptrap_SOURCES += src/smtptrap/export_csv.c
smtptrap_SOURCES += src/smtptrap/export_ecs.c
smtptrap_SOURCES += src/smtptrap/export_record.c
smtptrap_SOURCES += src/smtptrap/export_redact.c
smtptrap_SOURCES += src/smtptrap/export_xarf.c
smtptrap_SOURCES += src/smtptrap/export_zeek.c
smtptrap_SOURCES += src/smtptrap/follow_line.c src/smtptrap/follow_line.h
smtptrap_SOURCES += src/smtptrap/html.c src/smtptrap/html.h
smtptrap_SOURCES += src/smtptrap/mail_out.c src/smtptrap/mail_out.h
smtptrap_SOURCES += src/smtptrap/main.c
smtptrap_SOURCES += src/smtptrap/metrics.c src/smtptrap/metrics.h
smtptrap_SOURCES += src/smtptrap/metrics_http.c
smtptrap_SOURCES += src/smtptrap/page_chart.c src/smtptrap/page_chart.h
smtptrap_SOURCES += src/smtptrap/page_course.c
smtptrap_SOURCES += src/smtptrap/page_files.h
smtptrap_SOURCES += src/smtptrap/page_paths.c
smtptrap_SOURCES += src/smtptrap/page_reasons.c
smtptrap_SOURCES += src/smtptrap/page_table.c src/smtptrap/page_table.h
smtptrap_SOURCES += src/smtptrap/page_week.c
smtptrap_SOURCES += src/smtptrap/progress.c src/smtptrap/progress.h
smtptrap_SOURCES += src/smtptrap/records.c src/smtptrap/records.h
smtptrap_SOURCES += src/smtptrap/report_command.c src/smtptrap/report_command.h
smtptrap_SOURCES += src/smtptrap/report_csv.c
smtptrap_SOURCES += src/smtptrap/report_html.c
smtptrap_SOURCES += src/smtptrap/report_json.c
smtptrap_SOURCES += src/smtptrap/report_markdown.c
smtptrap_SOURCES += src/smtptrap/report_read.c
smtptrap_SOURCES += src/smtptrap/report_result.c src/smtptrap/report_result.h
smtptrap_SOURCES += src/smtptrap/report_text.c
smtptrap_SOURCES += $(REPORT_SOURCES)
smtptrap_SOURCES += src/smtptrap/smtptrap.h
smtptrap_SOURCES += src/smtptrap/status_check.c src/smtptrap/status_check.h
smtptrap_SOURCES += src/smtptrap/top.h
smtptrap_SOURCES += src/smtptrap/top_screen.c
smtptrap_SOURCES += src/smtptrap/top_text.c src/smtptrap/top_text.h
smtptrap_SOURCES += src/smtptrap/top_view.c
smtptrap_SOURCES += src/smtptrap/verify.h
smtptrap_SOURCES += src/smtptrap/verify_copy.c
smtptrap_SOURCES += src/smtptrap/verify_mail.c
nodist_smtptrap_SOURCES = src/smtptrap/page_files.c
smtptrap_LDADD = libsmtptrap.a $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(YAJL_LIBS) $(PCRE2_LIBS)
smtptrap_LDADD += $(NCURSES_LIBS) $(ISAL_LIBS) -lm

# The shipper.  What it needs of libnats no other program is linked with.
SHIP_CONF_SOURCES = src/smtptrap-ship/conf.c src/smtptrap-ship/conf.h
SHIP_CONF_SOURCES += src/smtptrap-ship/conf_rows.c src/smtptrap-ship/conf_rows.h
SHIP_CHECKPOINT_SOURCES = src/smtptrap-ship/checkpoint.c src/smtptrap-ship/checkpoint.h
SHIP_META_SOURCES = src/smtptrap-ship/json_paths.c src/smtptrap-ship/json_paths.h
SHIP_META_SOURCES += src/smtptrap-ship/object.c src/smtptrap-ship/object.h
SHIP_META_SOURCES += src/smtptrap-ship/object_meta.c src/smtptrap-ship/object_meta.h
SHIP_TOKEN_SOURCES = src/smtptrap-ship/token.c src/smtptrap-ship/token.h
if SHIP
sbin_PROGRAMS += smtptrap-ship
endif
smtptrap_ship_SOURCES =
smtptrap_ship_SOURCES += src/log.c src/log.h
smtptrap_ship_SOURCES += src/notify.c src/notify.h
smtptrap_ship_SOURCES += src/smtptrap-ship/ack_window.c src/smtptrap-ship/ack_window.h
smtptrap_ship_SOURCES += $(SHIP_CHECKPOINT_SOURCES)
smtptrap_ship_SOURCES += src/smtptrap-ship/checkpoint_logs.c src/smtptrap-ship/checkpoint_logs.h
smtptrap_ship_SOURCES += src/smtptrap-ship/commands.h
smtptrap_ship_SOURCES += $(SHIP_CONF_SOURCES)
smtptrap_ship_SOURCES += src/smtptrap-ship/fetch.c
smtptrap_ship_SOURCES += src/smtptrap-ship/fetch_check.c src/smtptrap-ship/fetch_check.h
smtptrap_ship_SOURCES += src/smtptrap-ship/fetch_mail.c
smtptrap_ship_SOURCES += src/smtptrap-ship/fetch_mail_files.c src/smtptrap-ship/fetch_mail_files.h
smtptrap_ship_SOURCES += src/smtptrap-ship/fetch_sink.c src/smtptrap-ship/fetch_sink.h
smtptrap_ship_SOURCES += src/smtptrap-ship/flight.c src/smtptrap-ship/flight.h
smtptrap_ship_SOURCES += src/smtptrap-ship/lines_file.c src/smtptrap-ship/lines_file.h
smtptrap_ship_SOURCES += src/smtptrap-ship/history.c src/smtptrap-ship/history.h
smtptrap_ship_SOURCES += src/smtptrap-ship/loop.c
smtptrap_ship_SOURCES += src/smtptrap-ship/mail.c src/smtptrap-ship/mail.h
smtptrap_ship_SOURCES += src/smtptrap-ship/mail_bytes.c src/smtptrap-ship/mail_bytes.h
smtptrap_ship_SOURCES += src/smtptrap-ship/mail_ring.c src/smtptrap-ship/mail_ring.h
smtptrap_ship_SOURCES += src/smtptrap-ship/main.c
smtptrap_ship_SOURCES += src/smtptrap-ship/nats_leader.c src/smtptrap-ship/nats_leader.h
smtptrap_ship_SOURCES += src/smtptrap-ship/nats_link.c src/smtptrap-ship/nats_link.h
smtptrap_ship_SOURCES += $(SHIP_META_SOURCES)
smtptrap_ship_SOURCES += src/smtptrap-ship/object_get.c src/smtptrap-ship/object_get.h
smtptrap_ship_SOURCES += src/smtptrap-ship/output.h
smtptrap_ship_SOURCES += src/smtptrap-ship/output_lines.c
smtptrap_ship_SOURCES += src/smtptrap-ship/output_nats.c
smtptrap_ship_SOURCES += src/smtptrap-ship/pull.c src/smtptrap-ship/pull.h
smtptrap_ship_SOURCES += src/smtptrap-ship/refusals.c src/smtptrap-ship/refusals.h
smtptrap_ship_SOURCES += src/smtptrap-ship/rejected.c src/smtptrap-ship/rejected.h
smtptrap_ship_SOURCES += src/smtptrap-ship/report.c
smtptrap_ship_SOURCES += src/smtptrap-ship/send.c
smtptrap_ship_SOURCES += src/smtptrap-ship/setup.c
smtptrap_ship_SOURCES += src/smtptrap-ship/ship.h
smtptrap_ship_SOURCES += src/smtptrap-ship/source.h
smtptrap_ship_SOURCES += src/smtptrap-ship/source_files.c
smtptrap_ship_SOURCES += src/smtptrap-ship/source_follow.c
smtptrap_ship_SOURCES += src/smtptrap-ship/start.c
smtptrap_ship_SOURCES += $(SHIP_TOKEN_SOURCES)
smtptrap_ship_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src
smtptrap_ship_LDFLAGS = $(AM_LDFLAGS) -Wl,--as-needed
smtptrap_ship_LDADD = libsmtptrap.a $(NATS_LIBS) $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(YAJL_LIBS) $(PCRE2_LIBS)

# What a page is made of, as arrays of C.
noinst_PROGRAMS += src/smtptrap/page/embed
src_smtptrap_page_embed_SOURCES = src/smtptrap/page/embed.c
PAGE_FILES = $(srcdir)/src/smtptrap/page/page.css $(srcdir)/src/smtptrap/page/page.js
EXTRA_DIST += src/smtptrap/page/page.css src/smtptrap/page/page.js
CLEANFILES += src/smtptrap/page_files.c

src/smtptrap/page_files.c: $(PAGE_FILES) src/smtptrap/page/embed$(EXEEXT)
	$(AM_V_GEN)src/smtptrap/page/embed page_css $(srcdir)/src/smtptrap/page/page.css \
		page_js $(srcdir)/src/smtptrap/page/page.js >$@.tmp && mv $@.tmp $@
