"""Reads a trace and checks that no answer left before its rows were on the disk: check.py TRACE NAME.

A batch is what the writer wrote to the log between two fdatasyncs of it. For every tenant that was made: the batch
whose pages hold its slug, the fdatasync that began after the batch's last write and completed, and the answer that
names the slug, in that order.
"""

import re
import sys

trace, name = sys.argv[1], sys.argv[2]
LINE = re.compile(r"^(\d+) +(.*)$", re.S)
CALL = re.compile(r"^(\w+)\(\d+<([^>]*)>")
SLUG = re.compile(name + r"-c\d\d-r\d\d-x")

events = []  # (what, begun, completed, slugs): what is "log", "sync" or "answer"; positions are lines
pending = {}  # thread -> (index of its begin, its text)
for at, line in enumerate(open(trace, errors="replace")):
    m = LINE.match(line.rstrip("\n"))
    if not m:
        continue
    thread, text = m.groups()
    begun = at
    if text.endswith("<unfinished ...>"):
        pending[thread] = (at, text[: -len("<unfinished ...>")])
        continue
    if text.startswith("<... "):
        begun, head = pending.pop(thread, (at, ""))
        text = head + text.split("resumed>", 1)[1]
    call = CALL.match(text)
    if not call or re.search(r"\) += -1 ", text):
        continue
    kind, file = call.groups()
    slugs = set(SLUG.findall(text))
    if file.endswith("-wal"):
        events.append(("sync" if kind in ("fdatasync", "fsync") else "log", begun, at, slugs))
    elif "HTTP/1.1 201" in text:
        # When an answer is seen to begin, it may have left already.
        events.append(("answer", begun, at, slugs))

batches = []  # [first, last write completed, slugs, sync completed or None]
open_batch = None
syncs = 0
for what, begun, completed, slugs in sorted(events, key=lambda e: e[2]):
    if what == "log":
        if open_batch is None:
            open_batch = [begun, completed, set(), None]
            batches.append(open_batch)
        open_batch[1] = completed
        open_batch[2] |= slugs
    elif what == "sync" and open_batch is not None and begun > open_batch[1]:
        open_batch[3] = completed
        open_batch = None
        syncs += 1

answers = {}
for what, begun, _, slugs in events:
    if what == "answer":
        for s in slugs:
            answers[s] = min(begun, answers.get(s, begun))

wanted = 16 * 12
early, late = [], 0
for s, answered in sorted(answers.items()):
    # The first batch that holds the row; pages may be written again later.
    batch = next((b for b in batches if s in b[2]), None)
    if batch is None or batch[3] is None or batch[3] > answered:
        early.append(s)
    else:
        late += 1
shared = sum(1 for b in batches if len(b[2]) > 1)
print(
    f"  {len(answers)} answers, {len(batches)} batches of log writes ({shared} of them for several requests), "
    f"{syncs} completed by fdatasync; {late} answers after it, {len(early)} too early"
)
if len(answers) != wanted:
    sys.exit(f"  {wanted} answers were expected: the trace cannot be read")
if early:
    print(f"  the first answered too early: {early[0]}")
    sys.exit(1)
