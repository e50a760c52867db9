"""A worker as the tutorials have it: PORT KIND QUEUE_OR_EXCHANGE [KEY]."""

import signal
import sys

import pika

port, kind, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = pika.BlockingConnection(
    pika.ConnectionParameters("127.0.0.1", port))
channel = connection.channel()


def say(method, body):
    print(body.decode(), method.redelivered, flush=True)


def on_print(ch, method, properties, body):
    say(method, body)


def on_work(ch, method, properties, body):
    say(method, body)
    ch.basic_ack(method.delivery_tag)


def on_failing(ch, method, properties, body):
    say(method, body)
    if body.startswith(b"fail") and not method.redelivered:
        ch.basic_nack(method.delivery_tag, requeue=True)
    else:
        ch.basic_ack(method.delivery_tag)


def on_call(ch, method, properties, body):
    answer = pika.BasicProperties(correlation_id=properties.correlation_id)
    ch.basic_publish("", properties.reply_to, b"%d" % int(body) ** 2, answer)
    ch.basic_ack(method.delivery_tag)


if kind == "topic":
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, name, sys.argv[4])
else:
    queue = name
callback = {"print": on_print, "work": on_work, "topic": on_failing,
            "retry": on_failing, "hang": on_print, "square": on_call}[kind]
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue, callback, auto_ack=kind == "print")
signal.signal(signal.SIGTERM, lambda *_: connection.add_callback_threadsafe(
    channel.stop_consuming))
print("ready", flush=True)
channel.start_consuming()
connection.close()
