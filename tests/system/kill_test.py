"""Kills a node under load, again and again, and counts what came through."""

import random
import subprocess

import sandbox
from keyed_load import keyed_load
from sandbox import expect


def kill_and_finish(place, given, keys, lines, rounds):
    """Kills at points spread over the whole run; every fourth round soon after
    the start, so that recovery itself is hit too."""
    load = keyed_load(place, lines, keys)
    dice = random.Random(f"{given.seed} {keys}")
    reached = []
    for i in range(rounds):
        is_early = i % 4 == 3
        load.set_pause(200 if is_early else dice.choice((0, 50, 150)))
        node = place.start("run", "-c", "pipeline.toml", "-q")
        if is_early:
            live_for(node, dice.uniform(0.001, 0.4))
        else:
            share = (i + dice.random()) / rounds
            node.wait_until(
                f"{share:.0%} of the lines come out",
                lambda: load.progress() >= share * load.bytes(), 60)
        node.kill()
        reached.append(load.progress() / load.bytes())
    print(f"  killed with {' '.join(f'{x:.0%}' for x in reached)} out")
    expect(sum(x < 1 for x in reached) >= rounds * 3 // 4,
           "most kills come before the work is done")
    load.set_pause(0)
    place.run("run", "-c", "pipeline.toml", "--until-done", "-q").ends_with(0)
    load.check()


def live_for(node, seconds):
    """Lets the node live for a while, which it has to survive."""
    try:
        node.process.wait(seconds)
        expect(False, "the node runs until it is killed; it said", node.said())
    except subprocess.TimeoutExpired:
        pass


def main():
    parser = sandbox.arguments()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", default=random.randrange(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}: --seed {given.seed} does this again")

    def many_keys(place):
        """200 keys come through kills once each, in order, state included"""
        kill_and_finish(place, given, 200, given.lines, given.rounds)

    def few_keys(place):
        """3 keys come through kills once each, in order, state included"""
        kill_and_finish(place, given, 3, given.lines // 4, given.rounds // 2)

    sandbox.main(given, [many_keys, few_keys])


main()
