"""Exchanges of the type x-recent-history, and what a new binding gets."""

from pika_client import (PERSISTENT, channel, closes, connection, drain,
                         expect_equal, get_soon, new_queue, publish, ready,
                         wait_until, wait_until_ready)


def numbered(*range_of):
    return [b"%d" % i for i in range(*range_of)]


def new_exchange(place, ch, length=None, **options):
    name = place.new_name("exchange")
    arguments = {"x-recent-history-length": length} if length else None
    ch.exchange_declare(name, "x-recent-history", arguments=arguments,
                        **options)
    return name


def bind_new_queue(place, ch, exchange):
    queue = new_queue(place, ch)
    ch.queue_bind(queue, exchange)
    return queue


def brings(place, ch, exchange, bodies, sentence):
    """Expects that a new queue gets these and no others."""
    queue = bind_new_queue(place, ch, exchange)
    wait_until_ready(ch, queue, len(bodies))
    expect_equal(drain(ch, queue), bodies, sentence)


def last_twenty(place):
    """pika: x-recent-history gives a new binding the last 20, as they came"""
    with channel(place) as ch:
        ch.confirm_delivery()
        exchange = new_exchange(place, ch)
        for i, body in enumerate(numbered(25)):
            publish(ch, f"key.{i}", body, exchange=exchange, message_id=str(i),
                    headers={"n": i})
        queue = bind_new_queue(place, ch, exchange)
        wait_until_ready(ch, queue, 20)
        for i in range(5, 25):
            got = get_soon(ch, queue)
            expect_equal((got.body, got.exchange, got.key, got.headers,
                          got.properties.message_id),
                         (b"%d" % i, exchange, f"key.{i}", {"n": i}, str(i)),
                         "the oldest comes first, as it went")
        publish(ch, "", b"new", exchange=exchange)
        expect_equal(get_soon(ch, queue).body, b"new", "then what is new")
        ch.queue_bind(queue, exchange)  # is there already
        expect_equal(ready(ch, queue), 0, "nothing comes twice")
        brings(place, ch, exchange, numbered(6, 25) + [b"new"],
               "another queue gets them as well")


def chosen_length(place):
    """pika: x-recent-history-length says how much is kept"""
    with connection(place) as open_one:
        ch = open_one.channel()
        ch.confirm_delivery()
        exchange = new_exchange(place, ch, 3)
        brings(place, ch, exchange, [], "nothing is kept yet")
        publish(ch, "", *numbered(10), exchange=exchange)
        brings(place, ch, exchange, numbered(7, 10), "the last 3")
        for wrong in (-1, "3"):
            with closes(406, "x-recent-history-length"):
                new_exchange(place, open_one.channel(), wrong)


def not_kept(place):
    """pika: x-recent-history-no-store keeps a message out of the history"""
    with channel(place) as ch:
        ch.confirm_delivery()
        exchange = new_exchange(place, ch)
        there = bind_new_queue(place, ch, exchange)
        for store, body in ((False, b"1"), (True, b"2"), (False, b"3")):
            publish(ch, "", body, exchange=exchange,
                    headers={"x-recent-history-no-store": store})
        expect_equal(drain(ch, there), [b"1", b"2", b"3"], "all are delivered")
        brings(place, ch, exchange, [b"1", b"3"], "what may be kept")


def to_exchange(place):
    """pika: a history goes through an exchange that is newly bound"""
    with channel(place) as ch:
        ch.confirm_delivery()
        exchange = new_exchange(place, ch)
        direct = place.new_name("exchange")
        ch.exchange_declare(direct, "direct")
        odd, even = new_queue(place, ch), new_queue(place, ch)
        ch.queue_bind(odd, direct, "odd")
        ch.queue_bind(even, direct, "even")
        for i in range(6):
            publish(ch, "odd" if i % 2 else "even", b"%d" % i,
                    exchange=exchange)
        ch.exchange_bind(direct, exchange)
        for queue, bodies in ((odd, [b"1", b"3", b"5"]),
                              (even, [b"0", b"2", b"4"])):
            wait_until_ready(ch, queue, 3)
            if place.is_rabbitmq:
                bodies.reverse()  # there the newest comes first
            expect_equal(drain(ch, queue), bodies, "routed by their keys")


def deleted(place):
    """pika: a history ends with its exchange"""
    with channel(place) as ch:
        ch.confirm_delivery()
        exchange = new_exchange(place, ch)
        publish(ch, "", b"old", exchange=exchange)
        ch.exchange_delete(exchange)
        ch.exchange_declare(exchange, "x-recent-history")
        publish(ch, "", b"new", exchange=exchange)
        brings(place, ch, exchange, [b"new"], "only what came since")


def restarted(place):
    """pika: a durable exchange still has its history after kill -9"""
    if place.is_rabbitmq:
        return  # which keeps it in memory alone
    with channel(place) as ch:
        ch.confirm_delivery()
        exchange = new_exchange(place, ch, 5, durable=True)
        for body in numbered(8):
            ch.basic_publish(exchange, "", body, PERSISTENT)
        place.broker.kill()
    place.broker.start()
    with channel(place) as ch:
        brings(place, ch, exchange, numbered(3, 8), "the last 5")
        ch.confirm_delivery()
        publish(ch, "", b"8", exchange=exchange)
        brings(place, ch, exchange, numbered(4, 9), "and goes on")


def mandatory(place):
    """pika: what is kept and goes nowhere is returned all the same"""
    with channel(place) as ch:
        back = []
        ch.add_on_return_callback(lambda _, method, p, body: back.append(body))
        exchange = new_exchange(place, ch)
        ch.basic_publish(exchange, "", b"x", mandatory=True)
        brings(place, ch, exchange, [b"x"], "it is kept")
        wait_until(ch, "it is returned as well", lambda: back == [b"x"])


TESTS = [last_twenty, chosen_length, not_kept, to_exchange, deleted, mandatory,
         restarted]
