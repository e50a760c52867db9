"""Clients that publish to a cluster and consume from it through faults.

Half of the keys (`w..`) go by the exchange `work` into the pipeline, the other
half (`c..`) to queues of clients. Each message says its publisher, key and
sequence, which rises by one for each publisher and key.
"""

import collections
import random
import threading
import time

import pika
from pika.exceptions import AMQPError

from history import handling, now

QUEUES = 8
PATIENCE = 10  # seconds without any confirm until a publisher goes elsewhere
MOST_OPEN = 400  # messages published and not confirmed
TURN = 0.005  # seconds from one turn of a client to the next


def parameters(place):
    host, port = place
    return pika.ConnectionParameters(
        host, port, heartbeat=4, socket_timeout=3, stack_timeout=5,
        blocked_connection_timeout=60)


def queue_of(key):
    return f"clients-{int(key[1:]) % QUEUES}"


def declare(places, seconds=30):
    """Declares the queues of clients; those with odd numbers keep each key in
    order."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with pika.BlockingConnection(parameters(places[0])) as open_one:
                channel = open_one.channel()
                for i in range(QUEUES):
                    order = {"x-order-key": "header:key"} if i % 2 else None
                    channel.queue_declare(f"clients-{i}", durable=True,
                                          arguments=order)
            return
        except (AMQPError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


class publisher(threading.Thread):
    """Publishes at a rate; what is not confirmed when its connection goes, it
    publishes again by another, in order and first of all."""

    def __init__(self, name, places, record, keys, rate, seed):
        super().__init__(name=name, daemon=True)
        self.places, self.record, self.rate = places, record, rate
        self.dice = random.Random(f"{seed} {name}")
        self.keys = [f"{'wc'[i % 2]}{i:03}" for i in range(keys)]
        self.sequences = collections.Counter()
        self.open = {}  # message -> how often sent, oldest first
        self.tags = collections.OrderedDict()  # delivery tag -> message
        self.place = self.dice.randrange(len(places))
        self.is_over = threading.Event()

    def stop(self):
        """Publishes nothing new from now on; what is open goes on."""
        self.is_over.set()

    def is_done(self):
        return self.is_over.is_set() and not self.open

    def run(self):
        while not self.is_done():
            self.session = session(parameters(self.places[self.place]),
                                   self.on_channel, self.on_turn)
            why = self.session.run()
            if why:
                self.record.note(f"a publisher left a node: {why}")
            self.place = (self.place + 1) % len(self.places)
            time.sleep(0.05)

    def on_channel(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.on_confirm)
        channel.add_on_return_callback(self.on_return)
        self.tags.clear()
        self.next_tag = 1
        self.due = self.last_sign = time.monotonic()
        for message in list(self.open):
            self.send(message)

    def on_turn(self):
        """Publishes what is due; says why it has enough, or nothing."""
        now_is = time.monotonic()
        if self.is_done():
            return "done"
        if self.tags and now_is - self.last_sign > PATIENCE:
            return f"it confirmed nothing for {PATIENCE} s"
        self.due = max(self.due, now_is - 0.2)
        while self.due < now_is and not self.is_over.is_set():
            self.due += 1 / self.rate
            if len(self.open) < MOST_OPEN:
                self.send(self.new_message())
        return None

    def new_message(self):
        key = self.dice.choice(self.keys)
        self.sequences[key] += 1
        message = (self.name, key, self.sequences[key])
        with self.record.lock:
            self.record.attempted[message] = now()
        return message

    def send(self, message):
        if not self.tags:
            self.last_sign = time.monotonic()
        self.open[message] = self.open.get(message, 0) + 1
        if self.open[message] > 1:
            self.record.unknown.add(message)
        self.tags[self.next_tag] = message
        self.next_tag += 1
        _, key, _ = message
        exchange, route = ("work", key) if key[0] == "w" else \
            ("", queue_of(key))
        self.channel.basic_publish(
            exchange, route, " ".join(map(str, message)).encode(),
            pika.BasicProperties(delivery_mode=2, headers={"key": key}),
            mandatory=key[0] == "c")

    def on_confirm(self, frame):
        self.last_sign = time.monotonic()
        tag, is_multiple = frame.method.delivery_tag, frame.method.multiple
        tags = [tag]
        if is_multiple:
            tags = [x for x in self.tags if x <= tag or tag == 0]
        is_good = isinstance(frame.method, pika.spec.Basic.Ack)
        for each in tags:
            self.settle(self.tags.pop(each), is_good)

    def settle(self, message, is_good):
        times = self.open.pop(message)
        if is_good:
            with self.record.lock:
                self.record.confirmed[message] = now()
        elif times == 1:
            self.record.refused[message] = now()
            self.record.note("a publish was refused")
        else:
            self.record.note("a publish that was sent again was refused")

    def on_return(self, channel, method, properties, body):
        publisher, key, sequence = body.decode().split()
        self.record.returned.add((publisher, key, int(sequence)))


class session:
    """A connection and its channel, until it fails or there is enough of it.
    Publishing never waits for a confirm, nor leaving for the other end."""

    def __init__(self, given, on_channel, on_turn):
        self.on_channel, self.on_turn = on_channel, on_turn
        self.why = None
        self.is_up = False
        self.connection = pika.SelectConnection(
            given, on_open_callback=self.on_open,
            on_open_error_callback=self.end, on_close_callback=self.end)

    def run(self):
        """Returns why it has ended."""
        loop = self.connection.ioloop
        loop.call_later(8, self.give_up)
        try:
            loop.start()
        except (AMQPError, OSError) as why:
            self.end(None, why)
        drop(self.connection)
        return self.why

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_opened)

    def on_opened(self, channel):
        self.is_up = True
        channel.add_on_close_callback(self.end)
        self.on_channel(channel)
        self.turn()

    def turn(self):
        why = self.on_turn()
        if why:
            self.end(None, why)
        else:
            self.connection.ioloop.call_later(TURN, self.turn)

    def give_up(self):
        if not self.is_up:
            self.end(None, "it does not answer")

    def end(self, _, why):
        self.why = self.why or (why if isinstance(why, str)
                                else f"{type(why).__name__}: {why}"[:90])
        self.connection.ioloop.stop()


def drop(connection):
    """Lets go of a connection's socket, whatever the other end does."""
    transport = getattr(connection, "_transport", None)
    if transport is not None:
        transport.abort()
    connection.ioloop.close()


class consumer(threading.Thread):
    """Consumes from all queues of clients, acks each message after a while,
    and goes to another node when its own goes."""

    def __init__(self, name, places, record, place):
        super().__init__(name=name, daemon=True)
        self.places, self.record, self.place = places, record, place
        self.is_over = threading.Event()
        self.runs = collections.Counter()

    def stop(self):
        self.is_over.set()

    def run(self):
        while not self.is_over.is_set():
            self.waiting = collections.deque()
            self.session = session(parameters(self.places[self.place]),
                                   self.on_channel, self.on_turn)
            why = self.session.run()
            if not self.is_over.is_set():
                self.record.note(f"a consumer left a node: {why}")
            self.place = (self.place + 1) % len(self.places)
            time.sleep(0.05)

    def on_channel(self, channel):
        self.channel = channel
        self.queues = {}
        channel.basic_qos(prefetch_count=20)
        channel.add_on_cancel_callback(self.on_cancel)
        for i in range(QUEUES):
            self.consume(f"clients-{i}")

    def consume(self, queue):
        tag = self.channel.basic_consume(queue, self.on_message)
        self.queues[tag] = queue

    def on_cancel(self, frame):
        self.record.note("a consumer was cancelled")
        self.consume(self.queues.pop(frame.method.consumer_tag))

    def on_message(self, channel, method, properties, body):
        publisher, key, sequence = body.decode().split()
        seen = handling(self.name, key, publisher, int(sequence), now())
        if method.redelivered:
            self.record.note("a message came again to a consumer")
        with self.record.lock:
            self.record.handlings.append(seen)
        self.waiting.append((method.delivery_tag, seen))

    def on_turn(self):
        while self.waiting:
            tag, seen = self.waiting.popleft()
            self.channel.basic_ack(tag)
            seen.ended = now()
        return "done" if self.is_over.is_set() else None
