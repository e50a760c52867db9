"""Keeps what a test saw: what was published, what became of it, and who
handled it. All times are nanoseconds of CLOCK_MONOTONIC_RAW, which every
process on the machine shares."""

import collections
import dataclasses
import threading
import time


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


@dataclasses.dataclass
class handling:
    """One time that a message was given to a handler."""

    node: str
    key: str
    publisher: str
    sequence: int
    began: int
    ended: int | None = None  # None: it never did
    last: int | None = None  # what the handler's state said before


@dataclasses.dataclass
class pause:
    """One time that a node's time was stopped: at some time from `begin`, when
    that was asked for, to `stopped`, when all of its threads stood still."""

    node: str
    begin: int
    stopped: int


class history:
    """What publishers and consumers saw; they write from their threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempted = {}  # message -> when first
        self.confirmed = {}  # message -> when
        self.refused = {}  # message -> when; sent once and refused
        self.unknown = set()  # sent more than once: may be there twice
        self.returned = set()  # the broker knew nowhere to bring them
        self.handlings = []  # those of clients' queues
        self.noted = collections.Counter()  # what else happened, how often
        self.pauses = []

    def note(self, what, count=1):
        with self.lock:
            self.noted[what] += count

    def waits(self):
        """Returns when each message was published first and confirmed, and
        its publisher and key."""
        with self.lock:
            return [(self.attempted[x], when, x[:2])
                    for x, when in self.confirmed.items()]


def read_witness(path, node):
    """Returns the handlings that a node's witness wrote down, in the order
    they began. What a thread began and never ended, it was killed in."""
    found, running = [], {}
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        pid, thread, at, what, publisher, key, sequence, last = line.split()
        if what == "begin":
            started = handling(node, key, publisher, int(sequence), int(at),
                               None, int(last))
            running[pid, thread] = started
            found.append(started)
        else:
            running.pop((pid, thread)).ended = int(at)
    return found


class witness_reader:
    """Reads what is new in a node's witness, to see which are handled."""

    def __init__(self, path):
        self.path, self.place, self.rest = path, 0, ""
        self.handled = set()

    def read(self):
        if self.path.exists():
            with open(self.path) as file:
                file.seek(self.place)
                text = self.rest + file.read()
                self.place = file.tell()
            *lines, self.rest = text.split("\n")
            for line in lines:
                words = line.split()
                if words[3] == "end":
                    self.handled.add((words[4], words[5], int(words[6])))
        return self.handled
