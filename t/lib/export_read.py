#!/usr/bin/env python3
"""export_read.py FORMAT: read what smtptrap export wrote, strictly, and print it as JSON.

csv   RFC 4180, by Python's csv module in strict mode
zeek  Zeek's ASCII logs, after Zeek's documentation and its own reader (Formatter/Ascii): Zeek is
      not in Debian, so this is a reader written for the test, not Zeek itself
ecs   JSON lines; every field must be of ECS (the table below, from its field reference, version
      8.11) and of the type that it has there, or stand under smtptrap
xarf  JSON lines; every report must be as xarf-core.json, messaging-spam.json and
      connection-login-attack.json of XARF 4 want it.  Where TRAP_XARF_SCHEMAS names a folder with
      these schemas and python3-jsonschema is there, they judge too.
"""
import base64
import csv
import datetime
import hashlib
import ipaddress
import json
import os
import pathlib
import re
import sys


class Wrong(Exception):
    pass


def must(holds, what):
    if not holds:
        raise Wrong(what)


# ---- csv ----

def read_csv(raw):
    must(raw.endswith(b"\r\n"), "the last line has no end")
    bare = re.sub(rb'"(?:[^"]|"")*"', b"", raw).replace(b"\r\n", b"")
    must(b"\r" not in bare and b"\n" not in bare, "a line does not end in CRLF")
    rows = list(csv.reader(raw.decode("utf-8").split("\r\n")[:-1], strict=True))
    must(len({len(r) for r in rows}) == 1, "lines have different numbers of columns")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


# ---- zeek ----

UNESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(\\))")


def unescape(value):
    must(b"\\" not in UNESCAPE.sub(b"", value), f"a bad escape in {value!r}")
    plain = UNESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else b"\\", value)
    must(all(c >= 0x20 and c != 0x7f for c in value), f"a control character in {value!r}")
    return plain.decode("latin-1")


def zeek_number(kind, value):
    limit = 65535 if kind == "port" else 2 ** 64 - 1
    must(re.fullmatch(rb"0|[1-9][0-9]*", value) and int(value) <= limit, f"{kind} {value!r}")
    return int(value)


def zeek_time(kind, value):
    must(re.fullmatch(rb"[0-9]+\.[0-9]{6}", value), f"{kind} {value!r}")
    return value.decode()


def zeek_value(kind, value):
    if value == b"-":
        return None
    inner = re.fullmatch(r"(?:set|vector)\[(.*)\]", kind)
    if inner:
        if value == b"(empty)":
            return []
        return [zeek_value(inner[1], v) for v in value.split(b",")]
    if kind in ("count", "port"):
        return zeek_number(kind, value)
    if kind in ("time", "interval"):
        return zeek_time(kind, value)
    if kind == "bool":
        must(value in (b"T", b"F"), f"bool {value!r}")
        return value == b"T"
    if kind == "addr":
        return str(ipaddress.ip_address(value.decode()))
    must(kind in ("string", "enum"), f"no type {kind}")
    return "" if value == b"(empty)" else unescape(value)


def zeek_header(lines):
    head = {}
    must(lines.pop(0) == rb"#separator \x09", "no #separator")
    for name in ("set_separator", "empty_field", "unset_field", "path", "open", "fields", "types"):
        key, *values = lines.pop(0).decode().split("\t")
        must(key == "#" + name, f"{key} where #{name} should be")
        head[name] = values
    must(head["set_separator"] == [","] and head["empty_field"] == ["(empty)"]
         and head["unset_field"] == ["-"], "other separators")
    datetime.datetime.strptime(head["open"][0], "%Y-%m-%d-%H-%M-%S")
    must(len(head["fields"]) == len(head["types"]), "fields and types differ in number")
    return head


def read_zeek(raw):
    lines = raw.split(b"\n")
    must(lines.pop() == b"", "the last line has no end")
    head = zeek_header(lines)
    key, close = lines.pop().decode().split("\t")
    must(key == "#close", "no #close")
    datetime.datetime.strptime(close, "%Y-%m-%d-%H-%M-%S")
    rows = []
    for line in lines:
        values = line.split(b"\t")
        must(len(values) == len(head["fields"]), "a row of another length")
        rows.append({f: zeek_value(t, v) for f, t, v in zip(head["fields"], head["types"], values)})
    return {"path": head["path"][0], "fields": head["fields"], "types": head["types"], "rows": rows}


# ---- ecs ----

ECS = {
    "keyword": """ecs.version event.kind event.category event.type event.outcome event.id event.dataset
        event.reason observer.name network.transport network.protocol network.type rule.name tags
        error.type tls.version tls.version_protocol tls.cipher tls.curve tls.next_protocol
        tls.client.server_name tls.client.supported_ciphers tls.client.ja3 tls.client.subject
        tls.client.issuer tls.client.hash.sha256 tls.server.hash.sha256 source.domain
        email.from.address email.to.address email.subject email.message_id email.x_mailer file.name""",
    "text": "error.message",
    "ip": "source.ip destination.ip source.nat.ip",
    "long": """source.port destination.port source.bytes destination.bytes event.sequence
        event.duration""",
    "date": "@timestamp email.origination_timestamp tls.client.not_before tls.client.not_after",
    "boolean": "tls.established tls.resumed",
}
TYPE = {name: kind for kind, names in ECS.items() for name in names.split()}
ARRAYS = {"event.category", "event.type", "tags", "tls.client.supported_ciphers",
          "email.from.address", "email.to.address"}
ALLOWED = {"event.kind": {"event"}, "event.category": {"network", "email"},
           "event.type": {"connection", "end", "protocol", "info"},
           "event.outcome": {"success", "failure", "unknown"}, "network.transport": {"tcp"},
           "network.type": {"ipv4", "ipv6"}, "tls.version_protocol": {"ssl", "tls"}}


def is_date(value):
    return isinstance(value, str) and bool(
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo)


CHECK = {
    "keyword": lambda v: isinstance(v, str),
    "text": lambda v: isinstance(v, str),
    "ip": lambda v: bool(ipaddress.ip_address(v)),
    "long": lambda v: type(v) is int and 0 <= v < 2 ** 63,
    "date": is_date,
    "boolean": lambda v: isinstance(v, bool),
}


def leaves(value, path=""):
    for name, inner in value.items():
        must("." not in name, f"a dot in {name}: not nested")
        if isinstance(inner, dict):
            yield from leaves(inner, path + name + ".")
        else:
            yield path + name, inner


def no_duplicates(pairs):
    must(len(pairs) == len({k for k, _ in pairs}), f"a name twice in {pairs}")
    return dict(pairs)


def read_ecs(raw):
    events = []
    for line in raw.decode("utf-8").splitlines():
        event = json.loads(line, object_pairs_hook=no_duplicates)
        for name in ("@timestamp", "ecs", "event"):
            must(name in event, f"no {name}")
        for name, value in leaves(event):
            if name.startswith("smtptrap."):
                continue
            must(name in TYPE, f"{name} is not of ECS")
            must(isinstance(value, list) == (name in ARRAYS), f"{name}: {value!r}: array or not")
            for one in value if isinstance(value, list) else [value]:
                must(CHECK[TYPE[name]](one), f"{name}: {one!r} is no {TYPE[name]}")
                must(one in ALLOWED.get(name, {one}), f"{name}: {one!r} is not allowed")
        events.append(event)
    return events


# ---- xarf ----

EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
                   r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TAG = re.compile(r"[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-.]*")
HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
CORE = {"xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier",
        "category", "type"}


def text(limit):
    return lambda v: isinstance(v, str) and len(v) <= limit


def port(value):
    return type(value) is int and 1 <= value <= 65535


XARF = {
    "xarf_version": lambda v: re.fullmatch(r"4\.[0-9]+\.[0-9]+", v),
    "report_id": UUID.fullmatch,
    "timestamp": is_date,
    "reporter": dict.items,
    "sender": dict.items,
    "source_identifier": lambda v: bool(ipaddress.ip_address(v)),
    "source_port": port,
    "category": lambda v: v in ("messaging", "connection"),
    "type": lambda v: v in ("spam", "login_attack"),
    "evidence_source": lambda v: v in ("spamtrap", "honeypot"),
    "protocol": lambda v: v in ("smtp", "tcp"),
    "smtp_from": EMAIL.fullmatch,
    "smtp_to": EMAIL.fullmatch,
    "subject": text(500),
    "message_id": text(200),
    "user_agent": text(200),
    "recipient_count": lambda v: type(v) is int and v >= 1,
    "destination_port": port,
    "first_seen": is_date,
    "last_seen": is_date,
    "tags": lambda v: len(v) <= 20 and all(TAG.fullmatch(t) for t in v),
    "evidence": lambda v: len(v) <= 50,
}
WANTED = {"spam": {"protocol", "smtp_from", "source_port"},
          "login_attack": {"protocol", "first_seen", "source_port"}}


def check_contact(contact):
    must(set(contact) == {"org", "contact", "domain"}, f"contact {contact}")
    must(len(contact["org"]) <= 200 and EMAIL.fullmatch(contact["contact"])
         and HOST.fullmatch(contact["domain"]), f"contact {contact}")


def check_evidence(item):
    must(set(item) <= {"content_type", "description", "payload", "hash", "size"}, "evidence item")
    must(len(item["description"]) <= 500, "description")
    data = base64.b64decode(item["payload"], validate=True)
    must(item["size"] == len(data) <= 5242880, "size")
    must(item["hash"] == "sha256:" + hashlib.sha256(data).hexdigest(), "hash")


def official():
    """The official schemas as judges, where they are at hand."""
    folder = os.environ.get("TRAP_XARF_SCHEMAS")
    if not folder:
        return None
    import jsonschema
    core = json.loads((pathlib.Path(folder) / "xarf-core.json").read_text())
    judges = {}
    for kind, file in (("spam", "messaging-spam.json"), ("login_attack", "connection-login-attack.json")):
        schema = json.loads((pathlib.Path(folder) / "types" / file).read_text())
        judges[kind] = [jsonschema.Draft202012Validator(
            one, format_checker=jsonschema.FormatChecker()) for one in (core, schema["allOf"][1])]
    return judges


def read_xarf(raw):
    judges = official()
    reports = []
    for line in raw.decode("utf-8").splitlines():
        report = json.loads(line, object_pairs_hook=no_duplicates)
        must(CORE <= set(report) <= set(XARF), f"members {sorted(report)}")
        must(WANTED[report["type"]] <= set(report), f"members {sorted(report)}")
        for name, value in report.items():
            must(XARF[name](value), f"{name}: {value!r}")
        check_contact(report["reporter"])
        check_contact(report["sender"])
        for item in report["evidence"]:
            check_evidence(item)
        if judges:
            for judge in judges[report["type"]]:
                judge.validate(report)
        reports.append(report)
    return reports


if __name__ == "__main__":
    read = {"csv": read_csv, "zeek": read_zeek, "ecs": read_ecs, "xarf": read_xarf}[sys.argv[1]]
    json.dump(read(sys.stdin.buffer.read()), sys.stdout)
