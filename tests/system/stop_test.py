"""Stops nodes by signals, at work and hanging."""

import signal

import sandbox
from keyed_load import keyed_load
from sandbox import expect, wait_for

HANGING = """\
config_version = 1

[node]
data_dir = "node"
shutdown_grace = "{grace}"

[sources.jobs]
type = "file"
path = "jobs.txt"
format = "lines"

[handlers.hang]
inputs = ["jobs"]
threads = 2
prefetch = 1
timeout = "{timeout}"
settings = {{ mark = "hanging.txt" }}

[handlers.hang.retry]
attempts = 3
backoff = {{ initial = "10ms", factor = 1.0, max = "10ms", jitter = 0.0 }}

[sinks.done]
inputs = ["hang"]
type = "file"
path = "done.txt"
format = "body"
"""

JOBS = [f"job {i}{' hang' if i % 50 == 7 else ''}" for i in range(100)]


def stopped_at_work(place, signal_number):
    """Stops in the middle, three times; the last run finishes."""
    load = keyed_load(place, 60_000, 100, pause_us=20)
    for share in (0.1, 0.3, 0.5):
        node = place.start("run", "-c", "pipeline.toml")
        node.wait_until(f"{share:.0%} of the lines come out",
                        lambda: load.progress() >= share * load.bytes(), 60)
        node.send(signal_number)
        code = node.end(20)
        expect(code == 0, f"the node ends with 0; it ended with {code}, saying",
               node.said())
        expect("nothing is lost" in node.said(), "it says that nothing is lost",
               node.said())
        expect(load.progress() < load.bytes(), "the stop comes before the end")
    place.run("run", "-c", "pipeline.toml", "--until-done", "-q").ends_with(0)
    load.check()


def sigterm_at_work(place):
    """SIGTERM at work ends with 0, and the next runs finish it, once each"""
    stopped_at_work(place, signal.SIGTERM)


def sigint_at_work(place):
    """SIGINT at work ends with 0, and the next runs finish it, once each"""
    stopped_at_work(place, signal.SIGINT)


def start_hanging(place, grace):
    place.write("jobs.txt", "\n".join(JOBS) + "\n")
    place.write("pipeline.toml", HANGING.format(grace=grace, timeout="0s"))
    place.write("patient.toml", HANGING.format(grace="20s", timeout="300ms"))
    node = place.start("run", "-c", "pipeline.toml")
    node.wait_until("both threads hang",
                    lambda: len(place.read_lines("hanging.txt")) == 2)
    return node


def finish_hanging(place):
    """Runs what hung to its end, with a timeout, and counts it."""
    place.run("run", "-c", "patient.toml", "--until-done").ends_with(0)
    done = place.read_lines("done.txt")
    expect(sorted(done) == sorted(JOBS), "every job comes out once",
           f"lost: {sorted(set(JOBS) - set(done))[:5]}",
           f"{len(done)} came out, {len(JOBS)} went in")


def grace_exceeded(place):
    """A handler that hangs ends the node with 124 after the grace; no loss"""
    node = start_hanging(place, "1s")
    node.send(signal.SIGTERM)
    code = node.end(10)
    expect(code == 124, f"the node ends with 124; it ended with {code}, saying",
           node.said())
    expect("did not end within 1000 ms" in node.said(),
           "it says which time was too short", node.said())
    finish_hanging(place)


def stopped_twice(place, signal_number, wanted):
    node = start_hanging(place, "5m")
    node.send(signal_number)
    node.wait_until("the node says that it stops",
                    lambda: "stopping" in node.said())

    def again():
        if node.is_alive():
            node.send(signal_number)
        return not node.is_alive()
    wait_for("a second signal ends it", again, 10, node.said)
    code = node.end(1)
    expect(code == wanted, f"the node ends with {wanted}; it ended with {code}",
           node.said())
    finish_hanging(place)


def sigint_twice(place):
    """A second SIGINT does not wait for what hangs: 130, and no loss"""
    stopped_twice(place, signal.SIGINT, 130)


def sigterm_twice(place):
    """A second SIGTERM does not wait for what hangs: 143, and no loss"""
    stopped_twice(place, signal.SIGTERM, 143)


sandbox.main(sandbox.arguments().parse_args(), [
    sigterm_at_work, sigint_at_work, grace_exceeded, sigint_twice,
    sigterm_twice])
