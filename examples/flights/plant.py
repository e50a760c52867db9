#!/usr/bin/env python3
"""Plants ten malformed rows among flights: plant.py IN.json OUT.json

They stand at fixed places, spread over the whole file. A row is written
without spaces, so that its bytes are known to whoever reads the file again.
"""
import json
import sys

FLIGHT = {"date": "2001/04/01 08:15", "delay": 300, "distance": 900,
          "origin": "SFO", "destination": "DEN"}


def without(name):
    return {key: value for key, value in FLIGHT.items() if key != name}


MALFORMED = [
    {},
    without("origin"),
    without("delay"),
    FLIGHT | {"delay": None},
    FLIGHT | {"delay": "very late"},
    FLIGHT | {"origin": 7},
    FLIGHT | {"origin": None},
    None,
    42,
    ["SFO", 300],
]


def text(row):
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    step = len(rows) // len(MALFORMED)
    for i, row in enumerate(MALFORMED):
        rows.insert(i * step + step // 2, row)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("[" + ",\n".join(map(text, rows)) + "]\n")
