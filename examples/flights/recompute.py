#!/usr/bin/env python3
"""Computes once more, from the file alone, what the pipeline should say, and
compares: recompute.py flights.json state.json alerts.ndjson dead.json

state.json and dead.json are what `state ls` and `dlq show` print with --json.
"""
import collections
import json
import sys
import zlib

from plant import text


def is_flight(row):
    return (isinstance(row, dict) and isinstance(row.get("origin"), str)
            and row["origin"] != "" and type(row.get("delay")) is int)


def recompute(rows):
    airports = collections.defaultdict(collections.Counter)
    alerts, dead = [], []
    for row in rows:
        if not is_flight(row):
            dead.append(text(row))
            continue
        sums = airports[row["origin"]]
        sums["count"] += 1
        sums["delay_sum"] += row["delay"]
        if zlib.crc32(text(row).encode()) % 997 == 0:
            sums["crashes"] += 1
        if row["delay"] > 120:
            alerts.append(text(row))
    return airports, sorted(alerts), sorted(dead)


def objects(path):
    """Reads JSON values one after another, arrays of them taken apart."""
    with open(path, encoding="utf-8") as file:
        rest = file.read().strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        yield from value if isinstance(value, list) else [value]
        rest = rest[end:].lstrip()


def shown(state, alerts, dead):
    airports = collections.defaultdict(collections.Counter)
    for entry in objects(state):
        airports[entry["scope"]][entry["name"]] = int(entry["value"])
    with open(alerts, encoding="utf-8") as file:
        lines = sorted(file.read().splitlines())
    return airports, lines, sorted(entry["body"] for entry in objects(dead))


with open(sys.argv[1], encoding="utf-8") as file:
    expected = recompute(json.load(file))
actual = shown(*sys.argv[2:5])
wrong = 0
for airport in sorted(expected[0].keys() | actual[0].keys()):
    if expected[0][airport] != actual[0][airport]:
        wrong += 1
        print(f"{airport}: {dict(actual[0][airport])}, "
              f"recomputed {dict(expected[0][airport])}")
for name, mine, theirs in (("alerts", expected[1], actual[1]),
                           ("dead letters", expected[2], actual[2])):
    if mine != theirs:
        wrong += 1
        missing = collections.Counter(mine) - collections.Counter(theirs)
        extra = collections.Counter(theirs) - collections.Counter(mine)
        print(f"{name}: {len(theirs)}, recomputed {len(mine)}; "
              f"{missing.total()} missing, {extra.total()} too many")
if wrong:
    sys.exit(f"recomputed: {wrong} differences")
print(f"recomputed: the same for {len(expected[0])} airports, "
      f"{len(expected[1])} alerts and {len(expected[2])} dead letters")
