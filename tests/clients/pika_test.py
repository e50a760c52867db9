#!/usr/bin/env python3
"""pika against the broker: what every method and argument does."""

import broker
import pika_closing
import pika_dead_letters
import pika_delivery
import pika_history
import pika_queues
import pika_restart
import pika_routing
import pika_timeouts

if __name__ == "__main__":
    parts = [pika_queues, pika_routing, pika_history, pika_delivery,
             pika_dead_letters, pika_closing, pika_timeouts,
             pika_restart]
    broker.main(broker.arguments().parse_args(),
                [test for part in parts for test in part.TESTS])
