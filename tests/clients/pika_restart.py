"""A broker that ends and comes back: what is durable is there again."""

import pika

from broker import expect, wait_for
from pika_client import (PERSISTENT, channel, closes, connection, consumer,
                         drain, expect_equal, new_queue, publish)


def fill(place, ch):
    """Durable and other things; returns the names."""
    ch.confirm_delivery()
    durable = new_queue(place, ch, {"x-max-priority": 3})
    passing = new_queue(place, ch, durable=False)
    exchange = place.new_name("exchange")
    ch.exchange_declare(exchange, "topic", durable=True)
    ch.queue_bind(durable, exchange, "kept.#")
    publish(ch, "kept.key", b"1", b"2", exchange=exchange)
    publish(ch, durable, b"first", priority=3)
    publish(ch, durable, b"transient", delivery_mode=1)
    publish(ch, passing, b"x")
    return durable, passing, exchange


def check(place, durable, passing, exchange):
    with connection(place) as open_one:
        ch = open_one.channel()
        ch.confirm_delivery()
        publish(ch, "kept.again", b"3", exchange=exchange)
        wanted = [b"first", b"1", b"2", b"3"]
        seen = drain(ch, durable)
        expect_equal([x for x in seen if x != b"transient"], wanted,
                     "persistent messages and bindings are there, in order")
        ch.queue_declare(durable, durable=True,
                         arguments={"x-max-priority": 3})
        with closes(404):
            open_one.channel().queue_declare(passing, passive=True)


def restarted(place):
    """pika: what is durable survives a restart in order"""
    with channel(place) as ch:
        names = fill(place, ch)
        place.broker.restart()
        expect_closed(ch)
    check(place, *names)


def expect_closed(ch):
    """The client notices that its connection is gone."""
    try:
        for _ in range(100):
            ch.connection.process_data_events(time_limit=0.1)
        expect(False, "the connection is closed")
    except pika.exceptions.AMQPConnectionError:
        pass


def told(place):
    """pika: a broker that stops tells its clients 320"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        loans = consumer(ch, queue)
        place.broker.stop()
        try:
            loans.take()
            expect(False, "the connection is closed")
        except pika.exceptions.ConnectionClosedByBroker as why:
            expect_equal(why.reply_code, 320, "CONNECTION_FORCED")
    place.broker.start()


def killed(place):
    """pika: what was confirmed survives kill -9, what was on loan comes back"""
    with channel(place) as ch:
        names = fill(place, ch)
        durable = names[0]
        consumer(ch, durable).take(2)
        place.broker.kill()
    place.broker.start()
    check(place, *names)


def acks_survive(place):
    """pika: what was acked before a restart does not come again"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, *[b"%d" % i for i in range(100)])
        loans = consumer(ch, queue)
        for x in loans.take(100)[:60]:
            ch.basic_ack(x.tag)
        ch.connection.close()
        place.broker.restart()
    with channel(place) as ch:
        again = consumer(ch, queue).take(40)
        expect_equal([x.body for x in again],
                     [b"%d" % i for i in range(60, 100)], "the other 40 do")
        expect(all(x.redelivered for x in again), "as redelivered", again)


def goes_on(place):
    """pika: a client that connects again after a kill goes on"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        sent = []
        for round_number in range(2):
            place.broker.kill_and_start()

            def reconnect():
                try:
                    return pika.BlockingConnection(pika.URLParameters(
                        place.url()))
                except pika.exceptions.AMQPConnectionError:
                    return None
            again = wait_for("the client connects again", reconnect)
            out = again.channel()
            out.confirm_delivery()
            for i in range(10):
                body = b"%d.%d" % (round_number, i)
                out.basic_publish("", queue, body, PERSISTENT)
                sent.append(body)
            again.close()
    with channel(place) as ch:
        expect_equal(drain(ch, queue), sent, "all are there in order")


TESTS = [restarted, told, killed, acks_survive, goes_on]
