"""An Okta organisation, as far as it signs people in and says what became of them. People sign in through one of its
authorization servers (/oauth2/default), which has an issuer and keys of its own; what concerns the whole organisation
(Universal Logout, security events) is signed in the organisation's name with the organisation's keys. Nobody is asked
anything: whoever comes is `who`."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
import urllib.parse
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET, POLL_TOKEN = "0oa1musterinterop", "okta-interop-secret", "okta-interop-poll-token"


class Key:
    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_urlsafe(16)

    def jwk(self):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return public | {"kid": self.kid, "alg": "RS256", "use": "sig"}

    def sign(self, typ, claims):
        headers = {"kid": self.kid, "typ": typ}
        return jwt.encode(claims, self.private, algorithm="RS256", headers=headers)


class Okta:
    def __init__(self, port):
        self.org = f"http://127.0.0.1:{port}"
        self.login = f"{self.org}/oauth2/default"
        self.org_key, self.login_key, self.stranger = Key(), Key(), Key()
        # The stranger has the organisation's key id and nothing else of it.
        self.stranger.kid = self.org_key.kid
        self.who, self.codes = None, {}
        # What waits to be fetched, and what was said by whoever fetched it.
        self.waiting, self.fetched = {}, []
        okta = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=None, **headers):
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(data))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                okta.get(self, urllib.parse.urlsplit(self.path))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                okta.post(self, self.path, body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, request, at):
        def about(issuer, base):
            return {
                "issuer": issuer, "authorization_endpoint": f"{base}/v1/authorize", "token_endpoint": f"{base}/v1/token",
                "jwks_uri": f"{base}/v1/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        match at.path:
            case "/.well-known/openid-configuration":
                request.answer(200, about(self.org, f"{self.org}/oauth2"))
            case "/oauth2/default/.well-known/openid-configuration":
                request.answer(200, about(self.login, self.login))
            case "/.well-known/ssf-configuration":
                request.answer(200, {
                    "spec_version": "1_0-ID2", "issuer": self.org, "jwks_uri": f"{self.org}/oauth2/v1/keys",
                    "delivery_methods_supported": ["https://schemas.openid.net/secevent/risc/delivery-method/push"],
                    "configuration_endpoint": f"{self.org}/api/v1/ssf/stream", "default_subjects": "ALL",
                })
            case "/oauth2/v1/keys":
                request.answer(200, {"keys": [self.org_key.jwk()]})
            case "/oauth2/default/v1/keys":
                request.answer(200, {"keys": [self.login_key.jwk()]})
            case "/oauth2/default/v1/authorize":
                asked = dict(urllib.parse.parse_qsl(at.query))
                code = secrets.token_urlsafe()
                self.codes[code] = asked | {"who": self.who}
                back = urllib.parse.urlencode({"code": code, "state": asked["state"]})
                request.answer(302, Location=f"{asked['redirect_uri']}?{back}")
            case _:
                request.answer(404, {"errorCode": "E0000007"})

    def post(self, request, path, body):
        match path:
            case "/oauth2/default/v1/token":
                form = dict(urllib.parse.parse_qsl(body.decode()))
                proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
                asked = self.codes.pop(form.get("code"), None)
                challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
                if request.headers["Authorization"] != f"Basic {proof}":
                    request.answer(401, {"error": "invalid_client"})
                elif not asked or challenge.decode().rstrip("=") != asked["code_challenge"]:
                    request.answer(400, {"error": "invalid_grant"})
                else:
                    token = self.login_key.sign("JWT", self.id_token(asked))
                    request.answer(200, {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": token})
            case "/poll":
                said = json.loads(body)
                if request.headers["Authorization"] != f"Bearer {POLL_TOKEN}":
                    request.answer(401, {})
                    return
                self.fetched.append(said)
                for jti in said.get("ack", []) + list(said.get("setErrs", {})):
                    self.waiting.pop(jti, None)
                # Two at a time, so that there is more.
                some = dict(list(self.waiting.items())[:min(2, said["maxEvents"])])
                request.answer(200, {"sets": some, "moreAvailable": len(self.waiting) > len(some)})
            case _:
                request.answer(404, {"errorCode": "E0000007"})

    def id_token(self, asked):
        now = int(time.time())
        return {
            "iss": self.login, "sub": asked["who"], "aud": CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 3600,
            "auth_time": now, "amr": ["mfa", "otp", "pwd"], "idp": "00oidp", "ver": 1, "jti": f"ID.{secrets.token_urlsafe()}",
        }

    def universal_logout(self, audience, **change):
        """The token that a call of Universal Logout comes with."""
        now = int(time.time())
        claims = {"iss": self.org, "sub": CLIENT, "aud": audience, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 300,
                  "nbf": now - 300}
        return {k: v for k, v in (claims | change).items() if v is not None}

    def event(self, audience, kind, about, **change):
        """A security event token in Okta's shape: the subject inside the event, its time in milliseconds."""
        now = int(time.time())
        claims = {"iss": self.org, "jti": secrets.token_hex(16), "iat": now, "aud": audience, "events": {kind: about}}
        return {k: v for k, v in (claims | change).items() if v is not None}

    def about(self, sub, **more):
        return {"event_timestamp": int(time.time() * 1000),
                "subject": {"user": {"format": "iss_sub", "iss": self.org, "sub": sub}} if more.pop("nested", False)
                else {"format": "iss_sub", "iss": self.org, "sub": sub}} | more
