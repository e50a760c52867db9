#!/usr/bin/env python3
"""Brings clusters back that have lost a majority for good:

    recover_test.py PROGRAM [CASE...]

Ends with 0 when all that was confirmed is there, in order, and what may not be
mixed was refused.
"""

import json
import shutil
import subprocess
import time

import pika

import cluster
from cluster import expect
from load import parameters

QUEUES = [f"kept-{i}" for i in range(6)]
EACH = 250  # messages a queue
BEFORE, AFTER = 'name = "before"', 'name = "after"'


# -- clients

def publish(member):
    """Returns once every message is confirmed."""
    with pika.BlockingConnection(parameters((member.host, member.amqp_port))) \
            as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for queue in QUEUES:
            channel.queue_declare(queue, durable=True)
        for i in range(EACH):
            for queue in QUEUES:  # each returns when it is confirmed
                channel.basic_publish(
                    "", queue, str(i).encode(),
                    pika.BasicProperties(delivery_mode=2), mandatory=True)


def take_all(member, seconds=60):
    """Consumes all there is; returns the numbers of each queue as they came
    first."""
    seen = {x: [] for x in QUEUES}
    with pika.BlockingConnection(parameters((member.host, member.amqp_port))) \
            as connection:
        channel = connection.channel()

        def on_message(queue):
            def take(_, method, __, body):
                if int(body) not in seen[queue]:
                    seen[queue].append(int(body))
                channel.basic_ack(method.delivery_tag)
            return take

        for queue in QUEUES:
            channel.basic_consume(queue, on_message(queue))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline \
                and any(len(x) < EACH for x in seen.values()):
            connection.process_data_events(0.2)
    return seen


def expect_all(member):
    for queue, numbers in take_all(member).items():
        expect(numbers == list(range(EACH)),
               f"{queue}: {len(numbers)} of {EACH} came, in this order: "
               f"{numbers[:20]} ...")


# -- operators

def recover(members, *words):
    done = subprocess.run(
        [members.program, "recover", *words], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=60, errors="replace")
    return done.returncode, done.stdout, done.stderr


def survey(members, member):
    code, out, errors = recover(members, "survey", "-c", member.config)
    expect(code == 0, f"survey of {member.name}: {code} {errors}")
    path = members.folder / f"{member.name}.survey"
    path.write_text(out)
    return path


def end_all(members):
    """Ends nodes and etcds, and waits until they are gone."""
    members.end()
    expect(members.wait_until(
        lambda: not any(x.etcd_pid() for x in members.members), 10),
           "an etcd does not end")


def rename(members):
    for x in members.members:
        x.config.write_text(x.config.read_text().replace(BEFORE, AFTER))


def write(members, surveys):
    code, out, errors = recover(
        members, "write", "--yes", "-c", members[0].config, *surveys)
    expect(code == 0, f"write: {code} {errors}")
    path = members.folder / "recovery"
    path.write_text(out)
    return path


def apply(members, recovery):
    for x in members.members:
        code, _, errors = recover(
            members, "apply", "--yes", "-c", x.config, recovery)
        expect(code == 0, f"apply on {x.name}: {code} {errors}")


def start_all(members):
    for x in members.members:
        x.start()
    expect(members.wait_until_whole(90),
           f"it does not come up: {members.status()}\n" + members.said())


# -- cases

def majority_of_members(members):
    """Two of three members are lost with their disks, and all etcds."""
    members.start()
    code, _, errors = recover(members, "survey", "-c", members[0].config)
    expect(code == 75 and "in use" in errors,
           f"a running node was surveyed: {code} {errors}")
    publish(members[1])
    expect(members.wait_until_whole(), members.said())
    end_all(members)
    kept, stale = members[0], members[1]
    shutil.copytree(stale.folder / "store", members.folder / "stale")
    shutil.rmtree(kept.folder / "etcd")
    for x in members.members[1:]:
        shutil.rmtree(x.folder)
        x.folder.mkdir()

    surveyed = survey(members, kept)
    code, out, errors = recover(members, "plan", surveyed)
    expect(code == 0 and "may be lost if a member that is not among" in out
           and "replicas = 3" in out, f"plan: {code} {out} {errors}")
    code, _, errors = recover(members, "write", "--yes", "-c", kept.config,
                              surveyed)
    expect(code == 78 and "another name" in errors,
           f"the old name was taken: {code} {errors}")
    rename(members)
    code, out, errors = recover(members, "write", "-c", kept.config, surveyed)
    expect(code == 64 and not out and "--yes" in errors,
           f"it was written without being asked: {code} {errors}")
    said = refusal_of_unapplied(members)
    expect("is of the cluster 'before'" in said
           or "troupe recover" in said, f"not told what to do: {said}")
    recovery = write(members, [surveyed])
    apply(members, recovery)
    start_all(members)
    expect_all(members[2])
    expect(members.wait_until(lambda: has_copies(members), 150),
           f"it gets no copies: {members.ring()}")
    stale_store_is_refused(members, stale)


def has_copies(members):
    """Says whether each group is kept by all again."""
    rows = members.ring()
    return len(rows) == cluster.GROUPS \
        and all(len(x["in_sync"]) == members.size for x in rows)


def refusal_of_unapplied(members):
    """A store of the old cluster makes no new one by itself."""
    lone = members[0]
    others = members.members[1:]
    for x in others:
        x.start()
    said = lone.refusal()
    end_all(members)
    for x in others:
        shutil.rmtree(x.folder)
        x.folder.mkdir()
    return said


def stale_store_is_refused(members, member):
    expect(member.terminate() == 0, f"{member.name} does not stop")
    fresh = member.folder / "store"
    fresh.rename(members.folder / "fresh")
    shutil.copytree(members.folder / "stale", fresh)
    said = member.refusal()
    expect("'before'" in said and "empty one" in said,
           f"a store that was not surveyed: {said}")
    shutil.rmtree(fresh)
    (members.folder / "fresh").rename(fresh)
    member.start()
    expect(members.wait_until_whole(), members.said())


def majority_of_etcds(members):
    """Two of three etcds are lost with their disks; all stores are there."""
    members.start()
    publish(members[2])
    end_all(members)
    for x in members.members[1:]:
        shutil.rmtree(x.folder / "etcd")
    surveys = [survey(members, x) for x in members.members]
    code, out, errors = recover(members, "plan", "--json", *surveys)
    expect(code == 0, f"plan: {code} {errors}")
    plan = json.loads(out)
    expect(plan["replicas"] == 3 and not plan["warnings"], out[:400])
    code, _, errors = recover(members, "plan", surveys[0], surveys[0])
    expect(code == 65 and "copy" in errors, f"twice one: {code} {errors}")
    rename(members)
    apply(members, write(members, surveys))
    start_all(members)
    expect_all(members[0])


CASES = {x.__name__: x for x in (majority_of_members, majority_of_etcds)}


def make(program, folder):
    return cluster.cluster(program, folder, 3,
                           configuration=cluster.broker("before"))


if __name__ == "__main__":
    cluster.run_cases(CASES, make)
