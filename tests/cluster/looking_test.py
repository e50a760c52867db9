#!/usr/bin/env python3
"""Asks members of a cluster of real nodes what none of them has alone:

    looking_test.py PROGRAM [CASE...]

Ends with 0 when each of four members, with three replicas, answers for all.
"""

import json

import cluster
import done_test
from cluster import expect
from done_test import KEYS, LINES
from growth_test import growing

BAD = 5  # jobs that no handler can do
TRY_AGAIN = 75
PIPELINE = done_test.PIPELINE.replace("# {amqp_port}", """
[handlers.witness.retry]
attempts = 1
# {amqp_port}""")


def rows_of(member, *words):
    """Returns what one member answers; its exit code is 0."""
    code, out, err = member.run(*words, "--json", seconds=60)
    expect(code == 0, f"{member.name} ends {words} with {code}: {err}")
    return [json.loads(x) for x in out.splitlines()]


def scopes_of(rows):
    return sorted(x["scope"] for x in rows)


def lengths_of(rows):
    return {x["queue"]: x["length"] for x in rows}


def has_handled(members, count):
    return len(done_test.handled(members)) == count


def start_four(members):
    """Starts three, a fourth when they have work, and waits until it has its
    share."""
    done_test.write_jobs(members.folder, 0, LINES)
    with open(members.folder / "jobs", "a", encoding="ascii") as jobs:
        for i in range(BAD):
            jobs.write(f'{{"key":"k{i}","job":"no number"}}\n')
    members.start()
    members.add()
    expect(members.wait_until(
        lambda: members.is_whole() and all(
            x["leads"] > 0 and x["keeps"] < cluster.GROUPS
            for x in members.status()["members"]), 120),
        "the fourth member has no share:\n" + members.said())
    expect(members.wait_until(lambda: has_handled(members, LINES), 90),
           "not all is handled:\n" + members.said())
    wait_for_dead(members, members[0])


def wait_for_dead(members, asked):
    expect(members.wait_until(
        lambda: lengths_of(rows_of(asked, "dlq", "ls"))
        == {"witness.dead": BAD}, 60),
        "bad jobs do not become dead letters:\n"
        + asked.run("queue", "ls", "--json", seconds=60)[1] + members.said())


def all_answer(members):
    """Each member shows all state, all dead letters and all queues."""
    keys = sorted(f"k{i}" for i in range(KEYS))
    for x in members:
        expect(scopes_of(rows_of(x, "state", "ls", "witness")) == keys,
               f"{x.name} does not show the state of all keys")
        lengths = lengths_of(rows_of(x, "dlq", "ls"))
        expect(lengths == {"witness.dead": BAD},
               f"{x.name} counts {lengths} dead letters")
        shown = rows_of(x, "dlq", "show", "witness.dead")
        expect(len(shown) == BAD, f"{x.name} shows {len(shown)} of {BAD}")


def replays(members):
    """Dead letters go back to their queue by any member, and die again."""
    for x in members:
        [told] = rows_of(x, "dlq", "replay", "witness.dead", "--yes")
        expect(told["moved"] == BAD, f"{x.name} replays {told}")
        wait_for_dead(members, x)


def missing_is_named(members):
    """What nobody can answer for is named, and all else shown."""
    left = members[2:]
    for x in members[:2]:
        x.kill()
    keys = {f"k{i}" for i in range(KEYS)}

    def is_told(by):
        code, out, err = by.run(
            "state", "ls", "witness", "--json", seconds=90)
        scopes = {json.loads(y)["scope"] for y in out.splitlines()}
        return code == TRY_AGAIN and "group" in err and scopes < keys \
            and scopes

    for x in left:
        expect(members.wait_until(lambda by=x: is_told(by), 60),
               f"{x.name} does not say what is missing:\n"
               f"{x.run('state', 'ls', 'witness', seconds=90)}")
    code, out, err = left[0].run("dlq", "ls", "--json", seconds=90)
    is_whole = code == 0 and f'"length":{BAD}' in out
    expect(is_whole or (code == TRY_AGAIN and "witness.dead" in err),
           f"dead letters are neither counted nor missed: {code}, {out}{err}")


def stopped_is_refused(members):
    """A member that does not run is not looked into: it has copies alone."""
    code, _, err = members[0].run("queue", "ls")
    expect(code == 69 and "member n1 of cluster done" in err,
           f"the store of a member is looked into: {code}, {err}")


def looking(members):
    start_four(members)
    all_answer(members)
    replays(members)
    missing_is_named(members)
    stopped_is_refused(members)


CASES = {"looking": looking}


def make(program, folder):
    text = PIPELINE.replace("@jobs@", str(folder / "jobs"))
    return growing(program, folder, 3, configuration=text)


if __name__ == "__main__":
    cluster.run_cases(CASES, make)
