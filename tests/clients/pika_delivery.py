"""Delivery: loans, settling, prefetch, priorities, cancels, large bodies."""

import hashlib
import os
import pathlib
import signal
import subprocess
import sys

import pika

from broker import expect, wait_for
from pika_client import (channel, closes, connection, consumer, drain,
                         expect_equal, get, new_queue, publish, ready,
                         wait_until, wait_until_ready)


def bodies(deliveries):
    return [x.body for x in deliveries]


def acked(place):
    """pika: what is confirmed is delivered once, in order, and acked is gone"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        sent = [b"%d" % i for i in range(200)]
        publish(ch, queue, *sent)
        loans = consumer(ch, queue)
        taken = loans.take(200)
        expect_equal(bodies(taken), sent, "in order")
        expect(not any(x.redelivered for x in taken), "none is redelivered")
        expect_equal([x.tag for x in taken], list(range(1, 201)), "tags count")
        ch.basic_ack(150, multiple=True)
        for x in taken[150:]:
            ch.basic_ack(x.tag)
        ch.close()
    with channel(place) as ch:
        expect_equal(drain(ch, queue), [], "nothing is left")


def back_in_order(place):
    """pika: what a closed channel had on loan is back in its old order"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        sent = [b"%d" % i for i in range(20)]
        publish(ch, queue, *sent)
        wait_until_ready(ch, queue, 20)
        loans = consumer(ch, queue)
        for x in loans.take(20)[5:10]:
            ch.basic_ack(x.tag)
        ch.close()
        again = consumer(open_one.channel(), queue).take(15)
        expect_equal(bodies(again), sent[:5] + sent[10:], "in order")
        expect(all(x.redelivered for x in again), "all are redelivered")


def requeued(place):
    """pika: nack, reject and recover put messages back where they were"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2", b"3", b"4")
        first, second, third = (get(ch, queue) for _ in range(3))
        ch.basic_nack(second.tag, multiple=True, requeue=True)
        ch.basic_reject(third.tag, requeue=True)
        again = [get(ch, queue) for _ in range(4)]
        expect_equal([(x.body, x.redelivered) for x in again],
                     [(b"1", True), (b"2", True), (b"3", True), (b"4", False)],
                     "old places, redelivered")
        ch.basic_recover(requeue=True)
        expect_equal(drain(ch, queue), [b"1", b"2", b"3", b"4"], "recovered")


def unknown_tag(place):
    """pika: an unknown delivery tag is 406, a second ack as well"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        publish(ch, queue, b"1")
        wait_until_ready(ch, queue, 1)
        with closes(406, "unknown delivery tag 1"):
            tag = get(ch, queue).tag
            ch.basic_ack(tag)
            ch.basic_ack(tag)
            ready(ch, queue)
        with closes(406, "unknown delivery tag 77"):
            other = open_one.channel()
            other.basic_nack(77)
            ready(other, queue)


def prefetch(place):
    """pika: prefetch bounds what a consumer has, and acks let more through"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, *[b"%d" % i for i in range(10)])
        ch.basic_qos(prefetch_count=3)
        one = consumer(ch, queue)
        expect_equal(bodies(one.take(3)), [b"0", b"1", b"2"], "three come")
        expect_equal((ready(ch, queue), one.here), (7, []), "and no more")
        ch.basic_ack(2, multiple=True)
        expect_equal(bodies(one.take(2)), [b"3", b"4"], "two more for two acks")
        expect_equal((ready(ch, queue), one.here), (5, []), "and no more")
        other = consumer(ch, queue)
        other.take(3)
        expect_equal(ready(ch, queue), 2, "each consumer has its own bound")


def shared_prefetch(place):
    """pika: a global prefetch bounds the channel's consumers together"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, *[b"%d" % i for i in range(10)])
        ch.basic_qos(prefetch_count=4, global_qos=True)
        one, other = consumer(ch, queue), consumer(ch, queue)
        wait_until(ch, "four come to both together",
                   lambda: len(one.here) + len(other.here) == 4)
        expect_equal(ready(ch, queue), 6, "and no more")
        ch.basic_ack(0, multiple=True)
        wait_until(ch, "four more come",
                   lambda: len(one.here) + len(other.here) == 8)


def in_turn(place):
    """pika: consumers of a queue get messages in turn"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        all_of = [consumer(ch, queue, auto_ack=True) for _ in range(4)]
        publish(ch, queue, *[b"%d" % i for i in range(40)])
        wait_until(ch, "all come",
                   lambda: sum(len(x.here) for x in all_of) == 40)
        shares = [len(x.here) for x in all_of]
        expect(min(shares) >= 5, "nobody is left out", shares)


def by_priority(place):
    """pika: higher priorities come first, equals in order"""
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-max-priority": 5})
        ch.confirm_delivery()
        for body, priority in ((b"low1", 1), (b"high1", 5), (b"none", None),
                               (b"low2", 1), (b"more than the limit", 9),
                               (b"mid", 3)):
            publish(ch, queue, body, priority=priority)
        expect_equal(drain(ch, queue), [
            b"high1", b"more than the limit", b"mid", b"low1", b"low2",
            b"none"], "by priority")


def consumer_priority(place):
    """pika: a consumer of higher priority gets all it can take"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.basic_qos(prefetch_count=2)
        low = consumer(ch, queue)
        high = consumer(ch, queue, arguments={"x-priority": 10})
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2", b"3")
        expect_equal(bodies(high.take(2)), [b"1", b"2"], "the high one first")
        expect_equal(bodies(low.take(1)), [b"3"], "the rest to the low one")


def single_active(place):
    """pika: a single active consumer gets all, and the next takes over"""
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-single-active-consumer": True})
        first, second = consumer(ch, queue), consumer(ch, queue)
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2", b"3")
        for x in first.take(3):
            ch.basic_ack(x.tag)
        expect_equal(second.here, [], "the second waits")
        first.cancel()
        publish(ch, queue, b"4")
        expect_equal(bodies(second.take()), [b"4"], "the second takes over")


def cancelled(place):
    """pika: deleting a queue cancels its consumers and tells them"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        told = []
        ch.add_on_cancel_callback(told.append)
        loans = consumer(ch, queue)
        open_one.channel().queue_delete(queue)
        wait_until(ch, "the consumer is told", lambda: told)
        expect_equal(told[0].method.consumer_tag, loans.tag, "which one")


def cancel_keeps_loans(place):
    """pika: after a cancel what was delivered can still be acked"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, b"1")
        loans = consumer(ch, queue, consumer_tag="mine")
        expect_equal(loans.tag, "mine", "the tag is as asked")
        one, = loans.take()
        loans.cancel()
        ch.basic_ack(one.tag)
        expect_equal(drain(ch, queue), [], "it is gone")


def tag_used_again(place):
    """pika: a consumer tag that is in use is 530 and ends the connection"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        consumer(ch, queue, consumer_tag="mine")
        with closes(530, "reuse consumer tag", scope="connection"):
            # pika itself would refuse, so the method is sent bare.
            ch._impl._send_method(
                pika.spec.Basic.Consume(queue=queue, consumer_tag="mine"))
            wait_until(ch, "the connection is closed", lambda: False, 10)


def large_bodies(place):
    """pika: bodies of 1 and 8 MiB come as they went"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        for mib in (1, 8):
            body = os.urandom(mib << 20)
            publish(ch, queue, body)
            seen = get(ch, queue, auto_ack=True).body
            expect_equal((len(seen), hashlib.sha256(seen).hexdigest()),
                         (len(body), hashlib.sha256(body).hexdigest()),
                         f"{mib} MiB come as they went")


def frame_sizes(place):
    """pika: bodies around the frame size and small frames come as they went"""
    for frame_max in (4096, 131072):
        with channel(place, frame_max=frame_max) as ch:
            queue = new_queue(place, ch)
            ch.confirm_delivery()
            for size in (frame_max - 9, frame_max - 8, frame_max - 7,
                         3 * (frame_max - 8), 0):
                publish(ch, queue, bytes([size % 251]) * size)
                seen = get(ch, queue, auto_ack=True).body
                expect_equal(seen, bytes([size % 251]) * size, f"{size} bytes")


def many_channels(place):
    """pika: 200 channels of a connection work at once"""
    with connection(place) as open_one:
        all_of = [open_one.channel() for _ in range(200)]
        queue = new_queue(place, all_of[0])
        for i, ch in enumerate(all_of):
            ch.confirm_delivery()
            publish(ch, queue, b"%d" % i)
        expect_equal(len(drain(all_of[7], queue)), 200, "one from each")


CONSUMER = pathlib.Path(__file__).with_name("slow_consumer.py")


def start_consumer(place, queue):
    """A process that takes one message and holds on to it."""
    started = place.start(sys.executable, "-B", CONSUMER, place.port, queue,
                          stdout=subprocess.PIPE)
    return started


def killed_consumer(place):
    """pika: kill -9 of a consumer gives its message to another, redelivered"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, b"precious", b"second")
        victim = start_consumer(place, queue)
        line = victim.stdout.readline().strip()
        expect_equal(line, b"precious False", "the consumer has it")
        wait_for("the queue lends one", lambda: ready(ch, queue) == 1)
        victim.send_signal(signal.SIGKILL)
        taken = consumer(ch, queue).take(2)
        expect_equal(sorted((x.body, x.redelivered) for x in taken),
                     [(b"precious", True), (b"second", False)],
                     "another gets it")


TESTS = [acked, back_in_order, requeued, unknown_tag, prefetch,
         shared_prefetch, in_turn, by_priority, consumer_priority,
         single_active, cancelled, cancel_keeps_loans, tag_used_again,
         large_bodies, frame_sizes, many_channels, killed_consumer]
