#!/usr/bin/env python3
"""Measures a node with nothing to do: `idle.py PROGRAM [REPETITIONS]`.

PROGRAM is the built flights example. It runs its own pipeline over a small
file; once that is handled, the processor time and the memory of the next ten
seconds are what an idle node costs. Prints the lines of a bench program.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = 10
ROWS = 1000
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "flights"


def row(what, value, unit, aim):
    print(f"{what}\t{value:.3g}\t{unit}\t-\t-\t-\t{aim}", flush=True)


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
    fields = fields.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").open():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the node ended while it was measured")


def is_done(program, folder):
    """Whether the node answers and has handled every row."""
    asked = subprocess.run(
        [program, "queue", "ls", "--json", "-c", EXAMPLE / "pipeline.toml"],
        cwd=folder, capture_output=True, text=True)
    queues = [json.loads(line) for line in asked.stdout.splitlines()]
    return any(x["queue"] == "flights" and x["acked"] == ROWS for x in queues)


def measure(program):
    with tempfile.TemporaryDirectory() as folder:
        flights = [{"date": "2001/01/14 21:55", "delay": i % 90,
                    "distance": 480, "origin": "SFO", "destination": "LAX"}
                   for i in range(ROWS)]
        pathlib.Path(folder, "flights.json").write_text(json.dumps(flights))
        node = subprocess.Popen(
            [program, "run", "-c", EXAMPLE / "pipeline.toml"], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not is_done(program, folder):
                if time.monotonic() > deadline or node.poll() is not None:
                    raise SystemExit("the node did not become idle")
                time.sleep(0.1)
            before = processor_seconds(node)
            time.sleep(SECONDS)
            used = processor_seconds(node) - before
            return 100 * used / SECONDS, resident_mib(node)
        finally:
            node.terminate()
            node.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: idle.py PROGRAM [REPETITIONS], where PROGRAM is the "
                 "built example_flights")
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seen = [measure(os.path.abspath(sys.argv[1])) for _ in range(repetitions)]
    row("idle node, processor", statistics.median(x[0] for x in seen),
        "% of a core", "< 1 %")
    row("idle node, resident", statistics.median(x[1] for x in seen), "MiB",
        "< 60 MiB")
