#!/usr/bin/env python3
"""AMQP clients at both ends of a pipeline: what they publish is handled, and
what the pipeline lets go of is theirs to consume."""

import collections
import json
import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "clients"))

import broker  # noqa: E402  (found by the line above)
from broker import expect, wait_for  # noqa: E402
from pika.exceptions import AMQPError  # noqa: E402
from pika_client import (channel, closes, connection, consumer,  # noqa: E402
                         drain, expect_equal, new_queue, publish, ready,
                         wait_until_ready)

# Messages to the exchange `orders` are told apart by key, counted in order and
# end in the queue `seen`; those to the queue `jobs` end in `done`.
PIPELINE = """
[node]
data_dir = "@folder@/data"

[sources.amqp]
type = "amqp_server"
listen = "@listen@"
exchange = "orders"

[routers.by_key]
inputs = ["amqp"]
type = "consistent_hash"
key = "routing_key"
queue = "keyed"

[queues.keyed]
order = { key = "routing_key", partitions = 4 }

[handlers.tally]
inputs = ["by_key"]
threads = 2
settings = { output = "seen" }

[queues.seen]

[sinks.seen]
inputs = ["tally.seen"]
type = "queue"
queue = "seen"

[queues.jobs]

[handlers.refuser]
inputs = ["jobs"]
settings = { mode = "good" }

[queues.done]

[sinks.done]
inputs = ["refuser"]
type = "queue"
queue = "done"

[queues.wrong]

[sinks.wrong]
inputs = ["tally.dead", "refuser.dead"]
type = "queue"
queue = "wrong"
"""


def order(key, number):
    """A body as the handler wants it: each key counts from 1."""
    return json.dumps({"key": key, "number": number},
                      separators=(",", ":")).encode()


def numbers_by_key(bodies):
    """The numbers of each key in the order they came."""
    found = collections.defaultdict(list)
    for body in bodies:
        read = json.loads(body)
        found[read["key"]].append(read["number"])
    return found


def expect_nothing_wrong(ch):
    expect_equal(drain(ch, "wrong"), [], "what no handler could take")


def by_exchange(place):
    """amqp: what is published to a source's exchange is handled in order"""
    keys = [place.new_name("key") for _ in range(5)]
    with channel(place) as ch:
        ch.confirm_delivery()
        for number in range(1, 41):
            for key in keys:
                publish(ch, key, order(key, number), exchange="orders")
        loans = consumer(ch, "seen", auto_ack=True)
        seen = numbers_by_key(x.body for x in loans.take(40 * len(keys)))
        for key in keys:
            expect_equal(seen[key], list(range(1, 41)), f"the order of {key}")
        expect_nothing_wrong(ch)


def by_queue(place):
    """amqp: a client publishes to a pipeline's queue by its name"""
    with channel(place) as ch:
        ch.confirm_delivery()
        bodies = [f"job {i}".encode() for i in range(100)]
        publish(ch, "jobs", *bodies)
        loans = consumer(ch, "done", auto_ack=True)
        expect_equal([x.body for x in loans.take(100)], bodies,
                     "each comes out once")
        expect_nothing_wrong(ch)


def bound_queue(place):
    """amqp: a pipeline's queue can be bound to exchanges of clients"""
    with channel(place) as ch:
        ch.confirm_delivery()
        ch.queue_bind("jobs", "amq.topic", "job.#")
        publish(ch, "job.new", b"bound", exchange="amq.topic")
        loans = consumer(ch, "done", auto_ack=True)
        expect_equal(loans.take()[0].body, b"bound", "it is handled")
        ch.queue_unbind("jobs", "amq.topic", "job.#")


def beside_the_source(place):
    """amqp: a client's queue bound to a source's exchange gets its copy"""
    key = place.new_name("key")
    with channel(place) as ch:
        ch.confirm_delivery()
        queue = new_queue(place, ch)
        ch.queue_bind(queue, "orders", key)
        publish(ch, key, order(key, 1), exchange="orders")
        for name in (queue, "seen"):
            loans = consumer(ch, name, auto_ack=True)
            expect_equal(loans.take()[0].body, order(key, 1), f"{name} has it")
            loans.cancel()


def dead_letters(place):
    """amqp: dead letters of a client's queue go into the pipeline"""
    key = place.new_name("key")
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-dead-letter-exchange": "orders",
                                      "x-dead-letter-routing-key": key})
        publish(ch, queue, order(key, 1), order(key, 2))
        given_up = consumer(ch, queue)
        for x in given_up.take(2):
            ch.basic_reject(x.tag, requeue=False)
        loans = consumer(ch, "seen", auto_ack=True)
        seen = numbers_by_key(x.body for x in loans.take(2))
        expect_equal(seen[key], [1, 2], "both are handled")
        expect_equal(ready(ch, queue), 0, "what is left there")
        expect_nothing_wrong(ch)


def retried(place):
    """amqp: a client that rejects what a pipeline wrote gets it again"""
    with channel(place) as ch:
        publish(ch, "jobs", b"again")
        loans = consumer(ch, "done")
        first = loans.take()[0]
        ch.basic_nack(first.tag, requeue=True)
        second = loans.take()[0]
        expect(second.redelivered and second.body == b"again",
               "it is marked as redelivered", second)
        ch.basic_ack(second.tag)
        loans.cancel()
        wait_until_ready(ch, "done", 0)


def not_theirs(place):
    """amqp: clients cannot delete or redeclare what the configuration has"""
    with connection(place) as open_one:
        ch = open_one.channel()
        with closes(403, "belongs to the node's configuration"):
            ch.queue_delete("jobs")
        ch = open_one.channel()
        with closes(403, "leads into the pipeline"):
            ch.exchange_delete("orders")
        ch = open_one.channel()
        with closes(406, "inequivalent arg 'durable'"):
            ch.queue_declare("jobs", durable=False)
        ch = open_one.channel()
        with closes(406, "inequivalent arg 'type'"):
            ch.exchange_declare("orders", "fanout", durable=True)
        ch = open_one.channel()
        ch.queue_declare("jobs", durable=True)
        ch.exchange_declare("orders", "topic", durable=True)


class publisher:
    """Publishes one after another until the broker is gone: by the exchange
    under a key of its own, and straight to a queue."""

    def __init__(self, place, name):
        self.place, self.name = place, name
        self.confirmed = 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with channel(self.place) as ch:
                ch.confirm_delivery()
                while True:
                    number = self.confirmed + 1
                    body = order(self.name, number)
                    publish(ch, self.name, body, exchange="orders")
                    publish(ch, "jobs", body)
                    self.confirmed = number
        except AMQPError:
            pass  # the broker's end is this one's


def take_all(place, queue, wanted):
    """Consumes from a queue until all that is wanted has come, and the rest."""
    seen = collections.defaultdict(list)
    with channel(place) as ch:
        loans = consumer(ch, queue, auto_ack=True)

        def has_all():
            loans.look()
            for key, found in numbers_by_key(
                    x.body for x in loans.here).items():
                seen[key].extend(found)
            loans.here.clear()
            return all(seen[x.name][-1:] >= [x.confirmed] for x in wanted)
        wait_for(f"all that was confirmed comes out of {queue}", has_all, 60,
                 lambda: {x.name: (x.confirmed, seen[x.name][-1:])
                          for x in wanted})
        wait_until_ready(ch, "jobs", 0)
        loans.look()
        expect_nothing_wrong(ch)
    return seen


def killed(place):
    """amqp: kill -9 loses nothing that was confirmed, and repeats nothing"""
    dice = random.Random(1)
    publishers = []
    for _ in range(6):
        now = [publisher(place, place.new_name("key")) for _ in range(2)]
        enough = dice.randrange(20, 300)
        place.broker.node.wait_until("messages are confirmed", lambda: all(
            x.confirmed > enough for x in now), 60)
        place.broker.kill()
        for x in now:
            x.thread.join()
        publishers += now
        place.broker.start()
    for queue in ("seen", "done"):
        seen = take_all(place, queue, publishers)
        for x in publishers:
            found = seen[x.name]
            expect_equal(found, list(range(1, len(found) + 1)),
                         f"{x.name} in {queue}: in order, each once")
    print(f"  {sum(x.confirmed for x in publishers)} confirmed, twice each; "
          "6 times killed")


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(), [
        by_exchange, by_queue, bound_queue, beside_the_source, dead_letters,
        retried, not_theirs, killed], PIPELINE)
