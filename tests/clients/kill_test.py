#!/usr/bin/env python3
"""Kills the broker under confirmed publishing, again and again: every message
that was confirmed comes back, in order for each publisher and queue."""

import collections
import random
import subprocess
import sys

import broker
import node_folder
from broker import HERE, expect, wait_for
from pika_client import channel, new_queue

QUEUES = 3
PUBLISHERS = 4  # of each kind


class publisher:
    """A publisher over all rounds: a process a round."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.first = 0      # of this round
        self.confirmed = []  # (first, last) of each round

    def start(self, place, queues):
        self.log = place.folder / f"{self.name}.log"
        with open(self.log, "w") as out:
            self.process = place.start(
                *self.command, place.port, self.name, self.first, *queues,
                stdout=out, stderr=subprocess.STDOUT)

    def count(self):
        return self.log.stat().st_size

    def finish(self):
        """Takes down what was confirmed; what was not gets no number again."""
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            expect(False, f"{self.name} notices the broker's end")
        text = self.log.read_text()
        lines = text[:text.rfind("\n") + 1].split()
        expect(all(x.isdigit() for x in lines), f"{self.name} runs well",
               text[-2000:])
        if lines:
            self.confirmed.append((int(lines[0]), int(lines[-1])))
            self.first = int(lines[-1])
        self.first += 1000  # beyond all that may have been under way


def drain(place, queue):
    """Takes everything of a queue: the numbers of each publisher, as they
    came."""
    seen = collections.defaultdict(list)
    with channel(place) as ch:
        left = ch.queue_declare(queue, passive=True).method.message_count
        ch.basic_qos(prefetch_count=1000)
        for method, _, body in ch.consume(queue, inactivity_timeout=20):
            expect(method, f"{left} more messages come out of {queue}")
            name, number = body.decode().split()
            seen[name].append(int(number))
            left -= 1
            if left % 500 == 0:
                ch.basic_ack(method.delivery_tag, multiple=True)
            if left == 0:
                return seen
    return seen


def check(place, queues, publishers):
    total = 0
    for i, queue in enumerate(queues):
        seen = drain(place, queue)
        for x in publishers:
            numbers = seen[x.name]
            total += len(numbers)
            expect(all(a < b for a, b in zip(numbers, numbers[1:])),
                   f"{x.name}'s messages are in order in {queue}, once each",
                   [(a, b) for a, b in zip(numbers, numbers[1:]) if a >= b][:9])
            there = set(numbers)
            lost = [n for first, last in x.confirmed
                    for n in range(first, last + 1)
                    if n % len(queues) == i and n not in there]
            expect(not lost, f"{x.name}'s confirmed messages come back from "
                   f"{queue}", f"{len(lost)} are lost: {lost[:20]}")
    return total


def run(place, given, folder):
    dice = random.Random(given.seed)
    with channel(place) as ch:
        queues = [new_queue(place, ch) for _ in range(QUEUES)]
    kinds = {"pika": [sys.executable, "-B", HERE / "kill_publisher.py"],
             "node": ["node", folder / "kill_publisher.mjs"]}
    publishers = [publisher(f"{kind}{i}", command)
                  for kind, command in kinds.items()
                  for i in range(PUBLISHERS)]
    for _ in range(given.rounds):
        for x in publishers:
            x.start(place, queues)
        enough = dice.randrange(2_000, 40_000)  # bytes of confirmed numbers
        wait_for("all publishers have confirmations",
                 lambda: sum(x.count() for x in publishers) > enough
                 and all(x.count() for x in publishers), 60)
        place.broker.kill()
        for x in publishers:
            x.finish()
        place.broker.start()
    confirmed = sum(last - first + 1 for x in publishers
                    for first, last in x.confirmed)
    total = check(place, queues, publishers)
    print(f"  {confirmed} confirmed, {total} came back, "
          f"{given.rounds} times killed")


def main():
    parser = broker.arguments()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", default=random.randrange(1_000_000))
    parser.add_argument("--node-folder", default="node", help="where npm "
                        "installs what the Node.js publishers need")
    given = parser.parse_args()
    folder = node_folder.prepare(given.node_folder)
    print(f"seed {given.seed}: --seed {given.seed} does this again")

    def kills(place):
        """kill -9 under confirmed publishing loses nothing and keeps order"""
        run(place, given, folder)

    broker.main(given, [kills])


main()
