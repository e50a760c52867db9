#!/usr/bin/env python3
"""Celery against the broker: workers are processes, as people run them."""

import datetime
import os
import pathlib
import signal
import subprocess
import sys
import time

from celery import chain, chord, group

import broker
from broker import expect, wait_for

HERE = pathlib.Path(__file__).resolve().parent
LONG = 60  # s: a worker's start loads the machine


def environment(place, results):
    return {"CELERY_BROKER": place.url(), "CELERY_FOLDER": str(place.folder),
            "CELERY_QUEUE": place.new_name("celery"),
            "CELERY_RESULTS": results, "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1"}


def tasks(place, results="files"):
    """The tasks as this process asks for them, fresh for each test."""
    place.environment = environment(place, results)
    os.environ.update(place.environment)
    sys.modules.pop("celery_tasks", None)
    import celery_tasks
    place.closers.callback(celery_tasks.app.close)
    return celery_tasks


def start_worker(place, *words, name="one", pool="prefork"):
    """A worker that has said it is ready."""
    log = place.folder / f"worker-{name}.log"
    with open(log, "w") as out:
        worker = place.start(
            sys.executable, "-B", "-m", "celery", "-A", "celery_tasks",
            "worker", "-P", pool, "-c", "2" if pool == "prefork" else "1",
            "-n", f"{name}@%h", "-l", "INFO", *words, cwd=place.folder,
            env={**os.environ, **place.environment}, stdout=out, stderr=out,
            start_new_session=True)
    # Its pool's processes live in its session; none survives the test.
    place.closers.callback(kill_session, worker)
    wait_for(f"worker {name} is ready", lambda: " ready." in log.read_text(),
             LONG, log.read_text)
    worker.log = log
    return worker


def kill_session(worker):
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def marks(place, name):
    path = place.folder / f"{name}.marks"
    return path.read_text().splitlines() if path.exists() else []


def equal(seen, wanted, sentence):
    expect(seen == wanted, sentence, f"seen:   {seen}", f"wanted: {wanted}")


def results(place):
    """celery: tasks give their results over rpc://"""
    t = tasks(place, "rpc")
    start_worker(place)
    asked = [t.add.delay(i, i) for i in range(50)]
    equal([x.get(timeout=LONG) for x in asked], [2 * i for i in range(50)],
          "each its own result")


def canvas(place):
    """celery: chains, groups and chords come together"""
    t = tasks(place)
    start_worker(place)
    equal(chain(t.add.s(1, 2), t.add.s(4), t.add.s(8))().get(timeout=LONG),
          15, "a chain")
    equal(group(t.add.s(i, 1) for i in range(10))().get(timeout=LONG),
          list(range(1, 11)), "a group")
    equal(chord([t.add.s(i, i) for i in range(10)])(t.total.s()).get(
        timeout=LONG), 90, "a chord")


def retried(place):
    """celery: a task that fails is retried after its countdown"""
    t = tasks(place)
    start_worker(place)
    equal(t.fail_twice.delay("r").get(timeout=LONG), 2, "the third time works")
    times = [float(x) for x in marks(place, "r")]
    equal(len(times), 3, "it ran three times")
    expect(times[1] - times[0] >= 0.19, "not before its countdown", times)


def later(place):
    """celery: ETA and countdown hold, and do not hold up other tasks"""
    t = tasks(place)
    start_worker(place)
    asked = time.time()
    # Twice as many as the worker's prefetch: it raises that for each of them,
    # and gets further messages only if the broker follows.
    waits = [t.marked.apply_async(("c",), countdown=8) for _ in range(3)]
    eta = datetime.datetime.now(datetime.timezone.utc) \
        + datetime.timedelta(seconds=8)
    waits.append(t.marked.apply_async(("e",), eta=eta))
    quick = t.marked.delay("now").get(timeout=LONG)
    late = [x.get(timeout=LONG) for x in waits]
    expect(min(late) - asked >= 7.9, "none before its time", min(late) - asked)
    expect(quick < min(late), "what is due now goes first", quick - asked,
           min(late) - asked)


def priorities(place):
    """celery: tasks of higher priority are done first"""
    t = tasks(place)
    urgent = os.environ["CELERY_QUEUE"] + "-urgent"
    asked = [(p, t.marked.apply_async(("p",), queue=urgent, priority=p))
             for p in (1, 5, 9, 1, 5, 9)]
    start_worker(place, "-Q", urgent, pool="solo")
    done = sorted((x.get(timeout=LONG), p) for p, x in asked)
    equal([p for _, p in done], [9, 9, 5, 5, 1, 1], "highest first")


def controlled(place):
    """celery: workers answer ping, list tasks and obey a revoke"""
    t = tasks(place)
    start_worker(place, pool="solo")
    wait_for("the worker answers ping", lambda: t.app.control.ping(timeout=1))
    doomed = t.marked.apply_async(("doomed",), countdown=3)
    inspect = t.app.control.inspect(timeout=1)

    def scheduled():
        found = inspect.scheduled() or {}
        return [x for xs in found.values() for x in xs]
    wait_for("the worker has the task scheduled", scheduled)
    answers = t.app.control.revoke(doomed.id, reply=True, timeout=2)
    expect(answers, "the worker confirms the revoke")
    after = t.marked.apply_async(("after",), countdown=4)
    after.get(timeout=LONG)
    equal((len(marks(place, "doomed")), len(marks(place, "after"))), (0, 1),
          "the revoked task never runs")


def worker_killed(place):
    """celery: a task of a killed worker is done by another (acks_late)"""
    t = tasks(place)
    victim = start_worker(place, name="victim", pool="solo")
    asked = t.hang_once.delay("h")
    wait_for("the task has begun", lambda: marks(place, "h"))
    victim.send_signal(signal.SIGKILL)
    start_worker(place, name="heir", pool="solo")
    equal(asked.get(timeout=LONG), "done", "the other finishes it")
    equal(len(marks(place, "h")), 2, "it began twice")


def broker_restarted(place):
    """celery: workers connect again after a restart and lose no task"""
    t = tasks(place)
    worker = start_worker(place, pool="solo")
    equal(t.add.delay(1, 1).get(timeout=LONG), 2, "before")
    waiting = t.marked.apply_async(("w",), countdown=4)
    place.broker.restart()

    def publish():
        try:
            return t.add.delay(2, 2)
        except Exception:  # noqa: BLE001  (connection lost, in many kinds)
            return None
    asked = wait_for("a task can be published", publish)
    equal(asked.get(timeout=LONG), 4, "afterwards")
    waiting.get(timeout=LONG)
    equal(len(marks(place, "w")), 1, "the one on loan ran once")
    expect(worker.poll() is None, "by the same worker")


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(), [
        results, canvas, retried, later, priorities, controlled,
        worker_killed, broker_restarted])
