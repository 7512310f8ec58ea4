# t/: tests.  Unit tests are C programs that print TAP; t/run runs everything.
UNIT_TESTS =
LIBS_NEEDED = $(GNUTLS_LIBS) $(LIBBSD_LIBS) $(ZLIB_LIBS) $(SECCOMP_LIBS) $(YAJL_LIBS) \
	$(PCRE2_LIBS) $(RESOLV_LIBS) -lm
	$(PCRE2_LIBS)
LIBS_NEEDED += $(RESOLV_LIBS) $(ISAL_LIBS) -lm

TLS_LAB = t/tap.h t/lib-c/tls_lab.c t/lib-c/tls_lab.h t/lib-c/tls_raw.c t/lib-c/tls_raw.h \
	$(TLS_SOURCES) src/log.c src/log.h

INTAKE_SOURCES = src/log.c src/log.h src/logger_dir.c src/logger_dir.h src/logger_intake.c \
	src/logger_intake.h src/logger_intake_lessons.c src/logger_lessons.c src/logger_lessons.h \
	src/logger_later.c src/logger_later.h src/logger_memory.c src/logger_memory.h \
	src/logger_store.c src/logger_store.h src/logger_stream.c src/logger_stream.h \
	src/logger_unique.c src/logger_unique.h src/logger_unique_load.c
UNIQUE_SOURCES = t/tap.h t/lib-c/intake_lab.h t/lib-c/unique_lab.h $(INTAKE_SOURCES)

# A benchmark that is a program: make t/bench/rules.
EXTRA_PROGRAMS = t/bench/rules
t_bench_rules_SOURCES = t/bench/rules.c
t_bench_rules_LDADD = libsmtptrap.a $(LIBS_NEEDED)

# Programs that tests use.
check_PROGRAMS += t/tools/logwrite
t_tools_logwrite_SOURCES = t/tools/logwrite.c
t_tools_logwrite_LDADD = libsmtptrap.a $(LIBS_NEEDED)
check_PROGRAMS += t/tools/tls_client
t_tools_tls_client_SOURCES = t/tools/tls_client.c
t_tools_tls_client_LDADD = $(LIBS_NEEDED)
check_PROGRAMS += t/tools/suites
t_tools_suites_SOURCES = t/tools/suites.c src/log.c src/log.h src/tls_priority.c \
	src/tls_priority.h
t_tools_suites_LDFLAGS = $(AM_LDFLAGS) $(PRIVATE_LDFLAGS)
t_tools_suites_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += t/tools/synsig
t_tools_synsig_SOURCES = t/tools/synsig.c
t_tools_synsig_LDADD = libsmtptrap.a $(LIBS_NEEDED)

DISK_WRAPS = -Wl,--wrap=openat,--wrap=pwrite,--wrap=fdatasync,--wrap=fsync \
	-Wl,--wrap=ftruncate,--wrap=renameat
t_unit_intake_t_LDFLAGS = $(DISK_WRAPS)

UNIT_TESTS += t/unit/ack_window.t
t_unit_ack_window_t_SOURCES = t/unit/ack_window.c t/tap.h src/smtptrap-ship/ack_window.c src/smtptrap-ship/ack_window.h
UNIT_TESTS += t/unit/address_state.t
t_unit_address_state_t_SOURCES = t/unit/address_state.c t/tap.h t/lib-c/address_lab.h
t_unit_address_state_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/address_table.t
t_unit_address_table_t_SOURCES = t/unit/address_table.c t/tap.h
t_unit_address_table_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/arena.t
t_unit_arena_t_SOURCES = t/unit/arena.c t/tap.h
t_unit_arena_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/arm.t
t_unit_arm_t_SOURCES = t/unit/arm.c t/tap.h
t_unit_arm_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/base64.t
t_unit_base64_t_SOURCES = t/unit/base64.c t/tap.h
t_unit_base64_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/board.t
t_unit_board_t_SOURCES = t/unit/board.c t/tap.h
t_unit_board_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/body_start.t
t_unit_body_start_t_SOURCES = t/unit/body_start.c t/tap.h
t_unit_body_start_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/buf.t
t_unit_buf_t_SOURCES = t/unit/buf.c t/tap.h
t_unit_buf_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/client_hello.t
t_unit_client_hello_t_SOURCES = t/unit/client_hello.c t/tap.h
t_unit_client_hello_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf.t
t_unit_conf_t_SOURCES = t/unit/conf.c t/tap.h t/unit/conf_files.h
t_unit_conf_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_doc.t
t_unit_conf_doc_t_SOURCES = t/unit/conf_doc.c t/tap.h t/lib-c/source_file.h t/unit/conf_files.h
t_unit_conf_doc_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_identity.t
t_unit_conf_identity_t_SOURCES = t/unit/conf_identity.c t/tap.h t/unit/conf_files.h
t_unit_conf_identity_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_number.t
t_unit_conf_number_t_SOURCES = t/unit/conf_number.c t/tap.h
t_unit_conf_number_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_suggest.t
t_unit_conf_suggest_t_SOURCES = t/unit/conf_suggest.c t/tap.h
t_unit_conf_suggest_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_tls.t
t_unit_conf_tls_t_SOURCES = t/unit/conf_tls.c t/tap.h t/unit/conf_files.h
t_unit_conf_tls_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/conf_tree.t
t_unit_conf_tree_t_SOURCES = t/unit/conf_tree.c t/tap.h t/unit/conf_files.h
t_unit_conf_tree_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/data.t
t_unit_data_t_SOURCES = t/unit/data.c t/tap.h
t_unit_data_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dialer.t
t_unit_dialer_t_SOURCES = t/unit/dialer.c t/tap.h src/dialer.c src/dialer.h src/fd_pass.c src/fd_pass.h src/log.c src/log.h
t_unit_dialer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dns_answer.t
t_unit_dns_answer_t_SOURCES = t/unit/dns_answer.c t/tap.h t/lib-c/dns_packet.h
t_unit_dns_answer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dns_cache.t
t_unit_dns_cache_t_SOURCES = t/unit/dns_cache.c t/tap.h
t_unit_dns_cache_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dns_facts.t
t_unit_dns_facts_t_SOURCES = t/unit/dns_facts.c t/tap.h
t_unit_dns_facts_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dns_flood.t
t_unit_dns_flood_t_SOURCES = t/unit/dns_flood.c t/tap.h src/dialer.c src/dialer.h src/fd_pass.c \
	src/fd_pass.h src/log.c src/log.h src/master.h src/master_dns.c src/proc.c src/proc.h \
	src/resolver.c src/resolver.h src/resolver_client.c src/resolver_client.h \
	src/resolver_domain.c src/resolver_give.c src/resolver_internal.h src/resolver_job.c \
	src/resolver_list.c src/resolver_net.c src/resolver_net.h src/resolver_query.c \
	src/resolver_reverse.c src/sandbox.c src/sandbox.h src/worker_dns.c src/worker_dns.h \
	src/worker_dns_internal.h
t_unit_dns_flood_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv
t_unit_dns_flood_t_LDADD = libsmtptrap.a $(LIBS_NEEDED) $(CARES_LIBS)
UNIT_TESTS += t/unit/dns_msg.t
t_unit_dns_msg_t_SOURCES = t/unit/dns_msg.c t/tap.h
t_unit_dns_msg_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dns_name.t
t_unit_dns_name_t_SOURCES = t/unit/dns_name.c t/tap.h
t_unit_dns_name_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/dialect.t
t_unit_dialect_t_SOURCES = t/unit/dialect.c t/tap.h
t_unit_dialect_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/fd_pass.t
t_unit_fd_pass_t_SOURCES = t/unit/fd_pass.c t/tap.h src/fd_pass.c src/fd_pass.h
t_unit_fd_pass_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/figures.t
t_unit_figures_t_SOURCES = t/unit/figures.c t/tap.h
t_unit_figures_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/follow_line.t
t_unit_follow_line_t_SOURCES = t/unit/follow_line.c t/tap.h src/smtptrap/follow_line.c src/smtptrap/follow_line.h
t_unit_follow_line_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/gzip_isal.t
t_unit_gzip_isal_t_SOURCES = t/unit/gzip_isal.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_isal_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/fetch_check.t
t_unit_fetch_check_t_SOURCES = t/unit/fetch_check.c t/tap.h src/smtptrap-ship/fetch_check.c src/smtptrap-ship/fetch_check.h \
	$(SHIP_TOKEN_SOURCES)
t_unit_fetch_check_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/fetch_sink.t
t_unit_fetch_sink_t_SOURCES = t/unit/fetch_sink.c t/tap.h src/smtptrap-ship/fetch_sink.c src/smtptrap-ship/fetch_sink.h
t_unit_fetch_sink_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/gzip_repair.t
t_unit_gzip_repair_t_SOURCES = t/unit/gzip_repair.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_repair_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/gzip_writer.t
t_unit_gzip_writer_t_SOURCES = t/unit/gzip_writer.c t/tap.h t/unit/gzip_files.h
t_unit_gzip_writer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/hello_mend.t
t_unit_hello_mend_t_SOURCES = t/unit/hello_mend.c t/tap.h
t_unit_hello_mend_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/http_request.t
t_unit_http_request_t_SOURCES = t/unit/http_request.c t/tap.h
t_unit_http_request_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/hex.t
t_unit_hex_t_SOURCES = t/unit/hex.c t/tap.h
UNIT_TESTS += t/unit/html.t
t_unit_html_t_SOURCES = t/unit/html.c t/tap.h src/smtptrap/html.c src/smtptrap/html.h
t_unit_html_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/id_set.t
t_unit_id_set_t_SOURCES = t/unit/id_set.c t/tap.h
t_unit_id_set_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/intake.t
t_unit_intake_t_SOURCES = t/unit/intake.c t/lib-c/failing_disk.h t/lib-c/intake_lab.h t/tap.h $(INTAKE_SOURCES)
t_unit_intake_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ip.t
t_unit_ip_t_SOURCES = t/unit/ip.c t/tap.h
t_unit_ip_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/json_check.t
t_unit_json_check_t_SOURCES = t/unit/json_check.c t/tap.h
t_unit_json_check_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/json_text.t
t_unit_json_text_t_SOURCES = t/unit/json_text.c t/tap.h
t_unit_json_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/key_form.t
t_unit_key_form_t_SOURCES = t/unit/key_form.c t/tap.h
t_unit_key_form_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/key_msg.t
t_unit_key_msg_t_SOURCES = t/unit/key_msg.c t/tap.h
t_unit_key_msg_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/line.t
t_unit_line_t_SOURCES = t/unit/line.c t/tap.h
t_unit_line_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_dir.t
t_unit_log_dir_t_SOURCES = t/unit/log_dir.c t/tap.h
t_unit_log_dir_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_follow.t
t_unit_log_follow_t_SOURCES = t/unit/log_follow.c t/tap.h t/unit/gzip_files.h
t_unit_log_follow_t_SOURCES += src/log.c src/logger_stream.c
t_unit_log_follow_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_follow_damage.t
t_unit_log_follow_damage_t_SOURCES = t/unit/log_follow_damage.c t/tap.h t/unit/gzip_files.h
t_unit_log_follow_damage_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_name.t
t_unit_log_name_t_SOURCES = t/unit/log_name.c t/tap.h
t_unit_log_name_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_read.t
t_unit_log_read_t_SOURCES = t/unit/log_read.c t/tap.h t/unit/gzip_files.h
t_unit_log_read_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/log_tail.t
t_unit_log_tail_t_SOURCES = t/unit/log_tail.c t/tap.h t/unit/gzip_files.h
t_unit_log_tail_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/logger_dir.t
t_unit_logger_dir_t_SOURCES = t/unit/logger_dir.c t/tap.h src/log.c src/log.h src/logger_dir.c src/logger_dir.h
t_unit_logger_dir_t_LDFLAGS = -Wl,--wrap=readdir
t_unit_logger_dir_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/logger_memory.t
t_unit_logger_memory_t_SOURCES = t/unit/logger_memory.c t/tap.h t/lib-c/intake_lab.h $(INTAKE_SOURCES)
t_unit_logger_memory_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/logger_unique.t
t_unit_logger_unique_t_SOURCES = t/unit/logger_unique.c $(UNIQUE_SOURCES)
t_unit_logger_unique_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/logger_unique_disk.t
t_unit_logger_unique_disk_t_SOURCES = t/unit/logger_unique_disk.c t/lib-c/failing_disk.h \
	t/lib-c/slow_clock.h $(UNIQUE_SOURCES)
t_unit_logger_unique_disk_t_LDFLAGS = $(DISK_WRAPS) -Wl,--wrap=clock_us
t_unit_logger_unique_disk_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/mail_header.t
t_unit_mail_header_t_SOURCES = t/unit/mail_header.c t/tap.h
t_unit_mail_header_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/mail_read.t
t_unit_mail_read_t_SOURCES = t/unit/mail_read.c t/tap.h t/unit/gzip_files.h
t_unit_mail_read_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/mbox.t
t_unit_mbox_t_SOURCES = t/unit/mbox.c t/tap.h
t_unit_mbox_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/metrics.t
t_unit_metrics_t_SOURCES = t/unit/metrics.c t/tap.h src/smtptrap/boards.c src/smtptrap/boards.h
t_unit_metrics_t_SOURCES += src/smtptrap/metrics.c src/smtptrap/metrics.h
t_unit_metrics_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/mime.t
t_unit_mime_t_SOURCES = t/unit/mime.c t/tap.h
t_unit_mime_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/params.t
t_unit_params_t_SOURCES = t/unit/params.c t/tap.h
t_unit_params_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/path.t
t_unit_path_t_SOURCES = t/unit/path.c t/tap.h
t_unit_path_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/progress.t
t_unit_progress_t_SOURCES = t/unit/progress.c t/tap.h src/smtptrap/progress.c src/smtptrap/progress.h
t_unit_progress_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/proxy.t
t_unit_proxy_t_SOURCES = t/unit/proxy.c t/tap.h
t_unit_proxy_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rate_table.t
t_unit_rate_table_t_SOURCES = t/unit/rate_table.c t/tap.h
t_unit_rate_table_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/record.t
t_unit_record_t_SOURCES = t/unit/record.c t/tap.h
t_unit_record_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/record_line.t
t_unit_record_line_t_SOURCES = t/unit/record_line.c t/tap.h
t_unit_record_line_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/redact.t
t_unit_redact_t_SOURCES = t/unit/redact.c t/tap.h
t_unit_redact_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/report_command.t
t_unit_report_command_t_SOURCES = t/unit/report_command.c t/tap.h src/smtptrap/report_command.c src/smtptrap/report_command.h
t_unit_report_command_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_doc.t
t_unit_rule_doc_t_SOURCES = t/unit/rule_doc.c t/tap.h t/lib-c/source_file.h
t_unit_rule_doc_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_eval.t
t_unit_rule_eval_t_SOURCES = t/unit/rule_eval.c t/tap.h t/lib-c/rule_lab.h t/unit/conf_files.h
t_unit_rule_eval_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_mutate.t
t_unit_rule_mutate_t_SOURCES = t/unit/rule_mutate.c t/tap.h t/lib-c/rule_lab.h t/unit/conf_files.h
t_unit_rule_mutate_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_parse.t
t_unit_rule_parse_t_SOURCES = t/unit/rule_parse.c t/tap.h t/lib-c/rule_lab.h t/unit/conf_files.h
t_unit_rule_parse_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_pattern.t
t_unit_rule_pattern_t_SOURCES = t/unit/rule_pattern.c t/tap.h
t_unit_rule_pattern_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/rule_regex.t
t_unit_rule_regex_t_SOURCES = t/unit/rule_regex.c t/tap.h
t_unit_rule_regex_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/record_scan.t
t_unit_record_scan_t_SOURCES = t/unit/record_scan.c t/tap.h
t_unit_record_scan_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/sandbox.t
t_unit_sandbox_t_SOURCES = t/unit/sandbox.c t/tap.h src/sandbox.c src/sandbox.h src/privs.c src/privs.h src/log.c src/log.h
t_unit_sandbox_t_LDADD = $(LIBBSD_LIBS) $(SECCOMP_LIBS)
UNIT_TESTS += t/unit/ship_mail_ring.t
t_unit_ship_mail_ring_t_SOURCES = t/unit/ship_mail_ring.c t/tap.h src/smtptrap-ship/mail_ring.c \
	src/smtptrap-ship/mail_ring.h src/smtptrap-ship/refusals.c src/smtptrap-ship/refusals.h
t_unit_ship_mail_ring_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_object.t
t_unit_ship_object_t_SOURCES = t/unit/ship_object.c t/tap.h src/smtptrap-ship/object.c src/smtptrap-ship/object.h
t_unit_ship_object_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_object_meta.t
t_unit_ship_object_meta_t_SOURCES = t/unit/ship_object_meta.c t/tap.h $(SHIP_META_SOURCES) $(SHIP_TOKEN_SOURCES)
t_unit_ship_object_meta_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_checkpoint.t
t_unit_ship_checkpoint_t_SOURCES = t/unit/ship_checkpoint.c t/tap.h $(SHIP_CHECKPOINT_SOURCES) \
	$(SHIP_TOKEN_SOURCES) src/smtptrap-ship/checkpoint_logs.c src/smtptrap-ship/checkpoint_logs.h
t_unit_ship_checkpoint_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_conf.t
t_unit_ship_conf_t_SOURCES = t/unit/ship_conf.c t/tap.h t/lib-c/source_file.h $(SHIP_CONF_SOURCES) \
	$(SHIP_TOKEN_SOURCES)
t_unit_ship_conf_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_flight.t
t_unit_ship_flight_t_SOURCES = t/unit/ship_flight.c t/tap.h src/smtptrap-ship/flight.c src/smtptrap-ship/flight.h
t_unit_ship_flight_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_rejected.t
t_unit_ship_rejected_t_SOURCES = t/unit/ship_rejected.c t/tap.h src/smtptrap-ship/rejected.c src/smtptrap-ship/rejected.h
t_unit_ship_rejected_t_SOURCES += src/smtptrap-ship/lines_file.c src/smtptrap-ship/lines_file.h
t_unit_ship_rejected_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/ship_history.t
t_unit_ship_history_t_SOURCES = t/unit/ship_history.c t/tap.h src/smtptrap-ship/history.c src/smtptrap-ship/history.h
t_unit_ship_history_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/series.t
t_unit_series_t_SOURCES = t/unit/series.c t/tap.h
t_unit_series_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/smtp.t
t_unit_smtp_t_SOURCES = t/unit/smtp.c t/talk.h t/tap.h
t_unit_smtp_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/smtp_looks.t
t_unit_smtp_looks_t_SOURCES = t/unit/smtp_looks.c t/tap.h t/talk.h
t_unit_smtp_looks_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/smtp_judge.t
t_unit_smtp_judge_t_SOURCES = t/unit/smtp_judge.c t/talk.h t/tap.h
t_unit_smtp_judge_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/smtp_matrix.t
t_unit_smtp_matrix_t_SOURCES = t/unit/smtp_matrix.c t/talk.h t/tap.h
t_unit_smtp_matrix_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/std_fds.t
t_unit_std_fds_t_SOURCES = t/unit/std_fds.c t/tap.h
t_unit_std_fds_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/store_index.t
t_unit_store_index_t_SOURCES = t/unit/store_index.c t/tap.h
t_unit_store_index_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/summary.t
t_unit_summary_t_SOURCES = t/unit/summary.c t/tap.h t/lib-c/address_lab.h
t_unit_summary_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tally.t
t_unit_tally_t_SOURCES = t/unit/tally.c t/tap.h
t_unit_tally_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tcp_syn.t
t_unit_tcp_syn_t_SOURCES = t/unit/tcp_syn.c t/tap.h
t_unit_tcp_syn_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tee.t
t_unit_tee_t_SOURCES = t/unit/tee.c t/tap.h
t_unit_tee_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/term_text.t
t_unit_term_text_t_SOURCES = t/unit/term_text.c t/tap.h
t_unit_term_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/time_text.t
t_unit_time_text_t_SOURCES = t/unit/time_text.c t/tap.h
t_unit_time_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_cert_list.t
t_unit_tls_cert_list_t_SOURCES = t/unit/tls_cert_list.c t/tap.h
t_unit_tls_cert_list_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_engine.t
t_unit_tls_engine_t_SOURCES = t/unit/tls_engine.c $(TLS_LAB)
t_unit_tls_engine_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_failures.t
t_unit_tls_failures_t_SOURCES = t/unit/tls_failures.c $(TLS_LAB)
t_unit_tls_failures_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_header.t
t_unit_tls_header_t_SOURCES = t/unit/tls_header.c t/tap.h
t_unit_tls_header_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_info.t
t_unit_tls_info_t_SOURCES = t/unit/tls_info.c t/tap.h $(TLS_SOURCES) src/log.c src/log.h
t_unit_tls_info_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_keys.t
t_unit_tls_keys_t_SOURCES = t/unit/tls_keys.c $(TLS_LAB)
t_unit_tls_keys_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/tls_mend.t
t_unit_tls_mend_t_SOURCES = t/unit/tls_mend.c $(TLS_LAB)
t_unit_tls_mend_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
t_unit_tls_mend_t_LDFLAGS = -Wl,--wrap=gnutls_global_set_time_function
UNIT_TESTS += t/unit/tls_registry.t
t_unit_tls_registry_t_SOURCES = t/unit/tls_registry.c t/tap.h
t_unit_tls_registry_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/top.t
t_unit_top_t_SOURCES = t/unit/top.c t/tap.h src/smtptrap/boards.c src/smtptrap/boards.h src/smtptrap/top.h
t_unit_top_t_SOURCES += src/smtptrap/top_text.c src/smtptrap/top_text.h src/smtptrap/top_view.c
t_unit_top_t_LDADD = libsmtptrap.a $(LIBS_NEEDED) -lm
UNIT_TESTS += t/unit/unique.t
t_unit_unique_t_SOURCES = t/unit/unique.c t/tap.h
t_unit_unique_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/uuid.t
t_unit_uuid_t_SOURCES = t/unit/uuid.c t/tap.h
t_unit_uuid_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/worker_conn.t
t_unit_worker_conn_t_SOURCES = t/unit/worker_conn.c t/tap.h src/worker_conn.c src/worker_conn.h src/log.c src/log.h
t_unit_worker_conn_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/worker_offer.t
t_unit_worker_offer_t_SOURCES = t/unit/worker_offer.c t/tap.h t/lib-c/address_lab.h src/worker_offer.c src/worker_offer.h
t_unit_worker_offer_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/worker_rates.t
t_unit_worker_rates_t_SOURCES = t/unit/worker_rates.c t/tap.h t/lib-c/rule_lab.h t/unit/conf_files.h src/worker_rates.c src/worker_rates.h
t_unit_worker_rates_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/worker_yakker.t
t_unit_worker_yakker_t_SOURCES = t/unit/worker_yakker.c t/tap.h t/lib-c/address_lab.h src/worker_yakker.c src/worker_yakker.h
t_unit_worker_yakker_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/where.t
t_unit_where_t_SOURCES = t/unit/where.c t/tap.h
t_unit_where_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)
UNIT_TESTS += t/unit/zeek_text.t
t_unit_zeek_text_t_SOURCES = t/unit/zeek_text.c t/tap.h
t_unit_zeek_text_t_LDADD = libsmtptrap.a $(LIBS_NEEDED)

check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += t/run t/tap.h t/README.md
EXTRA_DIST += t/analysis/duckdb.mjs t/analysis/package-lock.json t/analysis/package.json
EXTRA_DIST += t/nats-js/objects.mjs t/nats-js/package-lock.json t/nats-js/package.json
EXTRA_DIST += t/golden t/lib t/proc t/regress t/ship t/smtp t/ssl3
EXTRA_DIST += t/tools/arms t/tools/hellos t/tools/syns

check-local: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(check_PROGRAMS) $(FUZZ_TESTS)
	$(top_srcdir)/t/run --build $(abs_top_builddir) --source $(abs_top_srcdir) $(TRAP_TESTS)

# Fuzz targets: FUZZ += name, for t/fuzz/fuzz_name.c and t/fuzz/corpus/name.  `make check` replays
# the corpus (t/fuzz/name.t); t/fuzz/run builds t/fuzz/fuzz_name with --enable-fuzzers.
FUZZ =
FUZZ += address_state
FUZZ += checkpoint
FUZZ += client_hello
FUZZ += conf
FUZZ += data
FUZZ += dialect
FUZZ += dns_answer
FUZZ += dns_cache
FUZZ += dns_msg
FUZZ += fetch_check
FUZZ += frame
FUZZ += hello_mend
FUZZ += http_request
FUZZ += intake
FUZZ += json_check
FUZZ += key_msg
FUZZ += line
FUZZ += mail_header
FUZZ += mbox
FUZZ += path
FUZZ += proxy
FUZZ += rate_claim
FUZZ += record
FUZZ += redact
FUZZ += object_meta
FUZZ += repair
FUZZ += report
FUZZ += rules
FUZZ += summary
FUZZ += tcp_syn
FUZZ += tee
FUZZ += tls_cert_list
FUZZ += where

FUZZ_TESTS = $(FUZZ:%=t/fuzz/%.t)
FUZZ_TARGETS = $(FUZZ:%=t/fuzz/fuzz_%)
FUZZ_LIBS = libsmtptrap.a $(GNUTLS_LIBS) $(ZLIB_LIBS) $(LIBBSD_LIBS) $(YAJL_LIBS) $(PCRE2_LIBS)
FUZZ_LIBS += $(RESOLV_LIBS) $(ISAL_LIBS) -lm
# What a target needs of src/; it has its own warn() and fatal().
FUZZ_SOURCES_checkpoint = $(addprefix $(top_srcdir)/,$(filter %.c,$(SHIP_CHECKPOINT_SOURCES) $(SHIP_TOKEN_SOURCES)))
FUZZ_SOURCES_fetch_check = $(addprefix $(top_srcdir)/,src/smtptrap-ship/fetch_check.c $(filter %.c,$(SHIP_TOKEN_SOURCES)))
FUZZ_SOURCES_intake = $(addprefix $(top_srcdir)/,$(filter-out %.h src/log.c,$(INTAKE_SOURCES)))
FUZZ_SOURCES_object_meta = $(addprefix $(top_srcdir)/,$(filter %.c,$(SHIP_META_SOURCES) $(SHIP_TOKEN_SOURCES)))
FUZZ_SOURCES_report = $(addprefix $(top_srcdir)/,$(filter %.c,$(REPORT_SOURCES)))
FUZZ_COMPILE = $(MKDIR_P) t/fuzz && $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) \
	$(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)

$(FUZZ_TESTS): t/fuzz/%.t: $(top_srcdir)/t/fuzz/fuzz_%.c $(top_srcdir)/t/fuzz/replay.c libsmtptrap.a
	$(AM_V_CCLD)$(FUZZ_COMPILE) -o $@ $(filter %.c,$^) $(FUZZ_SOURCES_$*) \
		$(FUZZ_LIBS)

$(FUZZ_TARGETS): t/fuzz/fuzz_%: $(top_srcdir)/t/fuzz/fuzz_%.c libsmtptrap.a
	$(AM_V_CCLD)$(FUZZ_COMPILE) -fsanitize=fuzzer -o $@ $(filter %.c,$^) \
		$(FUZZ_SOURCES_$*) $(FUZZ_LIBS)

if FUZZERS
all-local: $(FUZZ_TARGETS)
endif
CLEANFILES += $(FUZZ_TESTS) $(FUZZ_TARGETS)
EXTRA_DIST += $(FUZZ:%=t/fuzz/fuzz_%.c) t/fuzz/corpus t/fuzz/replay.c t/fuzz/run
EXTRA_DIST += t/lib-c/fuzz_files.h
