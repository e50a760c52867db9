"""What the scripts about users, rights and TLS share."""

import base64
import contextlib
import hashlib

import pika
from pika.exceptions import AMQPConnectionError

import broker
from pika_client import connection

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


@contextlib.contextmanager
def other_broker(place, configuration):
    """A broker of the test's own."""
    made = broker.troupe_broker(place.broker.program, place.folder,
                                configuration)
    with contextlib.closing(made):
        made.start()
        yield made


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
