"""Refusals: logins, hosts, and what closes a channel or a connection."""

import pika

from broker import expect
from pika_client import (channel, closes, connection, consumer, drain,
                         expect_equal, new_queue, properties, publish, ready,
                         wait_until)


def wrong_password(place):
    """pika: a wrong password is refused with 403 and a reason"""
    try:
        with connection(place, credentials=pika.PlainCredentials(
                "guest", "wrong")):
            expect(False, "the login is refused")
    except pika.exceptions.ProbableAuthenticationError as why:
        for word in ("403", "ACCESS_REFUSED", "PLAIN"):
            expect(word in str(why), f"the reason says {word}", why)


def unknown_host(place):
    """pika: an unknown virtual host is refused"""
    try:
        with connection(place, virtual_host="nowhere"):
            expect(False, "the virtual host is refused")
    except (pika.exceptions.ConnectionClosedByBroker,
            pika.exceptions.ProbableAccessDeniedError) as why:
        for word in ("530", "NOT_ALLOWED", "nowhere"):
            expect(word in str(why), f"the reason says {word}", why)


def properties_of_server(place):
    """pika: the server tells its capabilities"""
    with connection(place) as open_one:
        told = open_one._impl.server_properties
        expect("product" in told and "version" in told, "it has a name", told)
        for x in ("publisher_confirms", "exchange_exchange_bindings",
                  "basic.nack", "consumer_cancel_notify", "connection.blocked",
                  "consumer_priorities", "authentication_failure_close",
                  "per_consumer_qos", "direct_reply_to"):
            expect(told["capabilities"].get(x) is True, f"it can {x}", told)


def missing_exchange(place):
    """pika: publishing to no exchange is 404 for that channel alone"""
    with connection(place) as open_one:
        bad, good = open_one.channel(), open_one.channel()
        queue = new_queue(place, good)
        loans = consumer(good, queue)
        with closes(404, "no exchange 'nobody'", "in vhost '/'"):
            publish(bad, "k", b"x", exchange="nobody")
            bad.queue_declare(queue, passive=True)
        publish(good, queue, b"goes on")
        expect_equal(loans.take()[0].body, b"goes on", "others go on")


def bad_expiration(place):
    """pika: an expiration that is no number is 406"""
    for bad in ("soon", "-1", "1.5"):
        with channel(place) as ch:
            ch.confirm_delivery()
            with closes(406, "expiration"):
                publish(ch, "q", b"x", expiration=bad)


def foreign_user_id(place):
    """pika: a user_id that is not the login's is 406"""
    with channel(place) as ch:
        ch.confirm_delivery()
        with closes(406, "user_id property set to 'someone'",
                    "authenticated user was 'guest'"):
            publish(ch, "q", b"x", user_id="someone")


def not_implemented(place):
    """pika: immediate is 540 and ends the connection"""
    with connection(place) as open_one:
        ch = open_one.channel()
        with closes(540, "NOT_IMPLEMENTED", scope="connection"):
            ch._impl._send_method(
                pika.spec.Basic.Publish(routing_key="x", immediate=True),
                (properties(), b""))
            wait_until(ch, "the connection is closed", lambda: False, 10)


def channel_used_again(place):
    """pika: a channel's number serves again after the broker closed it"""
    with connection(place) as open_one:
        for _ in range(3):
            with closes(404):
                open_one.channel(5).queue_declare("nobody", passive=True)
        ch = open_one.channel(5)
        queue = new_queue(place, ch)
        ch.confirm_delivery()
        publish(ch, queue, b"x")
        expect_equal(drain(ch, queue), [b"x"], "it works as a new one")


def loans_return(place):
    """pika: a channel closed by the broker gives back what it had"""
    with connection(place) as open_one:
        ch = open_one.channel()
        queue = new_queue(place, ch)
        publish(ch, queue, b"1", b"2")
        consumer(ch, queue).take(2)
        with closes(406):
            ch.basic_ack(99)
            ready(ch, queue)
        again = consumer(open_one.channel(), queue).take(2)
        expect_equal([(x.body, x.redelivered) for x in again],
                     [(b"1", True), (b"2", True)], "redelivered, in order")


TESTS = [wrong_password, unknown_host, properties_of_server, missing_exchange,
         bad_expiration, foreign_user_id, not_implemented, channel_used_again,
         loans_return]
