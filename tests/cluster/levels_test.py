#!/usr/bin/env python3
"""Runs a release beside the next one, which knows a higher feature level:

    levels_test.py PROGRAM [CASE...]

PROGRAM_next is that of the next release. Ends with 0 when members change one
after another under load, back as well, nothing is lost, and the level rises
once all know it.
"""

import cluster
from cluster import expect
from growth_test import expect_all, publisher, start_publishing

RISEN = "it is at feature level 2 now"


def change(members, member, program):
    """Restarts a member with another release, as its operator does."""
    expect(member.terminate() == 0, f"{member.name} does not stop in order")
    member.program = program
    member.start()
    expect(members.wait_until_whole(),
           f"{member.name} does not come back:\n{members.said()}")


def has_risen(members):
    return any(RISEN in x.said() for x in members)


def beside(members):
    """The next release comes in while clients publish by those that stay."""
    old = members.program
    new = old.with_name(old.name + "_next")
    members.start()
    publishing = start_publishing(members, by=2)
    change(members, members[0], new)
    change(members, members[0], old)
    change(members, members[0], new)
    change(members, members[1], new)
    expect(not has_risen(members), "the level rose though one does not know")
    count = publishing.stop()

    publishing = publisher(members[0], count)
    publishing.start()
    change(members, members[2], new)
    expect(members.wait_until(lambda: has_risen(members), 20),
           "the level does not rise:\n" + members.said())
    count = publishing.stop()
    expect_all(members[1], count)

    late = members[2]
    expect(late.terminate() == 0, f"{late.name} does not stop in order")
    late.program = old
    said = late.refusal()
    expect("at feature level 2" in said and "run the release" in said,
           f"the release before is not told what to do: {said}")


CASES = {"beside": beside}


def make(program, folder):
    return cluster.cluster(program, folder, 3,
                           configuration=cluster.broker("levels"))


if __name__ == "__main__":
    cluster.run_cases(CASES, make)
