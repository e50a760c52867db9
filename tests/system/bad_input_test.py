"""Gives nodes configurations, folders and input that are wrong."""

import re

import sandbox
from sandbox import expect

GOOD = """\
config_version = 1

[node]
data_dir = "node"

[sources.jobs]
type = "file"
path = "jobs.txt"
format = "lines"

[handlers.work]
inputs = ["jobs"]
class = "refuser"
settings = { mode = "good" }

[sinks.done]
inputs = ["work"]
type = "file"
path = "done.txt"
format = "body"
"""

# What a line becomes, where the fault is, and words it has to say.
FAULTS = [
    ('inputs = ["jobs"]', 'inputs = ["jobs"', r":1[23]:\d+", []),
    ('inputs = ["jobs"]', "inputs = 7", ":12:10", ["inputs"]),
    ('inputs = ["jobs"]', 'inputs = ["jbos"]', ":12:11",
     ["did you mean `jobs`"]),
    ('inputs = ["jobs"]', "inputs = []", ":12:10", ["inputs"]),
    ('class = "refuser"', 'class = "refusr"', ":13:9",
     ["did you mean `refuser`"]),
    ('class = "refuser"', 'class = "refuser"\nthread = 2', ":14:1",
     ["did you mean `threads`"]),
    ('class = "refuser"', 'class = "refuser"\ntimeout = 30', ":14:11",
     ['"30s"']),
    ('class = "refuser"', 'class = "refuser"\nthreads = 0', ":14:11", ["256"]),
    ('class = "refuser"', 'class = "refuser"\nthreads = "two"', ":14:11",
     ["threads"]),
    ("[handlers.work]", "[handler.work]", ":11:2", ["did you mean `handlers`"]),
    ("[handlers.work]", "[handlers.Work]", ":11:", ["Work"]),
    ('type = "file"', 'type = "flie"', ":7:8", ["file"]),
    ('path = "jobs.txt"', 'path = "nowhere.txt"', ":8:8", ["nowhere.txt"]),
    ('path = "jobs.txt"', 'path = "${NOWHERE:?say where the jobs are}"',
     ":8:8", ["say where the jobs are"]),
    ("config_version = 1", "config_version = 2", ":1:18", ["config_version"]),
    ('data_dir = "node"', 'data_dir = "node"\ndata_dir = "other"', ":5:",
     ["data_dir"]),
]


def prepare(place, text=GOOD):
    place.write("jobs.txt", "one\ntwo\n")
    place.write("pipeline.toml", text)


def faults(place):
    """A configuration with a fault ends with 78 and points at the place"""
    for good, bad, where, words in FAULTS:
        expect(good in GOOD, f"the test finds the line `{good}`")
        prepare(place, GOOD.replace(good, bad, 1))
        for command in ("run", "validate"):
            done = place.run(command, "-c", "pipeline.toml").ends_with(78)
            done.says("error[E", *words)
            expect(re.search(r"pipeline\.toml" + where, done.err + done.out),
                   f"`{command}` with `{bad}` points at pipeline.toml{where}; "
                   "it said", done.err, done.out)
        expect(not (place.folder / "node").exists(),
               f"a run refused for `{bad}` makes no data folder")
    prepare(place)
    place.run("validate", "-c", "pipeline.toml").ends_with(0)


def all_at_once(place):
    """Several faults are all told in one pass"""
    prepare(place, GOOD.replace('inputs = ["jobs"]', "inputs = 7")
            .replace('path = "done.txt"', "path = 8")
            .replace('format = "lines"', 'format = "words"'))
    done = place.run("run", "-c", "pipeline.toml").ends_with(78)
    for where in (":9:10", ":12:10", ":19:8"):
        done.says("pipeline.toml" + where)
    done.says("3 errors")


def files_that_are_none(place):
    """Files that are missing, folders, empty or no text are told apart"""
    prepare(place)
    for command in ("run", "validate", "graph"):
        place.run(command, "-c", "nowhere.toml").ends_with(66) \
            .says("nowhere.toml")
    place.run("run", "-c", ".").ends_with(66, 78)
    for name, text in (
            ("binary.toml", "\0\1\2\x7f\n" * 100),
            ("deep.toml", "a = " + "[" * 100_000),
            ("long.toml", "a" * 3_000_000)):
        place.write(name, text)
        place.run("run", "-c", name).ends_with(78).says(name)
    (place.folder / "latin.toml").write_bytes(b'[node]\nname = "caf\xe9"\n')
    place.run("run", "-c", "latin.toml").ends_with(78).says("latin.toml:2:")
    place.run("run").ends_with(64, 78).says("-c")
    place.write("empty.toml", "")
    place.run("run", "-c", "empty.toml", "--until-done").ends_with(0) \
        .says("warning[W", "empty.toml")


def folder_in_use(place):
    """A data folder that another node has is refused with 75, by its name"""
    prepare(place)
    place.start("run", "-c", "pipeline.toml").is_up()
    place.run("run", "-c", "pipeline.toml").ends_with(75) \
        .says("node", "in use")
    place.run("storage", "verify", "-c", "pipeline.toml").ends_with(75) \
        .says("node")
    place.nodes[0].terminate()
    place.run("run", "-c", "pipeline.toml", "--until-done").ends_with(0)


def folder_that_is_none(place):
    """A data folder that cannot be made is refused with 73, by its name"""
    prepare(place)
    for folder in ("jobs.txt", "jobs.txt/node"):
        place.run("run", "-c", "pipeline.toml", "--data-dir", folder) \
            .ends_with(73).says("jobs.txt")
    place.run("queue", "ls", "--data-dir", "nowhere").ends_with(66) \
        .says("nowhere")
    expect(not (place.folder / "nowhere").exists(),
           "looking at a folder that is not there does not make it")


def standard_input(place):
    """Lines of standard input come through, the last one without its end"""
    prepare(place, GOOD.replace('type = "file"\npath = "jobs.txt"',
                                'type = "stdin"'))
    run = ("run", "-c", "pipeline.toml", "--until-done")
    place.run(*run, stdin="a\nb\n").ends_with(0)
    place.run(*run, stdin="c\n\nd").ends_with(0)
    place.run(*run, stdin="").ends_with(0)
    done = place.read_lines("done.txt")
    expect(sorted(done) == ["", "a", "b", "c", "d"], "each line comes out once",
           done)


def broken_records(place):
    """Input that breaks off is told with its place; what is before it counts"""
    for text, words in (
            ('[{"id":1},{"id":2},{"id"', ["jobs.txt"]),
            ('[{"id":1},{"id":2}} ]', ["jobs.txt"]),
            ('[{"id":1},{"id":2},"' + "x" * 3000 + '"]',
             ["jobs.txt", "max_record"])):
        prepare(place, GOOD.replace(
            'format = "lines"', 'format = "json"\nmax_record = "1KiB"'))
        place.write("jobs.txt", text)
        place.run("run", "-c", "pipeline.toml", "--until-done") \
            .ends_with(65).says(*words)
        done = place.read_lines("done.txt")
        expect(sorted(done) == ['{"id":1}', '{"id":2}'],
               f"the records before the broken one of {text[:30]} come out",
               done)
        place.run("storage", "verify", "-c", "pipeline.toml").ends_with(0)
        place.remove("node")
        place.remove("done.txt")


def replaced_file(place):
    """A file that is not the one begun is refused, and a longer one read on"""
    prepare(place)
    run = ("run", "-c", "pipeline.toml", "--until-done")
    place.run(*run).ends_with(0)
    place.write("jobs.txt", "one\ntwo\nthree\n")
    place.run(*run).ends_with(0)
    expect(place.read_lines("done.txt") == ["one", "two", "three"],
           "only what was added is read", place.read_lines("done.txt"))
    place.write("jobs.txt", "one\n")
    refused = place.run(*run)
    expect(refused.code != 0, "a file cut short is not read on", refused.err)
    refused.says("jobs.txt")
    expect(place.read_lines("done.txt") == ["one", "two", "three"],
           "nothing is read twice", place.read_lines("done.txt"))


sandbox.main(sandbox.arguments().parse_args(), [
    faults, all_at_once, files_that_are_none, folder_in_use,
    folder_that_is_none, standard_input, broken_records, replaced_file])
