"""Publishes numbers under confirms until it is told to stop:

    kill_publisher.py PORT NAME FIRST QUEUE...

pika without blocking, 200 unconfirmed at most. Message n goes to queue n
modulo the queues and says "NAME n". Each confirmed number is a line on stdout;
the end of the connection ends the program.
"""

import sys

import pika

WINDOW = 200
port, name, first = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
queues = sys.argv[4:]
kept = pika.BasicProperties(delivery_mode=2)


class publisher:
    """Keeps the window full."""

    def __init__(self):
        self.sent = self.confirmed = 0
        self.out_of_turn = set()
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("127.0.0.1", port),
            on_open_callback=lambda x: x.channel(
                on_open_callback=self.on_channel),
            on_open_error_callback=lambda *_: sys.exit(0),
            on_close_callback=lambda *_: self.connection.ioloop.stop())

    def on_channel(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.on_confirm, lambda _: self.fill())

    def fill(self):
        while self.sent - self.confirmed < WINDOW:
            number = first + self.sent
            self.channel.basic_publish(
                "", queues[number % len(queues)], f"{name} {number}", kept)
            self.sent += 1

    def on_confirm(self, frame):
        if not isinstance(frame.method, pika.spec.Basic.Ack):
            sys.exit("the broker refused a message")
        tag = frame.method.delivery_tag
        self.out_of_turn.update(
            range(self.confirmed + 1, tag + 1) if frame.method.multiple
            else (tag,))
        lines = []
        while self.confirmed + 1 in self.out_of_turn:
            self.confirmed += 1
            self.out_of_turn.remove(self.confirmed)
            lines.append(f"{first + self.confirmed - 1}\n")
        print("".join(lines), end="", flush=True)
        self.fill()


publisher().connection.ioloop.start()
