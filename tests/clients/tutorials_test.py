#!/usr/bin/env python3
"""The usages that RabbitMQ's tutorials teach, with pika, as people run them:
workers are processes of their own."""

import pathlib
import signal
import subprocess
import sys

import broker
from broker import expect, wait_for
from pika_client import (channel, consumer, drain, expect_equal, new_queue,
                         publish, ready, wait_until, wait_until_ready)

WORKER = pathlib.Path(__file__).with_name("tutorial_worker.py")


def start(place, *words):
    """A worker that has said it is ready."""
    worker = place.start(sys.executable, "-B", WORKER, place.port, *words,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True)
    expect_equal(worker.stdout.readline(), "ready\n", "the worker starts")
    return worker


def lines(worker, count):
    return [worker.stdout.readline().strip() for _ in range(count)]


def hello(place):
    """tutorials: publisher and consumer on one queue with auto_ack"""
    with channel(place) as ch:
        queue = new_queue(place, ch, durable=False)
        worker = start(place, "print", queue)
        publish(ch, queue, b"Hello", b"World", delivery_mode=1)
        expect_equal(lines(worker, 2), ["Hello False", "World False"],
                     "it prints what was sent")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        expect_equal(drain(ch, queue), [], "auto_ack: nothing comes back")


def work(place):
    """tutorials: workers with manual ack share a durable queue fairly"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        workers = [start(place, "work", queue) for _ in range(2)]
        ch.confirm_delivery()
        publish(ch, queue, *[b"task %d" % i for i in range(20)])
        wait_until_ready(ch, queue, 0)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        done = [x.communicate(timeout=30)[0].split("\n")[:-1] for x in workers]
        expect_equal(sorted(sum(done, [])),
                     sorted(f"task {i} False" for i in range(20)),
                     "each task is done once")
        expect(min(map(len, done)) >= 1, "by both", done)
        expect_equal(drain(ch, queue), [], "all are acked")


def topics(place):
    """tutorials: a topic worker that fails nacks, and gets it again"""
    with channel(place) as ch:
        exchange = place.new_name("logs")
        ch.exchange_declare(exchange, "topic")
        worker = start(place, "topic", exchange, "kern.*")
        ch.confirm_delivery()
        publish(ch, "kern.critical", b"fail once", exchange=exchange)
        publish(ch, "app.critical", b"not mine", exchange=exchange)
        publish(ch, "kern.info", b"fine", exchange=exchange)
        seen = lines(worker, 3)
        expect_equal(sorted(seen), ["fail once False", "fail once True",
                                    "fine False"], "the second time it works")
        expect(seen.index("fail once False") < seen.index("fail once True"),
               "first it fails", seen)


def retries(place):
    """tutorials: a durable work queue with prefetch tries again until done"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, *[b"fail %d" % i for i in range(5)])
        worker = start(place, "retry", queue)
        seen = lines(worker, 10)
        for i in range(5):
            mine = [x for x in seen if x.startswith(f"fail {i}")]
            expect_equal(mine, [f"fail {i} False", f"fail {i} True"],
                         "once failed, once done")
        # It has one at a time: with this one it has acked those before.
        publish(ch, queue, b"last")
        lines(worker, 1)
        place.broker.restart()
    with channel(place) as ch:
        left = [x for x in drain(ch, queue) if x != b"last"]
        expect_equal(left, [], "what was acked stays gone")


def killed(place):
    """tutorials: a worker killed in mid-message loses nothing"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, b"long task")
        victim = start(place, "hang", queue)
        expect_equal(lines(victim, 1), ["long task False"], "it has begun")
        other = consumer(ch, queue)
        other.look()
        expect_equal(other.here, [], "and nobody else has it")
        victim.send_signal(signal.SIGKILL)
        taken, = other.take()
        expect_equal((taken.body, taken.redelivered), (b"long task", True),
                     "then another gets it, redelivered")
        ch.basic_ack(taken.tag)
        wait_for("it is gone", lambda: ready(ch, queue) == 0)


def rpc(place):
    """tutorials: a server answers calls to a reply queue by correlation id"""
    with channel(place) as ch:
        queue = new_queue(place, ch, durable=False)
        start(place, "square", queue)
        back = ch.queue_declare("", exclusive=True).method.queue
        replies = consumer(ch, back, auto_ack=True)
        for i in range(10):
            publish(ch, queue, b"%d" % i, reply_to=back, correlation_id=str(i))
        seen = {x.properties.correlation_id: int(x.body)
                for x in replies.take(10)}
        expect_equal(seen, {str(i): i * i for i in range(10)}, "each its own")


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(),
                [hello, work, topics, retries, killed, rpc])
