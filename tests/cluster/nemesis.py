#!/usr/bin/env python3
"""Harms a cluster under load, heals it, and judges what came through:

    nemesis.py RUN [--program PROGRAM] [--seconds 60] [--seed N] [--keep]

PROGRAM is the node with the witness (build/release/tests/cluster/
cluster_witness). Ends with 0 when all that is promised was kept, 1 when not,
77 when this machine cannot do what the run needs.
"""

import argparse
import faulthandler
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

import checker
import cluster
import faults
import load
import network
from history import history, now, pause, read_witness, witness_reader

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parents[1] / "build/release/tests/cluster/cluster_witness"
SECOND = 1_000_000_000
SKIPPED = 77


class trial:
    """A cluster under load, and what is done to it."""

    def __init__(self, members, record, seed, seconds):
        self.cluster, self.record = members, record
        self.dice = random.Random(seed)
        self.seconds = seconds
        self.started = now()
        self.faults = []  # when, and what
        self.broken = []  # promises that were seen not to be kept

    def time(self):
        """Seconds since the start."""
        return (now() - self.started) / SECOND

    def say(self, what):
        print(f"{self.time():7.2f} s  {what}", flush=True)

    def fault(self, what):
        """Writes down that something is being done."""
        self.faults.append((now(), what))
        self.say(what)

    def goes_on(self):
        return self.time() < self.seconds

    def sleep(self, seconds):
        time.sleep(max(0, min(seconds, self.seconds - self.time())))

    def pause(self, member, seconds):
        """Stops a member's time for a while."""
        begin = now()
        member.pause()
        stopped = now()
        time.sleep(seconds)
        self.record.pauses.append(pause(member.name, begin, stopped))
        member.resume()

    def wait_until_whole(self, seconds=60):
        """Waits until all is as it should be; says how long that took."""
        began = now()
        is_whole = self.cluster.wait_until_whole(seconds)
        took = (now() - began) / SECOND
        self.say(f"whole again after {took:.1f} s" if is_whole else
                 f"NOT whole after {took:.1f} s:\n{self.cluster.status()}\n"
                 + self.cluster.said())
        return is_whole


def failover_times(record, faults, end):
    """Returns, for each fault, the longest that any message waited for its
    confirm that was published after it or was not confirmed then, in seconds,
    and whose it was."""
    waits = record.waits()
    out = []
    for i, (when, _) in enumerate(faults):
        until = faults[i + 1][0] if i + 1 < len(faults) else end
        out.append(max((((confirmed - sent) / SECOND, "/".join(line))
                        for sent, confirmed, line in waits
                        if sent < until and confirmed > when),
                       default=(0, "none")))
    return out


class clients:
    """All that publish and consume."""

    def __init__(self, members, record, given):
        places = [(x.host, x.amqp_port) for x in members.members]
        load.declare(places)
        self.record = record
        self.publishers = [
            load.publisher(f"p{i}", places, record, given.keys, given.rate,
                           given.seed) for i in range(3)]
        self.consumers = [
            load.consumer(f"consumer-{i}", places, record, i)
            for i in range(2)]
        self.readers = [witness_reader(x.witness) for x in members.members]
        for x in self.publishers + self.consumers:
            x.start()

    def stop_publishing(self):
        for x in self.publishers:
            x.stop()

    def missing(self):
        """Returns what was confirmed and is not handled yet."""
        with self.record.lock:
            left = set(self.record.confirmed)
            left -= {(x.publisher, x.key, x.sequence)
                     for x in self.record.handlings if x.ended is not None}
        for x in self.readers:
            left -= x.read()
        return left

    def drain(self, seconds):
        """Waits until all is confirmed and handled; says whether it was."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if all(x.is_done() for x in self.publishers) \
                    and not self.missing():
                return True
            time.sleep(0.2)
        return False

    def stop(self):
        for x in self.consumers:
            x.stop()
        for x in self.publishers + self.consumers:
            x.join(2)

    def what_is_open(self):
        return {x.name: len(x.open) for x in self.publishers}


def judge(what, users, drained, finish):
    """Prints what was seen; returns whether all promises were kept."""
    handlings = list(what.record.handlings)
    for x in what.cluster.members:
        handlings += read_witness(x.witness, x.name)
    seen = checker.check(what.record, handlings, drained)
    if not drained:
        print(f"open at publishers: {users.what_is_open()}; confirmed and not "
              f"handled: {sorted(users.missing())[:5]}")
    waits = failover_times(what.record, what.faults, finish)
    if waits:
        times = [seconds for seconds, _ in waits]
        print(f"seconds until the slowest confirm after a fault: "
              f"median {statistics.median(times):.2f}, most {max(times):.2f}; "
              f"each {' '.join(f'{x:.1f} ({line})' for x, line in waits)}")
    for name, count in sorted(what.record.noted.items()):
        print(f"{name}: {count}")
    for line in seen.lines():
        print(line)
    return seen.is_valid()


def run(given, members):
    """Does one run in a cluster that is up; returns whether it passed."""
    record = history()
    users = clients(members, record, given)
    what = trial(members, record, given.seed, given.seconds)
    what.sleep(3)
    faults.RUNS[given.run].harm(what)
    faults.heal(what)
    finish = now()
    is_whole = what.wait_until_whole()
    time.sleep(2)  # progress after the healing
    users.stop_publishing()
    drained = users.drain(60)
    what.say("drained" if drained else "NOT drained within 60 s")
    users.stop()
    is_valid = judge(what, users, drained, finish)
    broken = what.broken + faults.who_died(members)
    for line in broken:
        print(f"FAULT: {line}")
    return is_valid and is_whole and not broken


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", choices=faults.RUNS)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--keys", type=int, default=32)
    parser.add_argument("--rate", type=float, default=200,
                        help="messages a second of each of 3 publishers")
    parser.add_argument("--keep", action="store_true",
                        help="leaves its folder when something is wrong")
    return parser.parse_args()


def main():
    given = arguments()
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = faults.RUNS[given.run]
    why_not = chosen.why_not()
    if why_not:
        print(f"{given.run} skipped: {why_not}")
        sys.exit(SKIPPED)
    print(f"{given.run}, {chosen.harm.__doc__}: seed {given.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-nemesis-"))
    is_good = False
    try:
        with network.of(chosen.needs_network, 3) as net:
            is_good = with_cluster(given, chosen, folder, net)
    finally:
        if is_good or not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and stores are in {folder}")
    print(f"{given.run} {'passed' if is_good else 'FAILED'}: seed "
          f"{given.seed}")
    sys.exit(0 if is_good else 1)


def with_cluster(given, chosen, folder, net):
    members = cluster.cluster(given.program, folder, 3, net)
    try:
        chosen.prepare(members)
        members.start()
        return run(given, members)
    finally:
        members.close()
        chosen.clean(members)


if __name__ == "__main__":
    main()
