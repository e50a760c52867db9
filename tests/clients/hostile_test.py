#!/usr/bin/env python3
"""Bytes that no client sends: refused as the protocol says, and nobody else
notices. An honest client works on before, during and after each attack."""

import contextlib
import functools
import random
import socket
import struct
import threading

import broker
from broker import expect, wait_for
from pika_client import consumer, connection, expect_equal, new_queue, publish
from raw_amqp import (BODY, CHANNEL_CLOSE, CHANNEL_OPEN, CLOSE,
                      CONTENT_HEADER, HEADER, HEARTBEAT, METHOD, PUBLISH,
                      QUEUE_DECLARE, QUEUE_DECLARE_OK, START, TUNE,
                      declare_queue, frame, longstr, method, open_host,
                      shortstr, start_ok, tune_ok, wire)


def beside_an_honest_client(attack):
    """Runs the attack while another connection publishes and consumes."""
    @functools.wraps(attack)
    def both(place):
        with connection(place) as honest:
            ch = honest.channel()
            queue = new_queue(place, ch)
            loans = consumer(ch, queue, auto_ack=True)

            def works(what):
                publish(ch, queue, what)
                expect_equal([x.body for x in loans.take()], [what],
                             "the honest client gets its message")
            works(b"before")
            attack(place, lambda: works(b"during"))
            works(b"after")
    return both


def publish_frame(queue, size, body_parts, flags=0):
    """A publish as its frames."""
    return (method(1, PUBLISH, b"\x00\x00" + shortstr("") + shortstr(queue)
                   + b"\x00")
            + frame(CONTENT_HEADER, 1, struct.pack(">HHQH", 60, 0, size, flags))
            + b"".join(frame(BODY, 1, x) for x in body_parts))


@beside_an_honest_client
def random_bytes(place, works):
    """hostile: random bytes are refused and the connection is closed"""
    dice = random.Random(1)
    for i in range(50):
        with wire(place) as w:
            w.send(bytes(dice.randrange(256) for _ in range(8 + i * 20)))
            w.expect_hang_up()
            expect(w.rest in (b"", HEADER), "at most the version is said",
                   w.rest)
    works()


@beside_an_honest_client
def other_versions(place, works):
    """hostile: another version of AMQP is answered with the one spoken"""
    for version in (b"AMQP\x00\x00\x09\x02", b"AMQP\x00\x01\x00\x00",
                    b"AMQP\x03\x01\x00\x00", b"AMQPxxxx"):
        with wire(place) as w:
            w.send(version)
            expect_equal(w.all(), HEADER, f"the answer to {version}")
    with wire(place) as w:
        w.send(b"AMQP\x01\x01\x00\x09")
        w.expect(START)
    works()


@beside_an_honest_client
def other_protocols(place, works):
    """hostile: HTTP and TLS on the plain port are closed, not answered"""
    hello = bytes.fromhex("1603010200010001fc0303") + b"\x55" * 501
    for bytes_of in (b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", hello,
                     b"POST /api HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n"):
        with wire(place) as w:
            w.send(bytes_of)
            w.all()
            expect(w.rest in (b"", HEADER), "nothing else is answered", w.rest)
    works()


@beside_an_honest_client
def half_open(place, works):
    """hostile: connections that say nothing, or half, cost others nothing"""
    with contextlib.ExitStack() as opened:
        for part in (b"", HEADER[:5], HEADER, HEADER + b"\x01\x00"):
            for _ in range(25):
                opened.enter_context(wire(place)).send(part)
        works()


@beside_an_honest_client
def slow_writer(place, works):
    """hostile: a handshake of single bytes works and holds up nobody"""
    with wire(place) as w:
        w.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i, byte in enumerate(HEADER + start_ok()):
            w.send(bytes([byte]))
            if i == 20:
                works()
        w.expect(START)
        w.expect(TUNE)


@beside_an_honest_client
def slow_body(place, works):
    """hostile: a body that never ends is no message and holds up nobody"""
    queue = place.new_name()
    with wire(place) as w:
        w.shake_hands()
        w.send(declare_queue(queue))
        w.expect(QUEUE_DECLARE_OK)
        w.send(publish_frame(queue, 1 << 20, [b"x" * 1000] * 3))
        works()
    with connection(place) as other:
        count = other.channel().queue_declare(queue, passive=True)
        expect_equal(count.method.message_count, 0, "nothing was published")


@beside_an_honest_client
def no_reader(place, works):
    """hostile: a consumer that reads nothing holds up nobody"""
    with wire(place) as w, connection(place) as other:
        w.shake_hands()
        queue = place.new_name()
        w.send(declare_queue(queue))
        w.expect(QUEUE_DECLARE_OK)
        w.send(method(1, (60, 20), b"\x00\x00" + shortstr(queue)
                      + shortstr("") + b"\x02" + longstr(b"")))
        w.expect((60, 21))
        ch = other.channel()
        for _ in range(64):
            publish(ch, queue, b"x" * (1 << 20))
            works()


def table_of(size):
    """A table of nearly so many bytes in many small fields."""
    one = shortstr("key") + b"S" + longstr(b"v" * 20)
    return one * (size // len(one))


@beside_an_honest_client
def large_tables(place, works):
    """hostile: tables of 64 KiB are read, and read as what they are"""
    with wire(place) as w:
        w.send(HEADER)
        w.expect(START)
        w.send(start_ok(table_of(3000)))
        w.expect(TUNE)
        w.send(tune_ok(), open_host(), method(1, CHANNEL_OPEN, b"\x00"))
        w.method()
        w.method()
        w.send(declare_queue("large-table", table_of(64 << 10)))
        works()
        seen, _ = w.method()
        expect(seen in (QUEUE_DECLARE_OK, CHANNEL_CLOSE, CLOSE),
               "it is accepted or refused, not ignored", seen)
    with wire(place) as w:  # RabbitMQ takes 4 KiB there
        w.send(HEADER)
        w.expect(START)
        w.send(start_ok(table_of(64 << 10)))
        seen, _ = w.method()
        expect(seen in (TUNE, CLOSE, None), "an answer or an end", seen)


@beside_an_honest_client
def bad_tables(place, works):
    """hostile: tables that lie about their length or types are refused"""
    nested = b""
    for _ in range(2000):
        nested = shortstr("k") + b"F" + longstr(nested)
    lies = [b"\x03key?", shortstr("k") + b"S" + struct.pack(">I", 1 << 31),
            shortstr("k") + b"F" + struct.pack(">I", 99) + b"x", b"\xff",
            shortstr("k") + b"A" + struct.pack(">I", 0xFFFFFFFF)]
    for lie in lies:
        with wire(place) as w:
            w.shake_hands()
            w.send(declare_queue(place.new_name(), lie))
            w.expect_refusal(501, 502, 541)
    works()
    with wire(place) as w:  # deep nesting: either answer, but no crash
        w.shake_hands()
        w.send(declare_queue(place.new_name(), nested))
        seen, _ = w.method()
        expect(seen in (QUEUE_DECLARE_OK, CHANNEL_CLOSE, CLOSE), "an answer",
               seen)


@beside_an_honest_client
def oversize_frames(place, works):
    """hostile: a frame beyond frame_max is 501"""
    for frame_max in (8192, 131072):
        with wire(place) as w:
            w.shake_hands(frame_max=frame_max)
            w.send(struct.pack(">BHI", METHOD, 1, frame_max + 100)
                   + b"x" * 100)
            w.expect_close(501)
    with wire(place) as w:
        w.shake_hands()
        w.send(struct.pack(">BHI", BODY, 1, 0xFFFFFFFF))
        w.expect_close(501)
    works()


@beside_an_honest_client
def bad_frames(place, works):
    """hostile: frames of wrong ends, kinds, orders and channels are closed"""
    name = shortstr("q")
    header = frame(CONTENT_HEADER, 1, struct.pack(">HHQH", 60, 0, 5, 0))
    wrong = {
        "a wrong end octet": (frame(HEARTBEAT, 0, b"", end=7), (501,)),
        "a body without a publish": (frame(BODY, 1, b"x"), (505,)),
        "a header without a publish": (header, (505,)),
        "a method inside a publish": (
            method(1, PUBLISH, b"\x00\x00\x00" + name + b"\x00")
            + method(1, PUBLISH, b"\x00\x00\x00" + name + b"\x00"), (505,)),
        "another class's header": (
            method(1, PUBLISH, b"\x00\x00\x00" + name + b"\x00")
            + frame(CONTENT_HEADER, 1, struct.pack(">HHQH", 50, 0, 5, 0)),
            (505, 501, 503)),
        "more body than announced": (
            publish_frame("q", 3, [b"xxxxx"]), (505, 501, 541)),
        "an unknown class": (method(1, (77, 1)), (503, 502, 540)),
        "a method before its channel": (
            declare_queue("q").replace(b"\x01\x00\x01", b"\x01\x00\x09", 1),
            (504,)),
        "a channel opened twice": (method(1, CHANNEL_OPEN, b"\x00"), (504,)),
        "a method cut short": (method(1, QUEUE_DECLARE, b"\x00"), (502, 501)),
    }
    if place.is_rabbitmq:  # takes the longer body for the message
        del wrong["more body than announced"]
    for what, (bytes_of, codes) in wrong.items():
        with wire(place) as w:
            w.shake_hands()
            w.send(bytes_of)
            w.expect_refusal(*codes, what=what)
    works()


@beside_an_honest_client
def refused_tuning(place, works):
    """hostile: tuning beyond the broker's limits is 530"""
    for tuning in (tune_ok(frame_max=1 << 20), tune_ok(channels=65535)):
        with wire(place) as w:
            w.send(HEADER)
            w.expect(START)
            w.send(start_ok())
            w.expect(TUNE)
            w.send(tuning, open_host())
            w.expect_refusal(530)
    works()


@beside_an_honest_client
def silent_client(place, works):
    """hostile: a client that promises heartbeats and sends none is dropped"""
    with wire(place) as w:
        w.shake_hands(heartbeat=1)
        seen = []
        while (found := w.next()):
            seen.append(found[0])
        expect(HEARTBEAT in seen, "the broker sends its own meanwhile", seen)
    works()


@beside_an_honest_client
def many_at_once(place, works):
    """hostile: 200 connections of nonsense at once are survived"""
    def attack(seed):
        dice = random.Random(seed)
        for _ in range(10):
            with contextlib.suppress(OSError), wire(place) as w:
                w.send(HEADER + start_ok() + tune_ok() + open_host())
                w.send(dice.randbytes(dice.randrange(2000)))
    threads = [threading.Thread(target=attack, args=(i,)) for i in range(20)]
    for x in threads:
        x.start()
    works()
    for x in threads:
        x.join()
    wait_for("all is as before", lambda: (works(), True)[1])


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(), [
        random_bytes, other_versions, other_protocols, half_open, slow_writer,
        slow_body, no_reader, large_tables, bad_tables, oversize_frames,
        bad_frames, refused_tuning, silent_client, many_at_once])
