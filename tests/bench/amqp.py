#!/usr/bin/env python3
"""Measures AMQP 0-9-1: `amqp.py BUILD_FOLDER [OPTIONS]` prints one table.

Every profile runs against Troupe and, where it is installed, Debian's RabbitMQ
in turn, so that both see the same machine; each run has beside it what the load
reaches against a broker that does nothing. A figure is a median of its
repetitions. Takes some minutes; the machine should be idle.
"""

import argparse
import collections
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

import broker  # noqa: E402  (found by the line above)

COLUMNS = ["rate", "drained", "p50", "p99", "cores", "per_core", "resident",
           "null_rate", "null_drained", "null_per_core", "confirmed",
           "confirm_p50", "confirm_p99"]
PROFILES = ["A transient, 16 bytes", "A transient, 100 bytes",
            "A transient, 1 KiB", "A transient, 64 KiB",
            "B durable, 100 bytes", "C durable, ten queues",
            "D transient at 5,000/s", "D durable at 5,000/s",
            "E durable backlog"]


def load(given, name, profile):
    """One run against a fresh broker; its figures by column, or None."""
    asked = argparse.Namespace(broker=name, program=given.program)
    with broker.running_broker(asked) as up:
        done = subprocess.run(
            [given.load, str(up.port), str(up.pid()), str(given.seconds),
             profile, str(given.backlog)], capture_output=True, text=True)
    rows = [x.split("\t") for x in done.stdout.splitlines()]
    if done.returncode != 0 or len(rows) != 1:
        print(f"{name}, {profile}: {done.stderr.strip()}", file=sys.stderr)
        return None
    return dict(zip(COLUMNS, map(float, rows[0][1:])))


def medians(runs):
    return {x: statistics.median(run[x] for run in runs) for x in COLUMNS}


def rounded(x):
    """Three digits are all that a shared machine gives."""
    if x == 0:
        return "-"
    if x >= 1000:
        shown = float(f"{x:.3g}")
        return f"{shown / 1e6:.3g} M" if shown >= 1e6 else f"{shown:,.0f}"
    return f"{x:.3g}"


def row(profile, name, x):
    is_backlog = "backlog" in profile
    rate = rounded(x["rate"]) + (
        f" in, {rounded(x['drained'])} out" if is_backlog else "")
    null = rounded(x["null_rate"]) + (
        f" in, {rounded(x['null_drained'])} out" if is_backlog else "")
    late = "-" if is_backlog else f"{rounded(x['p50'])} / {rounded(x['p99'])}"
    cells = [profile, name, rate, null, late, rounded(x["per_core"]),
             rounded(x["cores"]), rounded(x["resident"])]
    return "| " + " | ".join(cells) + " |"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="the folder of a release build")
    parser.add_argument("--brokers", default="troupe,rabbitmq")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="part of a profile's name")
    given = parser.parse_args()
    given.program = os.path.join(given.build, "troupe")
    given.load = os.path.join(given.build, "tests/bench/bench_amqp_load")
    for needed in (given.program, given.load):
        if not os.access(needed, os.X_OK):
            sys.exit(f"there is no {needed}; build first: "
                     "cmake --preset release && cmake --build --preset release")
    return given


def main():
    given = arguments()
    brokers = [x for x in given.brokers.split(",")
               if x != "rabbitmq" or os.path.exists(
                   broker.rabbitmq_broker.SERVER)]
    print("| profile | broker | msg/s | load's own ceiling | p50 / p99 ms | "
          "msg a core-second | cores | MiB |\n|" + "---|" * 8, flush=True)
    for profile in PROFILES:
        if given.only not in profile:
            continue
        runs = collections.defaultdict(list)
        for _ in range(given.repetitions):
            for name in brokers:
                if (seen := load(given, name, profile)):
                    runs[name].append(seen)
        for name in brokers:
            if runs[name]:
                print(row(profile, name, medians(runs[name])), flush=True)
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians "
          f"of {given.repetitions} runs of {given.seconds:g} s")


if __name__ == "__main__":
    main()
