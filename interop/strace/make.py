"""Makes tenants over the owner's socket: make.py SOCKET NAME CONNECTIONS EACH."""

import http.client
import json
import socket
import sys
import threading


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


path, name, connections, each = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
faults = []


def work(c):
    link = Unix(path)
    for i in range(each):
        slug = f"{name}-c{c:02}-r{i:02}-x"
        body = json.dumps({"slug": slug, "name": slug})
        link.request("POST", "/api/v1/tenants", body, {"content-type": "application/json"})
        answer = link.getresponse()
        text = answer.read()
        if answer.status != 201 or slug.encode() not in text:
            faults.append((answer.status, text[:200]))


threads = [threading.Thread(target=work, args=(c,)) for c in range(connections)]
for t in threads:
    t.start()
for t in threads:
    t.join()
if faults:
    sys.exit(f"{len(faults)} requests failed, the first with {faults[0]}")
