#!/usr/bin/env python3
"""Who gets in, and what they may do there: TLS, certificates, users, vhosts."""

import base64
import contextlib
import hashlib
import os
import shutil
import socket
import ssl
import time
import warnings

import pika
from pika.exceptions import (AMQPConnectionError, ConnectionClosedByBroker,
                             ProbableAccessDeniedError,
                             ProbableAuthenticationError)

import broker
from broker import HOST, expect, wait_for
from certificates import authority
from pika_client import (channel, closes, connection, drain, expect_equal,
                         publish)
from raw_amqp import HEADER, OPEN_OK, START, TUNE, open_host, start_ok, \
    tune_ok, wire

PASSWORDS = {"anna": "anna's", "bert": "bert's", "carl": "carl's"}


def salted(password):
    """A hash as `troupe hash-password` makes it."""
    salt = b"0123456789abcdef"
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1000)
    return "$".join(["pbkdf2-sha256", "1000",
                     base64.b64encode(salt).decode(),
                     base64.b64encode(made).decode()])


def rabbitmq_hash(password):
    """A hash as `rabbitmqctl hash_password` makes it."""
    salt = b"\x01\x02\x03\x04"
    made = salt + hashlib.sha256(salt + password.encode()).digest()
    return "rabbitmq-sha256$" + base64.b64encode(made).decode()


# Anna may do all, but not in the vhost of Bert, and the other way round; Carl
# looks after `carl.` and reads `news.`; Dora has a certificate and no password.
USERS = f"""
[vhosts.shop]

[users.anna]
password_hash = "{salted(PASSWORDS["anna"])}"
permissions."/" = {{ configure = ".*", write = ".*", read = ".*" }}

[users.bert]
password_hash = "{rabbitmq_hash(PASSWORDS["bert"])}"
tags = ["impersonator"]
permissions.shop = {{ configure = ".*", write = ".*", read = ".*" }}

[users.carl]
password = "{PASSWORDS["carl"]}"
permissions."/" = {{ configure = "^carl", write = "^carl", \
read = "^(carl|news)" }}

[users.dora]
permissions."/" = {{ configure = ".*", write = ".*", read = ".*" }}
"""

TLS = """
[sources.amqp.tls]
listen = "@tls_listen@"
cert = "server.pem"
key = "server.key"
ca = "authority.pem"
verify = "peer"
"""


@contextlib.contextmanager
def other_broker(place, configuration, folder=None):
    """A broker of the test's own."""
    folder = folder or place.folder
    made = broker.troupe_broker(place.broker.program, folder, configuration)
    with contextlib.closing(made):
        made.start()
        yield made


@contextlib.contextmanager
def encrypted_broker(place):
    """A broker that listens for TLS, with certificates in its folder."""
    by = authority(place.folder)
    by.sign("server", "broker.shop")
    with other_broker(place, broker.CONFIGURATION + TLS + USERS) as made:
        expect(made.tls_port, "it says where it listens for TLS", made.said())
        yield made, by


def trusting(folder, client=None):
    """What a client goes by that trusts the authority in the folder."""
    made = ssl.create_default_context(cafile=folder / "authority.pem")
    if client:
        made.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    return made


def by_tls(server, client=None, **options):
    """A connection by TLS; with the client's certificate, or with none."""
    context = trusting(server.folder, client)
    return connection(server, **{
        "port": server.tls_port, "credentials": as_user("anna"),
        "ssl_options": pika.SSLOptions(context, HOST), **options})


def as_user(name, password=None):
    return pika.PlainCredentials(name, password or PASSWORDS[name])


def logged_in(place, name, **options):
    return connection(place, credentials=as_user(name), **options)


def is_let_in(server, **options):
    """Whether a login works; no is anything that a refused client sees."""
    try:
        with connection(server, **options):
            return True
    except AMQPConnectionError:
        return False


def serial_number(server):
    """The number of the certificate that a new connection is shown."""
    context = trusting(server.folder)
    with socket.create_connection((HOST, server.tls_port), 20) as plain, \
            context.wrap_socket(plain, server_hostname=HOST) as secure:
        return int(secure.getpeercert()["serialNumber"], 16)


# -- TLS -----------------------------------------------------------------------


def large_over_tls(place):
    """secure: messages of all sizes go over TLS and come as they went"""
    with encrypted_broker(place) as (server, _), by_tls(server) as open_one:
        ch = open_one.channel()
        ch.confirm_delivery()
        ch.queue_declare("q")
        bodies = [b"", b"x", os.urandom(20_000), os.urandom(3 << 20)]
        publish(ch, "q", *bodies)
        expect(drain(ch, "q") == bodies, "each body, in order")


def not_trusted(place):
    """secure: a client that does not know the authority does not go on"""
    with encrypted_broker(place) as (server, _):
        context = ssl.create_default_context()
        with socket.create_connection((HOST, server.tls_port), 20) as plain:
            try:
                context.wrap_socket(plain, server_hostname=HOST)
            except ssl.SSLCertVerificationError:
                pass
            else:
                expect(False, "the client finds no authority it trusts")
        server.node.wait_until("the log says who it was", lambda: (
            f"no TLS with {HOST}:" in server.said()))
        with by_tls(server) as next_one:
            next_one.channel()


def old_versions(place):
    """secure: TLS before 1.2 is not spoken, 1.2 and 1.3 are"""
    with encrypted_broker(place) as (server, _):
        for version, wanted in ((ssl.TLSVersion.TLSv1_1, False),
                                (ssl.TLSVersion.TLSv1_2, True),
                                (ssl.TLSVersion.TLSv1_3, True)):
            context = trusting(server.folder)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else 1.1 stays home
            with warnings.catch_warnings():  # that nobody should use 1.1
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = version
                context.maximum_version = version
            with socket.create_connection((HOST, server.tls_port), 20) as raw:
                try:
                    context.wrap_socket(raw, server_hostname=HOST)
                    seen = True
                except (ssl.SSLError, ConnectionResetError):
                    seen = False
            expect_equal(seen, wanted, f"{version.name} is spoken")


def plain_on_tls(place):
    """secure: AMQP without TLS on the TLS port is closed, not answered"""
    with encrypted_broker(place) as (server, _):
        with socket.create_connection((HOST, server.tls_port), 20) as plain:
            plain.sendall(HEADER)
            seen = b""
            with contextlib.suppress(ConnectionResetError):
                while got := plain.recv(4096):
                    seen += got
            expect(b"AMQP" not in seen and b"PLAIN" not in seen,
                   "nothing of AMQP is said", seen)


def replaced_certificate(place):
    """secure: a certificate replaced on disk is shown without a restart"""
    with encrypted_broker(place) as (server, by):
        old = serial_number(server)
        with by_tls(server) as before:
            ch = before.channel()
            ch.queue_declare("q")
            new = by.sign("next", "broker.shop")
            expect(new != old, "it is another one")
            for ending in (".key", ".pem"):
                os.replace(place.folder / f"next{ending}",
                           place.folder / f"server{ending}")
            wait_for("the new certificate is shown",
                     lambda: serial_number(server) == new)
            publish(ch, "q", b"goes on")  # on the connection from before
            with by_tls(server) as after:
                expect_equal(drain(after.channel(), "q"), [b"goes on"],
                             "both connections work")


def broken_certificate(place):
    """secure: a certificate that is no good stays out and is told once"""
    with encrypted_broker(place) as (server, _):
        old = serial_number(server)
        good = (place.folder / "server.pem").read_text()
        (place.folder / "server.pem").write_text("not a certificate\n")
        server.node.wait_until("the log tells", lambda: (
            "the certificate stays" in server.said()))
        expect_equal(serial_number(server), old, "the one from before is shown")
        # Files are looked at once a second: two more looks.
        end = time.monotonic() + 2.5
        wait_for("some looks later", lambda: time.monotonic() > end)
        said = server.said().count("the certificate stays")
        expect_equal(said, 1, "how often the log tells")
        (place.folder / "server.pem").write_text(good)
        with by_tls(server) as still:
            still.channel()


# -- client certificates -------------------------------------------------------


def external(place):
    """secure: a client's certificate says who it is"""
    with encrypted_broker(place) as (server, by):
        by.sign("client", "dora")
        by_name = {"credentials": pika.credentials.ExternalCredentials()}
        with by_tls(server, "client", **by_name) as open_one:
            ch = open_one.channel()
            ch.queue_declare("q")
            with closes(406, "authenticated user was 'dora'"):
                publish(ch, "q", b"x", user_id="anna")
                ch.queue_declare("q", passive=True)
        with by_tls(server, "client") as other:  # as anna, by her password
            other.channel()


def external_refused(place):
    """secure: EXTERNAL is for certificates of users, by TLS, and no others"""
    with encrypted_broker(place) as (server, by):
        by.sign("nobody", "nobody")
        other = place.folder / "other"
        other.mkdir()
        authority(other, "stranger").sign("forged", "dora")
        for ending in (".pem", ".key"):
            shutil.copy(other / f"forged{ending}", place.folder)
        by_name = {"credentials": pika.credentials.ExternalCredentials()}
        for client in (None, "nobody", "forged"):
            try:
                with by_tls(server, client, **by_name):
                    expect(False, f"the certificate {client} does not open")
            except AMQPConnectionError:
                pass
        expect(not is_let_in(server, **by_name), "nor does none, without TLS")


def required(place):
    """secure: with verify = "require" nobody gets in without a certificate"""
    by = authority(place.folder)
    by.sign("server", "broker.shop")
    by.sign("client", "dora")
    text = broker.CONFIGURATION + TLS.replace('"peer"', '"require"') + USERS
    with other_broker(place, text) as server:
        with by_tls(server, "client") as open_one:
            open_one.channel()
        try:
            with by_tls(server):
                expect(False, "a client without a certificate is kept out")
        except AMQPConnectionError:
            pass


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
    """secure: guest is refused from elsewhere, at any loopback address let in"""
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
        expect("only from the same machine" in server.said(), "the log says why",
               server.said())


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


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(), [
        large_over_tls, not_trusted, old_versions, plain_on_tls,
        replaced_certificate, broken_certificate, external, external_refused,
        required, passwords, unknown_users, configure, write, read,
        dead_letter_rights, separate_vhosts, user_ids, remote_guest,
        from_this_machine, most_connections], broker.CONFIGURATION + USERS)
