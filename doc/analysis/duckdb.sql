-- duckdb.sql: the logs of an SMTP trap in DuckDB, and the questions of the field, a view each.
--
--     cd /var/log/smtptrap
--     duckdb -init /usr/share/doc/smtptrap/analysis/duckdb.sql
--     D FROM versions_by_connection;
--
-- Nothing is imported: session and message are views that read the finished files of the present
-- folder each time.  CREATE TABLE s AS FROM session keeps what was read.  Fields that are not listed
-- here can be added; smtptrap-records(5) has all of them.

CREATE VIEW session AS
SELECT *, coalesce(yakker_sessions, 1) AS connections -- a record may stand for many
FROM read_json('session-*.jsonl.gz', format = 'newline_delimited', columns = {
    ts: 'TIMESTAMP', id: 'UUID', sensor: 'VARCHAR', client_ip: 'VARCHAR', client_port: 'UINTEGER', local_ip: 'VARCHAR',
    local_port: 'UINTEGER', duration_us: 'UBIGINT', bytes_in: 'UBIGINT', bytes_out: 'UBIGINT', tcp_syn: 'VARCHAR',
    helo: 'VARCHAR', phase: 'VARCHAR', end_reason: 'VARCHAR', yakker: 'BOOLEAN', yakker_sessions: 'UBIGINT',
    messages_accepted: 'UINTEGER', rule: 'VARCHAR', rule_action: 'VARCHAR', dialect: 'VARCHAR', dialect_string: 'VARCHAR',
    tls_outcome: 'VARCHAR', arm: 'VARCHAR', tls_failure: 'VARCHAR', tls_alert: 'VARCHAR', tls_stage: 'VARCHAR',
    tls_version: 'VARCHAR', tls_cipher: 'VARCHAR', tls_group: 'VARCHAR', tls_sni: 'VARCHAR', tls_resumed: 'BOOLEAN',
    hello_legacy_version: 'VARCHAR', hello_versions: 'VARCHAR[]', hello_highest: 'VARCHAR', ja3: 'VARCHAR', ja4: 'VARCHAR',
    client_cert_subject: 'VARCHAR', client_cert_issuer: 'VARCHAR', client_cert_sha256: 'VARCHAR',
    client_cert_not_before: 'TIMESTAMP', client_cert_not_after: 'TIMESTAMP'});

CREATE VIEW message AS
SELECT *, verdict = 'accepted' AS delivered,
    CASE WHEN mail_from = '' THEN '<>' WHEN position('@' IN mail_from) = 0 THEN 'no domain'
        ELSE lower(regexp_extract(mail_from, '[^@]*$')) END AS domain
FROM read_json('message-*.jsonl.gz', format = 'newline_delimited', columns = {
    ts: 'TIMESTAMP', id: 'UUID', session_id: 'UUID', sensor: 'VARCHAR', client_ip: 'VARCHAR', client_port: 'UINTEGER',
    local_ip: 'VARCHAR', local_port: 'UINTEGER', helo: 'VARCHAR', rule: 'VARCHAR', rule_action: 'VARCHAR', dialect: 'VARCHAR',
    tls_outcome: 'VARCHAR', tls_version: 'VARCHAR', tls_cipher: 'VARCHAR', arm: 'VARCHAR', ja4: 'VARCHAR',
    mail_from: 'VARCHAR', rcpt_to: 'VARCHAR[]', size: 'UBIGINT', sha256: 'VARCHAR', body_sha256: 'VARCHAR',
    verdict: 'VARCHAR', reply: 'VARCHAR', header_from: 'VARCHAR', header_to: 'VARCHAR', subject: 'VARCHAR',
    message_id: 'VARCHAR', date: 'VARCHAR', x_mailer: 'VARCHAR', has_dkim: 'BOOLEAN', dkim_domains: 'VARCHAR[]'});

-- Which versions of TLS, of the connections that negotiated it?
CREATE VIEW versions_by_connection AS
SELECT tls_version AS version, sum(connections)::BIGINT AS connections,
    round(100 * sum(connections) / sum(sum(connections)) OVER (), 1) AS percent, count(DISTINCT client_ip) AS addresses
FROM session WHERE tls_outcome = 'negotiated' GROUP BY version ORDER BY connections DESC, version;

-- And of the messages that came over it?
CREATE VIEW versions_by_message AS
SELECT tls_version AS version, count(*) AS messages, round(100 * count(*) / sum(count(*)) OVER (), 1) AS percent,
    count(DISTINCT client_ip) AS addresses
FROM message WHERE delivered AND tls_outcome = 'negotiated' GROUP BY version ORDER BY messages DESC, version;

-- What share of the deliveries is over TLS?
CREATE VIEW share_over_tls AS
SELECT CASE WHEN tls_outcome = 'negotiated' THEN 'over TLS' ELSE 'in clear' END AS delivery, count(*) AS messages,
    round(100 * count(*) / sum(count(*)) OVER (), 1) AS percent, count(DISTINCT client_ip) AS addresses
FROM message WHERE delivered GROUP BY delivery ORDER BY messages DESC, delivery;

-- Why do handshakes fail?
CREATE VIEW failures_by_reason AS
SELECT tls_failure AS reason, sum(connections)::BIGINT AS handshakes,
    round(100 * sum(connections) / sum(sum(connections)) OVER (), 1) AS percent, count(DISTINCT client_ip) AS addresses
FROM session WHERE tls_outcome = 'failed' GROUP BY reason ORDER BY handshakes DESC, reason;

-- Who failed, and was never seen again?
CREATE VIEW never_came_back AS
SELECT client_ip AS address, max(ts) AS failed_at, arg_max(tls_failure, ts) AS reason
FROM session GROUP BY address HAVING arg_max(tls_outcome, ts) = 'failed' ORDER BY failed_at, address;

-- The most frequent JA4, and since when they are seen.
CREATE VIEW top_ja4 AS
SELECT ja4, sum(connections)::BIGINT AS connections, count(DISTINCT client_ip) AS addresses, min(ts) AS first, max(ts) AS last
FROM session WHERE ja4 IS NOT NULL GROUP BY ja4 ORDER BY connections DESC, ja4 LIMIT 20;

-- Campaigns: bodies that came more than once, from how many addresses and domains.
CREATE VIEW same_bodies AS
SELECT body_sha256, count(*) AS messages, count(DISTINCT client_ip) AS addresses, count(DISTINCT domain) AS domains,
    min(ts) AS first, max(ts) AS last
FROM message WHERE delivered AND body_sha256 IS NOT NULL GROUP BY body_sha256 HAVING count(*) > 1
ORDER BY messages DESC, body_sha256;

-- Who sends on many days, and does it use TLS?
CREATE VIEW persistent_senders AS
SELECT domain, count(DISTINCT ts::DATE) AS days, count(*) AS messages, count(DISTINCT client_ip) AS addresses,
    count(*) FILTER (tls_outcome = 'negotiated') AS over_tls
FROM message WHERE delivered GROUP BY domain ORDER BY days DESC, messages DESC, domain LIMIT 20;

-- The dialects of SMTP that are spoken.
CREATE VIEW dialects AS
SELECT dialect, sum(connections)::BIGINT AS connections, count(DISTINCT client_ip) AS addresses,
    any_value(dialect_string) AS means
FROM session WHERE dialect IS NOT NULL GROUP BY dialect ORDER BY connections DESC, dialect;

-- What became of the connections of each arm of an experiment?
CREATE VIEW arms AS
SELECT arm, sum(connections)::BIGINT AS connections,
    coalesce(sum(connections) FILTER (tls_outcome IN ('failed', 'negotiated')), 0)::BIGINT AS started,
    coalesce(sum(connections) FILTER (tls_outcome = 'negotiated'), 0)::BIGINT AS negotiated,
    coalesce(sum(connections) FILTER (tls_outcome = 'failed'), 0)::BIGINT AS failed,
    coalesce(sum(connections) FILTER (messages_accepted > 0), 0)::BIGINT AS delivered
FROM session WHERE arm IS NOT NULL GROUP BY arm ORDER BY arm;
