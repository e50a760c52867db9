#!/usr/bin/env python3
"""Debian's amqp-tools (librabbitmq) against the broker."""

import os
import subprocess

import pika

import broker
from broker import HOST, expect, wait_for


def run(place, tool, *words, stdin=b"", code=0):
    """Runs a tool to its end and returns what it printed."""
    done = subprocess.run(
        [tool, "-u", f"amqp://guest:guest@{HOST}:{place.port}", *words],
        input=stdin, capture_output=True, timeout=60, cwd=place.folder)
    expect((done.returncode == 0) == (code == 0),
           f"{tool} {' '.join(words)} ends with {code}",
           done.returncode, done.stderr.decode(errors="replace"),
           len(done.stdout))
    return done.stdout + done.stderr if code else done.stdout


def declare(place):
    name = place.new_name()
    printed = run(place, "amqp-declare-queue", "-q", name, "-d")
    expect(printed.decode().strip() == name, "the queue's name is printed",
           printed)
    return name


def get_of(place):
    """amqp-tools: what amqp-publish sends, amqp-get gets once"""
    queue = declare(place)
    run(place, "amqp-publish", "-r", queue, "-p", "-b", "hello")
    seen = wait_for("the message is there", lambda: subprocess.run(
        ["amqp-get", "-u", place.url(), "-q", queue],
        capture_output=True).stdout)
    expect(seen == b"hello", "it is what was sent", seen)
    run(place, "amqp-get", "-q", queue, code=2)


def consume(place):
    """amqp-tools: amqp-consume gives each message to a program"""
    queue = declare(place)
    run(place, "amqp-publish", "-r", queue, "-p", "-l",
        stdin=b"one\ntwo\nthree\n")
    seen = run(place, "amqp-consume", "-q", queue, "-c", "3", "-p", "1",
               "cat")
    expect(seen == b"one\ntwo\nthree\n", "each line, in order", seen)


def failing_program(place):
    """amqp-tools: a program that fails leaves its message to the next"""
    queue = declare(place)
    run(place, "amqp-publish", "-r", queue, "-p", "-b", "again")
    failing = place.folder / "failing"
    failing.write_text("#!/bin/sh\ncat >/dev/null\nexit 1\n")
    failing.chmod(0o755)
    run(place, "amqp-consume", "-q", queue, "-c", "1", str(failing))
    seen = run(place, "amqp-consume", "-q", queue, "-c", "1", "cat")
    expect(seen == b"again", "it is delivered a second time", seen)


def bound(place):
    """amqp-tools: amqp-consume binds a queue of its own to an exchange"""
    started = place.start(
        "amqp-consume", "-u", place.url(), "-e", "amq.topic", "-r", "log.#",
        "-c", "1", "cat", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.set_blocking(started.stdout.fileno(), False)

    def ended():
        run(place, "amqp-publish", "-e", "amq.topic", "-r", "log.a.b", "-b",
            "line")
        return started.poll() is not None
    wait_for("the consumer gets one and ends", ended)
    expect(started.stdout.read() == b"line", "the message is printed")


def large(place):
    """amqp-tools: a body of 4 MiB comes as it went"""
    queue = declare(place)
    body = os.urandom(4 << 20)
    run(place, "amqp-publish", "-r", queue, stdin=body)
    seen = run(place, "amqp-consume", "-q", queue, "-c", "1", "cat")
    expect(seen == body, "all of it", len(seen))


def deleted(place):
    """amqp-tools: amqp-delete-queue says how many messages went with it"""
    queue = declare(place)
    run(place, "amqp-publish", "-r", queue, "-p", "-l", stdin=b"a\nb\n")
    run(place, "amqp-consume", "-q", queue, "-c", "1", "cat")
    run(place, "amqp-delete-queue", "-q", queue, "-e", code=1)
    printed = run(place, "amqp-delete-queue", "-q", queue)
    expect(printed.strip() == b"1", "one went", printed)
    said = run(place, "amqp-get", "-q", queue, code=1)
    expect(b"404" in said, "then there is no such queue", said)


def refused(place):
    """amqp-tools: a wrong password and a missing exchange are told"""
    done = subprocess.run(
        ["amqp-publish", "-u", f"amqp://guest:wrong@{HOST}:{place.port}",
         "-r", "q", "-b", "x"], capture_output=True, text=True, timeout=60)
    expect(done.returncode != 0 and "403" in done.stderr,
           "the login is refused with 403", done.stderr)
    done = subprocess.run(
        ["amqp-get", "-u", place.url() + "nowhere", "-q", "x"],
        capture_output=True, text=True, timeout=60)
    expect(done.returncode != 0 and "530" in done.stderr,
           "the virtual host is refused with 530", done.stderr)


def survives(place):
    """amqp-tools: persistent messages survive a restart of the broker"""
    queue = declare(place)
    run(place, "amqp-publish", "-r", queue, "-p", "-b", "kept")
    wait_for("the message is there", lambda: counted(place, queue) == 1)
    place.broker.restart()
    seen = run(place, "amqp-consume", "-q", queue, "-c", "1", "cat")
    expect(seen == b"kept", "it is there", seen)


def counted(place, queue):
    with_one = pika.BlockingConnection(pika.URLParameters(place.url()))
    try:
        return with_one.channel().queue_declare(
            queue, passive=True).method.message_count
    finally:
        with_one.close()


if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(), [
        get_of, consume, failing_program, bound, large, deleted, refused,
        survives])
