#!/usr/bin/env python3
"""Measures a cluster: `cluster.py BUILD_FOLDER [OPTIONS]` prints one table.

Durable load with confirms, its publishers and consumers all at one node, on
three nodes of Troupe, on one alone, and on three of Debian's RabbitMQ with
quorum queues, in turn and on this one machine; beside it what the load reaches
against a broker that does nothing, and what the machine writes and syncs of the
same bytes in three files. A figure is the median of its repetitions. At last,
what each member would have of 10,000 keys. TROUPE_BENCH_DIR names a folder on
the disk that is to be measured; it is the build folder by default.
"""

import argparse
import collections
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import amqp
import cluster_brokers
from cluster_brokers import KINDS

KEYS, PARTITIONS = 10_000, 64
SIZE = 100  # bytes of a message
LIMIT = "machine: three files"
profile = collections.namedtuple("profile", "name window queues is_led_here")
PROFILES = [profile(f"window {window:,}, {name}", window, queues, is_led_here)
            for window in (64, 8192) for name, queues, is_led_here in (
                ("one queue", 1, True), ("one queue, led elsewhere", 1, False),
                ("ten queues", 10, True))]

# -- the machine ---------------------------------------------------------------


def synced_writes(path, size, begin, until, times):
    """Writes and syncs so many bytes again and again; adds how long each
    took."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    block = b"x" * size
    begin.wait()
    before = time.monotonic()
    while before < until():
        os.write(file, block)
        os.fdatasync(file)
        after = time.monotonic()
        times.append(after - before)
        before = after
    os.close(file)
    os.remove(path)


def machine_limit(folder, messages, seconds):
    """What three files take at once, where each sync is of a full window."""
    begin, times = threading.Barrier(4), [[], [], []]
    ends = []
    threads = [threading.Thread(target=synced_writes, args=(
        os.path.join(folder, f"synced-{i}"), messages * SIZE, begin,
        lambda: ends[0] if ends else sys.maxsize, times[i])) for i in range(3)]
    for x in threads:
        x.start()
    ends.append(time.monotonic() + seconds)
    begin.wait()
    for x in threads:
        x.join()
    slowest = max(times, key=lambda x: sum(x) / len(x))
    each = sorted(slowest)
    rate = messages * len(each) / sum(each)
    return {"rate": rate, "confirmed": rate,
            "confirm_p50": statistics.median(each) * 1e3,
            "confirm_p99": each[int(0.99 * (len(each) - 1))] * 1e3}


# -- brokers -------------------------------------------------------------------


def written_out(kind, up, x):
    """The profile as the load reads it."""
    words = ["durable", f"window={x.window}", f"queues={x.queues}",
             f"size={SIZE}"]
    if kind == "rabbitmq":
        words.append("quorum")
    if kind == "troupe" and x.queues == 1:
        words.append("prefix=" + up.queue_prefix(x.is_led_here))
    return ",".join(words)


def load(given, kind, up, x):
    """One run; its figures by column, or None."""
    processes = ",".join(map(str, up.processes()))
    try:
        done = subprocess.run(
            [given.load, str(up.port), processes, str(given.seconds),
             written_out(kind, up, x)], capture_output=True, text=True,
            timeout=120 + 4 * given.seconds)
    except subprocess.TimeoutExpired:
        print(f"{up.name}, {x.name}: no end\n{up.said()}", file=sys.stderr)
        return None
    rows = [y.split("\t") for y in done.stdout.splitlines()]
    if done.returncode != 0 or len(rows) != 1:
        print(f"{up.name}, {x.name}: {done.stderr.strip()}\n{up.said()}",
              file=sys.stderr)
        return None
    return dict(zip(amqp.COLUMNS, map(float, rows[0][1:])),
                busy=os.getloadavg()[0])


@contextlib.contextmanager
def running(given, kind):
    """The brokers of a kind in a folder of their own."""
    with tempfile.TemporaryDirectory(
            prefix="cluster-", dir=given.folder,
            ignore_cleanup_errors=True) as folder:
        up = KINDS[kind](given, folder)
        with contextlib.closing(up):
            up.start()
            yield up


def measure(given, kind, runs):
    """One repetition of all profiles that make sense for a kind."""
    with running(given, kind) as up:
        for x in given.profiles:
            if kind != "troupe" and not x.is_led_here:
                continue
            seen = load(given, kind, up, x)
            if seen:
                runs[x.name, up.name].append(seen)
                tell(x.name, up.name, seen)
        if kind == "troupe":
            return up.shares("bench", PARTITIONS, KEYS)
    return None


def tell(name, broker, seen):
    print(f"  {name}, {broker}: {seen['rate']:,.0f} msg/s, confirmed after "
          f"{seen['confirm_p50']:.3g} ms, load {seen['busy']:.1f}", file=sys.stderr, flush=True)


# -- what is printed -----------------------------------------------------------


def row(name, broker, runs):
    columns = set(runs[0])
    x = {y: statistics.median(run[y] for run in runs) for y in columns}
    rates = sorted(run["confirmed"] for run in runs)
    cells = [name, broker, amqp.rounded(x["confirmed"]),
             f"{amqp.rounded(rates[0])} to {amqp.rounded(rates[-1])}",
             amqp.rounded(x["rate"]), f"{amqp.rounded(x['confirm_p50'])} / "
             f"{amqp.rounded(x['confirm_p99'])}"]
    cells += [amqp.rounded(x[y]) if y in x else "-"
              for y in ("null_rate", "per_core", "cores", "resident", "busy")]
    return "| " + " | ".join(cells) + " |"


def print_table(runs):
    print("| profile | broker | confirmed a second | least to most | consumed "
          "a second | confirm p50 / p99 ms | load's own ceiling | msg a "
          "core-second | cores | MiB | load average |\n|" + "---|" * 11)
    names = [KINDS[x].name for x in KINDS] + [LIMIT]
    for x in PROFILES:
        for name in names:
            if runs[x.name, name]:
                print(row(x.name, name, runs[x.name, name]))


def print_balance(shares):
    even = KEYS / len(shares)
    told = ", ".join(f"{name} {count:,} ({count / even - 1:+.1%})"
                     for name, count in shares.items())
    print(f"\n{KEYS:,} keys over {PARTITIONS} partitions: {told} of even")


# -- main ----------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="the folder of a release build")
    parser.add_argument("--program", help="the node to be measured, where it "
                        "is not the build's")
    parser.add_argument("--brokers", default="troupe,single,rabbitmq")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="", help="part of a profile's name")
    given = parser.parse_args()
    if unknown := set(given.brokers.split(",")) - set(KINDS):
        parser.error(f"there is no broker {', '.join(sorted(unknown))}; name "
                     f"some of {', '.join(KINDS)}")
    given.profiles = [x for x in PROFILES if given.only in x.name]
    given.program = given.program or os.path.join(given.build, "troupe")
    given.load, given.placement = (
        os.path.join(given.build, "tests/bench", x)
        for x in ("bench_amqp_load", "bench_placement"))
    for needed in (given.program, given.load, given.placement):
        if not os.access(needed, os.X_OK):
            sys.exit(f"there is no {needed}; build first: "
                     "cmake --preset release && cmake --build --preset release")
    given.folder = os.path.abspath(
        os.environ.get("TROUPE_BENCH_DIR", given.build))
    return given


def wanted(given):
    """The kinds of brokers that can be measured here."""
    kinds = given.brokers.split(",")
    for x in kinds:
        if needed := cluster_brokers.missing(x):
            print(f"skipped {x}: there is no {needed}", file=sys.stderr)
    return [x for x in kinds if not cluster_brokers.missing(x)]


def measure_all(given, folder):
    runs, shares = collections.defaultdict(list), None
    kinds = wanted(given)
    for _ in range(given.repetitions):
        for x in given.profiles:
            if x.is_led_here:
                runs[x.name, LIMIT].append(
                    machine_limit(folder, x.window * x.queues, 1))
        for kind in kinds:
            try:
                shares = measure(given, kind, runs) or shares
            except (RuntimeError, OSError, cluster_brokers.broker.broken) \
                    as why:
                print(f"{kind} cannot be measured: {why}", file=sys.stderr)
    return runs, shares


def main():
    given = arguments()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        # A build may go on meanwhile; what is measured stays the same.
        given.program = shutil.copy(given.program, folder)
        runs, shares = measure_all(given, folder)
    print_table(runs)
    if shares:
        print_balance(shares)
    print(f"\n{os.cpu_count()} cores, load {before:.1f} before and "
          f"{os.getloadavg()[0]:.1f} after, medians of {given.repetitions} "
          f"runs of {given.seconds:g} s")


if __name__ == "__main__":
    main()
