"""Has handlers throw, hang and refuse, and looks after the dead letters."""

import json

import sandbox
from sandbox import expect

PIPELINE = """\
config_version = 1

[node]
data_dir = "node"

[sources.jobs]
type = "file"
path = "jobs.txt"
format = "lines"

[handlers.work]
inputs = ["jobs"]
class = "{handler}"
threads = 2
timeout = "{timeout}"
settings = {{ {settings} }}

[handlers.work.retry]
attempts = 3
backoff = {{ initial = "2ms", factor = 1.0, max = "2ms", jitter = 0.0 }}

[handlers.work.supervise]
max_restarts = {max_restarts}
then = "{then}"
backoff = {{ initial = "1ms", factor = 1.0, max = "1ms", jitter = 0.0 }}

[sinks.done]
inputs = ["work"]
type = "file"
path = "done.txt"
format = "body"
"""

JOBS = [f"job {i}" for i in range(30)]
AT = ("-c", "pipeline.toml")


def prepare(place, handler, settings="", timeout="30s", max_restarts=10_000,
            then="pause", jobs=()):
    place.write("jobs.txt", "".join(x + "\n" for x in jobs or JOBS))
    place.write("pipeline.toml", PIPELINE.format(
        handler=handler, settings=settings, timeout=timeout,
        max_restarts=max_restarts, then=then))


def expect_done(place, jobs):
    done = place.read_lines("done.txt")
    expect(sorted(done) == sorted(jobs), "every job comes out once",
           f"lost: {sorted(set(jobs) - set(done))[:5]}",
           f"{len(done)} came out, {len(jobs)} went in")


def show(place):
    return place.run("dlq", "show", "work.dead", "--json", *AT) \
        .ends_with(0).rows()


def lengths(place):
    return {name: x["length"] for name, x in place.queues(*AT).items()}


def thrown(place):
    """What throws at every attempt becomes a dead letter that says why"""
    prepare(place, "thrower")
    place.run("run", *AT, "--until-done").ends_with(0)
    dead = show(place)
    expect(sorted(x["body"] for x in dead) == sorted(JOBS),
           "each job is a dead letter, once", len(dead))
    for x in dead:
        headers = x["headers"]
        expect(headers["x-error-class"] == "exception"
               and headers["x-error-text"] == "cannot stand " + x["body"],
               "it carries the exception's text", headers)
        expect(headers["x-first-death-queue"] == "work.in",
               "it tells the queue it died in", headers)
        attempts = headers["x-attempts"]
        if isinstance(attempts, str):
            attempts = json.loads(attempts)
        expect(len(attempts) == 3 and all(
            a["class"] == "exception" and x["body"] in a["text"]
            for a in attempts), "it tells each of its attempts", attempts)
    rows = place.run("dlq", "ls", "--json", *AT).ends_with(0).rows()
    mine = [x for x in rows if x["queue"] == "work.dead"]
    expect(len(mine) == 1 and mine[0]["length"] == len(JOBS)
           and mine[0]["by_class"] == {"exception": len(JOBS)},
           "`dlq ls` counts them by class", rows)
    words = place.run("dlq", "show", "work.dead", "--limit", "1", *AT) \
        .ends_with(0).out
    expect("cannot stand" in words and "work.in" in words,
           "`dlq show` tells it to a person", words)


def replayed(place):
    """Replaying moves dead letters back once each, on either kind of node"""
    prepare(place, "thrower")
    place.run("run", *AT, "--until-done").ends_with(0)
    refused = place.run("dlq", "replay", "work.dead", *AT).ends_with(64)
    refused.says("--yes")
    expect(len(show(place)) == len(JOBS), "without --yes nothing is moved")
    moved = place.run("dlq", "replay", "work.dead", "--limit", "10", "--yes",
                      "--json", *AT).ends_with(0).rows()[0]
    expect(moved["moved"] == 10 and moved["left"] == len(JOBS) - 10,
           "a stopped node's folder replays ten of them", moved)
    found = lengths(place)
    expect(found["work.in"] == 10 and found["work.dead"] == len(JOBS) - 10,
           "they are back in the queue they came from", found)

    prepare(place, "thrower", "is_sound = true")
    node = place.start("run", *AT).is_up()
    moved = place.run("dlq", "replay", "work.dead", "--yes", "--json", *AT) \
        .ends_with(0).rows()[0]
    expect(moved["moved"] == len(JOBS) - 10 and moved["left"] == 0,
           "a running node replays the others", moved)
    node.wait_until("all of them come out",
                    lambda: len(place.read_lines("done.txt")) >= len(JOBS))
    again = place.run("dlq", "replay", "work.dead", "--yes", "--json", *AT) \
        .ends_with(0).rows()[0]
    expect(again["moved"] == 0, "a second time there is nothing to move", again)
    node.terminate()
    place.run("run", *AT, "--until-done").ends_with(0)
    expect_done(place, JOBS)
    left = {name: x for name, x in lengths(place).items() if x}
    expect(not left, "every queue is empty", left)


def alike(place):
    """A running node and its stopped folder give the same rows"""
    prepare(place, "thrower")
    place.run("run", *AT, "--until-done").ends_with(0)
    node = place.start("run", *AT).is_up()
    questions = (("dlq", "ls"), ("dlq", "show", "work.dead"),
                 ("dlq", "show", "work.dead", "--limit", "7"))
    running = [place.run(*x, "--json", *AT).ends_with(0).rows()
               for x in questions]
    running_lengths = lengths(place)
    unknown = place.run("dlq", "show", "nowhere", *AT)
    node.terminate()
    for question, before in zip(questions, running):
        after = place.run(*question, "--json", *AT).ends_with(0).rows()
        expect(before and sorted(map(str, before)) == sorted(map(str, after)),
               f"`{' '.join(question)}` gives the same of both", before[:3],
               after[:3])
    expect(running_lengths == lengths(place),
           "`queue ls` gives the same lengths of both", running_lengths,
           lengths(place))
    stopped = place.run("dlq", "show", "nowhere", *AT)
    expect(unknown.code == stopped.code == 66 and "nowhere" in unknown.err,
           "both refuse a queue that is not there", unknown.err, stopped.err)


def paused(place):
    """Too many restarts pause a stage; a sound handler finishes its messages"""
    prepare(place, "thrower", max_restarts=3)
    node = place.start("run", *AT).is_up()
    node.wait_until("the stage is paused", lambda: "paused" in node.said())
    status = place.run("show", "status", "--json", *AT).ends_with(0).rows()[0]
    expect(any(x["paused"] for x in status["stages"]
               if x["stage"] == "work"), "`show status` tells so", status)
    found = lengths(place)
    expect(found["work.in"] + found["work.dead"] == len(JOBS)
           and found["work.in"] > 0, "the messages stay in the queue", found)
    node.terminate()
    stuck = place.run("run", *AT, "--until-done")
    expect(stuck.code != 0, "a run does not pretend to be done", stuck.err)
    stuck.says("paused", "cannot stand")
    dead = [x["body"] for x in show(place)]

    prepare(place, "thrower", "is_sound = true")
    place.run("run", *AT, "--until-done").ends_with(0)
    expect_done(place, [x for x in JOBS if x not in dead])


def stopped(place):
    """With then = "stop" too many restarts end the node, and nothing is lost"""
    prepare(place, "thrower", max_restarts=3, then="stop")
    done = place.run("run", *AT)
    expect(done.code != 0, "the node ends by itself, and not as if all were well",
           done.err)
    found = lengths(place)
    expect(found["work.in"] + found["work.dead"] == len(JOBS),
           "the messages are all there", found)


def timed_out(place):
    """What hangs longer than its timeout is tried again, and done"""
    jobs = [x + (" hang" if i in (4, 20) else "") for i, x in enumerate(JOBS)]
    prepare(place, "hang", 'mark = "hanging.txt"', timeout="200ms", jobs=jobs)
    done = place.run("run", *AT, "--until-done").ends_with(0)
    done.says("timeout", "abandoned")
    expect(sorted(place.read_lines("hanging.txt"))
           == sorted(x for x in jobs if "hang" in x),
           "each of them hung once", place.read_lines("hanging.txt"))
    expect_done(place, jobs)


def refused(place):
    """A handler that refuses its settings says why; mended, it runs"""
    prepare(place, "refuser", 'mode = "bad"', max_restarts=2)
    stuck = place.run("run", *AT, "--until-done")
    expect(stuck.code != 0, "a run does not pretend to be done", stuck.err)
    stuck.says("write mode = \"good\"", "paused")
    prepare(place, "refuser", 'mode = "good"')
    place.run("run", *AT, "--until-done").ends_with(0)
    expect_done(place, JOBS)


sandbox.main(sandbox.arguments().parse_args(), [
    thrown, replayed, alike, paused, stopped, timed_out, refused])
