-- zeek.sql: the same logs under the names that Zeek gives such fields, for queries that were written
-- for its conn.log, ssl.log, x509.log and smtp.log.  Read duckdb.sql before.
--
--     duckdb -init duckdb.sql
--     D .read zeek.sql
--     D SELECT version, count(*) FROM ssl WHERE established GROUP BY version;
--
-- Names with a dot are quoted: "id.orig_h".  Units are Zeek's: seconds.  Values are this trap's where
-- Zeek has others (TLSv1.2 is TLSv12 there; cipher suites have the same names).

CREATE VIEW conn AS
SELECT ts, id AS uid, client_ip AS "id.orig_h", client_port AS "id.orig_p", local_ip AS "id.resp_h",
    local_port AS "id.resp_p", duration_us / 1e6 AS duration, bytes_in AS orig_bytes, bytes_out AS resp_bytes
FROM session;

CREATE VIEW ssl AS
SELECT ts, id AS uid, client_ip AS "id.orig_h", client_port AS "id.orig_p", local_ip AS "id.resp_h",
    local_port AS "id.resp_p", tls_version AS version, tls_cipher AS cipher, tls_group AS curve, tls_sni AS server_name,
    tls_resumed AS resumed, tls_alert AS last_alert, tls_outcome = 'negotiated' AS established,
    hello_legacy_version AS client_version, hello_versions AS client_supported_versions, ja3, ja4,
    client_cert_subject AS client_subject, client_cert_issuer AS client_issuer,
    client_cert_sha256 AS client_cert_chain_fps
FROM session WHERE tls_outcome IN ('failed', 'negotiated');

CREATE VIEW x509 AS
SELECT ts, client_cert_sha256 AS fingerprint, client_cert_subject AS "certificate.subject",
    client_cert_issuer AS "certificate.issuer", client_cert_not_before AS "certificate.not_valid_before",
    client_cert_not_after AS "certificate.not_valid_after", false AS host_cert, true AS client_cert
FROM session WHERE client_cert_sha256 IS NOT NULL;

CREATE VIEW smtp AS
SELECT ts, session_id AS uid, client_ip AS "id.orig_h", client_port AS "id.orig_p", local_ip AS "id.resp_h",
    local_port AS "id.resp_p", helo, mail_from AS mailfrom, rcpt_to AS rcptto, date, header_from AS "from",
    header_to AS "to", message_id AS msg_id, subject, reply AS last_reply, x_mailer AS user_agent,
    tls_outcome = 'negotiated' AS tls
FROM message;
