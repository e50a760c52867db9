#!/usr/bin/env python3
"""Lets clusters of real nodes run until their work is done:

    done_test.py PROGRAM [CASE...]

Ends with 0 when each member ends by itself, with the right code, and each
message was handled.
"""

import cluster
from cluster import expect

LINES = 2000
KEYS = 40
PIPELINE = """\
[node]
name = "{name}"
data_dir = "{data}"

[cluster]
name = "done"
listen = "{host}:{cluster_port}"
{tls}
{etcd}
[sources.jobs]
type = "file"
path = "@jobs@"
format = "ndjson"
key = "json:key"

[routers.by_key]
inputs = ["jobs"]
type = "consistent_hash"
key = "routing_key"
queue = "keyed"

[queues.keyed]
order = {{ key = "routing_key", partitions = 16 }}

[handlers.witness]
inputs = ["by_key"]
threads = 2
settings = {{ path = "{witness}", pause_us = "500" }}
# {amqp_port}
"""


def pipeline(folder):
    return PIPELINE.replace("@jobs@", str(folder / "jobs"))


def write_jobs(folder, first, count):
    """Adds lines that the witness understands: publisher, key, sequence."""
    with open(folder / "jobs", "a", encoding="ascii") as jobs:
        for i in range(first, first + count):
            jobs.write(f'{{"key":"k{i % KEYS}","job":"p k {i + 1}"}}\n')


def start(members):
    """Starts all; such a cluster may have ended before it was whole."""
    members.lay_out(0)
    for x in members:
        x.start()


def handled(members):
    """Returns the bodies that handlers came to an end with, on any member."""
    done = set()
    for x in members:
        if x.witness.exists():
            for line in x.witness.read_text().splitlines():
                words = line.split()
                if words[3] == "end":
                    done.add(" ".join(words[4:7]))
    return done


def expect_ends(members, code, of=None, seconds=90):
    expect(members.wait_until(
        lambda: not any(x.is_alive() for x in members), seconds),
        f"not all ended within {seconds} s:\n" + members.said())
    for x in of or members:
        expect(x.process.returncode == code,
               f"{x.name} ended with {x.process.returncode}, not {code}:\n"
               + members.said())


def expect_handled(members, count):
    done = handled(members)
    expect(len(done) == count, f"{len(done)} of {count} jobs were handled")


def all_end(members):
    """All end with 0 when the work is done."""
    write_jobs(members.folder, 0, LINES)
    start(members)
    expect_ends(members, 0)
    expect_handled(members, LINES)


def again(members):
    """What was done is not taken for the next run's work, and a run without
    any ends as well."""
    all_end(members)
    write_jobs(members.folder, LINES, LINES)
    for _ in range(2):
        for x in members:
            x.start()
        expect_ends(members, 0)
        expect_handled(members, 2 * LINES)


def one_dies(members):
    """A member that is killed is not waited for, and what it had is handled
    by the others."""
    write_jobs(members.folder, 0, 3 * LINES)
    start(members)
    expect(members.wait_until(lambda: len(handled(members)) > LINES, 60),
           "nothing is handled:\n" + members.said())
    members[0].kill()
    expect_ends(members, 0, members[1:])
    expect_handled(members, 3 * LINES)


CASES = {"all_end": all_end, "again": again, "one_dies": one_dies}


def make(program, folder):
    members = cluster.cluster(
        program, folder, 3, configuration=pipeline(folder))
    members.run_words = ["--until-done"]
    return members


if __name__ == "__main__":
    cluster.run_cases(CASES, make)
