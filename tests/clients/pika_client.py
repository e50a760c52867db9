"""What the scripts that use pika share."""

import contextlib
import time

import pika
from pika.exceptions import (AMQPError, ChannelClosedByBroker,
                             ConnectionClosedByBroker)

from broker import HOST, expect


def parameters(place, **options):
    return pika.ConnectionParameters(**{
        "host": HOST, "port": place.port, "heartbeat": 60, **options})


@contextlib.contextmanager
def connection(place, **options):
    """A connection that is closed with the block, if it still is open."""
    opened = pika.BlockingConnection(parameters(place, **options))
    try:
        yield opened
    finally:
        with contextlib.suppress(AMQPError):
            if opened.is_open:
                opened.close()


@contextlib.contextmanager
def channel(place, **options):
    with connection(place, **options) as opened:
        yield opened.channel()


def properties(**given):
    return pika.BasicProperties(**given)


PERSISTENT = properties(delivery_mode=2)


def new_queue(place, channel, arguments=None, **options):
    """Declares a durable queue nobody else has, and returns its name."""
    name = place.new_name()
    channel.queue_declare(name, arguments=arguments,
                          **{"durable": True, **options})
    return name


def publish(channel, queue, *bodies, exchange="", **given):
    given.setdefault("delivery_mode", 2)
    for body in bodies:
        channel.basic_publish(exchange, queue, body, properties(**given))


class delivery:
    """A message as it came, whichever way it came."""

    def __init__(self, method, properties, body):
        self.tag = method.delivery_tag
        self.redelivered = method.redelivered
        self.exchange, self.key = method.exchange, method.routing_key
        self.properties, self.body = properties, body
        self.headers = properties.headers or {}

    def __repr__(self):
        return f"<{self.tag} {self.body[:40]} redelivered={self.redelivered}>"


class consumer:
    """Consumes, and keeps what came until it is taken."""

    def __init__(self, channel, queue, **options):
        self.channel = channel
        self.here = []
        self.cancelled = False
        self.tag = channel.basic_consume(
            queue, lambda _, method, properties, body: self.here.append(
                delivery(method, properties, body)), **options)

    def look(self):
        """Gives what has come by now a chance to be here."""
        self.channel.connection.process_data_events(time_limit=0.01)

    def take(self, count=1, seconds=20):
        """Waits for exactly so many and returns them."""
        deadline = time.monotonic() + seconds
        while len(self.here) < count and time.monotonic() < deadline:
            self.look()
        expect(len(self.here) >= count, f"{count} messages are delivered "
               f"within {seconds} s", f"there are {self.here}")
        taken, self.here = self.here[:count], self.here[count:]
        return taken

    def cancel(self):
        self.channel.basic_cancel(self.tag)


def get(channel, queue, auto_ack=False):
    """basic.get: the delivery, or None of an empty queue."""
    method, properties, body = channel.basic_get(queue, auto_ack)
    return delivery(method, properties, body) if method else None


def get_soon(channel, queue, auto_ack=True, seconds=20):
    """Asks until the queue gives a message."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = get(channel, queue, auto_ack)
        if found:
            return found
        channel.connection.process_data_events(time_limit=0.02)
    expect(False, f"queue {queue} has a message within {seconds} s")


def drain(channel, queue):
    """All bodies that basic.get gives, acked."""
    bodies = []
    while True:
        found = get(channel, queue, auto_ack=True)
        if not found:
            return bodies
        bodies.append(found.body)


def ready(channel, queue):
    """How many messages a passive declare counts."""
    return channel.queue_declare(queue, passive=True).method.message_count


def wait_until(channel, sentence, observe, seconds=20):
    """Looks again and again, serving the connection meanwhile."""
    deadline = time.monotonic() + seconds
    while not observe():
        expect(time.monotonic() < deadline, f"{sentence}, within {seconds} s")
        channel.connection.process_data_events(time_limit=0.02)


def wait_until_ready(channel, queue, count, seconds=20):
    wait_until(channel, f"queue {queue} counts {count} ready messages",
               lambda: ready(channel, queue) == count, seconds)


def expect_equal(seen, wanted, sentence):
    expect(seen == wanted, sentence, f"seen:   {seen}", f"wanted: {wanted}")


@contextlib.contextmanager
def closes(code, *words, scope="channel"):
    """Expects the block to be ended by a close of the broker's."""
    kind = {"channel": ChannelClosedByBroker,
            "connection": ConnectionClosedByBroker}[scope]
    try:
        yield
    except (ChannelClosedByBroker, ConnectionClosedByBroker) as why:
        expect(isinstance(why, kind) and why.reply_code == code,
               f"the {scope} is closed with {code}", repr(why))
        for word in words:
            expect(word in why.reply_text, f"the text of {code} says '{word}'",
                   why.reply_text)
        return
    expect(False, f"the {scope} is closed with {code}", "it stayed open")
