-- clickhouse.sql: the logs of an SMTP trap in ClickHouse, and the questions of the field, a view each.
--
--     clickhouse-client --multiquery <clickhouse.sql
--     for stream in session message; do zcat /var/log/smtptrap/$stream-*.jsonl.gz |
--         clickhouse-client --input_format_skip_unknown_fields 1 --query "INSERT INTO smtptrap.$stream FORMAT JSONEachRow"; done
--     clickhouse-client --query 'SELECT * FROM smtptrap.versions_by_connection'
--
-- It is written for ClickHouse 18.16, which Debian 12 has, and later ones.  What is absent in a record is empty
-- or 0 here.  Times are text of a fixed length, which sorts as they do.

CREATE DATABASE smtptrap;

CREATE TABLE smtptrap.session (ts String, id String, sensor String, client_ip String, helo String, phase String,
    end_reason String, yakker_sessions UInt32, messages_accepted UInt32, rule String, rule_action String, dialect String,
    dialect_string String, tls_outcome String, arm String, tls_failure String, tls_alert String, tls_version String,
    tls_cipher String, tls_group String, tls_sni String, hello_highest String, ja3 String, ja4 String,
    connections UInt32 MATERIALIZED greatest(yakker_sessions, 1), -- a record may stand for many
    day Date MATERIALIZED toDate(substring(ts, 1, 10))
) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (ts, client_ip);

CREATE TABLE smtptrap.message (ts String, id String, session_id String, sensor String, client_ip String, helo String,
    rule String, rule_action String, dialect String, tls_outcome String, tls_version String, tls_cipher String, arm String,
    ja4 String, mail_from String, rcpt_to Array(String), size UInt64, sha256 String, body_sha256 String, verdict String,
    header_from String, subject String, x_mailer String, dkim_domains Array(String),
    domain String MATERIALIZED multiIf(mail_from = '', '<>', position(mail_from, '@') = 0, 'no domain',
        lower(arrayElement(splitByChar('@', mail_from), -1))),
    day Date MATERIALIZED toDate(substring(ts, 1, 10))
) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (ts, client_ip);

-- Which versions of TLS, of the connections that negotiated it?
CREATE VIEW smtptrap.versions_by_connection AS
SELECT tls_version AS version, sum(connections) AS n, round(100 * n / (SELECT sum(connections) FROM smtptrap.session
    WHERE tls_outcome = 'negotiated'), 1) AS percent, uniqExact(client_ip) AS addresses
FROM smtptrap.session WHERE tls_outcome = 'negotiated' GROUP BY version ORDER BY n DESC, version;

-- And of the messages that came over it?
CREATE VIEW smtptrap.versions_by_message AS
SELECT tls_version AS version, count() AS n, round(100 * n / (SELECT count() FROM smtptrap.message
    WHERE verdict = 'accepted' AND tls_outcome = 'negotiated'), 1) AS percent, uniqExact(client_ip) AS addresses
FROM smtptrap.message WHERE verdict = 'accepted' AND tls_outcome = 'negotiated' GROUP BY version ORDER BY n DESC, version;

-- What share of the deliveries is over TLS?
CREATE VIEW smtptrap.share_over_tls AS
SELECT if(tls_outcome = 'negotiated', 'over TLS', 'in clear') AS delivery, count() AS n,
    round(100 * n / (SELECT count() FROM smtptrap.message WHERE verdict = 'accepted'), 1) AS percent,
    uniqExact(client_ip) AS addresses
FROM smtptrap.message WHERE verdict = 'accepted' GROUP BY delivery ORDER BY n DESC, delivery;

-- Why do handshakes fail?
CREATE VIEW smtptrap.failures_by_reason AS
SELECT tls_failure AS reason, sum(connections) AS n, round(100 * n / (SELECT sum(connections) FROM smtptrap.session
    WHERE tls_outcome = 'failed'), 1) AS percent, uniqExact(client_ip) AS addresses
FROM smtptrap.session WHERE tls_outcome = 'failed' GROUP BY reason ORDER BY n DESC, reason;

-- Who failed, and was never seen again?
CREATE VIEW smtptrap.never_came_back AS
SELECT client_ip AS address, max(ts) AS failed_at, argMax(tls_failure, ts) AS reason
FROM smtptrap.session GROUP BY address HAVING argMax(tls_outcome, ts) = 'failed' ORDER BY failed_at, address;

-- The most frequent JA4, and since when they are seen.
CREATE VIEW smtptrap.top_ja4 AS
SELECT ja4, sum(connections) AS n, uniqExact(client_ip) AS addresses, min(ts) AS first, max(ts) AS last
FROM smtptrap.session WHERE ja4 != '' GROUP BY ja4 ORDER BY n DESC, ja4 LIMIT 20;

-- Campaigns: bodies that came more than once, from how many addresses and domains.
CREATE VIEW smtptrap.same_bodies AS
SELECT body_sha256, count() AS n, uniqExact(client_ip) AS addresses, uniqExact(domain) AS domains, min(ts) AS first,
    max(ts) AS last
FROM smtptrap.message WHERE verdict = 'accepted' AND body_sha256 != '' GROUP BY body_sha256 HAVING n > 1
ORDER BY n DESC, body_sha256;

-- Who sends on many days, and does it use TLS?
CREATE VIEW smtptrap.persistent_senders AS
SELECT domain, uniqExact(day) AS days, count() AS n, uniqExact(client_ip) AS addresses,
    countIf(tls_outcome = 'negotiated') AS over_tls
FROM smtptrap.message WHERE verdict = 'accepted' GROUP BY domain ORDER BY days DESC, n DESC, domain LIMIT 20;

-- The dialects of SMTP that are spoken.
CREATE VIEW smtptrap.dialects AS
SELECT dialect, sum(connections) AS n, uniqExact(client_ip) AS addresses, any(dialect_string) AS means
FROM smtptrap.session WHERE dialect != '' GROUP BY dialect ORDER BY n DESC, dialect;

-- What became of the connections of each arm of an experiment?
CREATE VIEW smtptrap.arms AS
SELECT arm, sum(connections) AS n, sumIf(connections, tls_outcome IN ('failed', 'negotiated')) AS started,
    sumIf(connections, tls_outcome = 'negotiated') AS negotiated, sumIf(connections, tls_outcome = 'failed') AS failed,
    sumIf(connections, messages_accepted > 0) AS delivered
FROM smtptrap.session WHERE arm != '' GROUP BY arm ORDER BY arm;
