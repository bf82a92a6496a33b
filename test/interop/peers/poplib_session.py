"""One POP3 session with Python's poplib: everything it can ask, told as JSON on standard output.

Never: a certificate that is not checked. The secret comes on standard input.
"""

import json
import poplib
import ssl
import sys

transport, port, ca_file, user, action = sys.argv[1:6]
secret = sys.stdin.readline().rstrip("\n")
context = ssl.create_default_context(cafile=ca_file)

if transport == "implicit":
    session = poplib.POP3_SSL("localhost", int(port), context=context, timeout=30)
else:
    session = poplib.POP3("localhost", int(port), timeout=30)
    before = session.capa()
    session.stls(context=context)
    assert "STLS" in before and "STLS" not in session.capa(), before

session.user(user)
session.pass_(secret)
count, octets = session.stat()
told = {
    "count": count,
    "octets": octets,
    "sizes": [int(line.split()[1]) for line in session.list()[1]],
    "uidls": [line.split()[1].decode() for line in session.uidl()[1]],
    "messages": [],
    "headers": [],
}
for number in range(1, count + 1):
    lines = session.retr(number)[1]
    told["messages"].append(b"".join(line + b"\r\n" for line in lines).decode("latin-1"))
    top = session.top(number, 0)[1]
    told["headers"].append(b"".join(line + b"\r\n" for line in top).decode("latin-1"))
if action == "delete":
    session.dele(1)
    session.rset()
    for number in range(2, count + 1):
        session.dele(number)
    session.noop()
session.quit()
json.dump(told, sys.stdout)
