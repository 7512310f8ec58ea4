#!/usr/bin/env python3
"""redacted.py: send messages with an address hidden in them, and look for it in what is exported.

  redacted.py send HOST PORT COUNT SEED CORPUS KEEP   CORPUS: a folder of *.txt, or - for made-up ones
  redacted.py check KEEP <XARF                        prints counts; fails if anything is found

Each message is an original with the address planted in its header, in front of its text, or around
it in parts of many kinds.  Decoding is all Python's: email, quopri, base64, html, urllib.
"""
import base64
import collections
import email
import email.header
import email.policy
import gzip
import hashlib
import html
import json
import pathlib
import quopri
import random
import re
import smtplib
import sys
import urllib.parse

ADDRESS = "walter.white@trap-7f3.example"
LOCAL, DOMAIN = ADDRESS.split("@")
ADDR = ADDRESS.encode()
DIGESTS = [h(a).hexdigest() for h in (hashlib.md5, hashlib.sha1, hashlib.sha256)
           for a in (ADDR,)]


def b64(data, url=False):
    return (base64.urlsafe_b64encode if url else base64.b64encode)(data).decode()


# Forms that stand in text of any kind.
TEXT = {
    "plain": ADDRESS,
    "capitals": ADDRESS.upper(),
    "percent": urllib.parse.quote(ADDRESS, safe=""),
    "all percent": "".join(f"%{c:02x}" for c in ADDR),
    "percent twice": urllib.parse.quote(urllib.parse.quote(ADDRESS, safe=""), safe=""),
    "entities": "".join(f"&#{c};" for c in ADDR),
    "hex entities": ADDRESS.replace("@", "&#x40;").replace(".", "&#x2e;"),
    "named entities": ADDRESS.replace("@", "&commat;").replace(".", "&period;"),
    "javascript": ADDRESS.replace("@", "\\u0040"),
    "verp": "bounce-" + ADDRESS.replace("@", "=") + "@list.example",
    "url base64": "http://x.example/u?e=" + b64(ADDR) + "&l=1",
    "url base64 inside": "http://x.example/u/" + b64(b"id=7&to=" + ADDR + b"&x=1", True),
    "url base64 percent": "http://x.example/u?e=" + urllib.parse.quote(b64(b"a=" + ADDR), safe=""),
    "url hex": "http://x.example/u?e=" + ADDR.hex(),
    "url HEX": "http://x.example/u?e=" + ADDR.hex().upper(),
    "md5": "http://x.example/o.gif?h=" + DIGESTS[0],
    "sha1": "http://x.example/o.gif?h=" + DIGESTS[1].upper(),
    "sha256": "http://x.example/o.gif?h=" + DIGESTS[2],
    "md5 base64": "http://x.example/o.gif?h=" + b64(bytes.fromhex(DIGESTS[0])),
    "domain": "welcome to " + DOMAIN,
    "host": "see http://mail." + DOMAIN + "/",
    "local part": "dear " + LOCAL + ", you won",
}
HEADER = {
    "folded": f"Received: from x by y for <{LOCAL}@\r\n\t{DOMAIN}>; now",
    "comments": f"To: \"{LOCAL}\" (it) @ (is)\r\n {DOMAIN}",
    "word B": f"X-Word: =?utf-8?B?{b64(('für ' + ADDRESS).encode())}?=",
    "word Q": f"X-Word: =?iso-8859-1?Q?f=FCr_{LOCAL}=40{DOMAIN}?=",
    "words": f"X-Word: =?utf-8?Q?f=C3=BCr_{LOCAL}=40tra?=\r\n =?utf-8?B?{b64(b'p-7f3.exa')}?= =?utf-8?Q?mple?=",
    "word UTF-16": f"X-Word: =?utf-16le?B?{b64(ADDRESS.encode('utf-16-le'))}?=",
    "segments": f"Content-Language: en; x*0=\"{LOCAL}@tra\";\r\n x*1=\"p-7f3.example\"",
    "extended": f"Content-Language: en; x*=utf-8''{LOCAL}%40{DOMAIN}",
    "folded token": "X-Token: " + b64(b"to:" + ADDR)[:20] + "\r\n " + b64(b"to:" + ADDR)[20:],
}
HEADER.update({"subject": HEADER["words"].replace("X-Word", "Subject").replace("\r\n", ""),
               "from": f"From: =?utf-8?Q?{LOCAL}=40trap-?= =?utf-8?Q?7f3?= =?utf-8?Q?.example?= <a@b.example>"})
HEADER.update({"text " + name: "X-Text: " + form for name, form in TEXT.items()})


def part(kind, body, encoding=None, more=""):
    head = f"Content-Type: {kind}\r\n" + (f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else "")
    return head.encode() + more.encode() + b"\r\n" + body


def lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def parts(form):
    """Ways to put a form into a part."""
    text = f"Hallo,\r\n{form}\r\nGrüße\r\n"
    return {
        "text": part("text/plain; charset=utf-8", text.encode(), "8bit"),
        "quoted": part("text/plain; charset=utf-8", quopri.encodestring(text.encode()).replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"), "quoted-printable"),
        "base64": part("text/html; charset=iso-8859-1", lines(text.encode("latin-1")), "base64"),
        "utf-16": part("text/plain; charset=utf-16", lines(text.encode("utf-16")), "base64"),
        "utf-32": part("text/plain; charset=utf-32be", lines(text.encode("utf-32-be")), "base64"),
        "utf-7": part("text/plain; charset=utf-7", text.replace("ü", "ue").replace("ß", "ss").encode("utf-7"), "7bit"),
        "tags": part("text/html", f"<p>{LOCAL}<b>@</b>{DOMAIN}</p>\r\n".encode()),
        "name": part("text/plain; name=\"x\"", b"x\r\n", None,
                     f"Content-Disposition: attachment;\r\n filename*0=\"{LOCAL}@tra\";\r\n filename*1=\"p-7f3.example\"\r\n"),
        "message": b"Content-Type: message/rfc822\r\n\r\nTo: " + ADDR + b"\r\nSubject: x\r\n\r\n" + text.encode(),
        "gif": part("image/gif", lines(b"GIF89a" + ADDR), "base64"),
        "gzip": part("application/gzip", lines(gzip.compress(ADDR)), "base64"),
        "gzip as text": part("text/plain", lines(gzip.compress(ADDR)), "base64"),
        "uuencode": part("text/plain", b"begin 644 x\r\n=" + base64.b16encode(ADDR)[:40] + b"\r\nend\r\n"),
        "mislabelled": part("text/plain", lines(b"x" * 70 + ADDR + b"y" * 70)),
        "unknown charset": part("text/plain; charset=x-none", text.encode()),
    }


def originals(corpus):
    if corpus == "-":
        for i in range(12):
            yield f"From: a@b.example\r\nSubject: made up {i}\r\n\r\nThis is number {i}.\r\n".encode()
        return
    for path in sorted(pathlib.Path(corpus).rglob("*.txt")):
        data = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        yield data if data.endswith(b"\r\n") else data + b"\r\n"


def plant(rng, original):
    """(kind, what comes before the original, message)"""
    kind = rng.choice(["none", "header", "header", "wrap", "wrap"])
    if kind == "none":
        return kind, b"", original
    names = rng.sample(sorted(HEADER), 4)
    head = "".join(HEADER[n] + "\r\n" for n in names).encode()
    if kind == "header":
        return kind, head, head + original
    body = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b7\"\r\n\r\nnone\r\n"
    for _ in range(3):
        ways = parts(TEXT[rng.choice(sorted(TEXT))])
        body += b"--=_b7\r\n" + ways[rng.choice(sorted(ways))] + b"\r\n"
    body += b"--=_b7\r\nContent-Type: message/rfc822\r\n\r\n" + original + b"\r\n--=_b7--\r\n"
    return kind, head, head + body


def send(host, port, count, seed, corpus, keep):
    rng = random.Random(seed)
    all_of_them = list(originals(corpus))
    chosen = rng.sample(all_of_them, min(count, len(all_of_them)))
    client = None
    for n, original in enumerate(chosen):
        if n % 50 == 0:
            if client:
                client.quit()
            client = smtplib.SMTP(host, port, local_hostname="corpus.example", timeout=60)
            client.ehlo()
        kind, head, message = plant(rng, original)
        client.mail("sender@corpus.example")
        client.rcpt(ADDRESS)
        code, reply = client.data(message)
        if code != 250:
            raise SystemExit(f"not accepted: {code} {reply!r}")
        ident = reply.split()[-1].decode()
        (pathlib.Path(keep) / ident).write_bytes(kind.encode() + b"\n" + original)
    client.quit()
    print(len(chosen))


# ---- looking for it ----

NEEDLES = [DOMAIN, LOCAL] + DIGESTS


def has(text):
    text = text.lower()
    return next((n for n in NEEDLES if n in text), None)


def flat(data):
    return data.decode("latin-1")


def unwrapped(text):
    """What decoders of one layer make of a text."""
    yield text
    yield re.sub(r"<[^>]{0,120}>", "", text)
    once = urllib.parse.unquote(text, "latin-1")
    yield once
    yield urllib.parse.unquote(once, "latin-1")
    yield html.unescape(text)
    yield re.sub(r"\s*([@.])\s*", r"\1", re.sub(r"\([^()]{0,80}\)", "", text).replace('"', ""))
    yield re.sub(r"\\u00([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
    yield flat(quopri.decodestring(text.encode("latin-1", "replace")))
    yield re.sub(r"\r?\n[ \t]+", "", text)
    if "\0" in text:
        yield text.replace("\0", "")


def encoded(text):
    """What runs of base64 and hexadecimal digits in a text hold."""
    joined = re.sub(r"(?<=[A-Za-z0-9+/]{40})\r?\n(?=[A-Za-z0-9+/])", "", text)
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", joined):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            piece = plain[start:]
            piece += "=" * (-len(piece) % 4)
            if len(piece.rstrip("=")) % 4 != 1:
                data = base64.b64decode(piece)
                yield flat(data)
                yield data.hex()
    for run in re.findall(r"[0-9a-fA-F]{10,}", text):
        for start in range(2):
            piece = run[start:]
            yield flat(bytes.fromhex(piece[: len(piece) // 2 * 2]))


def deep(text, where):
    for view in unwrapped(text):
        found = has(view)
        if found:
            return f"{where}: {found} in {view[max(0, view.lower().find(found) - 40):][:120]!r}"
        for inner in encoded(view):
            for last in (inner, inner.replace("\0", ""), urllib.parse.unquote(inner, "latin-1")):
                found = has(last)
                if found:
                    return f"{where}: {found} inside {last[:120]!r}"
    return None


def header_views(name, value):
    yield name + ": " + value
    try:
        pieces = email.header.decode_header(re.sub(r"\r?\n", "", value))
    except Exception:
        return
    joined = b"".join(p if isinstance(p, bytes) else p.encode("latin-1", "replace") for p, _ in pieces)
    yield flat(joined)
    for piece, charset in pieces:
        if isinstance(piece, bytes):
            try:
                yield piece.decode(charset or "latin-1", "replace")
            except LookupError:
                pass


def parameters(item):
    for name in ("Content-Type", "Content-Disposition", "Content-Language"):
        try:
            for _, value in item.get_params(failobj=[], header=name):
                yield "".join(v or "" for v in value) if isinstance(value, tuple) else value
        except Exception:
            continue


def look(evidence):
    """Everything Python can decode of a message; the first finding, or None."""
    found = deep(flat(evidence), "raw")
    for item in email.message_from_bytes(evidence, policy=email.policy.compat32).walk():
        for name, value in item.raw_items():
            for view in header_views(name, str(value)):
                found = found or deep(view, "header " + name)
        for value in parameters(item):
            found = found or deep(value, "parameter")
        data = None if item.is_multipart() else item.get_payload(decode=True)
        if data is None:
            continue
        found = found or deep(flat(data), "body")
        try:
            found = found or deep(data.decode(item.get_content_charset() or "latin-1"), "text")
        except (LookupError, UnicodeError):
            pass
    return found


NOTE = b"removed: cannot be searched"
CODED_NOTE = base64.b64encode(NOTE)  # stands for a picture in base64 that is no part of its own


def compare(kind, original, evidence):
    """What must have stayed did."""
    if CODED_NOTE in evidence:
        return "removed"
    if NOTE not in evidence and kind in ("none", "header"):
        return "same" if evidence.endswith(original) else "changed"
    if kind == "wrap":
        inner = email.message_from_bytes(evidence).get_payload()
        if not isinstance(inner, list) or len(inner) != 4:
            return "changed"
        if evidence.rsplit(b"message/rfc822\r\n\r\n", 1)[-1].count(NOTE) == 0 and original in evidence:
            return "same"
        return "removed" if NOTE in evidence else "changed"
    return "removed"


def check(keep):
    counts = collections.Counter()
    for line in sys.stdin:
        report = json.loads(line)
        counts["reports"] += 1
        evidence = base64.b64decode(report["evidence"][0]["payload"])
        ident = re.search(rb"^X-Trap-Id: (\S+)", evidence, re.M)[1].decode()
        kind, original = (pathlib.Path(keep) / ident).read_bytes().split(b"\n", 1)
        found = look(evidence)
        for name, value in report.items():
            for view in header_views(name, str(value)) if name != "evidence" else ():
                found = found or deep(view, "member " + name)
        if found:
            counts["found"] += 1
            print("found", ident, kind.decode(), found, file=sys.stderr)
        counts[compare(kind.decode(), original, evidence)] += 1
        if counts["changed"] and compare(kind.decode(), original, evidence) == "changed":
            print("changed", ident, kind.decode(), file=sys.stderr)
    print(" ".join(f"{name}={counts[name]}" for name in ("reports", "found", "same", "removed", "changed")))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6], sys.argv[7])
    else:
        check(sys.argv[2])
