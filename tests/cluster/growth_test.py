#!/usr/bin/env python3
"""Changes how many members and replicas a cluster of real nodes has:

    growth_test.py PROGRAM [CASE...]

Ends with 0 when no more moved than had to and all that was confirmed is there.
"""

import json
import threading
import time

import pika

import cluster
from cluster import expect
from load import parameters

QUEUES = [f"kept-{i}" for i in range(12)]  # of some of the groups
BEFORE = 40  # messages a queue, published before anything changes
SLACK = 0.05  # of all, by which a move may be unfair


class growing(cluster.cluster):
    """Members of which the first few, that it begins with, run an etcd."""

    def add(self):
        """Starts one more, which asks the others' etcds."""
        first = self.members[0].config.read_text()
        _, _, rest = first.partition("[cluster.etcd.members]\n")
        etcd, _, _ = rest.partition("\n[")
        self.size += 1
        ports = cluster.free_ports(5, 19_000)
        made = cluster.member(self, f"n{self.size}", cluster.HOST, ports, [])
        made.write(f"[cluster.etcd.members]\n{etcd}\n", "")
        self.members.append(made)
        made.start()
        return made


# -- clients

def connect(member):
    return pika.BlockingConnection(parameters((member.host, member.amqp_port)))


def publish_one(channel, number):
    """Returns once the message is confirmed."""
    channel.basic_publish(
        "", QUEUES[number % len(QUEUES)], str(number).encode(),
        pika.BasicProperties(delivery_mode=2), mandatory=True)


class publisher(threading.Thread):
    """Publishes numbers, from `first` on, until `stop`, and counts what is
    confirmed."""

    def __init__(self, member, first=0):
        super().__init__(daemon=True)
        self.member, self.confirmed = member, first
        self.is_over = threading.Event()
        self.fault = None

    def run(self):
        try:
            with connect(self.member) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                for queue in QUEUES:
                    channel.queue_declare(queue, durable=True)
                while not self.is_over.is_set():
                    publish_one(channel, self.confirmed)
                    self.confirmed += 1
                    if self.confirmed > BEFORE * len(QUEUES):
                        connection.sleep(0.01)
        except Exception as fault:  # told by whoever waits for it
            self.fault = fault

    def stop(self):
        self.is_over.set()
        self.join(30)
        expect(self.fault is None and not self.is_alive(),
               f"the publisher failed: {self.fault!r}")
        return self.confirmed


def start_publishing(members, by=0):
    made = publisher(members[by])
    made.start()
    expect(members.wait_until(
        lambda: made.fault or made.confirmed > BEFORE * len(QUEUES), 60)
        and not made.fault, f"nothing is confirmed: {made.fault!r}")
    return made


def expect_all(member, count, seconds=30):
    """Consumes by the member until all numbers below `count` came."""
    missing = set(range(count))
    with connect(member) as connection:
        channel = connection.channel()

        def take(_, method, __, body):
            missing.discard(int(body))
            channel.basic_ack(method.delivery_tag)

        for queue in QUEUES:
            channel.basic_consume(queue, take)
        deadline = time.monotonic() + seconds
        while missing and time.monotonic() < deadline:
            connection.process_data_events(0.2)
    expect(not missing, f"{len(missing)} of {count} confirmed messages are "
           f"missing: {sorted(missing)[:20]} ...")


# -- operators

def plan(members, *words):
    code, out, errors = members[0].ask("ring", "plan", "--json", *words)
    expect(code == 0, f"ring plan: {code} {errors}")
    return json.loads(out)


def is_in_order(members):
    """Says whether all is as the ring wants it, and nothing is to be done."""
    if not members.is_whole() or members.status()["moves"]:
        return False
    return not plan(members)["rows"]


def wait_until_in_order(members, seconds):
    began = time.monotonic()
    expect(members.wait_until(lambda: is_in_order(members), seconds),
           f"moves do not end in {seconds} s:\n{plan(members)}\n"
           + members.said())
    return time.monotonic() - began


def placed(ring):
    """Returns the copies, by group and member, and who leads each group."""
    copies = {(x["group"], y) for x in ring for y in x["replicas"]}
    return copies, {(x["group"], x["leader"]) for x in ring}


def has_copies(members, number):
    """Says whether each group has so many copies, all of them in sync."""
    ring = members.ring()
    return len(ring) == cluster.GROUPS and all(
        len(x["replicas"]) == len(x["in_sync"]) == number for x in ring)


# -- cases

def fourth_member(members):
    """A fourth member takes its share, and no more moves than that."""
    members.start()
    wait_until_in_order(members, 60)
    publishing = start_publishing(members)
    copies, leaders = placed(members.ring())
    added = members.add()
    expect(members.wait_until_whole(30), "no fourth member:\n"
           + members.said())
    told = plan(members)
    took = wait_until_in_order(members, 90)
    now_copies, now_leaders = placed(members.ring())
    moved, led = len(now_copies - copies), len(now_leaders - leaders)
    count = publishing.stop()
    print(f"{moved} of {len(copies)} copies and {led} of {len(leaders)} "
          f"leaders moved in {took:.0f} s, {count} messages confirmed; of the "
          f"copies {told['copies']} were still to come when it was in")
    share = 1 / members.size
    expect(len(now_copies) == len(copies), "copies were lost or doubled")
    expect(0 < moved <= (share + SLACK) * len(copies), "too many copies moved")
    expect(0 < led <= (share + SLACK) * len(leaders), "too many leaders moved")
    for x in members.members:
        leads = sum(1 for _, y in now_leaders if y == x.name)
        expect(leads == len(leaders) // members.size,
               f"{x.name} leads {leads}")
    expect_all(added, count)


def replicas(members):
    """Copies are given up and made again, while messages come."""
    members.start()
    publishing = start_publishing(members)
    for number, why in (("0", "1 to 5 replicas"), ("5", "start more")):
        code, _, errors = members[1].ask("replicas", number, "--yes")
        expect(code == 66 and why in errors,
               f"replicas {number}: {code} {errors}")
    for number in (1, 3):
        code, out, errors = members[1].ask("replicas", str(number), "--yes")
        expect(code == 0, f"replicas {number}: {errors}")
        print(out.splitlines()[0])
        began = time.monotonic()
        expect(members.wait_until(lambda: has_copies(members, number), 120),
               f"not {number} of each group:\n" + members.said())
        wait_until_in_order(members, 60)
        print(f"{number} of each group after "
              f"{time.monotonic() - began:.0f} s")
    count = publishing.stop()
    members[1].kill()  # any one may go again
    expect_all(members[2], count)


CASES = {"fourth_member": fourth_member, "replicas": replicas}


def make(program, folder):
    return growing(program, folder, 3,
                   configuration=cluster.broker("growth"))


if __name__ == "__main__":
    cluster.run_cases(CASES, make)
