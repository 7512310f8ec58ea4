# smtptrap.jq: the questions of the field for jq, a function each.
#
#     zcat /var/log/smtptrap/{session,message}-*.jsonl.gz |
#         jq -n -L /usr/share/doc/smtptrap/analysis 'include "smtptrap"; versions_by_connection'
#
# smtptrap cat gives the same lines, and finds those of the files that are being written.  Rows are
# arrays; add | @tsv with jq -r for a table.  jq keeps in memory what it groups: for a large log
# choose first, as with smtptrap cat --since 1d.

def sessions: inputs | select(.type == "session");
def deliveries: inputs | select(.type == "message" and .verdict == "accepted");
def over_tls: select(.tls_outcome == "negotiated");

# How many connections a record stands for.
def connections: .yakker_sessions // 1;

def addresses: map(.client_ip) | unique | length;
def sum_of(f): map(f) | add // 0;

# Domain of the reverse-path.
def domain: if .mail_from == "" then "<>" elif .mail_from | contains("@") | not then "no domain"
    else .mail_from | split("@") | last | ascii_downcase end;

# An array of records by label: [label, count, percent, addresses], most first.
def shares(name): sum_of(connections) as $all | group_by(name)
    | map([(.[0] | name), sum_of(connections), (1000 * sum_of(connections) / $all | round / 10), addresses])
    | sort_by([-.[1], .[0]]) | .[];

# Which versions of TLS, of the connections that negotiated it?  [version, connections, percent, addresses]
def versions_by_connection: [sessions | over_tls] | shares(.tls_version);

# And of the messages that came over it?  [version, messages, percent, addresses]
def versions_by_message: [deliveries | over_tls] | shares(.tls_version);

# What share of the deliveries is over TLS?  [delivery, messages, percent, addresses]
def share_over_tls: [deliveries] | shares(if .tls_outcome == "negotiated" then "over TLS" else "in clear" end);

# Why do handshakes fail?  [reason, handshakes, percent, addresses]
def failures_by_reason: [sessions | select(.tls_outcome == "failed")] | shares(.tls_failure);

# Who failed, and was never seen again?  [address, time, reason]
def never_came_back: [sessions | {client_ip, ts, tls_outcome, tls_failure}] | group_by(.client_ip) | map(max_by(.ts))
    | map(select(.tls_outcome == "failed")) | sort_by(.ts) | .[] | [.client_ip, .ts, .tls_failure];

# The most frequent JA4, and since when they are seen.  [ja4, connections, addresses, first, last]
def top_ja4: [sessions | select(.ja4)] | group_by(.ja4)
    | map([.[0].ja4, sum_of(connections), addresses, (map(.ts) | min), (map(.ts) | max)])
    | sort_by([-.[1], .[0]]) | .[:20] | .[];

# Campaigns: bodies that came more than once.  [body_sha256, messages, addresses, domains, first, last]
def same_bodies: [deliveries | select(.body_sha256)] | group_by(.body_sha256) | map(select(length > 1))
    | map([.[0].body_sha256, length, addresses, (map(domain) | unique | length), (map(.ts) | min), (map(.ts) | max)])
    | sort_by([-.[1], .[0]]) | .[];

# Who sends on many days, and does it use TLS?  [domain, days, messages, addresses, over TLS]
def persistent_senders: [deliveries] | group_by(domain)
    | map([(.[0] | domain), (map(.ts[:10]) | unique | length), length, addresses, (map(over_tls) | length)])
    | sort_by([-.[1], -.[2], .[0]]) | .[:20] | .[];

# The dialects of SMTP that are spoken.  [dialect, connections, addresses, dialect_string]
def dialects: [sessions | select(.dialect)] | group_by(.dialect)
    | map([.[0].dialect, sum_of(connections), addresses, .[0].dialect_string]) | sort_by([-.[1], .[0]]) | .[];

# What became of each arm's connections?  [arm, connections, started, negotiated, failed, delivered]
def arms: [sessions | select(.arm)] | group_by(.arm) | .[] | [.[0].arm, sum_of(connections),
    (map(select(.tls_outcome == "failed" or .tls_outcome == "negotiated")) | sum_of(connections)),
    (map(over_tls) | sum_of(connections)), (map(select(.tls_outcome == "failed")) | sum_of(connections)),
    (map(select((.messages_accepted // 0) > 0)) | sum_of(connections))];

# A record under Zeek's names, as its logs in JSON have them.
def zeek: {ts, uid: (.session_id // .id), "id.orig_h": .client_ip, "id.orig_p": .client_port, "id.resp_h": .local_ip,
        "id.resp_p": .local_port}
    + if .type == "message" then {helo, mailfrom: .mail_from, rcptto: .rcpt_to, date, from: .header_from, to: .header_to,
            msg_id: .message_id, subject, last_reply: .reply, user_agent: .x_mailer}
        else {duration: (if .duration_us then .duration_us / 1000000 else null end), orig_bytes: .bytes_in, resp_bytes: .bytes_out, version: .tls_version,
            cipher: .tls_cipher, curve: .tls_group, server_name: .tls_sni, resumed: .tls_resumed, last_alert: .tls_alert,
            established: (.tls_outcome == "negotiated"), client_version: .hello_legacy_version,
            client_supported_versions: .hello_versions, ja3, ja4, client_subject: .client_cert_subject,
            client_issuer: .client_cert_issuer} end
    | with_entries(select(.value != null));
def zeek_names: inputs | zeek;
