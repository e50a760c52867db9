"""Exchanges and what is published to them."""

import datetime
import decimal

import pika

from broker import expect
from pika_client import (channel, closes, connection, consumer, delivery, drain,
                         expect_equal, get_soon, new_queue, properties,
                         publish, wait_until)


def new_exchange(place, ch, kind, **options):
    name = place.new_name("exchange")
    ch.exchange_declare(name, kind, **options)
    return name


def queues_at(place, ch, exchange, *keys, arguments=None):
    """A queue for each key, bound with it."""
    queues = [new_queue(place, ch) for _ in keys]
    for queue, key in zip(queues, keys):
        ch.queue_bind(queue, exchange, key, arguments)
    return queues


def by_topic(place):
    """pika: a topic exchange knows * for one word and # for any number"""
    with channel(place) as ch:
        exchange = new_exchange(place, ch, "topic", durable=True)
        patterns = ["kern.*", "#.critical", "#", "*.*.end", "kern.#.x"]
        queues = queues_at(place, ch, exchange, *patterns)
        ch.confirm_delivery()
        for key in ("kern.disk", "kern.disk.critical", "a.b.end", "kern.x",
                    "kern.a.b.x", "critical"):
            publish(ch, key, key.encode(), exchange=exchange)
        seen = [b" ".join(drain(ch, x)).decode() for x in queues]
        expect_equal(seen, [
            "kern.disk kern.x", "kern.disk.critical critical",
            "kern.disk kern.disk.critical a.b.end kern.x kern.a.b.x critical",
            "a.b.end", "kern.x kern.a.b.x"], "each pattern gets its keys")


def by_kind(place):
    """pika: fanout ignores keys, direct compares them, unbind ends it"""
    with channel(place) as ch:
        fanout = new_exchange(place, ch, "fanout")
        direct = new_exchange(place, ch, "direct")
        ch.confirm_delivery()
        all_of = queues_at(place, ch, fanout, "a", "b")
        one_of = queues_at(place, ch, direct, "a", "b")
        publish(ch, "b", b"1", exchange=fanout)
        publish(ch, "b", b"2", exchange=direct)
        ch.queue_unbind(one_of[1], direct, "b")
        publish(ch, "b", b"3", exchange=direct)
        expect_equal([drain(ch, x) for x in all_of + one_of],
                     [[b"1"], [b"1"], [], [b"2"]], "each gets what is bound")


def by_headers(place):
    """pika: a headers exchange matches all or any of its arguments"""
    with channel(place) as ch:
        exchange = new_exchange(place, ch, "headers")
        wanted = {"kind": "report", "size": 3}
        both, = queues_at(place, ch, exchange, "",
                          arguments={**wanted, "x-match": "all"})
        either, = queues_at(place, ch, exchange, "",
                            arguments={**wanted, "x-match": "any"})
        ch.confirm_delivery()
        publish(ch, "", b"both", exchange=exchange, headers=wanted)
        publish(ch, "", b"one", exchange=exchange,
                headers={"kind": "letter", "size": 3})
        publish(ch, "", b"none", exchange=exchange, headers={"kind": "letter"})
        expect_equal([drain(ch, both), drain(ch, either)],
                     [[b"both"], [b"both", b"one"]], "all and any")


def exchange_to_exchange(place):
    """pika: exchanges bind to exchanges, and a queue gets a message once"""
    with channel(place) as ch:
        first = new_exchange(place, ch, "topic")
        second = new_exchange(place, ch, "fanout")
        queue, = queues_at(place, ch, second, "")
        ch.exchange_bind(second, first, "a.*")
        ch.exchange_bind(second, first, "#.b")
        ch.confirm_delivery()
        publish(ch, "a.b", b"1", exchange=first)
        ch.exchange_unbind(second, first, "a.*")
        ch.exchange_unbind(second, first, "#.b")
        publish(ch, "a.b", b"2", exchange=first)
        expect_equal(drain(ch, queue), [b"1"], "once, and not after unbinding")


def alternate(place):
    """pika: what an exchange cannot route goes to its alternate exchange"""
    with channel(place) as ch:
        rest = new_exchange(place, ch, "fanout")
        first = new_exchange(place, ch, "direct",
                             arguments={"alternate-exchange": rest})
        queue, = queues_at(place, ch, rest, "")
        ch.confirm_delivery()
        ch.basic_publish(first, "nowhere", b"x", mandatory=True)
        expect_equal(drain(ch, queue), [b"x"], "and nothing is returned")


def auto_deleted_exchange(place):
    """pika: an auto-delete exchange ends with its last binding"""
    with connection(place) as open_one:
        ch = open_one.channel()
        exchange = new_exchange(place, ch, "direct", auto_delete=True)
        queue, = queues_at(place, ch, exchange, "k")
        ch.exchange_declare(exchange, passive=True)
        ch.queue_delete(queue)
        with closes(404):
            ch.exchange_declare(exchange, passive=True)


def guarded_exchanges(place):
    """pika: exchanges in use, internal ones and the default are guarded"""
    with connection(place) as open_one:
        ch = open_one.channel()
        exchange = new_exchange(place, ch, "direct", internal=True)
        queue, = queues_at(place, ch, exchange, "k")
        with closes(406, "in use"):
            open_one.channel().exchange_delete(exchange, if_unused=True)
        with closes(403):
            open_one.channel().exchange_delete("amq.direct")
        with closes(403):
            open_one.channel().queue_bind(queue, "", "k")
        with closes(404):
            open_one.channel().queue_bind(queue, "nobody-declared-this", "k")
        with closes(403):
            publisher = open_one.channel()
            publisher.confirm_delivery()
            publish(publisher, "k", b"x", exchange=exchange)


def returned(place):
    """pika: a mandatory message nobody takes comes back, then is confirmed"""
    with channel(place) as ch:
        ch.confirm_delivery()
        try:
            ch.basic_publish("amq.direct", "nowhere", b"back", properties(
                message_id="m1", headers={"a": 1}), mandatory=True)
            expect(False, "an unroutable message is returned")
        except pika.exceptions.UnroutableError as why:
            back, = why.messages
            expect_equal(
                (back.method.reply_code, back.method.reply_text,
                 back.method.exchange, back.method.routing_key,
                 back.properties.message_id, back.properties.headers,
                 back.body),
                (312, "NO_ROUTE", "amq.direct", "nowhere", "m1", {"a": 1},
                 b"back"), "it comes as it went")


def returned_without_confirms(place):
    """pika: basic.return comes without confirms as well"""
    with channel(place) as ch:
        back = []
        ch.add_on_return_callback(lambda _, method, p, body: back.append(body))
        ch.basic_publish("", "no-such-queue", b"x", mandatory=True)
        wait_until(ch, "the message comes back", lambda: back == [b"x"])


def carbon_copies(place):
    """pika: CC and BCC route as well, and BCC is not told"""
    with channel(place) as ch:
        one, two, three = (new_queue(place, ch) for _ in range(3))
        ch.confirm_delivery()
        publish(ch, one, b"x", headers={"CC": [two], "BCC": [three]})
        seen = [get_soon(ch, x).headers for x in (one, two, three)]
        expect_equal(seen, [{"CC": [two]}] * 3, "CC stays, BCC is gone")


def properties_as_sent(place):
    """pika: all properties and header types come as they went"""
    headers = {
        "text": "grüße", "bytes": b"\x00\xff", "small": 7, "big": 2 ** 40,
        "negative": -5, "yes": True, "none": None,
        "decimal": decimal.Decimal("3.14"),
        "time": datetime.datetime(2020, 2, 3, 4, 5, 6),
        "list": [1, "two", {"three": [True, None]}],
        "table": {"in": {"in": "deep"}}, "empty": {}, "none of": []}
    given = dict(
        content_type="text/plain", content_encoding="utf-8", headers=headers,
        delivery_mode=2, priority=3, correlation_id="c", reply_to="r",
        expiration="600000", message_id="m", timestamp=1_600_000_000,
        type="t", user_id="guest", app_id="a", cluster_id="k")
    with channel(place) as ch:
        queue = new_queue(place, ch)
        ch.basic_publish("", queue, b"", properties(**given))
        got = get_soon(ch, queue)
        expect_equal(got.body, b"", "the body is empty")
        for name, value in given.items():
            seen = getattr(got.properties, name)
            expect_equal(seen, value, f"{name} comes as it went")


def direct_reply(place):
    """pika: a reply goes straight to amq.rabbitmq.reply-to"""
    with connection(place) as open_one, connection(place) as other:
        ask, answer = open_one.channel(), other.channel()
        queue = new_queue(place, answer)
        replies = consumer(ask, "amq.rabbitmq.reply-to", auto_ack=True)
        publish(ask, queue, b"4", reply_to="amq.rabbitmq.reply-to")
        asked = get_soon(answer, queue)
        expect(asked.properties.reply_to.startswith("amq.rabbitmq.reply-to."),
               "the answerer sees an address", asked.properties.reply_to)
        publish(answer, asked.properties.reply_to, b"16")
        expect_equal(replies.take()[0].body, b"16", "the reply comes")
        with closes(406, "fast reply consumer"):
            lost = open_one.channel()
            lost.confirm_delivery()
            publish(lost, queue, b"x", reply_to="amq.rabbitmq.reply-to")


def transactions(place):
    """pika: tx publishes and acks count at commit, not after rollback"""
    with connection(place) as open_one:
        ch, other = open_one.channel(), open_one.channel()
        queue = new_queue(place, ch)
        ch.tx_select()
        publish(ch, queue, b"lost")
        ch.tx_rollback()
        publish(ch, queue, b"kept")
        expect_equal(drain(other, queue), [], "nothing before the commit")
        ch.tx_commit()
        method, props, body = ch.basic_get(queue)
        expect_equal(delivery(method, props, body).body, b"kept", "committed")
        ch.basic_ack(method.delivery_tag)
        ch.tx_rollback()
        ch.close()
        expect_equal(drain(other, queue), [b"kept"], "a rolled back ack")
        with closes(406):
            open_one.channel().tx_commit()


TESTS = [by_topic, by_kind, by_headers, exchange_to_exchange, alternate,
         auto_deleted_exchange, guarded_exchanges, returned,
         returned_without_confirms, carbon_copies, properties_as_sent,
         direct_reply, transactions]
