"""One POP3 session by SCRAM (RFC 5802, RFC 7677, RFC 5929), computed with Python's own hashlib and
hmac; every message is told as JSON on standard output.

Never: a server believed that has not proved itself. The secret comes on standard input.
"""

import base64
import hashlib
import hmac
import json
import poplib
import secrets
import ssl
import sys

transport, port, ca_file, user, hash_name, binding = sys.argv[1:7]
secret = sys.stdin.readline().rstrip("\n")
digest = {"SHA-1": "sha1", "SHA-256": "sha256"}[hash_name]
context = ssl.create_default_context(cafile=ca_file)

if transport == "implicit":
    session = poplib.POP3_SSL("localhost", int(port), context=context, timeout=30)
else:
    session = poplib.POP3("localhost", int(port), timeout=30)
    session.stls(context=context)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), digest).digest()


def challenge() -> str:
    line = session.file.readline().decode()
    assert line.startswith("+ "), line
    return base64.b64decode(line[2:].strip(), validate=True).decode()


if binding == "none":
    flag, channel, mechanism = "n", b"", f"SCRAM-{hash_name}"
else:
    certificate = session.sock.getpeercert(binary_form=True)
    flag, mechanism = f"p={binding}", f"SCRAM-{hash_name}-PLUS"
    # RFC 5929 section 4.1: what it was signed with, which is SHA-256 here.
    channel = hashlib.sha256(certificate).digest()

assert mechanism in session.capa()["SASL"], session.capa()
header = f"{flag},,"
nonce = secrets.token_urlsafe(18)
bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
session._putcmd(f"AUTH {mechanism} {b64((header + bare).encode())}")
server_first = challenge()
fields = dict(field.split("=", 1) for field in server_first.split(","))
assert fields["r"].startswith(nonce) and len(fields["r"]) > len(nonce), server_first
salt, iterations = base64.b64decode(fields["s"]), int(fields["i"])
salted = hashlib.pbkdf2_hmac(digest, secret.encode(), salt, iterations)
without_proof = f"c={b64(header.encode() + channel)},r={fields['r']}"
auth_message = f"{bare},{server_first},{without_proof}"
client_key = mac(salted, "Client Key")
signature = mac(hashlib.new(digest, client_key).digest(), auth_message)
proof = bytes(a ^ b for a, b in zip(client_key, signature))
session._putcmd(b64(f"{without_proof},p={b64(proof)}".encode()))
server_final = challenge()
assert server_final == f"v={b64(mac(mac(salted, 'Server Key'), auth_message))}", server_final
session._putcmd("")
session._getresp()

count, _ = session.stat()
messages = []
for number in range(1, count + 1):
    lines = session.retr(number)[1]
    messages.append(b"".join(line + b"\r\n" for line in lines).decode("latin-1"))
session.quit()
json.dump(messages, sys.stdout)
