#!/usr/bin/env python3
"""What the conversations found: the page of it, and whether it is what must be found.

check.py WORK PAGE [--write]   WORK holds a report of `muster scim-check --json` for each server
"""
import difflib
import json
import pathlib
import re
import sys

WORK, PAGE, HOW = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
MUSTER, PYPI, NPM = "muster", "scim2-server", "scimmy-routers"

# Faults of each that the conversations must find: (conversation, exchange). Each was looked at by hand.
FAULTS = {
    PYPI: [
        ("rfc/attributes", "a person, answered with two attributes only"),
        ("rfc/attributes", "a group without its members"),
        ("ping/group", "who stayed does"),
        ("entra/group", "a second group of that name is refused"),
        ("entra/manager", "a person whose manager is a bare id on creation"),
        ("entra/person", "matched by external id without quotes"),
        ("jumpcloud/activation", "and taken out of it, by a list of values"),
        ("okta/odds", "the token was pasted without a scheme"),
    ],
    NPM: [
        ("entra/paging", "last page"),
        ("okta/spec", "9: found in capitals"),
        ("okta/group-push", "the last word holds"),
        ("rfc/errors", "a filter that does not parse"),
        ("rfc/filter", "present"),
        ("rfc/patch", "two addresses"),
        ("rfc/sort", "up: the second"),
        ("entra/person-flag", "merged, nothing lost"),
    ],
}
# Servers that work: most of what is asked of them is answered as it should be.
AT_LEAST = {MUSTER: 450, PYPI: 250, NPM: 200}


def steps(report):
    """Each exchange once, however often it was held: (conversation, name) -> (outcome, rules, what differed)."""
    found = {}
    for c in report["conversations"]:
        for e in c["exchanges"]:
            key = (c["name"], e["name"])
            # How long an answer took is the machine's matter here, and what it shares it with.
            differences = [d for d in e.get("differences", []) if not d.startswith("it took ")]
            outcome = "passed" if e["outcome"] == "failed" and not differences else e["outcome"]
            worse = {"passed": 0, "skipped": 1, "failed": 2}
            if key not in found or worse[outcome] > worse[found[key][0]]:
                found[key] = (outcome, e.get("rules", []), differences)
    return found


def plain(text):
    """A difference without what another run would have otherwise."""
    for what, instead in (
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
        (r"[0-9a-f]{32}", "ID"),
        (r"http://127\.0\.0\.1:\d+", "BASE"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[-+]\d\d:\d\d)?", "TIME"),
        (r"[0-9a-f]{10}", "RUN"),
        (r'W/\\?"[^"]*"', "VERSION"),
        (r"0x[0-9a-f]+", "ADDRESS"),
    ):
        text = re.sub(what, instead, text)
    text = re.sub(r"[0-9a-fTZ:-]*\.\.\.", "...", text)  # what was cut may have been one of these
    text = re.sub(r"; \{.*", "", text)  # the answer as a whole says no more than what it lacks
    text = text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
    return text if len(text) < 160 else text[:157] + "..."


def page(found, versions):
    names = [MUSTER, PYPI, NPM]
    out = [
        "# Our conversations with other servers",
        "",
        "What `muster scim-check` says of Muster and of two other servers: `scim2-server` from PyPI and `scimmy-routers` from",
        "npm, in a small Express app that keeps people and groups in memory. Made by `interop/scim-peers/run --write`; the gate",
        "holds the same conversations again and compares.",
        "",
        "An exchange that is marked with a number of [scim.md](scim.md) is a habit of directories: whoever does not understand",
        "it may follow the RFC and fails with that directory all the same. The others are the RFC's own.",
        "",
        "| | " + " | ".join(f"{n} {versions[n]}".strip() for n in names) + " |",
        "| --- | --- | --- | --- |",
    ]
    count = lambda n, test: sum(1 for s in found[n].values() if test(s))
    for what, test in (
        ("as expected", lambda s: s[0] == "passed"),
        ("otherwise: a habit of directories", lambda s: s[0] == "failed" and s[1]),
        ("otherwise: the RFC", lambda s: s[0] == "failed" and not s[1]),
        ("not asked, since it says it cannot or what came before failed", lambda s: s[0] == "skipped"),
    ):
        out.append(f"| {what} | " + " | ".join(str(count(n, test)) for n in names) + " |")
    out += ["", "## By conversation", "", "Exchanges answered as expected, of those that were asked.", ""]
    out += ["| | " + " | ".join(names) + " |", "| --- | --- | --- | --- |"]
    for c in dict.fromkeys(k[0] for k in found[MUSTER]):
        row = []
        for n in names:
            of = [s for k, s in found[n].items() if k[0] == c and s[0] != "skipped"]
            good = sum(s[0] == "passed" for s in of)
            row.append(f"{good} of {len(of)}" if of else "not asked")
        out.append(f"| {c} | " + " | ".join(row) + " |")
    for n in (PYPI, NPM):
        out += ["", f"## What differs with {n}", "", "| Conversation | Exchange | Habit | What differed first |", "| --- | --- | --- | --- |"]
        for (c, e), (outcome, rules, differences) in found[n].items():
            if outcome == "failed":
                out.append(f"| {c} | {e.replace('|', '')} | {', '.join(rules)} | {plain(differences[0])} |")
    return "\n".join(out) + "\n"


def main():
    found = {n: steps(json.loads((WORK / f"{n}.json").read_text())) for n in FAULTS | {MUSTER: []}}
    pinned = pathlib.Path("requirements.txt").read_text()
    npm = json.loads(pathlib.Path("package.json").read_text())["dependencies"]
    versions = {
        MUSTER: "",
        PYPI: re.search(r"^scim2-server==(\S+)", pinned, re.M)[1],
        NPM: npm["scimmy-routers"],
    }
    wrong = []
    for n, steps_ in found.items():
        count = {o: sum(s[0] == o for s in steps_.values()) for o in ("passed", "failed", "skipped")}
        print(f"{n}: {count['passed']} as expected, {count['failed']} otherwise, {count['skipped']} not asked")
        if count["passed"] < AT_LEAST[n]:
            wrong.append(f"{n} answers only {count['passed']} as expected")
        for fault in FAULTS.get(n, []):
            outcome = steps_.get(fault, ("not there",))[0]
            if outcome != "failed":
                wrong.append(f"{n}: the fault in {fault[0]}, '{fault[1]}' is not found: it is {outcome}")
    for k, (outcome, _, differences) in found[MUSTER].items():
        if outcome != "passed":
            wrong.append(f"muster: {k[0]}, {k[1]} {outcome}: {'; '.join(differences)}")
    made = page(found, versions)
    if HOW == "--write":
        PAGE.write_text(made)
    else:
        # Versions are pinned, and may be others on the page of an older commit; in which words an exchange differed is
        # for the reader.
        old = PAGE.read_text() if PAGE.exists() else ""
        version = lambda line: re.sub(r"\d+\.\d+\.\d+", "V", line)
        words = re.compile(r"^(\| [a-z]+/\S+ \|.*\|.*\|) .* \|$")
        counts = re.compile(r"^\| [a-z]+/\S+( \| (\d+ of \d+|not asked))+ \|$")
        strip = lambda t: [version(l if counts.match(l) else words.sub(r"\1", l)) for l in t.splitlines()]
        lines = list(difflib.unified_diff(strip(old), strip(made), "committed", "found", lineterm="", n=0))
        if lines:
            wrong.append(f"{PAGE.name} is not what was found; interop/scim-peers/run --write writes it:\n" + "\n".join(lines[:40]))
    for w in wrong:
        print(w)
    sys.exit(bool(wrong))


main()
