"""A person at a browser without JavaScript, an application they sign in to, and the owner of the server at a shell: what the
peers' scripts in Python share. MUSTER and DATA are in the environment."""

import base64
import hashlib
import html
import json
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

# Nobody listens there: a browser that is sent there has the answer in its address.
CALLBACK = "http://127.0.0.1:9/callback"


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)


def send(url, body=None, headers=(), method=None):
    """One request; status, headers and text of the answer, whatever it is."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    try:
        answer = opener.open(request, timeout=20)
    except urllib.error.HTTPError as e:
        answer = e
    with answer:
        return answer.status, answer.headers, answer.read().decode()


def form(fields):
    return urllib.parse.urlencode(fields).encode()


def muster(*args):
    command = [os.environ["MUSTER"], "--data-dir", os.environ["DATA"], *args]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def until(what, look, seconds=20):
    """Waits until `look` gives something."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return seen


class Page:
    def __init__(self, url, status, text):
        self.url, self.status, self.text = url, status, text

    def __str__(self):
        return f"{self.status} {self.url} {' '.join(re.sub('<[^>]*>', ' ', self.text).split())[:300]}"


class Browser:
    """Keeps cookies, follows redirects, submits forms; stops before the application."""

    def __init__(self):
        self.jars = {}

    def send(self, url, fields=None, home=None):
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
        jar = self.jars.setdefault(origin, {})
        headers = {"Accept": "text/html"}
        if jar:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in jar.items())
        if fields is not None:
            headers |= {"Origin": home or origin, "Sec-Fetch-Site": "same-origin" if (home or origin) == origin else "cross-site"}
        status, answered, text = send(url, None if fields is None else form(fields), headers)
        for line in answered.get_all("Set-Cookie") or []:
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
            if value == "" or re.search(r"max-age=0\b", line, re.I):
                jar.pop(name, None)
            else:
                jar[name] = value
        return status, answered, text

    def go(self, url, fields=None, home=None):
        for _ in range(20):
            if url.startswith(CALLBACK):
                return Page(url, 0, "")
            status, headers, text = self.send(url, fields, home)
            if not headers["Location"]:
                return Page(url, status, text)
            url, fields = urllib.parse.urljoin(url, headers["Location"]), None
        raise RuntimeError(f"redirected in circles, last to {url}")

    def submit(self, page, which, **typed):
        """The form whose address holds `which`, with its hidden fields as they are, and `typed`."""
        for head, body in re.findall(r"<form([^>]*)>(.*?)</form>", page.text, re.S):
            target = html.unescape(re.search(r'action="([^"]*)"', head)[1])
            if which in target:
                fields = {n: html.unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', body)}
                home = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(page.url))
                return self.go(urllib.parse.urljoin(page.url, target), fields | typed, home)
        raise RuntimeError(f"no form for {which}: {page}")


class Application:
    """Signs people in with Muster: code with PKCE, refresh, introspection."""

    def __init__(self, url, tenant, name):
        made = muster("app", "create", tenant, name, "--trusted", "--redirect-uri", CALLBACK)
        self.id = made["client_id"]
        proof = base64.b64encode(f"{self.id}:{made['client_secret']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {proof}"}
        self.about = json.loads(send(f"{url}/.well-known/openid-configuration")[2])

    def post(self, endpoint, **fields):
        return json.loads(send(self.about[endpoint], form(fields), self.headers)[2])

    def ask(self, browser, **more):
        """Sends a browser to sign in; the page where it stops."""
        self.verifier = secrets.token_urlsafe(40)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        asked = {"response_type": "code", "client_id": self.id, "redirect_uri": CALLBACK, "scope": "openid offline_access",
                 "state": secrets.token_urlsafe(), "nonce": secrets.token_urlsafe(), "code_challenge": challenge,
                 "code_challenge_method": "S256"} | more
        return browser.go(f"{self.about['authorization_endpoint']}?{urllib.parse.urlencode(asked)}")

    def tokens(self, browser):
        """The tokens of somebody who is signed in."""
        page = self.ask(browser)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query).get("code")
        if not code:
            raise RuntimeError(f"no code: {page}")
        return self.post("token_endpoint", grant_type="authorization_code", code=code[0], redirect_uri=CALLBACK,
                         code_verifier=self.verifier)

    def refresh(self, given):
        return self.post("token_endpoint", grant_type="refresh_token", refresh_token=given["refresh_token"])

    def active(self, given):
        return self.post("introspection_endpoint", token=given["access_token"])["active"]


class Report:
    """One line for each thing that must hold; `end` is what to leave with."""

    def __init__(self, name):
        self.name, self.held, self.failed = name, 0, 0

    def check(self, what, ok, seen=""):
        self.held, self.failed = self.held + bool(ok), self.failed + (not ok)
        print(f"ok   {what}" if ok else f"FAIL {what}: {seen}", flush=True)

    def end(self):
        print(f"{self.name}: {self.held} hold, {self.failed} do not")
        return 1 if self.failed or not self.held else 0
