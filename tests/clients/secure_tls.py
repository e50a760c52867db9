"""TLS, and certificates of both sides."""

import contextlib
import os
import shutil
import socket
import ssl
import time
import warnings

import pika
from pika.exceptions import AMQPConnectionError

import broker
from broker import HOST, expect, wait_for
from certificates import authority
from pika_client import closes, connection, drain, expect_equal, publish
from raw_amqp import HEADER
from secure_client import USERS, as_user, is_let_in, other_broker

TLS = """
[sources.amqp.tls]
listen = "@tls_listen@"
cert = "server.pem"
key = "server.key"
ca = "authority.pem"
verify = "peer"
"""


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


TESTS = [large_over_tls, not_trusted, old_versions, plain_on_tls,
         replaced_certificate, broken_certificate, external, external_refused,
         required]
