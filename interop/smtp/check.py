"""Invitations, as they reach people: check.py MUSTER_URL POST PORT WORK, with MUSTER and DATA in the environment."""

import html
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

muster_url, post, port, work = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
here = pathlib.Path(__file__).parent
held = failed = 0
server_log = open(work / "mail.log", "a")


def check(what, ok, seen=""):
    global held, failed
    held, failed = held + bool(ok), failed + (not ok)
    print(f"ok   {what}" if ok else f"FAIL {what}: {seen}", flush=True)


def muster(*args):
    command = [os.environ["MUSTER"], "--data-dir", os.environ["DATA"], *args]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


class Server:
    """The mail server, with one of the certificates or none."""

    def __init__(self, certificate=None):
        files = [str(work / f"{certificate}.{end}") for end in ("pem", "key")] if certificate else []
        command = [sys.executable, str(here / "server.py"), port, str(post), *files]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=server_log, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def letters(to):
    """The letters to somebody, in order."""
    files = sorted(post.glob("*.json"), key=lambda p: int(p.stem))
    all_ = [json.loads(p.read_text()) | {"file": p.with_suffix(".eml")} for p in files]
    return [letter for letter in all_ if letter["to"] == [to]]


def letter(to, which=1, seconds=30):
    """The letter to somebody that is their `which`-th, when it has come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if len(letters(to)) >= which:
            return letters(to)[which - 1]
        time.sleep(0.1)
    raise RuntimeError(f"no letter {which} to {to} within {seconds} s")


def links(text):
    return re.findall(r"https?://[^\s\"'<>]+", text)


def opened(url, method="GET"):
    """Status and text of a page, without a cookie."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def lives(url):
    status, page = opened(url)
    return status == 200 and 'id="accept"' in page


def invite(email, name, *more):
    return muster("invitation", "create", "contoso", email, "--display-name", name, "--role", "Self-Service", *more)


company = "Contoso <b>Zürich</b> & 你好"
muster("tenant", "create", "contoso", "--name", company)

# Nobody listens yet.
anna = "anna@contoso.example"
invitation = invite(anna, "Anna Berg")
time.sleep(2.5)
check("no mail server: the invitation stands, and nothing was sent", not letters(anna))
with Server("right"):
    first = letter(anna)
    check("it comes up: the letter arrives", True)
    check("over TLS, and as whom the settings say", first["tls"] and first["user"] == "muster", first)
    check("sent from the address of the settings", first["from"] == "muster@provider.example", first["from"])
    h = first["headers"]
    check("From, Reply-To and To are right",
          (h["from"], h["reply-to"], h["to"]) == ("Muster <muster@provider.example>", "desk@provider.example", anna), h)
    check("Message-ID, Date, Subject and MIME-Version are there",
          re.fullmatch(r"<[^@<> ]+@provider\.example>", h["message-id"]) and h["date"] and h["mime-version"] == "1.0"
          and company in h["subject"], h)
    check("says that a machine wrote it, so that no other answers", h.get("auto-submitted") == "auto-generated", h)
    check("text and HTML of the same, well formed",
          first["parts"] == ["multipart/alternative", "text/plain", "text/html"] and not first["defects"], first)
    text_links, page_links = links(first["text"]), [html.unescape(u) for u in links(first["html"])]
    invites = [u for u in text_links if u.startswith(f"{muster_url}/invite/")]
    check("the text has one link to accept, the HTML the same",
          len(invites) == 1 and invites[0] in page_links, (text_links, page_links))
    check("no other address anywhere: nothing is loaded, nobody is counted",
          {u.split("/")[2] for u in text_links + page_links} == {muster_url.split("/")[2]}
          and not re.search(r"<(img|script|link|iframe|style[^>]*@import)|url\(|background=", first["html"], re.I), first["html"])
    readable = html.unescape(re.sub(r"<[^>]*>", "", first["html"]))
    check("it says who invites, and where to",
          all(f"An administrator invites you to {company}" in part for part in (first["text"], readable)), first)
    check("a name with markup in it stays a name", "<b>" not in first["html"] and "<script" not in first["html"], first["html"])
    longest = max(len(line) for line in first["file"].read_bytes().split(b"\r\n"))
    check("no line is longer than mail allows", longest <= 998, longest)

    link = invites[0]
    check("the link opens", lives(link), opened(link)[1][:300])
    opened(link, "HEAD")
    check("and still opens after a GET and a HEAD: looking is not accepting", lives(link))

    invitation_id = invitation["id"]
    muster("invitation", "resend", "contoso", invitation_id)
    second = letter(anna, 2)
    new = next(u for u in links(second["text"]) if "/invite/" in u)
    check("sent again: a letter of its own, with a new link",
          new != link and second["headers"]["message-id"] != h["message-id"], second["headers"])
    check("the old link is dead, the new one lives", not lives(link) and lives(new), opened(link))
    check("exactly these two letters came", len(letters(anna)) == 2, len(letters(anna)))
    muster("invitation", "revoke", "contoso", invitation_id)
    check("withdrawn: its link is dead", not lives(new), opened(new))
    muster("invitation", "resend", "contoso", invitation_id)
    third = letter(anna, 3)
    check("until it is sent again, with another link", lives(next(u for u in links(third["text"]) if "/invite/" in u)))

    later = "later@contoso.example"
    invite(later, "Lena Later")
    letter(later)
    nobody = "nobody@contoso.example"
    invite(nobody, "Nora Nobody")
    time.sleep(4)
    check("put off by the server once: arrives, once", len(letters(later)) == 1, len(letters(later)))
    check("refused by the server: does not arrive, and nothing stops", not letters(nobody))
    for what, address, name in [
        ("a second recipient", "eve@contoso.example,mallory@evil.example", "Eve"),
        ("a line end in the address", "eve@contoso.example\r\nBcc: mallory@evil.example", "Eve"),
        ("no address at all", "eve", "Eve"),
    ]:
        try:
            check(f"{what} is refused", False, invite(address, name))
        except RuntimeError as e:
            check(f"{what} is refused", True, e)

# Servers that are not the one of the settings get neither letter nor password.
carl = "carl@contoso.example"
with Server("wrong"):
    invite(carl, "Carl Dahl")
    time.sleep(4)
    check("a server with a certificate nobody vouches for gets nothing", not letters(carl))
with Server():
    time.sleep(4)
    check("a server without TLS gets nothing", not letters(carl))
with Server("right"):
    letter(carl, seconds=40)
    time.sleep(1)
    check("the right one gets it, once", len(letters(carl)) == 1, len(letters(carl)))

print(f"smtp: {held} hold, {failed} do not")
sys.exit(1 if failed or not held else 0)
