"""Queues: declared, counted, purged, deleted, exclusive, expiring."""

import pika

from broker import expect
from pika_client import (PERSISTENT, channel, closes, connection, consumer,
                         drain, expect_equal, get, new_queue, publish, ready,
                         wait_until, wait_until_ready)


def declared(place):
    """pika: declaring again counts messages and consumers, changes nothing"""
    with channel(place) as ch:
        queue = new_queue(place, ch)
        publish(ch, queue, b"1", b"2", b"3")
        wait_until_ready(ch, queue, 3)
        loans = consumer(ch, queue)
        loans.take(3)
        again = ch.queue_declare(queue, durable=True).method
        expect_equal((again.queue, again.message_count, again.consumer_count),
                     (queue, 0, 1), "three on loan, one consumer")


def named_by_server(place):
    """pika: a queue without a name gets one, and "" means it afterwards"""
    with channel(place) as ch:
        name = ch.queue_declare("", exclusive=True).method.queue
        expect(name.startswith("amq.gen-"), "the name starts as RabbitMQ's",
               name)
        ch.queue_bind("", "amq.direct", "by-last-name")
        ch.confirm_delivery()
        publish(ch, "by-last-name", b"x", exchange="amq.direct")
        expect_equal(drain(ch, ""), [b"x"], "the last declared queue is meant")


def named_with_prefix(place):
    """pika: x-name-prefix begins the name that a queue gets"""
    if place.is_rabbitmq:
        return  # before 4.3 it means nothing
    with connection(place) as open_one:
        ch = open_one.channel()
        names = [ch.queue_declare("", exclusive=True, arguments={
            "x-name-prefix": "shop"}).method.queue for _ in range(2)]
        expect(all(x.startswith("shop-") for x in names) and
               names[0] != names[1], "two names that begin so", names)
        ch.queue_purge("")  # the last declared
        for code, wrong in ((406, "x" * 65), (406, 7), (403, "amq.gen")):
            with closes(code):
                open_one.channel().queue_declare("", arguments={
                    "x-name-prefix": wrong})


def missing(place):
    """pika: a passive declare of nothing is 404 and the connection goes on"""
    with connection(place) as open_one:
        name = place.new_name()
        with closes(404, f"no queue '{name}' in vhost '/'"):
            open_one.channel().queue_declare(name, passive=True)
        other = place.new_name("exchange")
        with closes(404, f"no exchange '{other}' in vhost '/'"):
            open_one.channel().exchange_declare(other, passive=True)
        expect(open_one.channel().is_open, "a new channel opens")


def inequivalent(place):
    """pika: declaring otherwise is 406 and says which argument differs"""
    with connection(place) as open_one:
        queue = new_queue(place, open_one.channel(), {"x-max-length": 5})
        with closes(406, "inequivalent arg 'durable' for queue",
                    "received 'false' but current is 'true'"):
            open_one.channel().queue_declare(queue, durable=False)
        with closes(406, "inequivalent arg 'x-max-length'"):
            open_one.channel().queue_declare(
                queue, durable=True, arguments={"x-max-length": 6})
        name = place.new_name("exchange")
        open_one.channel().exchange_declare(name, "topic")
        with closes(406, "inequivalent arg 'type' for exchange",
                    "received 'direct' but current is 'topic'"):
            open_one.channel().exchange_declare(name, "direct")


def refused_arguments(place):
    """pika: queue arguments of a wrong type or value are 406"""
    wrong = [{"x-message-ttl": -1}, {"x-message-ttl": "soon"},
             {"x-expires": 0}, {"x-max-length": -5}, {"x-max-priority": 300},
             {"x-overflow": "sideways"}, {"x-dead-letter-exchange": 7},
             {"x-dead-letter-routing-key": "key-alone"}]
    with connection(place) as open_one:
        for arguments in wrong:
            with closes(406):
                open_one.channel().queue_declare(
                    place.new_name(), durable=True, arguments=arguments)


def purged_and_deleted(place):
    """pika: purge and delete count what was ready, and conditions hold"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2", b"3")
        get(ch, queue)
        expect_equal(ch.queue_purge(queue).method.message_count, 2,
                     "purge leaves what is on loan")
        publish(ch, queue, b"4")
        with closes(406, "not empty"):
            open_one.channel().queue_delete(queue, if_empty=True)
        consumer(ch, queue)
        with closes(406, "in use"):
            open_one.channel().queue_delete(queue, if_unused=True)
        ch.queue_delete(queue)
        expect_equal(
            open_one.channel().queue_delete(queue).method.message_count, 0,
            "deleting what is not there is fine")


def exclusive(place):
    """pika: an exclusive queue is locked for others and ends with its owner"""
    name = place.new_name()
    with connection(place) as other:
        with connection(place) as owner:
            owner.channel().queue_declare(name, exclusive=True)
            with closes(405, "cannot obtain exclusive access to locked queue"):
                other.channel().basic_consume(name, print)
            with closes(405, "RESOURCE_LOCKED"):
                other.channel().queue_declare(name, passive=True)
        with closes(404):
            other.channel().queue_declare(name, passive=True)


def exclusive_consumer(place):
    """pika: an exclusive consumer keeps others out, with 403, while it is"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        first = consumer(ch, queue, exclusive=True)
        with closes(403, "exclusive"):
            open_one.channel().basic_consume(queue, print)
        first.cancel()
        publish(ch, queue, b"x")
        expect_equal(consumer(ch, queue).take()[0].body, b"x",
                     "afterwards another consumes")


def auto_delete(place):
    """pika: an auto-delete queue ends with its last consumer, not before"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch, durable=False, auto_delete=True)
        first, second = consumer(ch, queue), consumer(ch, queue)
        first.cancel()
        expect_equal(ready(ch, queue), 0, "one consumer left keeps it")
        second.cancel()
        with closes(404):
            ch.queue_declare(queue, passive=True)


def expires(place):
    """pika: x-expires deletes a queue that nobody uses"""
    with connection(place) as open_one:
        queue = new_queue(place, open_one.channel(), {"x-expires": 150})

        def is_gone():
            with pika_channel(open_one) as ch:
                ch.queue_bind(queue, "amq.direct", "no-use-of-a-queue")
                return False
            return True
        wait_until(open_one.channel(), "the unused queue is gone", is_gone)


class pika_channel:
    """A channel of which a 404 is an answer."""

    def __init__(self, open_one):
        self.channel = open_one.channel()

    def __enter__(self):
        return self.channel

    def __exit__(self, kind, why, _):
        is_404 = isinstance(why, pika.exceptions.ChannelClosedByBroker) \
            and why.reply_code == 404
        if not is_404 and self.channel.is_open:
            self.channel.close()
        return is_404


def drops_head(place):
    """pika: x-max-length drops the oldest"""
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-max-length": 3})
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2", b"3", b"4", b"5")
        expect_equal(drain(ch, queue), [b"3", b"4", b"5"], "three newest stay")


def drops_bytes(place):
    """pika: x-max-length-bytes drops the oldest"""
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-max-length-bytes": 100})
        ch.confirm_delivery()
        publish(ch, queue, b"a" * 60, b"b" * 60)
        expect_equal(drain(ch, queue), [b"b" * 60], "only the newest fits")


def rejects_publish(place):
    """pika: x-overflow=reject-publish nacks what does not fit"""
    with channel(place) as ch:
        queue = new_queue(place, ch, {"x-max-length": 2,
                                      "x-overflow": "reject-publish"})
        ch.confirm_delivery()
        publish(ch, queue, b"1", b"2")
        refused = 0
        for body in (b"3", b"4", b"5"):  # RabbitMQ may take one too many
            try:
                ch.basic_publish("", queue, body, PERSISTENT)
            except pika.exceptions.NackError:
                refused += 1
        expect(refused >= 2, "publishes beyond the limit are nacked", refused)
        expect_equal(drain(ch, queue)[:2], [b"1", b"2"], "the first stay")


def reserved(place):
    """pika: names that start with amq. are 403"""
    with connection(place) as open_one:
        with closes(403, "reserved prefix 'amq.*'"):
            open_one.channel().queue_declare("amq.mine")
        with closes(403):
            open_one.channel().exchange_declare("amq.mine", "direct")


TESTS = [declared, named_by_server, named_with_prefix, missing, inequivalent,
         refused_arguments, purged_and_deleted, exclusive, exclusive_consumer,
         auto_delete, expires, drops_head, drops_bytes, rejects_publish,
         reserved]
