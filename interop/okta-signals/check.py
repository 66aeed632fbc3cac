"""What an Okta organisation says after the sign-in, and what comes of it: check.py MUSTER_URL PORT"""

import json
import pathlib
import os
import secrets
import sys
import time
import uuid

import jwt
from okta import CLIENT, POLL_TOKEN, SECRET, Okta
from person import Application, Browser, Report, muster, send, until

url, port = sys.argv[1:]
report = Report("okta-signals")
okta = Okta(int(port))
data = pathlib.Path(os.environ["DATA"])

CAEP = "https://schemas.openid.net/secevent/caep/event-type"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


def secret_file(name, value):
    path = data / name
    path.write_text(value)
    path.chmod(0o600)
    return str(path)


# A company with this Okta, and another that has a person with the same address in a directory of its own.
muster("tenant", "create", "initech", "--name", "Initech")
directory = muster("directory", "create", "initech", "Initech Okta", "--preset", "okta", "--issuer", okta.login, "--client-id",
                   CLIENT, "--client-secret-file", secret_file("secret", SECRET))
here = f"{url}/federation/{directory['id']}"


def provision(tenant, name, base, people):
    token = muster("scim-token", "create", tenant, name)["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}

    def scim(path, body):
        status, _, text = send(base + path, json.dumps(body).encode(), headers)
        assert status == 201, text
        return json.loads(text)["id"]

    made = [scim("/Users", {"userName": f"{sub}@initech.example", "externalId": external, "active": True,
                            "emails": [{"value": f"{sub}@initech.example", "primary": True}]}) for sub, external in people]
    scim("/Groups", {"displayName": "Support", "members": [{"value": id} for id in made]})
    muster("mapping", "create", tenant, "--group", "Support", "--role", "Tenant Administrator")


provision("initech", "Initech Okta", directory["scim_base_url"], [("ada", "00uada"), ("bob", "00ubob")])
muster("tenant", "create", "elsewhere", "--name", "Elsewhere")
other = muster("directory", "create", "elsewhere", "Elsewhere")
provision("elsewhere", "Elsewhere", other["scim_base_url"], [("eve", "00ueve")])
wiki = Application(url, "initech", "Wiki")
USERS = f"{url}/api/v1/tenants/initech/users"


class Visit:
    """Somebody signs in through Okta, and an application gets tokens."""

    def __init__(self, sub):
        okta.who, self.browser = sub, Browser()
        page = self.browser.submit(self.browser.go(f"{url}/signin?tenant=initech"), "/federation/start")
        if page.url != f"{url}/me":
            raise RuntimeError(f"not signed in: {page}")
        self.given = wiki.tokens(self.browser)
        if not self.stands():
            raise RuntimeError("signed in, and nothing stands")

    def session(self):
        return self.browser.send(f"{url}/me")[0] == 200

    def may(self):
        """Whether they do what takes a second factor."""
        return self.browser.send(USERS)[0] == 200

    def stands(self):
        return self.session() and wiki.active(self.given)

    def ended(self):
        """Whether session, introspection and refresh all say so."""
        return not self.session() and not wiki.active(self.given) and wiki.refresh(self.given).get("error") == "invalid_grant"


def trail():
    """What the audit trail has of signals, the newest first."""
    return [e["detail"] for e in muster("audit", "initech", "--limit", "200")["items"] if e["action"] == "signal.take"]


def took(began):
    return f"{(time.monotonic() - began) * 1000:.0f} ms"


# ---- Universal Logout
GTR = f"{here}/global-token-revocation"
TYP = "global-token-revocation+jwt"


def revoke(named, token=None, body=None):
    token = okta.org_key.sign(TYP, okta.universal_logout(GTR)) if token is None else token
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return send(GTR, json.dumps({"sub_id": named}).encode() if body is None else body, headers)


def answered(what, answer, status, error=None):
    """A status, with the error of an OAuth answer where there is one, and nothing that is kept."""
    seen, headers, text = answer
    fits = seen == status and headers["Cache-Control"] == "no-store" and "Set-Cookie" not in headers
    if error:
        body = json.loads(text or "{}")
        fits = fits and headers["Content-Type"] == "application/json" and body.get("error") == error and body["error_description"]
    else:
        fits = fits and text == ""
    report.check(f"{what}: {status}", fits, f"{seen} {text}")


BY_ID = {"format": "iss_sub", "iss": okta.org, "sub": "00uada"}
BY_LOGIN = BY_ID | {"iss": okta.login}
BY_MAIL = {"format": "email", "email": "ada@initech.example"}
for name, who in [("by address", BY_MAIL), ("by the organisation's id", BY_ID), ("by the authorization server's id", BY_LOGIN)]:
    visits, beside = [Visit("00uada"), Visit("00uada")], Visit("00ubob")
    began = time.monotonic()
    answer = revoke(who)
    print(f"     Universal Logout {name} is answered after {took(began)}")
    answered(f"Universal Logout {name}", answer, 204)
    report.check("sessions, access tokens and refresh tokens have ended, everywhere", all(v.ended() for v in visits))
    report.check("nobody else's", beside.stands() and "access_token" in wiki.refresh(beside.given))
    last = trail()[0]
    report.check("the audit trail has it", last["how"] == "global_token_revocation" and last["sessions"] == 2, last)

visit = Visit("00uada")
once = okta.org_key.sign(TYP, okta.universal_logout(GTR))
answered("a call", revoke(BY_ID, once), 204)
visit = Visit("00uada")
answered("the same call again, after she has signed in anew", revoke(BY_ID, once), 204)
report.check("a call counts once", visit.stands())

answered("somebody who was never here", revoke(BY_ID | {"sub": "00unobody"}), 404, "invalid_request")
answered("somebody of another organisation", revoke(BY_ID | {"iss": "https://other.okta.com"}), 404, "invalid_request")
answered("the address of somebody of another company here", revoke({"format": "email", "email": "eve@initech.example"}), 404,
         "invalid_request")
answered("a way of naming people that is not known", revoke({"format": "phone_number", "phone_number": "+12065550100"}), 422,
         "invalid_request")
answered("nobody named", revoke(None, body=b"{}"), 400, "invalid_request")
answered("no JSON", revoke(None, body=b"sub=00uada"), 400, "invalid_request")
answered("half a name", revoke({"format": "iss_sub", "iss": okta.org}), 400, "invalid_request")
claims = okta.universal_logout
for what, token in [
    ("no token", ""),
    ("another's key under the organisation's name", okta.stranger.sign(TYP, claims(GTR))),
    ("the authorization server's key for the organisation", okta.login_key.sign(TYP, claims(GTR))),
    ("another type", okta.org_key.sign("JWT", claims(GTR))),
    ("for another address", okta.org_key.sign(TYP, claims(f"{url}/federation/{uuid.uuid4()}/global-token-revocation"))),
    ("for another client", okta.org_key.sign(TYP, claims(GTR, sub="0oaother"))),
    ("of another organisation", okta.org_key.sign(TYP, claims(GTR, iss="https://other.okta.com"))),
    ("over", okta.org_key.sign(TYP, claims(GTR, exp=int(time.time()) - 600))),
    ("an hour old", okta.org_key.sign(TYP, claims(GTR, iat=int(time.time()) - 3600))),
    ("without an end", okta.org_key.sign(TYP, claims(GTR, exp=None))),
    ("without an id", okta.org_key.sign(TYP, claims(GTR, jti=None))),
    ("without a signature", jwt.encode(claims(GTR), None, algorithm="none", headers={"typ": TYP})),
    ("signed with a shared secret", jwt.encode(claims(GTR), "s" * 64, algorithm="HS256", headers={"typ": TYP})),
    ("nonsense", "nonsense"),
]:
    answer = revoke(BY_ID, token)
    answered(f"a call that proves nothing ({what})", answer, 401, "invalid_request")
    report.check(f"{what}: says how to prove it", answer[1]["WWW-Authenticate"] == "Bearer", dict(answer[1]))
status, _, text = send(f"{url}/federation/{uuid.uuid4()}/global-token-revocation", b"{}", {"Authorization": f"Bearer {once}"})
report.check("a directory that is not there: 404", status == 404, f"{status} {text}")
report.check("none of them ended anything", visit.stands())

# ---- Security events, pushed
PUSH = f"{here}/security-events"


def push(token, secret=None):
    headers = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
    return send(PUSH, token.encode(), headers | ({"Authorization": f"Bearer {secret}"} if secret else {}))


def event(kind, about, **change):
    return okta.org_key.sign("secevent+jwt", okta.event(PUSH, kind, about, **change))


def said(what, answer, status, err=None):
    """A status, with the error of RFC 8935 where there is one."""
    seen, headers, text = answer
    fits = seen == status and headers["Cache-Control"] == "no-store"
    if err:
        body = json.loads(text or "{}")
        fits = fits and headers["Content-Type"] == "application/json" and body.get("err") == err and body["description"]
    else:
        fits = fits and text == ""
    report.check(f"{what}: {status}{f', {err}' if err else ''}", fits, f"{seen} {text}")


def settings(*more):
    return muster("signals", "set", "initech", "Initech Okta", "--issuer", okta.org, *more)


def stands():
    return muster("signals", "show", "initech", "Initech Okta")


REVOKED, CHANGED = f"{CAEP}/session-revoked", f"{CAEP}/credential-change"
ended = {"initiating_entity": "user", "reason_admin": {"en": "User logout from Okta"}}
status, _, text = push(event(REVOKED, okta.about("00uada", **ended)))
report.check("events that nobody asked for: 404", status == 404, f"{status} {text}")
shown = settings()
report.check("where to push is printed, and for whom", shown["push_url"] == PUSH == shown["audience"] and shown["issuer"] == okta.org, shown)

verification = {"state": secrets.token_hex(8)}
said("a verification", push(event(VERIFICATION, verification, sub_id={"format": "opaque", "id": "0oastream"})), 202)
report.check("the stream was tested, which can be seen", stands()["verified_at"] and stands()["last_event"] == VERIFICATION, stands())

earlier, visit, beside = visit, Visit("00uada"), Visit("00ubob")
token = event(REVOKED, okta.about("00uada", **ended))
began = time.monotonic()
answer = push(token)
print(f"     session-revoked is answered after {took(began)}")
said("a session was revoked", answer, 202)
report.check("sessions, access tokens and refresh tokens have ended", visit.ended() and earlier.ended())
report.check("nobody else's", beside.stands())
at = trail()[0]
report.check("the audit trail has it, with its time, which came in milliseconds",
             at["how"] == "security_event_push" and at["event"] == REVOKED and at["sessions"] == 2
             and at["at"].startswith(time.strftime("%Y-%m-%dT", time.gmtime())), at)
visit = Visit("00uada")
said("the same once more", push(token), 202)
report.check("an event counts once", visit.stands())
said("a session of somebody, with the user below the subject", push(event(REVOKED, okta.about("00uada", nested=True))), 202)
report.check("it has ended", visit.ended())

visit = Visit("00uada")
report.check("an administrator, with a second factor", visit.may())
said("a factor was added", push(event(CHANGED, okta.about("00uada", change_type="create", credential_type="OKTA_VERIFY_PUSH"))), 202)
report.check("nothing follows", visit.may())
for credential, change in [("password", "update"), ("ALL_FACTORS", "revoke")]:
    said(f"{credential}: {change}", push(event(CHANGED, okta.about("00uada", change_type=change, credential_type=credential))), 202)
    report.check("what was proved is one factor from now on, and the session goes on", visit.session() and not visit.may())
    report.check("which the audit trail says", trail()[0]["weakened"] == 1, trail()[0])
    visit = Visit("00uada")
    report.check("who proves it anew goes on", visit.may())

settings("--session-revoked", "ignore", "--credential-change", "end")
said("a session was revoked, where that is to be ignored", push(event(REVOKED, okta.about("00uada", **ended))), 202)
report.check("it goes on", visit.stands() and trail()[0]["ignored"], trail()[0])
said("a password was changed, where that is to end sessions",
     push(event(CHANGED, okta.about("00uada", change_type="update", credential_type="password"))), 202)
report.check("they have ended", visit.ended())
settings()

visit = Visit("00uada")
unknown = f"{CAEP}/token-claims-change"
said("an event of another kind", push(event(unknown, okta.about("00uada"))), 202)
report.check("is written down, with why nothing was done", trail()[0]["event"] == unknown and trail()[0]["ignored"], trail()[0])
said("about somebody who was never here", push(event(REVOKED, okta.about("00unobody"))), 202)
said("about somebody of another organisation",
     push(event(REVOKED, {"subject": {"format": "iss_sub", "iss": "https://other.okta.com", "sub": "00uada"}})), 202)

about = okta.about("00uada")
good = okta.event(PUSH, REVOKED, about)
for what, err, token in [
    ("another issuer", "invalid_issuer", event(REVOKED, about, iss="https://other.okta.com")),
    ("the login's issuer, which is not the stream's", "invalid_issuer", event(REVOKED, about, iss=okta.login)),
    ("another audience", "invalid_audience", event(REVOKED, about, aud="https://other.example/events")),
    ("another's key under the organisation's name", "invalid_key", okta.stranger.sign("secevent+jwt", good)),
    ("no signature", "invalid_key", jwt.encode(good, None, algorithm="none", headers={"typ": "secevent+jwt"})),
    ("a shared secret", "invalid_key", jwt.encode(good, "s" * 64, algorithm="HS256", headers={"typ": "secevent+jwt"})),
    ("another type", "invalid_request", okta.org_key.sign("JWT", good)),
    ("no id", "invalid_request", event(REVOKED, about, jti=None)),
    ("no events", "invalid_request", event(REVOKED, about, events=None)),
    ("events are a list", "invalid_request", event(REVOKED, about, events=[REVOKED])),
    ("two weeks old", "invalid_request", event(REVOKED, about, iat=int(time.time()) - 14 * 86400)),
    ("from tomorrow", "invalid_request", event(REVOKED, about, iat=int(time.time()) + 86400)),
    ("half a subject", "invalid_request", event(REVOKED, {"subject": {"format": "iss_sub", "iss": okta.org}})),
    ("nonsense", "invalid_request", "nonsense"),
    ("nothing", "invalid_request", ""),
]:
    said(f"pushed: {what}", push(token), 400, err)
said("pushed: the login's key, which may become known", push(okta.login_key.sign("secevent+jwt", good)), 503, "invalid_key")
report.check("that something was refused can be seen, and why", stands()["failed_at"] and "invalid_" in stands()["failure"], stands())
report.check("none of them ended anything", visit.stands())

secret = muster("signals", "new-secret", "initech", "Initech Okta")["secret"]
said("without the secret that the stream has now", push(event(REVOKED, about)), 401, "authentication_failed")
another = secret[:-1] + ("y" if secret[-1] == "x" else "x")
said("with another", push(event(REVOKED, about), another), 401, "authentication_failed")
report.check("neither ended anything", visit.stands())
said("with it", push(event(REVOKED, about), secret), 202)
report.check("the session has ended", visit.ended())

# ---- The same, fetched
visits = [Visit("00uada"), Visit("00ubob")]
queue = [
    event(VERIFICATION, verification, sub_id={"format": "opaque", "id": "0oastream"}),
    event(REVOKED, okta.about("00uada", **ended)),
    okta.stranger.sign("secevent+jwt", okta.event(PUSH, REVOKED, okta.about("00ubob"))),
    event(CHANGED, okta.about("00ubob", change_type="revoke", credential_type="ALL_FACTORS")),
    event(REVOKED, okta.about("00ubob"), aud="https://other.example/events"),
]
ids = [jwt.decode(t, options={"verify_signature": False})["jti"] for t in queue]
began = time.monotonic()
before = stands()["verified_at"]
okta.waiting = dict(zip(ids, queue))
shown = settings("--poll", f"{okta.org}/poll", "--poll-token-file", secret_file("poll-token", POLL_TOKEN))
report.check("the token that events are fetched with is not shown", POLL_TOKEN not in json.dumps(shown), shown)
until("the events to be fetched", lambda: not okta.waiting, 40)
until("the session to end", lambda: not visits[0].session(), 5)
print(f"     fetched, and done, {took(began)} after the stream was told to")
report.check("session, access token and refresh token have ended", visits[0].ended())
until("what was proved to count less", lambda: not visits[1].may(), 5)
report.check("the other's session goes on, with one factor", visits[1].session())
acked = {jti for said in okta.fetched for jti in said["ack"]}
errs = {jti: e["err"] for said in okta.fetched for jti, e in said.get("setErrs", {}).items()}
report.check("what was taken is acknowledged, in several answers", acked == {ids[0], ids[1], ids[3]} and len(okta.fetched) > 3, okta.fetched)
report.check("what was not is said, with why", errs == {ids[2]: "invalid_key", ids[4]: "invalid_audience"}, errs)
report.check("nobody waits for more at the transmitter", all(said["returnImmediately"] for said in okta.fetched), okta.fetched)
report.check("the stream was tested again", stands()["verified_at"] > before, stands())
sys.exit(report.end())
