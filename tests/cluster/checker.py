#!/usr/bin/env python3
"""Judges a history: what was promised, and what was seen.

    checker.py --self-test    shows that each fault is found
"""

import bisect
import collections
import sys

from history import handling, history, pause


class verdict:
    """What was found: faults by their kind, and figures."""

    def __init__(self):
        self.faults = {}
        self.figures = {}

    def is_valid(self):
        return not any(self.faults.values())

    def lines(self):
        for name, count in self.figures.items():
            yield f"{name}: {count}"
        for name, found in self.faults.items():
            if found:
                yield f"FAULT: {name}: {len(found)}, such as {found[:5]}"


def check(record, handlings, is_drained=True):
    """Judges the record, with what all handlers and consumers handled."""
    out = verdict()
    times = collections.Counter(
        (x.publisher, x.key, x.sequence) for x in handlings
        if x.ended is not None)
    done, confirmed = set(times), set(record.confirmed)
    out.figures = {
        "attempted": len(record.attempted),
        "confirmed": len(confirmed),
        "refused": len(record.refused),
        "handled": len(done),
        "handled again": sum(times.values()) - len(done),
        "sent again by their publishers": len(record.unknown)}
    out.faults = {
        "confirmed and lost": sorted(confirmed - done) if is_drained else [],
        "not drained": [] if is_drained else [len(confirmed - done)],
        "refused and handled": sorted(set(record.refused) & done),
        "handled and never published":
            sorted(done - set(record.attempted)),
        "had nowhere to go": sorted(record.returned),
        "out of order": out_of_order(handlings),
        "handled at two nodes at once": overlaps(handlings, record.pauses),
        "state went back": state_went_back(handlings)}
    return out


def keeps_order(key):
    """Says whether a message of this key waits for the one before: all in the
    pipeline, and those in queues of clients with odd numbers."""
    return key[0] == "w" or int(key[1:]) % 2 == 1


def out_of_order(handlings):
    """Finds messages whose first completed handling began before that of an
    earlier one of their publisher and key."""
    first = {}
    for x in sorted(handlings, key=lambda x: x.began):
        if x.ended is not None and keeps_order(x.key):
            first.setdefault((x.publisher, x.key, x.sequence), x)
    highest, found = {}, []
    for (publisher, key, sequence), x in first.items():  # as they began
        before = highest.get((publisher, key))
        if before and before.sequence > sequence:
            found.append((publisher, key, sequence, "on", x.node, "after",
                          before.sequence, "on", before.node))
        else:
            highest[publisher, key] = x
    return found


def overlaps(handlings, pauses):
    """Finds handlings of one key at two nodes at one time. Who is paused while
    it handles cannot know how long; its results count for nothing."""
    by_key = collections.defaultdict(list)
    for x in handlings:
        if x.key[0] == "w" and not was_paused(x, pauses):
            by_key[x.key].append(x)
    found = []
    for key, each in by_key.items():
        each.sort(key=lambda x: x.began)
        longest = None
        for x in each:
            end = x.ended or x.began
            if longest and x.node != longest.node and \
                    x.began < (longest.ended or longest.began):
                found.append((key, longest.node, longest.sequence, x.node,
                              x.sequence, "for ms",
                              (longest.ended - x.began) / 1e6))
            if not longest or end > (longest.ended or longest.began):
                longest = x
    return found


def was_paused(what, pauses):
    return any(x.node == what.node and what.began <= x.stopped and
               (what.ended is None or what.ended >= x.begin) for x in pauses)


def state_went_back(handlings):
    """Finds handlings whose state did not have what an earlier message of
    their publisher and key, handled before, had left. What a node that died
    had not committed is handled again first."""
    done, found = collections.defaultdict(list), []
    for x in sorted(handlings, key=lambda x: x.began):
        if x.last is None:
            continue
        line = done[x.publisher, x.key]
        at = bisect.bisect_left(line, x.sequence)
        if at > 0 and line[at - 1] > x.last:
            found.append((x.publisher, x.key, x.sequence, "on", x.node, "saw",
                          x.last, "after", line[at - 1]))
        if x.ended is not None and x.sequence not in line[at:at + 1]:
            line.insert(at, x.sequence)
    return found


# -- what it must find

MILLISECOND = 1_000_000


def sound_history():
    """Returns six messages of a key, handled in turn by two nodes."""
    record, handlings = history(), []
    for i in range(1, 7):
        message = ("p", "w000", i)
        record.attempted[message] = record.confirmed[message] = i
        handlings.append(handling(
            "n1" if i < 4 else "n2", "w000", "p", i, 100 * i * MILLISECOND,
            (100 * i + 50) * MILLISECOND, i - 1))
    return record, handlings


def lose(record, handlings):
    del handlings[3]


def never_end(record, handlings):
    handlings[3].ended = None


def refuse(record, handlings):
    record.refused["p", "w000", 3] = record.confirmed.pop(("p", "w000", 3))


def invent(record, handlings):
    handlings.append(handling("n2", "w000", "p", 99, 10**9, 10**9 + 1, 6))


def swap(record, handlings):
    x, y = handlings[1], handlings[2]
    x.began, x.ended, y.began, y.ended = y.began, y.ended, x.began, x.ended


def overlap(record, handlings):
    handlings[2].ended = 430 * MILLISECOND


def go_back(record, handlings):
    handlings[4].last = 1


def go_nowhere(record, handlings):
    record.returned.add(("p", "w000", 2))


PLANTED = {
    lose: "confirmed and lost", never_end: "confirmed and lost",
    refuse: "refused and handled", invent: "handled and never published",
    swap: "out of order", overlap: "handled at two nodes at once",
    go_back: "state went back", go_nowhere: "had nowhere to go"}


def self_test():
    """Plants each fault in a sound history; returns what was not found."""
    missed = []
    if not check(*sound_history()).is_valid():
        missed.append("a sound history is not valid")
    for plant, kind in PLANTED.items():
        record, handlings = sound_history()
        plant(record, handlings)
        found = {x for x, y in check(record, handlings).faults.items() if y}
        if kind not in found:
            missed.append(f"{plant.__name__} is not found")
    return missed + harmless()


def harmless():
    """Returns what is wrongly taken for a fault."""
    missed = []
    record, handlings = sound_history()  # handled again, after a failover
    handlings.append(handling("n2", "w000", "p", 6, 10**9, 10**9 + 1, 6))
    if not check(record, handlings).is_valid():
        missed.append("a repeat is taken for a fault")
    record, handlings = sound_history()  # paused in the middle of it
    overlap(record, handlings)
    record.pauses = [pause("n1", 310 * MILLISECOND, 311 * MILLISECOND)]
    if not check(record, handlings).is_valid():
        missed.append("a pause within a handler is taken for a fault")
    record.pauses = [pause("n1", 290 * MILLISECOND, 310 * MILLISECOND)]
    if not check(record, handlings).is_valid():
        missed.append("a pause that takes its time to begin is none")
    record.pauses = [pause("n1", 290 * MILLISECOND, 299 * MILLISECOND)]
    if check(record, handlings).is_valid():
        missed.append("what began behind a pause is let off")
    record, handlings = sound_history()
    if check(record, handlings, is_drained=False).is_valid():
        missed.append("what is not drained is taken for sound")
    return missed


if __name__ == "__main__" and sys.argv[1:] == ["--self-test"]:
    wrong = self_test()
    print("\n".join(wrong) or
          f"each of {len(PLANTED)} planted faults is found")
    sys.exit(bool(wrong))
