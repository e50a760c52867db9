"""Users, what they may do, where they come from, and how many."""

import contextlib
import socket

import pika
from pika.exceptions import (ConnectionClosedByBroker,
                             ProbableAccessDeniedError,
                             ProbableAuthenticationError)

import broker
from broker import HOST, expect
from pika_client import closes, connection, drain, expect_equal, publish
from raw_amqp import HEADER, OPEN_OK, START, TUNE, open_host, start_ok, \
    tune_ok, wire
from secure_client import (PASSWORDS, USERS, as_user, is_let_in, logged_in,
                           other_broker)

# -- users and what they may do ------------------------------------------------


def passwords(place):
    """secure: both kinds of hashes let their password in and no other"""
    hosts = {"anna": "/", "bert": "shop", "carl": "/"}
    for name, host in hosts.items():
        with logged_in(place, name, virtual_host=host) as open_one:
            open_one.channel()
        for wrong in ("wrong", PASSWORDS[name] + " ", ""):
            try:
                with connection(place, virtual_host=host,
                                credentials=pika.PlainCredentials(name, wrong)):
                    expect(False, f"{name} is not let in with '{wrong}'")
            except ProbableAuthenticationError as why:
                expect("403" in str(why), "the refusal is 403", why)


def unknown_users(place):
    """secure: who is not listed stays out, guest and the passwordless too"""
    for name, password in (("nobody", "x"), ("guest", "guest"), ("dora", "x")):
        expect(not is_let_in(place, credentials=pika.PlainCredentials(
            name, password)), f"{name} is not let in")
    said = place.broker.said()
    expect("'nobody' cannot log in: there is no such user in [users]" in said,
           "the log says why", said)


def configure(place):
    """secure: who may not configure a name cannot declare or delete it"""
    with logged_in(place, "anna") as anna:
        anna.channel().queue_declare("news.q")
    with logged_in(place, "carl") as carl:
        for declare in (lambda ch: ch.queue_declare("other"),
                        lambda ch: ch.queue_declare(""),
                        lambda ch: ch.exchange_declare("other"),
                        lambda ch: ch.queue_delete("news.q"),
                        lambda ch: ch.exchange_delete("amq.topic")):
            with closes(403, "configure access to"):
                declare(carl.channel())
        ch = carl.channel()
        ch.queue_declare("carl.q")
        ch.queue_delete("carl.q")


def write(place):
    """secure: who may not write to an exchange cannot publish or bind to it"""
    with logged_in(place, "anna") as anna, logged_in(place, "carl") as carl:
        ch = anna.channel()
        for name in ("carl.x", "news.x"):
            ch.exchange_declare(name, "fanout")
        for exchange, key in (("news.x", "k"), ("", "carl.q"),
                              ("amq.topic", "k")):
            bad = carl.channel()
            bad.confirm_delivery()
            with closes(403, "write access to exchange",
                        f"'{exchange or 'amq.default'}'"):
                publish(bad, key, b"x", exchange=exchange)
        ch = carl.channel()
        ch.queue_declare("carl.w")
        ch.queue_bind("carl.w", "carl.x")
        publish(ch, "", b"mine", exchange="carl.x")
        ch.confirm_delivery()
        publish(ch, "", b"mine too", exchange="carl.x")
        expect_equal(drain(ch, "carl.w"), [b"mine", b"mine too"], "it has them")
        with closes(403, "read access to exchange 'amq.fanout'"):
            carl.channel().queue_bind("carl.w", "amq.fanout")


def read(place):
    """secure: who may not read a queue cannot get, consume, purge or bind"""
    with logged_in(place, "anna") as anna, logged_in(place, "carl") as carl:
        ch = anna.channel()
        for name in ("news.r", "other.r"):
            ch.queue_declare(name)
            publish(ch, name, b"x")
        for forbidden in (
                lambda c: c.basic_get("other.r"),
                lambda c: c.basic_consume("other.r", lambda *_: None),
                lambda c: c.queue_purge("other.r")):
            with closes(403, "read access to queue 'other.r'"):
                forbidden(carl.channel())
        with closes(403, "write access to queue 'news.r'"):
            carl.channel().queue_bind("news.r", "amq.topic", "k")
        expect_equal(drain(carl.channel(), "news.r"), [b"x"], "news is read")
        expect_equal(drain(ch, "other.r"), [b"x"], "the other is untouched")


def dead_letter_rights(place):
    """secure: a queue's dead letters need their exchange's rights as well"""
    with logged_in(place, "carl") as carl:
        with closes(403, "access to"):
            carl.channel().queue_declare("carl.dead", arguments={
                "x-dead-letter-exchange": "other"})
        with closes(403, "access to"):
            carl.channel().exchange_declare("carl.alternate", arguments={
                "alternate-exchange": "other"})


def separate_vhosts(place):
    """secure: vhosts share no names and no users"""
    with logged_in(place, "anna") as anna, \
            logged_in(place, "bert", virtual_host="shop") as bert:
        ours, theirs = anna.channel(), bert.channel()
        for ch, what in ((ours, b"anna's"), (theirs, b"bert's")):
            ch.confirm_delivery()
            ch.queue_declare("same", durable=True)
            ch.queue_bind("same", "amq.fanout")
            publish(ch, "same", what)
            publish(ch, "", what, exchange="amq.fanout")
        for ch, what in ((ours, b"anna's"), (theirs, b"bert's")):
            expect_equal(drain(ch, "same"), [what] * 2, f"{what} stays there")
        ours.queue_delete("same")
        theirs.queue_declare("same", passive=True)
    for name, host in (("anna", "shop"), ("bert", "/"), ("dora", "nowhere")):
        try:
            with connection(place, virtual_host=host, credentials=as_user(
                    name, PASSWORDS.get(name, "x"))):
                expect(False, f"{name} does not enter '{host}'")
        except (ConnectionClosedByBroker, ProbableAccessDeniedError) as why:
            expect("530" in str(why), "the refusal is 530", why)
        except ProbableAuthenticationError:
            expect_equal(name, "dora", "who is refused at the login")


def user_ids(place):
    """secure: a user_id is the publisher's own, but for impersonators"""
    with logged_in(place, "anna") as anna, \
            logged_in(place, "bert", virtual_host="shop") as bert:
        ch = anna.channel()
        ch.confirm_delivery()
        ch.queue_declare("ids")
        publish(ch, "ids", b"mine", user_id="anna")
        _, properties, _ = ch.basic_get("ids", auto_ack=True)
        expect_equal(properties.user_id, "anna", "the consumer sees who")
        with closes(406, "user_id property set to 'bert'"):
            publish(ch, "ids", b"x", user_id="bert")
        ch = bert.channel()
        ch.confirm_delivery()
        ch.queue_declare("ids")
        publish(ch, "ids", b"any", user_id="someone")
        expect_equal(drain(ch, "ids"), [b"any"], "bert may")


# -- where from, and how many --------------------------------------------------


def own_address():
    """An address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        with contextlib.suppress(OSError):
            found.connect(("192.0.2.1", 9))  # sends nothing
            return found.getsockname()[0]
    return None


def remote_guest(place):
    """secure: guest is let in at loopback addresses and no other"""
    address = own_address()
    if not address or address.startswith("127."):
        print("  left out: this machine has only loopback addresses")
        return
    text = broker.CONFIGURATION.replace("@listen@", "0.0.0.0:0")
    with other_broker(place, text) as server:
        for host, wanted in ((HOST, True), ("127.0.0.2", True),
                             (address, False)):
            expect_equal(is_let_in(server, host=host), wanted,
                         f"guest may log in at {host}")
        said = server.said()
        expect("only from the same machine" in said, "the log says why", said)


def from_this_machine(place):
    """secure: from = "this_machine" keeps a user at home"""
    address = own_address()
    if not address or address.startswith("127."):
        print("  left out: this machine has only loopback addresses")
        return
    text = broker.CONFIGURATION.replace("@listen@", "0.0.0.0:0") + USERS
    text = text.replace("[users.anna]\n",
                        '[users.anna]\nfrom = "this_machine"\n')
    with other_broker(place, text) as server:
        for name, host, wanted in (("anna", HOST, True),
                                   ("anna", address, False),
                                   ("carl", address, True)):
            expect_equal(is_let_in(server, host=host,
                                   credentials=as_user(name)), wanted,
                         f"{name} may log in at {host}")


def most_connections(place):
    """secure: beyond max_connections clients wait until one leaves"""
    text = broker.CONFIGURATION + "max_connections = 3\n"
    with other_broker(place, text) as server, contextlib.ExitStack() as opened:
        server.is_rabbitmq = False
        first, *_ = [opened.enter_context(wire(server)).shake_hands()
                     for _ in range(3)]
        fourth = opened.enter_context(wire(server))
        fourth.send(HEADER)
        server.node.wait_until("the log says that all are taken", lambda: (
            "all 3 connections of" in server.said()))
        fourth.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            expect(False, "nobody answers yet", fourth.socket.recv(100))
        fourth.socket.settimeout(20)
        first.socket.close()
        fourth.expect(START)
        fourth.send(start_ok())
        fourth.expect(TUNE)
        fourth.send(tune_ok(), open_host())
        fourth.expect(OPEN_OK)


TESTS = [passwords, unknown_users, configure, write, read, dead_letter_rights,
         separate_vhosts, user_ids, remote_guest, from_this_machine,
         most_connections]
