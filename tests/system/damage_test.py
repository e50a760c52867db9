"""Damages the files of a stopped node, and sees what it makes of them."""

import random
import shutil
import string

import sandbox
from sandbox import expect, files_under

PIPELINE = """\
config_version = 1

[node]
data_dir = "node"

[sources.jobs]
type = "file"
path = "jobs.txt"
format = "lines"

[handlers.thrower]
inputs = ["jobs"]
prefetch = 32

[handlers.thrower.retry]
attempts = 1

[handlers.thrower.supervise]
max_restarts = 1000000
backoff = { initial = "0ms", factor = 1.0, max = "0ms", jitter = 0.0 }
"""

AT = ("-c", "pipeline.toml")
LETTERS = string.ascii_letters + string.digits
# What the node may end with on a damaged folder: it runs, or it refuses.
RUNS, REFUSES = 0, 74


def fill(place, jobs=300):
    """Leaves jobs as dead letters in the store; returns their bodies."""
    dice = random.Random(1)
    bodies = ["".join(dice.choices(LETTERS, k=200)) for _ in range(jobs)]
    place.write("jobs.txt", "".join(x + "\n" for x in bodies))
    place.write("pipeline.toml", PIPELINE)
    place.run("run", *AT, "--until-done", "-q").ends_with(0)
    return bodies


def move_to_tables(place):
    """Has RocksDB write what is in its log to tables: it does at a start."""
    place.run("run", *AT, "--until-done", "-q").ends_with(0)


def stored(place, suffix):
    found = [x for x in files_under(place.folder / "node")
             if x.name.endswith(suffix) and x.stat().st_size > 0]
    expect(found, f"the store has files *{suffix}",
           files_under(place.folder / "node"))
    return found


def flip(path, at):
    text = bytearray(path.read_bytes())
    text[at] ^= 0x40
    path.write_bytes(text)


def place_of(path, bodies):
    """Returns where a part of some body stands in the file, or nothing."""
    text = path.read_bytes()
    for body in bodies:
        at = text.find(body[90:102].encode())
        if at >= 0:
            return at + 3
    return None


def flip_body(place, suffix, bodies):
    """Flips a bit of a stored body, with much behind it in the file."""
    for path in stored(place, suffix):
        at = place_of(path, bodies[:len(bodies) // 2])
        if at is not None:
            flip(path, at)
            return path
    return expect(False, f"some body stands in the files *{suffix}",
                  stored(place, suffix))


def expect_found(place):
    """Both `storage verify` and `run` tell of the damage; neither crashes."""
    checked = place.run("storage", "verify", *AT).ends_with(1)
    expect((checked.out + checked.err).strip(), "`storage verify` names it")
    refused = place.run("run", *AT, "--until-done").ends_with(REFUSES)
    expect(refused.err.strip(), "the node says why it does not start")


def flipped_in_log(place):
    """A flipped bit in the write-ahead log is found, and the node refuses"""
    flip_body(place, ".log", fill(place))
    expect_found(place)


def flipped_in_table(place):
    """A flipped bit in a table is found, and the node refuses"""
    bodies = fill(place)
    move_to_tables(place)
    flip_body(place, ".sst", bodies)
    expect_found(place)


def torn_tail(place):
    """A write-ahead log torn at its end, as by a power cut, is mended"""
    fill(place)
    path = max(stored(place, ".log"), key=lambda x: x.stat().st_size)
    path.write_bytes(path.read_bytes()[:-7])
    place.run("run", *AT, "--until-done", "-q").ends_with(RUNS)
    place.run("storage", "verify", *AT).ends_with(0).says("all sound")


def files_gone(place):
    """A table or a list of tables that is gone is found, not run without"""
    fill(place)
    move_to_tables(place)
    shutil.copytree(place.folder / "node", place.folder / "sound")
    for pattern in (".sst", "CURRENT", "MANIFEST"):
        for path in stored(place, ""):
            if pattern in path.name:
                path.unlink()
        done = place.run("run", *AT, "--until-done")
        expect(done.code not in (0, 1), f"without its {pattern} the store is "
               f"not run; it ended with {done.code}", done.err)
        expect(done.err.strip(), "the node says why it does not start")
        place.remove("node")
        shutil.copytree(place.folder / "sound", place.folder / "node")
    place.run("storage", "verify", *AT).ends_with(0)


def damage_anywhere(place, dice):
    """Flips a bit of some file with content, or cuts it; says which."""
    files = [x for x in stored(place, "")
             if x.suffix in (".sst", ".log")
             or x.name.startswith(("MANIFEST", "CURRENT"))]
    path = dice.choice(files)
    at = dice.randrange(path.stat().st_size)
    if dice.random() < 0.7:
        flip(path, at)
        return f"{path.name} flipped at {at}"
    path.write_bytes(path.read_bytes()[:at])
    return f"{path.name} cut at {at}"


def dead_letters(place):
    rows = place.run("dlq", "show", "thrower.dead", "--json", *AT)
    return {x["body"] for x in rows.ends_with(0).rows()}


def anywhere(place, given):
    """Damage at random places crashes nothing, and nothing is lost silently"""
    bodies = fill(place)
    move_to_tables(place)
    place.write("jobs.txt", (place.folder / "jobs.txt").read_text()
                + "one more\n" * 30)
    move_to_tables(place)  # so that there is something in the log as well
    shutil.copytree(place.folder / "node", place.folder / "sound")
    dice = random.Random(given.seed)
    ends = {}
    for _ in range(given.rounds):
        what = damage_anywhere(place, dice)
        checked = place.run("storage", "verify", *AT)
        ran = place.run("run", *AT, "--until-done", "-q")
        expect(checked.code in (0, 1, 74), f"with {what} `storage verify` "
               f"ends with 0, 1 or 74; it ended with {checked.code}",
               checked.err)
        expect(ran.code in (RUNS, REFUSES), f"with {what} the node runs or "
               f"ends with 74; it ended with {ran.code}", ran.err)
        expect(ran.code == RUNS or ran.err.strip(),
               f"with {what} the node says why it does not start")
        if ran.code == RUNS:  # a log cut short may cost what came last
            expect(dead_letters(place) >= set(bodies),
                   f"with {what} a node that runs has what the tables hold")
        pair = (checked.code, ran.code)
        ends[pair] = ends.get(pair, 0) + 1
        place.remove("node")
        shutil.copytree(place.folder / "sound", place.folder / "node")
    print(f"  (verify, run) ended with {ends}")


def main():
    parser = sandbox.arguments()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", default=random.randrange(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}: --seed {given.seed} does this again")

    def at_random(place):
        anywhere(place, given)

    at_random.__doc__ = anywhere.__doc__
    sandbox.main(given, [flipped_in_log, flipped_in_table, torn_tail,
                         files_gone, at_random])


main()
