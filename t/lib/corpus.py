#!/usr/bin/env python3
"""corpus.py: send a folder of messages over STARTTLS, and read a mail stream back.

  corpus.py send HOST PORT PART PARTS DIR   sends each PARTS-th message, prints "ID SHA256" a line
  corpus.py mbox FILE                       reads FILE with mailbox.mbox, prints "ID SHA256" a line

Messages are the files *.txt below DIR, in order of their names, LF made CRLF.
"""
import hashlib
import mailbox
import pathlib
import re
import smtplib
import ssl
import sys

MESSAGES_A_SESSION = 40


def messages(folder):
    for path in sorted(pathlib.Path(folder).rglob("*.txt")):
        data = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        yield data if data.endswith(b"\r\n") else data + b"\r\n"


def connect(host, port, context):
    client = smtplib.SMTP(host, port, local_hostname="corpus.example", timeout=60)
    client.starttls(context=context)
    client.ehlo()
    return client


def send_one(client, data):
    client.mail("sender@corpus.example", ["BODY=8BITMIME"])
    client.rcpt("trap@trap.test")
    code, reply = client.data(data)
    if code != 250:
        raise SystemExit(f"not accepted: {code} {reply!r}")
    return reply.split()[-1].decode()


def send(host, port, part, parts, folder):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    mine = list(messages(folder))[part::parts]
    client = None
    for n, data in enumerate(mine):
        if n % MESSAGES_A_SESSION == 0:
            if client:
                client.quit()
            client = connect(host, port, context)
        print(send_one(client, data), hashlib.sha256(data).hexdigest(), flush=True)
    client.quit()


TRACE = re.compile(rb"\A.*?^X-Trap-Id: (\S+)\r\nX-Trap-Size: (\d+)\r\n", re.S | re.M)
QUOTED = re.compile(rb"^>(>*From )", re.M)


def read_mbox(file):
    box = mailbox.mbox(file, create=False)
    for key in box.keys():
        text = box.get_bytes(key)
        head = TRACE.match(text)
        data = QUOTED.sub(rb"\1", text[head.end():])
        size = int(head[2])
        print(head[1].decode(), hashlib.sha256(data[:size]).hexdigest())


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
    else:
        read_mbox(sys.argv[2])
