"""A mail server that keeps what it gets: server.py PORT FOLDER [CERTIFICATE KEY].

With a certificate it wants STARTTLS and then the name and password below, before it takes anything; without one it
offers neither. Each letter becomes FOLDER/N.eml as it came, and FOLDER/N.json as its reader would see it. A recipient
called "nobody" is refused for good; mail to "later" is put off once for each letter, mail to "busy" as long as there is a
file FOLDER/busy.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = b"muster", b"mail-interop-secret"

port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
certificate = sys.argv[3:5]
folder.mkdir(exist_ok=True)
put_off = set()


class Keep:
    kept = len(list(folder.glob("*.eml")))

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 nobody of that name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if envelope.rcpt_tos[0].startswith("later@") and letter["message-id"] not in put_off:
            put_off.add(letter["message-id"])
            return "451 4.7.1 come back later"
        if envelope.rcpt_tos[0].startswith("busy@") and (folder / "busy").exists():
            return "451 4.7.1 come back later"
        Keep.kept += 1
        path = folder / f"{Keep.kept}.eml"
        path.write_bytes(envelope.content)
        plain, page = letter.get_body(("plain",)), letter.get_body(("html",))
        seen = {
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "headers": {name.lower(): str(value) for name, value in letter.items()},
            "type": letter.get_content_type(),
            "parts": [part.get_content_type() for part in letter.walk()],
            "defects": [str(d) for part in letter.walk() for d in part.defects],
            "text": plain.get_content() if plain else None,
            "html": page.get_content() if page else None,
            "tls": session.ssl is not None,
            "user": session.auth_data.decode() if session.authenticated else None,
        }
        # In one step: who waits for it must not find half of it.
        half = path.with_suffix(".half")
        half.write_text(json.dumps(seen))
        half.rename(path.with_suffix(".json"))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=False, auth_data=data.login if right else None)


options = {}
if certificate:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticate,
    }
controller = Controller(Keep(), hostname="127.0.0.1", port=port, **options)
controller.start()
print("ready", flush=True)
asyncio.new_event_loop().run_forever()
