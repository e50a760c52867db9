"""Takes one message, says so, and never settles it: PORT QUEUE."""

import sys

import pika

port, queue = int(sys.argv[1]), sys.argv[2]
channel = pika.BlockingConnection(
    pika.ConnectionParameters("127.0.0.1", port)).channel()
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue, lambda _, method, properties, body: print(
    body.decode(), method.redelivered, flush=True))
channel.start_consuming()
