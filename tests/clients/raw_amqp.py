"""AMQP 0-9-1 by hand on a socket: for what no client library would send."""

import socket
import struct

from broker import HOST, expect

HEADER = b"AMQP\x00\x00\x09\x01"
METHOD, CONTENT_HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END = 0xCE
START, START_OK = (10, 10), (10, 11)
TUNE, TUNE_OK = (10, 30), (10, 31)
OPEN, OPEN_OK = (10, 40), (10, 41)
CLOSE, CLOSE_OK = (10, 50), (10, 51)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
CHANNEL_CLOSE = (20, 40)
QUEUE_DECLARE, QUEUE_DECLARE_OK = (50, 10), (50, 11)
PUBLISH = (60, 40)


def shortstr(text):
    return bytes([len(text)]) + text.encode()


def longstr(data):
    return struct.pack(">I", len(data)) + data


def frame(kind, channel, payload, end=END):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload \
        + bytes([end])


def method(channel, ids, arguments=b""):
    return frame(METHOD, channel, struct.pack(">HH", *ids) + arguments)


def start_ok(properties=b"", user="guest", password="guest"):
    secret = f"\0{user}\0{password}".encode()
    return method(0, START_OK, longstr(properties) + shortstr("PLAIN")
                  + longstr(secret) + shortstr("en_US"))


def tune_ok(channels=2047, frame_max=131072, heartbeat=0):
    return method(0, TUNE_OK, struct.pack(">HIH", channels, frame_max,
                                          heartbeat))


def open_host(host="/"):
    return method(0, OPEN, shortstr(host) + b"\x00\x00")


def declare_queue(name, arguments=b""):
    return method(1, QUEUE_DECLARE, b"\x00\x00" + shortstr(name) + b"\x00"
                  + longstr(arguments))


class wire:
    """A socket that speaks frames, and knows when the other side hung up."""

    def __init__(self, place, seconds=20):
        self.socket = socket.create_connection((HOST, place.port), seconds)
        self.rest = b""
        self.is_rabbitmq = place.is_rabbitmq

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        """Sends, or leaves it where the other side has hung up."""
        try:
            self.socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def more(self):
        """Reads on; False at the end of the stream."""
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        except socket.timeout:
            expect(False, "the broker answers or hangs up in time")
        self.rest += got
        return bool(got)

    def all(self):
        """Everything up to the hang-up."""
        while self.more():
            pass
        return self.rest

    def next(self):
        """The next frame as (kind, channel, payload); None at the end."""
        while True:
            if len(self.rest) >= 7:
                kind, channel, size = struct.unpack_from(">BHI", self.rest)
                if len(self.rest) >= size + 8:
                    payload = self.rest[7:7 + size]
                    expect(self.rest[7 + size] == END, "a frame ends with 206")
                    self.rest = self.rest[size + 8:]
                    return kind, channel, payload
            if not self.more():
                return None

    def method(self):
        """The next method as (ids, arguments), heartbeats left out."""
        while True:
            found = self.next()
            if not found:
                return None, b""
            if found[0] == METHOD:
                return struct.unpack_from(">HH", found[2]), found[2][4:]

    def expect(self, ids):
        seen, arguments = self.method()
        expect(seen == ids, f"the broker answers {ids}",
               f"it answered {seen} {arguments[:80]!r}")
        return arguments

    def expect_close(self, code, ids=CLOSE):
        """Expects the broker's close with this code, and agrees."""
        arguments = self.expect(ids)
        seen = struct.unpack_from(">H", arguments)[0]
        text = arguments[3:3 + arguments[2]].decode()
        expect(seen == code, f"the broker closes with {code}",
               f"it closed with {seen} {text}")
        if ids == CLOSE:
            self.send(method(0, CLOSE_OK))
        return text

    def expect_refusal(self, *codes, what="that"):
        """Expects the end of the connection, with one of the codes. RabbitMQ
        hangs up without a word where it is not sure of the other side."""
        ids, arguments = self.method()
        if ids is None and self.is_rabbitmq:
            return
        code = struct.unpack_from(">H", arguments)[0] if arguments else None
        expect(ids == CLOSE and code in codes, f"{what} is closed with "
               f"{' or '.join(map(str, codes))}",
               f"it was answered {ids} {code} {arguments[3:60]!r}")
        self.send(method(0, CLOSE_OK))

    def expect_hang_up(self):
        """Expects the end of the stream, whatever is said before."""
        self.all()

    def shake_hands(self, **tuning):
        """Goes on until channel 1 is open."""
        self.send(HEADER)
        self.expect(START)
        self.send(start_ok())
        self.expect(TUNE)
        self.send(tune_ok(**tuning), open_host())
        self.expect(OPEN_OK)
        self.send(method(1, CHANNEL_OPEN, b"\x00"))
        self.expect(CHANNEL_OPEN_OK)
        return self
