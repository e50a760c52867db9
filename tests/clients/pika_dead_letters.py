"""Dead letters: why a message became one, and what its headers say."""

import datetime

from broker import expect, wait_for
from pika_client import (channel, consumer, drain, expect_equal, get,
                         get_soon, new_queue, publish, ready, wait_until_ready)


def with_dead_letters(place, ch, arguments=None, key="dead"):
    """A queue whose dead letters go to another, and that other one."""
    exchange = place.new_name("dlx")
    ch.exchange_declare(exchange, "direct")
    dead = new_queue(place, ch)
    ch.queue_bind(dead, exchange, key)
    queue = new_queue(place, ch, {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": key, **(arguments or {})})
    return queue, dead


def expect_death(found, queue, reason, count=1, **more):
    """Expects the newest entry of x-death."""
    death = found.headers["x-death"][0]
    when = death["time"]
    expect(isinstance(when, datetime.datetime), "x-death has a time", when)
    wanted = {"queue": queue, "reason": reason, "count": count, "exchange": "",
              "routing-keys": [queue], **more}
    expect_equal({x: death.get(x) for x in wanted}, wanted, "x-death says why")
    expect_equal(
        [found.headers.get(f"x-first-death-{x}")
         for x in ("queue", "reason", "exchange")],
        [queue, reason, ""], "x-first-death-* say it too")


def rejected(place):
    """pika: a rejected message is a dead letter, with x-death"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(place, ch)
        for settle in (ch.basic_reject, ch.basic_nack):
            publish(ch, queue, b"bad", headers={"mine": 1}, message_id="m")
            taken = get_soon(ch, queue, auto_ack=False)
            settle(taken.tag, requeue=False)
            found = get_soon(ch, dead)
            expect_death(found, queue, "rejected")
            expect_equal(
                (found.body, found.key, found.headers["mine"],
                 found.properties.message_id, found.redelivered),
                (b"bad", "dead", 1, "m", False), "otherwise it is as it was")


def expired_by_queue(place):
    """pika: x-message-ttl makes dead letters of what waits too long"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(place, ch, {"x-message-ttl": 50})
        publish(ch, queue, b"1", b"2")
        found = [get_soon(ch, dead) for _ in range(2)]
        expect_equal([x.body for x in found], [b"1", b"2"], "in order")
        expect_death(found[0], queue, "expired")
        expect_equal(drain(ch, queue), [], "the queue is empty")


def expired_by_message(place):
    """pika: a message's expiration holds, is removed and told in x-death"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(place, ch)
        publish(ch, queue, b"short", expiration="40")
        found = get_soon(ch, dead)
        expect_death(found, queue, "expired",
                     **{"original-expiration": "40"})
        expect_equal(found.properties.expiration, None, "it expires once")


def shorter_ttl(place):
    """pika: of a queue's and a message's TTL the shorter one holds"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(place, ch, {"x-message-ttl": 60_000})
        publish(ch, queue, b"now", expiration="0")
        expect_equal(get_soon(ch, dead).body, b"now", "expiration 0")
        patient, dead = with_dead_letters(place, ch, {"x-message-ttl": 40})
        publish(ch, patient, b"later", expiration="60000")
        expect_equal(get_soon(ch, dead).body, b"later", "the queue's 40 ms")


def expiration_zero(place):
    """pika: expiration 0 still reaches a consumer that waits"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        waits = consumer(ch, queue, auto_ack=True)
        publish(ch, queue, b"at once", expiration="0")
        expect_equal(waits.take()[0].body, b"at once", "it is delivered")


def too_many(place):
    """pika: x-max-length makes dead letters of the oldest"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(place, ch, {"x-max-length": 1})
        ch.confirm_delivery()
        publish(ch, queue, b"old", b"new")
        found = get_soon(ch, dead)
        expect_death(found, queue, "maxlen")
        expect_equal((found.body, drain(ch, queue)), (b"old", [b"new"]),
                     "the oldest goes")


def counted(place):
    """pika: dying the same way again counts up in x-death"""
    with channel(place) as ch:
        first, second = place.new_name(), place.new_name()
        for name, other, ttl in ((first, second, {}),
                                 (second, first, {"x-message-ttl": 20})):
            ch.queue_declare(name, durable=True, arguments={
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": other, **ttl})
        publish(ch, first, b"again")
        for _ in range(3):
            taken = get_soon(ch, first, auto_ack=False)
            ch.basic_reject(taken.tag, requeue=False)
        deaths = get_soon(ch, first).headers["x-death"]
        expect_equal([(x["queue"], x["reason"], x["count"]) for x in deaths],
                     [(second, "expired", 3), (first, "rejected", 3)],
                     "one entry a queue and reason, newest first")


def kept_key(place):
    """pika: without a dead letter key the message's own is used"""
    with channel(place) as ch:
        dead = new_queue(place, ch)
        exchange = place.new_name("dlx")
        ch.exchange_declare(exchange, "topic")
        ch.queue_bind(dead, exchange, "own.*")
        queue = new_queue(place, ch, {"x-dead-letter-exchange": exchange})
        ch.queue_bind(queue, "amq.topic", "own.#")
        publish(ch, "own.key", b"x", exchange="amq.topic")
        taken = get_soon(ch, queue, auto_ack=False)
        ch.basic_reject(taken.tag, requeue=False)
        found = get_soon(ch, dead)
        expect_equal((found.exchange, found.key), (exchange, "own.key"),
                     "exchange replaced, key kept")
        expect_equal(found.headers["x-death"][0]["routing-keys"], ["own.key"],
                     "x-death has the key")


def dropped_without(place):
    """pika: without a dead letter exchange what is rejected is gone"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, b"x")
        ch.basic_reject(get_soon(ch, queue, auto_ack=False).tag, requeue=False)
        wait_until_ready(ch, queue, 0)
        expect_equal(get(ch, queue), None, "nothing is left")


def delivery_limit(place):
    """pika: a quorum queue gives up after x-delivery-limit returns"""
    with channel(place) as ch:
        queue, dead = with_dead_letters(
            place, ch, {"x-queue-type": "quorum", "x-delivery-limit": 2})
        ch.confirm_delivery()
        publish(ch, queue, b"poison")
        counts = []
        for _ in range(3):
            taken = get_soon(ch, queue, auto_ack=False)
            counts.append(taken.headers.get("x-delivery-count", 0))
            ch.basic_reject(taken.tag, requeue=True)
        expect_equal(counts, [0, 1, 2], "x-delivery-count counts")
        expect_death(get_soon(ch, dead), queue, "delivery_limit")


def round_and_round(place):
    """pika: a message that expires in a circle ends, and is not lost"""
    with channel(place) as ch:
        queue = place.new_name()
        ch.queue_declare(queue, durable=True, arguments={
            "x-message-ttl": 20, "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": queue})
        publish(ch, queue, b"dizzy")
        if place.broker.name == "troupe":
            kept = get_soon(ch, "amq.troupe.quarantine")
            expect_equal(kept.body, b"dizzy", "it is in quarantine")
        else:
            wait_for("it left the circle", lambda: ready(ch, queue) == 0)


TESTS = [rejected, round_and_round, expired_by_queue, expired_by_message, shorter_ttl,
         expiration_zero, too_many, counted, kept_key, dropped_without,
         delivery_limit]
