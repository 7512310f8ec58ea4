#!/usr/bin/env python3
"""smtplib_client.py HOST PORT VERSION [NAME]: send a message over STARTTLS with this TLS version alone,
asking for the server NAME."""
import smtplib
import ssl
import sys

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

host, port, version = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_ciphers("DEFAULT:@SECLEVEL=0")
context.minimum_version = context.maximum_version = VERSIONS[version]
with smtplib.SMTP(host, int(port), timeout=30) as client:
    if len(sys.argv) > 4:
        client._host = sys.argv[4]  # what starttls() gives as the server's name
    client.starttls(context=context)
    client.sendmail("python@client.test", ["trap@trap.test"], "Subject: python\n\nhello\n")
