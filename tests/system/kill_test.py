"""Kills a node under load, again and again, and counts what came through."""

import random

import sandbox
from keyed_load import keyed_load
from sandbox import expect


def kill_and_finish(place, given, keys):
    """Kills at points spread over the whole run; every other round soon after
    the start, so that recovery itself is hit too."""
    load = keyed_load(place, given.lines, keys, given.pause_us)
    random.seed(f"{given.seed} {keys}")
    lived = []
    for i in range(given.rounds):
        node = place.start("run", "-c", "pipeline.toml", "-q")
        if i % 4 == 3:
            killed_early(node)
        else:
            share = (i + random.random()) / given.rounds
            target = int(share * load.bytes())
            node.wait_until(f"{share:.0%} of the lines come out",
                            lambda: load.progress() >= target, 60)
        node.kill()
        lived.append(load.progress() / load.bytes())
    print(f"  killed with {' '.join(f'{x:.0%}' for x in lived)} out")
    expect(lived[0] < 1, "the first kill comes before the work is done")
    place.run("run", "-c", "pipeline.toml", "--until-done", "-q").ends_with(0)
    load.check()


def killed_early(node):
    """Lets the node live for a random fraction of a second."""
    try:
        node.process.wait(random.uniform(0.001, 0.4))
        expect(False, f"the node runs until it is killed; it said",
               node.said())
    except sandbox.subprocess.TimeoutExpired:
        pass


def main():
    parser = sandbox.arguments()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--pause-us", type=int, default=0)
    parser.add_argument("--seed", default=random.randrange(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}: --seed {given.seed} does this again")

    def many_keys(place):
        """200 keys come through kills once each, in order, state included"""
        kill_and_finish(place, given, 200)

    def few_keys(place):
        """3 keys come through kills once each, in order, state included"""
        given.rounds = max(given.rounds // 2, 1)
        given.lines = max(given.lines // 4, 1)
        kill_and_finish(place, given, 3)

    sandbox.main(given, [many_keys, few_keys])


main()
