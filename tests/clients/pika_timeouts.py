"""Deliveries that a client keeps for too long. RabbitMQ looks at them once a
minute, and at a consumer's own time only since 4.3: it is not asked here."""

import time

from pika_client import (closes, connection, consumer, expect_equal, get_soon,
                         new_queue, publish, wait_until)

TEXT = ("PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed "
        "out. Timeout value used: {} ms. This timeout value can be configured, "
        "see consumers doc guide to learn more")


def keep(channel, seconds):
    """Settles nothing for a while, unless the channel is closed."""
    channel.connection.call_later(seconds, channel.stop_consuming)
    channel.start_consuming()


def by_queue(place):
    """pika: a queue's x-consumer-timeout closes the channel of who keeps it"""
    if place.is_rabbitmq:
        return
    with connection(place) as open_one:
        ch = open_one.channel()
        other = open_one.channel()
        queue = new_queue(place, ch, {"x-consumer-timeout": 1000})
        publish(ch, queue, b"1", b"2")
        loans = consumer(ch, queue)
        loans.take(2)
        with closes(406, TEXT.format(1000)):
            keep(ch, 10)
        again = [get_soon(other, queue) for _ in range(2)]
        expect_equal([(x.body, x.redelivered) for x in again],
                     [(b"1", True), (b"2", True)], "they are back, in order")
        expect_equal(open_one.channel().channel_number, 1,
                     "the channel's number serves again")


def by_consumer(place):
    """pika: a consumer's x-consumer-timeout goes before its queue's"""
    if place.is_rabbitmq:
        return
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch, {"x-consumer-timeout": 600_000})
        publish(ch, queue, b"x")
        loans = consumer(ch, queue, arguments={"x-consumer-timeout": 500})
        loans.take(1)
        with closes(406, TEXT.format(500)):
            keep(ch, 10)
        with closes(406, "invalid arg 'x-consumer-timeout'"):
            consumer(open_one.channel(), queue,
                     arguments={"x-consumer-timeout": "500"})


def extended(place):
    """pika: amq.troupe.settle with the action extend gives a delivery time"""
    if place.is_rabbitmq:
        return
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch, {"x-consumer-timeout": 2000})
        publish(ch, queue, b"x")
        loans = consumer(ch, queue)
        one = loans.take(1)[0]
        began = time.monotonic()
        while time.monotonic() < began + 5:  # more than twice its time
            publish(ch, "", b"", exchange="amq.troupe.settle",
                    headers={"delivery-tag": one.tag, "action": "extend"})
            ch.connection.process_data_events(time_limit=0.5)
        ch.basic_ack(one.tag)
        wait_until(ch, "it is acked", lambda: ch.queue_delete(
            queue).method.message_count == 0)


TESTS = [by_queue, by_consumer, extended]
