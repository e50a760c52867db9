#!/usr/bin/env python3
"""Checks that every include points down: `python3 tests/floors.py [root]`.

A file may include its own folder and folders on lower floors, nothing else.
The table below is the architecture; change it in a commit of its own.
"""
import pathlib
import re
import sys

FLOORS = [
    ["engine/base"],
    ["engine/troupe"],  # the public headers, <troupe/...>
    ["engine/message", "engine/ring", "engine/supervision"],
    ["engine/routing", "engine/delivery", "engine/access", "engine/cluster",
     "engine/link"],
    ["engine/store", "engine/source", "engine/handlers", "engine/amqp",
     "engine/net", "config"],
    ["engine/coordinator", "engine/peers", "engine/replication",
     "engine/gateway"],
    ["actors"],
    ["actors/edge", "actors/cluster"],
    ["actors/node"],
]
HOMES = {  # who may see which library
    "caf": ["actors"],
    "boost/asio": ["engine/net", "engine/coordinator", "engine/peers",
                   "actors/cluster", "actors/edge", "actors/node"],
    "boost/beast": ["engine/net", "engine/coordinator"],
    "openssl": ["engine/access", "engine/net"],
    "rocksdb": ["engine/store"],
    "toml++": ["config"],
    "CLI": ["actors/node"],
    "xxh": ["engine/base"],
}

FLOOR = {folder: i for i, row in enumerate(FLOORS) for folder in row}
root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
faults = []


def place(include):
    """The folder an include names; <troupe/x.hpp> lives in engine/troupe."""
    folder = include.rpartition("/")[0]
    return "engine/troupe" if folder == "troupe" else folder


for path in sorted(p for top in ("engine", "config", "actors")
                   for p in (root / top).rglob("*.?pp")):
    name = path.relative_to(root).as_posix()
    here = name.rpartition("/")[0]
    if here not in FLOOR:
        faults.append(f"{name}: folder has no floor; add it to tests/floors.py")
        continue
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if not (found := re.match(r'#include ["<]([^">]+)', line)):
            continue
        there = place(found[1])
        if there in FLOOR and there != here and FLOOR[there] >= FLOOR[here]:
            faults.append(f"{name}:{number}: {here} may not look up to {there}")
        for library, homes in HOMES.items():
            inside = any(here == h or here.startswith(h + "/") for h in homes)
            if found[1].startswith(library + "/") and not inside:
                faults.append(f"{name}:{number}: {library} is not for {here}")

print("\n".join(faults) or "every include points down")
sys.exit(bool(faults))
