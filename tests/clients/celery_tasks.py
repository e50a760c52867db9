"""The tasks of celery_test.py, for workers and for whoever asks them.

CELERY_BROKER is the broker's URL, CELERY_FOLDER a folder for results and for
the marks that tasks leave, CELERY_RESULTS "rpc" or "files".
"""

import os
import pathlib
import time

from celery import Celery
from kombu import Exchange, Queue

FOLDER = pathlib.Path(os.environ["CELERY_FOLDER"])
FILES = f"file://{FOLDER}"
NAME = os.environ["CELERY_QUEUE"]

app = Celery(
    "tasks", broker=os.environ["CELERY_BROKER"],
    backend="rpc://" if os.environ["CELERY_RESULTS"] == "rpc" else FILES)
app.conf.update(
    task_default_queue=NAME,
    task_queues=[
        Queue(NAME, Exchange(NAME), routing_key=NAME),
        Queue(NAME + "-urgent", Exchange(NAME), routing_key=NAME + "-urgent",
              queue_arguments={"x-max-priority": 10})],
    worker_hijack_root_logger=False, worker_prefetch_multiplier=1,
    broker_connection_retry=True, result_chord_retry_interval=0.1,
    broker_connection_max_retries=None)


def mark(name):
    """Leaves a line behind, whichever process runs this."""
    with open(FOLDER / f"{name}.marks", "a") as marks:
        marks.write(f"{time.time()}\n")


@app.task
def add(x, y):
    return x + y


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=5)
def fail_twice(self, name):
    mark(name)
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task
def marked(name):
    mark(name)
    return time.time()


@app.task(acks_late=True, reject_on_worker_lost=True)
def hang_once(name):
    """Hangs the first time; whoever is killed over it leaves it to others."""
    is_first = not (FOLDER / f"{name}.marks").exists()
    mark(name)
    while is_first:
        time.sleep(0.1)
    return "done"
