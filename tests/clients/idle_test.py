#!/usr/bin/env python3
"""Ten thousand clients that have nothing to do: what they cost the broker, and
that others go on meanwhile."""

import contextlib
import os
import pathlib
import resource
import selectors
import socket
import struct
import sys
import time

import broker
from broker import HOST, expect
from pika_client import (channel, connection, consumer, expect_equal,
                         new_queue, publish)
from raw_amqp import (CHANNEL_OPEN, CHANNEL_OPEN_OK, HEADER, HEARTBEAT, METHOD,
                      OPEN_OK, START, TUNE, frame, method, open_host, start_ok,
                      tune_ok)

MOST_MIB = 500
MOST_PROCESSOR = 0.20  # of one core, with heartbeats
AT_ONCE = 200          # handshakes; the rest of the clients wait for them
HEARTBEAT_SECONDS = 10
OTHER_FILES = 200      # beside the sockets, on either side

# What is said in answer to what, until the client is there.
ANSWERS = {
    START: [start_ok()],
    TUNE: [tune_ok(heartbeat=HEARTBEAT_SECONDS), open_host()],
    OPEN_OK: [method(1, CHANNEL_OPEN, b"\x00")],
    CHANNEL_OPEN_OK: [],
}
BEAT = frame(HEARTBEAT, 0, b"")


class client:
    """One that logs in, opens a channel and says nothing more but that it is
    alive."""

    def __init__(self, port):
        self.rest = b""
        self.is_ready = False
        self.beats = 0
        self.socket = socket.create_connection((HOST, port), 20)
        self.socket.setblocking(False)
        self.socket.sendall(HEADER)

    def frames(self):
        """Yields what came, frame by frame; never waits."""
        with contextlib.suppress(BlockingIOError):
            got = self.socket.recv(4096)
            expect(got, "the broker keeps an idle connection")
            self.rest += got
        while len(self.rest) >= 8:
            kind, _, size = struct.unpack_from(">BHI", self.rest)
            if len(self.rest) < size + 8:
                return
            yield kind, self.rest[7:7 + size]
            self.rest = self.rest[size + 8:]

    def look(self):
        for kind, payload in self.frames():
            if kind == HEARTBEAT:
                self.beats += 1
                continue
            expect_equal(kind, METHOD, "the kind of a frame to an idle client")
            ids = struct.unpack_from(">HH", payload)
            expect(ids in ANSWERS, "the handshake goes on", ids)
            self.is_ready = ids == CHANNEL_OPEN_OK
            for x in ANSWERS[ids]:
                self.socket.sendall(x)

    def beat(self):
        self.socket.sendall(BEAT)


class crowd:
    """Clients that one loop serves."""

    def __init__(self):
        self.all = []
        self.selector = selectors.EpollSelector()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for x in self.all:
            x.socket.close()
        self.selector.close()

    def look(self, seconds=0.05):
        for key, _ in self.selector.select(seconds):
            key.data.look()

    def add(self, port, count):
        """Opens so many more and waits until all of them are there."""
        deadline = time.monotonic() + 60
        under_way = []
        while count or under_way:
            expect(time.monotonic() < deadline, "all clients are there in time",
                   f"{len(self.all)} are")
            while count and len(under_way) < AT_ONCE:
                made = client(port)
                self.all.append(made)
                under_way.append(made)
                self.selector.register(made.socket, selectors.EVENT_READ, made)
                count -= 1
            self.look()
            under_way = [x for x in under_way if not x.is_ready]

    def live(self, seconds, meanwhile=lambda: None):
        """Lets time pass as clients do: a heartbeat at half the time agreed
        on, not all of them at the same moment."""
        began = time.monotonic()
        due = 0  # of beats
        while (now := time.monotonic() - began) < seconds:
            wanted = int(now / (HEARTBEAT_SECONDS / 2) * len(self.all))
            for i in range(due, wanted):
                self.all[i % len(self.all)].beat()
            due = wanted
            self.look(0.02)
            meanwhile()


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def processor_seconds(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class honest:
    """A client that works, and remembers the longest it had to wait."""

    def __init__(self, place, channel):
        self.channel = channel
        channel.confirm_delivery()
        self.queue = new_queue(place, channel)
        self.loans = consumer(channel, self.queue, auto_ack=True)
        self.slowest, self.count = 0, 0

    def work(self):
        began = time.monotonic()
        body = str(self.count).encode()
        publish(self.channel, self.queue, body)
        expect_equal([x.body for x in self.loans.take()], [body],
                     "the honest client gets its message")
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.count += 1


def measure_idle(place, idle, seconds):
    """Returns how much of a core the broker takes with heartbeats alone."""
    pid = place.broker.pid()
    before = processor_seconds(pid)
    idle.live(seconds)
    return (processor_seconds(pid) - before) / seconds


def run(place, given):
    pid = place.broker.pid()
    empty = resident_mib(pid)
    with crowd() as idle, channel(place) as ch:
        began = time.monotonic()
        idle.add(place.port, given.clients)
        took = time.monotonic() - began
        full = resident_mib(pid)
        print(f"  {given.clients} clients there in {took:.1f} s: {empty:.0f} "
              f"MiB without, {full:.0f} MiB with them, "
              f"{(full - empty) * 1024 / given.clients:.1f} KiB each")
        used = measure_idle(place, idle, given.seconds)
        works = honest(place, ch)
        idle.live(HEARTBEAT_SECONDS / 2, works.work)
        most = resident_mib(pid)
        print(f"  {100 * used:.1f} % of a core over heartbeats of "
              f"{HEARTBEAT_SECONDS} s; {most:.0f} MiB after; beside them "
              f"{works.count} messages, the slowest {1000 * works.slowest:.0f} "
              "ms")
        silent = sum(not x.beats for x in idle.all)
        expect_equal(silent, 0, "how many clients got no heartbeat")
        expect(max(full, most) < MOST_MIB,
               f"they fit into {MOST_MIB} MiB", full, most)
        expect(used < MOST_PROCESSOR, "the broker is idle as they are", used)
        expect(works.slowest < 2, "others do not wait", works.slowest)
    with connection(place) as after:
        publish(after.channel(), works.queue, b"x")


def main():
    parser = broker.arguments()
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=12)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < given.clients + OTHER_FILES:
        given.clients = most - OTHER_FILES
        print(f"only {given.clients} clients: `ulimit -Hn` is {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE,  # the broker inherits it
                       (given.clients + OTHER_FILES, most))

    def idle(place):
        """idle: ten thousand clients cost little memory and no time"""
        run(place, given)

    broker.main(given, [idle], broker.CONFIGURATION
                + f"max_connections = {given.clients + 10}\n")


if __name__ == "__main__":
    sys.exit(main())
